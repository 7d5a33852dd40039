"""Names of projects, analyses and folders, and values of settings, in what Prefect shows as Markdown."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from flows import page, sweep
from flows.server.deployments import _described
from topicloom.settings.projects import NamedConfig, ProjectConfig
from topicloom.settings.reading import read_settings

NAME = "p`![x](evil.example)`[y](javascript&colon;1) <img src=x>"


def is_plain(text: str) -> bool:
    shown = MarkdownIt("commonmark").enable("table").render(text)
    return not any(tag in shown for tag in ("<img", "<a ", "<script"))


@pytest.fixture
def artifacts(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for module, names in ((page, ("link", "image")), (sweep, ("markdown",))):
        monkeypatch.setattr(module, "get_run_logger", lambda: logging.getLogger("texts"))
        for name in names:
            monkeypatch.setattr(
                module, f"create_{name}_artifact", lambda data, **more: made.append({"data": data, **more})
            )
    return made


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    folder = tmp_path / NAME / "a01"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("")
    (folder / "config_analysis.yml").write_text(
        f"metadata: {{project_folder: '{NAME}', filtered_folder: f01, analysis_id: a01}}\ntmo: {{embeds_folder: e01}}\n"
    )
    return read_settings(folder)


def test_the_link_to_a_report_and_its_description(settings, artifacts):
    page._show_pictures(settings, {}, "key", None)
    page._show_pictures(settings, {}, "key", "/files/mine/a01/")
    assert len(artifacts) == 2
    for artifact in artifacts:
        assert is_plain(artifact["description"])
        shown = MarkdownIt("commonmark").render(f"[{artifact['link_text']}]({artifact['data']})")
        assert "<img" not in shown
        # The parser shows links to files as texts; where the server has the report, its link is the only one.
        assert shown.count("<a ") == ('href="/files/mine/a01/report.html"' in shown)


def test_the_page_of_a_sweep(settings, artifacts):
    report = sweep.SweepReport(
        analysis=settings.label, folder=settings.analysis_path, tried=1, left_out=[], why=[f"Take {NAME}."], files=[]
    )
    sweep._show(settings, report)
    (made,) = artifacts
    assert "evil.example" in made["data"]
    assert is_plain(made["data"])


def test_the_description_of_a_deployment(tmp_path):
    schedule = {"interval_hours": 1, "overrides": {"min_topic_size": 7}}
    config = ProjectConfig.model_validate(
        {"root": str(tmp_path), "project": NAME, "analyses": [f"a{NAME}"], "schedules": [schedule]}
    )
    told = _described(NamedConfig(name="mine", path=tmp_path / "mine.yaml", config=config))
    assert told.count("evil.example") >= 2
    assert "= 7" in told
    assert is_plain(told)
