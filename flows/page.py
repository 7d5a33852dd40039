"""What a person sees on the run's page in Prefect: the topics, the map, a summary, and links to the files."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.logging import get_run_logger

from flows.names import slug
from flows.run_report import RunReport
from flows.stage_runner import Outcome
from topicloom.figures.gallery import PREVIEW
from topicloom.lineage.differences import Differences
from topicloom.lineage.telling import as_markdown
from topicloom.output_files import REPORT_FILE
from topicloom.settings.schema import Settings
from topicloom.stages.registry import FIGURES, REPRESENT
from topicloom.store.store import Store
from topicloom.words.ctfidf import Topic, read_topics

MOST_TOPICS = 200


def show_page(
    settings: Settings, outcomes: Mapping[str, Outcome], report: RunReport, differences: Differences | None
) -> None:
    """Make the artifacts of a run; a page that cannot be made doesn't fail the run.

    differences: what is other than in the run before, None where there is nothing to tell.
    """
    log = get_run_logger()
    key = slug(settings.label)
    topics = read_topics(Store(settings.store_path).artifact(outcomes[REPRESENT].ref, "topics.json"))
    try:
        create_table_artifact(_rows(topics), key=f"{key}-topics", description=f"Topics of {settings.label}")
        create_markdown_artifact(_summary(settings, report), key=f"{key}-summary", description="What this run did")
        if differences:
            create_markdown_artifact(
                as_markdown(differences),
                key=f"{key}-changes",
                description=f"What run {differences.after.number} changed",
            )
        _show_pictures(settings, outcomes, key)
    except Exception as error:  # noqa: BLE001  # the topics are computed and exported
        log.warning("The page of this run could not be made (%s: %s).", type(error).__name__, error)
    for note in report.notes:
        log.info("note: %s", note)
    log.info(
        "%s: %d topics, %d of %d papers are outliers; cached: %s; computed: %s.",
        *(settings.label, report.topics, report.outliers, report.documents),
        *(", ".join(report.cached) or "none", ", ".join(report.computed) or "none, nothing has changed"),
    )


def _show_pictures(settings: Settings, outcomes: Mapping[str, Outcome], key: str) -> None:
    """The map inside the page, for the server cannot reach the worker's files; and where the report lies."""
    if FIGURES in outcomes:
        preview = Store(settings.store_path).artifact(outcomes[FIGURES].ref, PREVIEW)
        image = f"data:image/png;base64,{base64.b64encode(preview.read_bytes()).decode()}"
        create_image_artifact(image, key=f"{key}-map", description=f"Map of {settings.label}")
    path = settings.analysis_path / REPORT_FILE
    if path.is_file():
        create_link_artifact(
            path.as_uri(), link_text=str(path), key=f"{key}-report", description="On the machine of the worker"
        )


def _rows(topics: list[Topic]) -> list[dict[str, object]]:
    shown = [
        {"topic": topic.topic, "papers": topic.count, "words": ", ".join(topic.words)} for topic in topics[:MOST_TOPICS]
    ]
    left = len(topics) - len(shown)
    return [*shown, {"topic": "…", "papers": "", "words": f"and {left} smaller topics"}] if left > 0 else shown


def _summary(settings: Settings, report: RunReport) -> str:
    stages = "\n".join(f"| {name} | {stage.status} | {stage.seconds:.1f} s |" for name, stage in report.stages.items())
    given = settings.overrides.given()
    overrides = ", ".join(f"{name} = {value}" for name, value in given.items()) or "none"
    files = "\n".join(
        f"- [{path.name}]({path.as_uri()})" for path in sorted(report.folder.iterdir()) if not path.name.startswith(".")
    )
    tmo = settings.tmo
    method = "HDBSCAN" if tmo.n_topics == 0 else f"KMeans with {tmo.n_topics} topics"
    notes = "\n".join(f"- {note}" for note in report.notes) or "none"
    return f"""# {settings.label}

**{report.topics} topics, {report.outliers} of {report.documents} papers are outliers ({report.outlier_share:.1%})**

Changes: {report.changes}.

| setting | value |
|---|---|
| settings file | `{settings.source}` |
| overrides of this run | {overrides} |
| clustering | {method}, min_topic_size {tmo.min_topic_size} |
| UMAP | n_neighbors {tmo.umap.n_neighbors}, n_components {tmo.umap.n_components}, seed {settings.params.seed} |
| others_threshold | {tmo.others_threshold} |

| stage | | seconds |
|---|---|---|
{stages}

## Notes

{notes}

## Files

In `{report.folder}`, on the machine of the worker:

{files}
"""
