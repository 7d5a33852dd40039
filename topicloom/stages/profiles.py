"""The stage profiles: who works on each topic, where, by which kinds of papers, and how often they are cited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from topicloom.inputs.paper_fields import author_names, read_fields
from topicloom.output_files import CITATION_TABLE, PROFILE_TABLE
from topicloom.stage_names import DESCRIBE, PROFILES
from topicloom.stages.describe import ATLAS
from topicloom.stages.stage import Artifact, Stage, Work
from topicloom.store.csv_tables import write_csv
from topicloom.store.files import write_json

if TYPE_CHECKING:
    import pandas as pd

    from topicloom.atlas.values import Values
    from topicloom.inputs.paper_fields import PaperFields

# As the workbook is made of them; the CSV files are for people, and may have an apostrophe before a text.
TABLE, CITATIONS = Artifact(PROFILES, "profiles.parquet"), Artifact(PROFILES, "citations.parquet")
SHOWN = Artifact(PROFILES, "shown.json")
# The fields of a profile in the order of the table, the field of the dataset that each is of, and whether a paper may
# have several values of it.
_PROFILED = {
    "authors": ("authors", True),
    "sources": ("source", False),
    "types": ("type", True),
    "keywords": ("keywords", True),
    "indexed": ("indexed", True),
    "categories": ("categories", True),
    "areas": ("areas", True),
    "countries": ("countries", True),
    "institutions": ("institutions", True),
}


def profile_topics(work: Work) -> None:
    """Profile the topics and the groups of topics.

    Artifacts: topic_profiles.csv and topic_citations.csv, both as Parquet, and for the report shown.json.

    Facts: papers with each field, papers whose citations are known, and the columns that the settings name and the
    dataset has not.
    """
    from topicloom.atlas.kept import read_atlas
    from topicloom.atlas.profiles import citation_percentiles, citation_table, profile_table, sets_of
    from topicloom.atlas.shown_profiles import shown_profiles

    atlas = read_atlas(work.folder(DESCRIBE))
    fields = read_fields(work.settings, list(atlas.papers["UT"]))
    values = _values(fields)
    sets = sets_of(atlas.papers["Topic"].to_numpy(), atlas.levels, atlas.groups, atlas.topics)
    table = profile_table(sets, values)
    cited = atlas.papers["cited"]
    percentiles = citation_percentiles(cited, atlas.papers["year"])
    citations = citation_table(sets, cited, percentiles)
    escape = work.settings.tmo.export.escape_formulas
    for found, artifact, name in ((table, TABLE, PROFILE_TABLE), (citations, CITATIONS, CITATION_TABLE)):
        found.to_parquet(work.out.path(artifact.name), index=False)
        write_csv(found, work.out.path(name), escape_formulas=escape, for_excel=True)
    write_json(work.out.path(SHOWN.name), shown_profiles(atlas.papers, table, citations, values))
    work.out.facts = {
        "papers_with": {name: int(found.known.sum()) for name, found in values.items()},
        "papers_with_citations": int(cited.notna().sum()),
        "absent_columns": dict(fields.absent),
    }


def _values(fields: PaperFields) -> dict[str, Values]:
    """The values of each field that some paper has."""
    from topicloom.atlas.values import values_of

    found: dict[str, Values] = {}
    for name, (field, several) in _PROFILED.items():
        texts: pd.Series[str] | None = author_names(fields) if field == "authors" else fields.texts.get(field)
        if texts is not None and (values := values_of(list(texts), several=several)).names:
            found[name] = values
    return found


def _parameters(settings: Any) -> dict[str, Any]:
    return {"id_column": settings.tmo.id_column, **settings.tmo.columns.named, **settings.tmo.export.escaping}


STAGE = Stage(
    PROFILES,
    version=3,
    parameters=_parameters,
    reads=lambda *_: ATLAS,
    files=lambda settings: (settings.dataset_path,),
    writes=(PROFILE_TABLE, CITATION_TABLE, TABLE.name, CITATIONS.name, SHOWN.name),
    libraries=("pandas", "scipy", "pyarrow"),
    wanted=lambda settings: settings.tmo.take_away.profiles and settings.tmo.pictures.drawn,
    compute=profile_topics,
)
