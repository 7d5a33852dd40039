"""What a person sees on the run's page in Prefect: the topics, the map, a summary, and links to the files."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import quote

from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.logging import get_run_logger
from prefect.settings import get_current_settings

from flows.announcement import place_of, tell_outcome
from flows.names import slug
from flows.run_report import Outcome, RunReport
from flows.server.app import NEWER_PAGES
from flows.server.files import served_address
from topicloom.lineage.differences import Differences
from topicloom.lineage.telling import as_markdown
from topicloom.output_files import PREVIEW, REPORT_FILE
from topicloom.pages.markdown import code, literal
from topicloom.phrasing import number_of
from topicloom.settings.schema import Settings, TopicModelSettings
from topicloom.stage_names import FIGURES, REPRESENT
from topicloom.store.sharing import is_shared, shown_place
from topicloom.store.store import Store
from topicloom.words.topic_table import Topic, read_topics

MOST_TOPICS = 200


def show_page(
    settings: Settings, outcomes: Mapping[str, Outcome], report: RunReport, differences: Differences | None
) -> None:
    """Make the artifacts of a run; a page that cannot be made doesn't fail the run.

    differences: what differs from the run before, None where there is nothing to tell.
    """
    log = get_run_logger()
    key = slug(settings.label)
    served = served_address(settings.analysis_path)
    topics = read_topics(Store(settings.store_path).artifact(outcomes[REPRESENT].ref, "topics.json"))
    try:
        create_table_artifact(_rows(topics), key=f"{key}-topics", description=f"Topics of {literal(settings.label)}")
        create_markdown_artifact(
            _summary(settings, report, served), key=f"{key}-summary", description="What this run did"
        )
        if differences:
            create_markdown_artifact(
                as_markdown(differences),
                key=f"{key}-changes",
                description=f"What run {differences.after.number} changed",
            )
        _show_pictures(settings, outcomes, key, served)
    except Exception as error:  # noqa: BLE001  # the topics are computed and exported
        log.warning("The page of this run could not be made (%s: %s).", type(error).__name__, error)
    tell_outcome(log, settings, report, _where(settings, served))


def _where(settings: Settings, served: str | None) -> str:
    """Where a person finds the report, or the files where there is none; served: their address on the server."""
    kind, place = place_of(settings)
    if served is None:
        return f"The {kind}: {place}"
    server = str(get_current_settings().ui_url or "").rstrip("/").removesuffix(NEWER_PAGES)
    return f"The {kind}: {server}{served}{REPORT_FILE if kind == 'report' else ''} ({place})"


def _show_pictures(settings: Settings, outcomes: Mapping[str, Outcome], key: str, served: str | None) -> None:
    """The map inside the page, and the report: as a link where the server has the files, else where it lies."""
    if FIGURES in outcomes:
        preview = Store(settings.store_path).artifact(outcomes[FIGURES].ref, PREVIEW)
        image = f"data:image/png;base64,{base64.b64encode(preview.read_bytes()).decode()}"
        create_image_artifact(image, key=f"{key}-map", description=f"Map of {literal(settings.label)}")
    path = settings.analysis_path / REPORT_FILE
    if not path.is_file():
        return
    if served:
        link, text = f"{served}{REPORT_FILE}", "Open the report"
    else:
        link, text = path.as_uri(), literal(str(path))
    described = f"Report of {literal(settings.label)}" if served else "On the machine of the worker"
    create_link_artifact(link, link_text=text, key=f"{key}-report", description=described)


def _rows(topics: list[Topic]) -> list[dict[str, object]]:
    shown: list[dict[str, object]] = [
        {"topic": topic.topic, "papers": topic.count, "words": ", ".join(topic.words)} for topic in topics[:MOST_TOPICS]
    ]
    left = len(topics) - len(shown)
    rest: dict[str, object] = {"topic": "…", "papers": "", "words": f"and {number_of(left, 'smaller topic')}"}
    return [*shown, rest] if left > 0 else shown


def _clustering(tmo: TopicModelSettings) -> str:
    wanted = f" with {number_of(tmo.n_topics, 'topic')}" if tmo.n_topics else ""
    if tmo.method != "graph":
        return f"{'KMeans' if tmo.method == 'kmeans' else 'HDBSCAN'}{wanted}"
    return f"the neighbour graph{wanted or f' at resolution {tmo.graph.resolution}'}, inertia {tmo.graph.inertia}"


def _summary(settings: Settings, report: RunReport, served: str | None) -> str:
    stages = "\n".join(f"| {name} | {stage.status} | {stage.seconds:.1f} s |" for name, stage in report.stages.items())
    given = settings.overrides.given()
    overrides = ", ".join(literal(f"{name} = {value}") for name, value in given.items()) or "none"
    files = "\n".join(
        f"- [{literal(path.name)}]({served}{quote(path.name)})" if served else f"- {code(path.name)}"
        for path in sorted(report.folder.iterdir())
        if not path.name.startswith(".")
    )
    drawn = served and (settings.analysis_path / REPORT_FILE).is_file()
    opens = f"\n[Open the report]({served}{REPORT_FILE})\n" if drawn else ""
    tmo = settings.tmo
    method = _clustering(tmo)
    notes = "\n".join(f"- {literal(note)}" for note in report.notes) or "none"
    topics = number_of(report.topics, "topic")
    where = "" if is_shared(settings) else ", on the machine of the worker"
    return f"""# {literal(settings.label)}

**{topics}, {report.outliers} of {report.documents} papers are outliers ({report.outlier_share:.1%})**

Changes: {literal(report.changes)}.
{opens}
| setting | value |
|---|---|
| settings file | {code(shown_place(settings.source))} |
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

In {code(shown_place(report.folder))}{where}:

{files}
"""
