"""The settings of a new analysis, in YAML with a comment for every value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import yaml

from topicloom.inputs.languages import ENGLISH
from topicloom.intake.file_names import ANALYSIS, FILTERED, PROFILE
from topicloom.phrasing import number_of
from topicloom.settings.clusters import UmapSettings
from topicloom.settings.stop_lists import languages_with_list

MODEL = "all-MiniLM-L6-v2"
MULTILINGUAL = "paraphrase-multilingual-MiniLM-L12-v2"
LEAST_OF_A_MAP: Final = UmapSettings().n_neighbors + 1  # papers, under the settings below
_SMALL = 1000  # papers below which topics of five are looked for
_MOST = 0.8  # share of texts in one language from which on the settings are for it
_TEMPLATE = """\
# Settings of a topic map; docs/contracts.md of topicloom lists all that can stand here. Change a value, and run again.
metadata:
  project_folder: {project}  # the folder above this one
  filtered_folder: {filtered}  # where the dataset lies
  analysis_id: {analysis}  # this folder
params:
  type_of_analysis: topic_model  # the only kind
  seed: 100  # decides all randomness: the same seed gives the same topics
topic_model:  # what topicloom says calls it tmo: tmo.clusterer is the clusterer below
  embeds_folder: {profile}  # where corpus and embeddings lie
  text_columns: [text]  # what is embedded: title and abstract, labels such as METHODS: left out
  transformer_model: {model}  # what embeds it: a name, or the folder of a model
  year_column: PY  # for trends
  # clusterer: graph  # where one topic holds most papers: topics by their neighbours, and none is left out
  n_topics: 0  # 0: the number of topics is found; above: KMeans with that many
  min_topic_size: {size}  # papers that a topic has at least; auto: chosen by a small sweep
  others_threshold: 0.9  # share of the papers that the main topics cover
  represent:
    language: {language}  # of the texts; english keeps the letters A to Z alone
    stop_words: {stop_words}  # words such as "the", which name no topic
"""


def settings_text(project: str, papers: int, languages: Mapping[str, int], model: str | None) -> str:
    """The settings file of a project's first analysis.

    papers: how many are in the corpus. languages: of a sample of texts, how many are in each. model: what embeds them;
    None for the default.
    """
    language = main_language(languages)
    stop_words = language if language == ENGLISH or language in languages_with_list() else None
    return _TEMPLATE.format(
        project=_value(project),
        filtered=FILTERED,
        analysis=ANALYSIS,
        profile=PROFILE,
        model=_value(model or MODEL),
        size=5 if papers < _SMALL else 10,
        language=language,
        stop_words=stop_words or "null",
    )


def main_language(languages: Mapping[str, int]) -> str:
    """The language that most texts are in; multilingual where there is none."""
    total = sum(languages.values())
    first = max(languages, key=lambda name: languages[name], default=ENGLISH)
    return first if not total or languages[first] >= _MOST * total else "multilingual"


def language_note(languages: Mapping[str, int], model: str | None) -> str | None:
    """What to say where texts are in other languages than the model's; None where all is well."""
    total = sum(languages.values())
    others = total - languages.get(ENGLISH, 0)
    if model or not total or others <= (1 - _MOST) * total / 2:
        return None
    counted = ", ".join(f"{name} {count}" for name, count in languages.items())
    return (
        f"Languages of {number_of(total, 'text')}: {counted}. The default model is made for English; for others: "
        f"--model {MULTILINGUAL}."
    )


def _value(text: str) -> str:
    return yaml.safe_dump(text, allow_unicode=True, width=10_000).removesuffix("\n...\n").strip()
