"""The page itself: the template filled in, with style, script and data inside, and a policy against all else."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import pandas as pd

from topicloom import __version__
from topicloom.atlas.atlas import Atlas
from topicloom.atlas.clear_colours import page_colours
from topicloom.atlas.trends import LEAST_PAPERS
from topicloom.atlas.years import year_notes
from topicloom.lineage.differences import Differences
from topicloom.lineage.telling import in_one_line, sections
from topicloom.phrasing import BETWEEN, signed
from topicloom.report.payload import packed, payload
from topicloom.store.csv_tables import records

# In this order; each file may use those before it, and all of them the functions of all.
_SCRIPTS = (
    *("data.js", "search.js", "papers.js", "view.js", "points.js", "colours.js", "labels.js", "filters.js"),
    *("legend.js", "takeaway.js", "list.js", "card.js", "gestures.js", "address.js", "map.js"),
    *(
        "charts.js",
        "quadrants.js",
        "alluvial.js",
        "contrast.js",
        "crossings.js",
        "methods.js",
        "resolutions.js",
        "table.js",
        "main.js",
    ),
)
_QUALITY_NAMES = {
    "npmi": "Coherence, NPMI",
    "c_v": "Coherence, C_v",
    "diversity": "Topic diversity",
    "outlier_share": "Outlier share",
    "silhouette": "Silhouette",
    "redundancy": "Redundancy",
    "modularity": "Modularity",
    "conductance": "Conductance",
    "seed_agreement": "Agreement of seeds",
    "given_up": "Given up for steadiness",
}


def report_page(
    atlas: Atlas,
    label: str,
    settings: Sequence[tuple[str, str]],
    stages: Sequence[Mapping[str, Any]],
    versions: Mapping[str, str],
    notes: Sequence[str],
    changes: Mapping[str, Any] | None,
    quality: Mapping[str, Any] | None,
    score: str = "distribution",
    by_hand: Mapping[str, str] = MappingProxyType({}),
    resolutions: Mapping[str, Any] | None = None,
    profiles: Mapping[str, Any] | None = None,
    moves: Mapping[str, Any] | None = None,
    methods: Mapping[str, str] | None = None,
    evolution: Mapping[str, Any] | None = None,
) -> str:
    """The whole page as one text of HTML.

    label: PROJECT/ANALYSIS. settings: name and value. stages: name, status, computed_at, seconds and key of each stage
    of the run that draws. versions: of libraries. notes: what a person should know. changes: what the last run changed,
    as `changes_shown` gives it. quality: topic_quality.json. score: tmo.score, what Score is.
    by_hand: labels that a person gave, by lasting id. resolutions: the path of resolutions that was tried, if one was.
    profiles: what `shown_profiles` gives, None where the topics have none. moves: what `moves_shown` gives. methods:
    text and bibtex, None where there is none. evolution: what `evolution_shown` gives.
    Every value is escaped; scripts run by their digest only, so none in a title can.
    """
    script = _script()
    charts = moves.get("charts") if moves else None
    drawn = {"resolutions": resolutions, "methods": methods, "evolution": evolution, "charts": charts}
    page: str = _template().render(
        label=label,
        style=_asset("report.css"),
        script=script,
        policy=_policy(script),
        data=packed({**payload(atlas, by_hand, profiles=profiles), **drawn}),
        documents=len(atlas.papers),
        outliers=int((atlas.papers["Topic"] == -1).sum()),
        topics=_rows(atlas, quality),
        main_topics=int(atlas.topics["Main"].sum()),
        years=_span(atlas),
        opening=_opening(atlas),
        has_placed=bool(atlas.papers["placed"].any()),
        has_years=not atlas.over_time.empty,
        year_notes=[] if (quality_of_years := atlas.years) is None else year_notes(quality_of_years),
        least_papers=LEAST_PAPERS,
        no_fields=list(records(atlas.topics[~atlas.topics["Field"]])),
        score=score,
        score_agreement=_agreement(atlas),
        undated=int(atlas.papers["year"].isna().sum()),
        has_relations=len(atlas.topics) > 1,
        by_edges=atlas.by_edges,
        settings=settings,
        stages=stages,
        versions=versions,
        notes=notes,
        changes=changes,
        measures=_measures(quality),
        pairs=_pairs(atlas, quality),
        resolutions=resolutions,
        moves=moves if moves and any(moves.values()) else None,
        evolution=evolution,
        version=__version__,
    )
    return page


def changes_shown(found: Differences | None) -> dict[str, Any] | None:
    """What the page says of the last run's changes; None before a second run."""
    if found is None:
        return None
    return {"line": in_one_line(found), "since": found.before.finished[:10], "sections": sections(found)}


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_asset("report.html.j2"))


