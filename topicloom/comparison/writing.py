"""Writing a comparison: comparison.html, .csv and the figures, put into a folder together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from topicloom.comparison.figures import comparison_heatmap, sankey
from topicloom.comparison.page import comparison_page
from topicloom.comparison.pairs import (
    Analysis,
    compare,
    comparison_table,
    likeness_flows,
    paper_flows,
    read_analysis,
    require_different,
)
from topicloom.figures.style import styled
from topicloom.phrasing import number_of
from topicloom.progress import tell
from topicloom.settings.schema import Settings
from topicloom.store.csv_tables import write_csv
from topicloom.store.swap import Names, folder_lock, swapped_in

PAGE, TABLE = "comparison.html", "comparison.csv"
_FILES = Names(frozenset((PAGE, TABLE)), patterns=("comparison_heatmap*", "sankey_*"))


def write_comparison(all_settings: Sequence[Settings], folder: Path) -> list[str]:
    """Compare analyses and write what was found into a folder, all or nothing; returns the names of the files.

    Formulas are escaped in the table where the settings of any analysis ask for it.

    Raises ComparisonError where an analysis has not been run, is given twice or is alone.
    """
    require_different(all_settings)
    analyses = [read_analysis(settings) for settings in all_settings]
    names = [analysis.name for analysis in analyses]
    pairs = compare(analyses)
    flows = [flow for flow in (paper_flows(analyses), likeness_flows(analyses)) if flow is not None]
    with folder_lock(folder), swapped_in(folder, _FILES) as staging, styled():
        escapes = any(settings.tmo.export.escape_formulas for settings in all_settings)
        write_csv(comparison_table(pairs), staging / TABLE, escape_formulas=escapes)
        for number, flow in enumerate(flows):
            sankey(flow, names, staging, f"sankey_{flow.what.replace(' ', '_')}")
            tell("figures drawn", number + 1, len(flows) + len(pairs))
        for number, pair in enumerate(pairs):
            suffix = f"_{number + 1}" if len(pairs) > 1 else ""
            comparison_heatmap(pair, staging, f"comparison_heatmap{suffix}")
            tell("figures drawn", len(flows) + number + 1, len(flows) + len(pairs))
        page = comparison_page(names, pairs, flows, list(_notes(analyses)))
        (staging / PAGE).write_text(page, encoding="utf-8")
        files = sorted(path.name for path in staging.iterdir())
    return files


def _notes(analyses: Sequence[Analysis]) -> list[str]:
    notes = []
    for analysis in analyses:
        papers, outliers = len(analysis.of_paper), int((analysis.of_paper == -1).sum())
        notes.append(
            f"{analysis.name}: {number_of(papers, 'paper', form=',')}, "
            f"{number_of(len(analysis.topics), 'topic')}, {number_of(outliers, 'outlier', form=',')}."
        )
        if analysis.vectors is None and len(analysis.topics):
            notes.append(f"{analysis.name}: its store no longer holds the embeddings of its topics; run it again.")
    return notes
