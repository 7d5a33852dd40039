"""The stage take-away: the papers as one tidy table, and papers and topics as files for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from topicloom.inputs.paper_fields import read_details
from topicloom.output_files import EXPORTS_FOLDER, PAPERS, TOPICS_BOOK
from topicloom.settings.schema import Settings, reassigns
from topicloom.stage_names import DESCRIBE, LOAD_EMBEDDINGS, PROFILES, TAKE_AWAY
from topicloom.stages import profiles
from topicloom.stages.describe import ATLAS
from topicloom.stages.distribution import MATRIX, stored_distribution
from topicloom.stages.load_embeddings import ROWS, stored_rows
from topicloom.stages.reassign import GIVEN_SCORE
from topicloom.stages.stage import Artifact, Refs, Stage, Work
from topicloom.store.csv_tables import write_csv

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from topicloom.atlas.atlas import Atlas
    from topicloom.atlas.shares import Shares

PARQUET: Final = "papers.parquet"
_MOST_OF_FIELD = 10  # values of a topic and field in the workbook; topic_profiles.csv has them all


def write_files(work: Work) -> None:
    """Write what the settings want. Artifacts: papers.csv, topics.xlsx, and those of exports/.

    Facts: files, the name of each artifact by its place in the analysis folder.
    """
    import pandas as pd

    from topicloom.atlas.kept import read_atlas
    from topicloom.exports.networks import GEXF, VOSVIEWER_MAP, VOSVIEWER_NETWORK, write_gexf, write_vosviewer
    from topicloom.exports.papers import SHARES, papers_table, shares_table
    from topicloom.exports.references import BIBTEX, RIS, write_bibtex, write_ris

    wanted, out = work.settings.tmo.take_away, work.out
    atlas = read_atlas(work.folder(DESCRIBE))
    distribution = stored_distribution(work)
    papers = papers_table(atlas, _shares(distribution, atlas), _given(work))
    made: list[str] = []
    escape = work.settings.tmo.export.escape_formulas
    if wanted.papers:
        write_csv(papers, out.path(PAPERS), escape_formulas=escape, for_excel=True)
    if wanted.shares:
        shares = shares_table(distribution, papers["UT"])
        write_csv(shares, out.path(SHARES), escape_formulas=escape, for_excel=True)
        made.append(SHARES)
    if wanted.excel:
        _write_workbook(work, atlas)
    if wanted.vosviewer:
        write_vosviewer(atlas, out.folder)
        made += [VOSVIEWER_MAP, VOSVIEWER_NETWORK]
    if wanted.gephi:
        write_gexf(atlas, out.folder)
        made.append(GEXF)
    details = read_details(work.settings, list(papers["UT"])) if wanted.ris or wanted.bibtex else pd.DataFrame()
    if wanted.ris:
        write_ris(papers, details, out.path(RIS))
        made.append(RIS)
    if wanted.bibtex:
        write_bibtex(papers, details, out.path(BIBTEX))
        made.append(BIBTEX)
    if wanted.parquet:
        papers.to_parquet(out.path(PARQUET), index=False)
        made.append(PARQUET)
    tables = [name for name, is_made in ((PAPERS, wanted.papers), (TOPICS_BOOK, wanted.excel)) if is_made]
    out.facts = {"files": {**{name: name for name in tables}, **{f"{EXPORTS_FOLDER}/{name}": name for name in made}}}


def _shares(distribution: csr_matrix, atlas: Atlas) -> Shares:
    from topicloom.atlas.shares import shares_of

    return shares_of(distribution, atlas.papers["Topic"].to_numpy(dtype="int64"))


def _given(work: Work) -> NDArray[np.bool_] | None:
    """Which outliers were given to a topic; None where none could be."""
    import numpy as np

    if not reassigns(work.settings):
        return None
    given: NDArray[np.bool_] = ~np.isnan(
        np.load(work.path(GIVEN_SCORE))[stored_rows(work.store, work.refs[LOAD_EMBEDDINGS])]
    )
    return given


def _write_workbook(work: Work, atlas: Atlas) -> None:
    import pandas as pd

    from topicloom.exports.workbook import write_workbook

    years = atlas.over_time.pivot(index="Topic", columns="Year", values="Count").fillna(0).astype(int).reset_index()
    sheets = {
        "Topics": atlas.topics.drop(columns=["Words", "Weights"]),
        "Groups": atlas.groups,
        "Years": years.rename(columns=str),
    }
    if PROFILES in work.refs:
        found = pd.read_parquet(work.path(profiles.TABLE))
        place = found.groupby(["Level", "Code", "Field"]).cumcount()
        sheets["Profiles"] = found.loc[place < _MOST_OF_FIELD]
        sheets["Citations"] = pd.read_parquet(work.path(profiles.CITATIONS))
    write_workbook(sheets, work.out.path(TOPICS_BOOK))


def _parameters(settings: Settings) -> dict[str, Any]:
    own = settings.tmo
    shares = {"escaped_shares": True} if own.take_away.shares and own.export.escape_formulas else {}  # other keys hold
    return {**own.take_away.files, "id_column": own.id_column, **own.columns.named, **own.export.escaping, **shares}


def _reads(settings: Settings, refs: Refs) -> tuple[Artifact, ...]:
    """The workbook does without profiles where they could not be made."""
    book = settings.tmo.take_away.excel and settings.tmo.take_away.profiles and PROFILES in refs
    return (
        *(*ATLAS, MATRIX, ROWS),
        *((GIVEN_SCORE,) if reassigns(settings) else ()),
        *((profiles.TABLE, profiles.CITATIONS) if book else ()),
    )


STAGE = Stage(
    TAKE_AWAY,
    version=3,
    parameters=_parameters,
    reads=_reads,
    sees=(PROFILES,),
    files=lambda settings: (settings.dataset_path,),
    libraries=("pandas", "scipy", "pyarrow", "openpyxl"),
    wanted=lambda settings: settings.tmo.pictures.drawn and any(settings.tmo.take_away.files.values()),
    compute=write_files,
)
