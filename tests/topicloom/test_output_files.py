"""The names of the files that readers know."""

from __future__ import annotations

from pathlib import Path

from topicloom import output_files


def test_the_contracts_list_every_file_that_is_written():
    contracts = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")
    for name in (*output_files.EXPORTED, *output_files.DRAWN, output_files.RUN_RECORD, output_files.LABELS):
        assert f"`{name}`" in contracts
    for name in output_files.FOLDERS:
        assert f"`{name}/" in contracts