def _asset(name: str) -> str:
    return files("topicloom.report").joinpath("assets", name).read_text(encoding="utf-8")


def _script() -> str:
    # One function around all of it keeps the page's names to itself.
    return "(() => {\n'use strict';\n" + "\n".join(_asset(name) for name in _SCRIPTS) + "\n})();"


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def _rows(atlas: Atlas, quality: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """What the table says of each topic, and what it folds away."""
    titles = dict(zip(atlas.papers["UT"], zip(atlas.papers["title"], atlas.papers["doi"], strict=True), strict=True))
    colours = page_colours(list(atlas.topics["Colour"]))
    of_topic = {note["topic"]: note for note in quality["topics"]} if quality else {}
    return [
        {
            "number": int(topic.Topic),
            "label": topic.Label,
            "colour": colours[place][0],
            "dark": colours[place][1],
            "count": int(topic.Count),
            "share": f"{100 * topic.Share:.1f}",
            "mean_year": _shown(topic.MeanYear, "{:.1f}"),
            **_trend(topic),
            "npmi": _shown(of_topic.get(int(topic.Topic), {}).get("npmi"), "{:.2f}"),
            "keywords": str(topic.Keywords).replace(BETWEEN, ", "),
            "words": ", ".join(word for word in topic.Words if word),
            "main": bool(topic.Main),
            "uid": topic.topic_uid,
            "history": topic.topic_history,
            "typical": [titles[ut] for ut in str(topic.TypicalUT).split(BETWEEN) if ut in titles],
        }
        for place, topic in enumerate(records(atlas.topics))
    ]


def _trend(topic: Any) -> dict[str, str]:
    """The trend as a number to sort by, as words, and as its interval."""
    if pd.isna(topic.Trend):
        return {"trend": "", "trend_bounds": "", "trend_reading": topic.TrendReading}
    number = signed(float(topic.Trend), 1)
    bounds = " to ".join(signed(float(bound)) for bound in (topic.TrendLow, topic.TrendHigh))
    return {"trend": number, "trend_bounds": bounds, "trend_reading": topic.TrendReading}


def _opening(atlas: Atlas) -> dict[str, Any] | None:
    """The largest topics and those that grow most, for the sentence at the beginning; None without topics."""
    fields = atlas.topics[atlas.topics["Field"]]
    if fields.empty:
        return None
    largest = fields.sort_values("Count", ascending=False, kind="stable").head(3)
    growing = fields[fields["TrendReading"] == "growing"].sort_values("Trend", ascending=False, kind="stable").head(3)
    return {
        "groups": int((atlas.groups["Level"] == 0).sum()) if atlas.levels.shape[1] > 1 else 0,
        "largest": list(zip(largest["Label"], largest["Count"], strict=True)),
        "growing": list(growing["Label"]),
    }


def _shown(value: Any, form: str) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return ""
    return form.format(number) if number == number else ""


def _agreement(atlas: Atlas) -> float | None:
    """Spearman's rank correlation of Score and typicality over the assigned papers; None where it is undefined."""
    assigned = atlas.papers[atlas.papers["Topic"] != -1]
    ranks = assigned[["Score", "Typicality"]].rank()
    if (ranks.nunique() < 2).any():  # all alike: they have no order to agree on
        return None
    found = float(ranks["Score"].corr(ranks["Typicality"]))
    return None if math.isnan(found) else round(found, 2)


def _span(atlas: Atlas) -> str:
    years = atlas.papers["year"].dropna()
    return f"{years.min()}–{years.max()}" if len(years) else ""


def _measures(quality: Mapping[str, Any] | None) -> list[dict[str, str]]:
    if not quality:
        return []
    return [
        {
            "name": _QUALITY_NAMES.get(name, name),
            "value": "not measurable here" if measure["value"] is None else f"{measure['value']:.3f}",
            "how_to_read": measure["how_to_read"],
        }
        for name, measure in quality["measures"].items()
    ]


def _pairs(atlas: Atlas, quality: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Topics that may be one: number and label of both, and their similarity."""
    if not quality:
        return []
    labels = dict(zip(atlas.topics["Topic"], atlas.topics["Label"], strict=True))
    return [
        {
            "topics": [(int(number), labels[number]) for number in (pair["topic"], pair["other"])],
            "similarity": f"{pair['similarity']:.2f}",
        }
        for pair in quality["redundant_pairs"]
    ]
