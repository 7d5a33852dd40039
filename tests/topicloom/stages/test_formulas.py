"""Formulas in texts of papers: as they are, or escaped in every table that an analysis writes, as the settings say."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from tests.conftest import Project
from tests.topicloom.stages.planted import FIRST, GROWN, planted_project, write_settings
from tests.topicloom.stages.runs import Run, run_stages
from topicloom.comparison.pairs import read_analysis
from topicloom.comparison.writing import write_comparison
from topicloom.lineage.recovery import recovered_run
from topicloom.lineage.telling import chosen_differences, write_differences
from topicloom.settings.schema import Settings
from topicloom.stages.registry import STAGES
from topicloom.store.csv_tables import unescaped
from topicloom.store.run_record import read_record

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
LABEL = "@SUM(1+1)"
SOURCE = "=A journal"


def hostile_project(root: Path) -> Project:
    """The planted papers, whose UT, text, source, further column and its name are formulas."""
    project = planted_project(root)
    dataset = pd.read_csv(project.dataset)
    dataset["UT"], dataset["TI"] = "=" + dataset["UT"], "+" + dataset["TI"]
    dataset["SO"] = SOURCE
    dataset.to_csv(project.dataset, index=False)
    for profile in (FIRST, GROWN):
        folder = project.path / "f01" / profile
        corpus = pd.read_csv(folder / "corpus.csv")
        corpus["UT"], corpus["text"], corpus["=1+1"] = "=" + corpus["UT"], "-" + corpus["text"], "\t=1"
        corpus.to_csv(folder / "corpus.csv", index=False)
        (folder / "embeddings_ids.json").write_text(json.dumps(corpus["UT"].tolist()))
    return project


def run_and_name(project: Project, analysis: str, **export: Any) -> Run:
    """A run after which the largest topic gets a formula as its name, and the run that shows it."""
    wanted = {**({"export": export} if export else {}), "take_away": {"excel": True, "shares": True}}
    folder = write_settings(project, analysis, FIRST, wanted, {})
    run_stages(folder)
    (uid, *_) = pd.read_csv(folder / "topic_summary.csv")["topic_uid"]
    (folder / "labels.csv").write_text(f"topic_uid,label\n{uid},{LABEL}\n")
    return run_stages(folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Run]:
    """Two analyses of one project, by whether they escape formulas."""
    project = hostile_project(tmp_path_factory.mktemp("hostile"))
    return {False: run_and_name(project, "plain"), True: run_and_name(project, "escaping", escape_formulas=True)}


def formulas(path: Path) -> Iterator[str]:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            yield from (cell for cell in row if cell[:1] in tuple("=+-@\t\r\n") and not NUMBER.fullmatch(cell))


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_every_table_is_escaped_or_none(runs: dict[bool, Run]) -> None:
    plain, escaping = (runs[escapes].settings.analysis_path for escapes in (False, True))
    tables = sorted(str(path.relative_to(escaping)) for path in escaping.rglob("*.csv") if path.name != "labels.csv")
    assert len(tables) == 16
    told = {name: set(formulas(plain / name)) for name in tables}
    for name in ("dataset_minimal.csv", "orphans.csv", "document_coords.csv", "topic_hierarchy.csv", "papers.csv"):
        assert told[name], name
    assert told["exports/shares.csv"]
    assert LABEL in told["topic_summary.csv"]
    assert "=1+1" in told["dataset_minimal.csv"]
    for name in tables:
        assert not list(formulas(escaping / name)), name
        back = read(escaping / name).rename(columns=unescaped).map(unescaped)
        pd.testing.assert_frame_equal(back, read(plain / name))


def test_page_and_workbook_show_the_texts_as_they_were(runs: dict[bool, Run]) -> None:
    shown = []
    for escapes in (False, True):
        folder = runs[escapes].settings.analysis_path
        page = (folder / "report.html").read_text(encoding="utf-8")
        (moves,) = re.findall(r'<section id="moves".*?</section>', page, flags=re.DOTALL)
        book = openpyxl.load_workbook(folder / "topics.xlsx", read_only=True)
        sheets = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}
        shown.append((re.findall("<bdi>(.*?)</bdi>", moves), sheets["Profiles"], sheets["Citations"]))
    assert {LABEL, SOURCE} <= {value for row in shown[0][1] for value in row}
    assert shown[0] == shown[1]


def test_only_what_writes_tables_is_made_again(runs: dict[bool, Run]) -> None:
    keys = {escapes: {name: ref.key for name, ref in run.refs.items()} for escapes, run in runs.items()}
    assert {name for name in keys[True] if keys[True][name] != keys[False][name]} <= {
        *("export", "identify", "describe", "profiles", "moves", "take-away", "quality", "figures", "report")
    }
    for stage in ("export", "describe", "moves"):
        stated = STAGES[stage].plan(runs[False].settings, runs[False].refs).parameters
        assert "escape_formulas" not in json.dumps(stated)
        assert STAGES[stage].plan(runs[True].settings, runs[True].refs).parameters["escape_formulas"] is True


def test_what_reads_the_tables_finds_the_texts_as_they_were(runs: dict[bool, Run], tmp_path: Path) -> None:
    both: list[Settings] = [runs[False].settings, runs[True].settings]
    plain, escaping = (read_analysis(settings) for settings in both)
    assert LABEL in set(escaping.topics["Label"])
    pd.testing.assert_series_equal(plain.of_paper, escaping.of_paper)
    recovered = [recovered_run(settings, read_record(settings)) for settings in both]
    assert recovered[0] is not None
    assert recovered[1] is not None
    assert recovered[0].papers == recovered[1].papers
    assert recovered[0].papers[0].startswith("=WOS")
    write_comparison(both, tmp_path / "compared")
    assert LABEL in (tmp_path / "compared" / "comparison.html").read_text()
    assert not list(formulas(tmp_path / "compared" / "comparison.csv"))
    assert f"'{LABEL}" in (tmp_path / "compared" / "comparison.csv").read_text()


def test_differences_are_written_as_the_settings_say(runs: dict[bool, Run], tmp_path: Path) -> None:
    root, name = runs[False].settings.root, runs[False].settings.metadata.project_folder
    run_stages(write_settings(Project(root, name), "plain", GROWN, {}, {}))
    found = chosen_differences(runs[False].settings, [])
    assert found is not None
    write_differences(found, tmp_path / "plain")
    assert list(formulas(tmp_path / "plain" / "changed_papers.csv"))
    names = write_differences(found, tmp_path / "escaped", escape_formulas=True)
    for name in names:
        if name.endswith(".csv"):
            assert not list(formulas(tmp_path / "escaped" / name)), name
