"""Commands that look at an analysis and its project: what is sound, what is there, what could go."""

from __future__ import annotations

import platform
from typing import Annotated

import typer
from rich.markup import escape

from flows.console.arguments import FAILED, Analysis, settled
from flows.console.display import console, counted, relative, show_notes, show_status, size_words
from topicloom.inputs.decoding import form_notes
from topicloom.inputs.encoder import embeddings_missing
from topicloom.lineage.labels import require_known_labels
from topicloom.lineage.mending import require_own_history
from topicloom.phrasing import number_of
from topicloom.settings.reading import read_settings
from topicloom.stages.language_notes import stop_word_note
from topicloom.stages.notes import corpus_notes, dataset_notes
from topicloom.stages.soundness import check_project
from topicloom.stages.status import CACHED, analysis_status, unfinished
from topicloom.store.cleaning import clean as clean_store
from topicloom.store.cleaning import find_leftovers
from topicloom.store.sharing import is_shared
from topicloom.store.store import Store
from topicloom.store.verify import verify_project


def check(path: Analysis) -> None:
    """Validate settings, corpus and embeddings; compute and change nothing."""
    settings = read_settings(path)
    require_own_history(settings)
    show_notes([*settings.notes, *require_known_labels(settings)])
    sound = check_project(settings)
    tmo, documents = settings.tmo, sound.facts["documents"]
    stop_words = stop_word_note(sound.facts, tmo.represent)
    if embeddings_missing(settings):
        form = form_notes(settings.dataset_path.name, sound.dataset["dataset_form"])
        show_notes([*form, *corpus_notes(sound.facts, tmo), *stop_words])
        console.print(
            f"{settings.label}: {number_of(documents, 'paper')} without embeddings; the run makes them with "
            f"{tmo.transformer_model}. All else is well."
        )
        return
    show_notes([*corpus_notes(sound.facts, tmo), *dataset_notes(sound.dataset, documents), *stop_words])
    console.print(
        f"{settings.label}: {number_of(documents, 'paper')} with embeddings of "
        f"{number_of(sound.facts['dimensions'], 'dimension')}. All is well."
    )


def status(path: Analysis) -> None:
    """Show per stage whether its result is cached, stale and why, or missing; when, how long, how large, and where."""
    settings = settled(path)
    show_status(settings.label, statuses := analysis_status(settings))
    hosts = {status.host for status in statuses if status.host}
    if len(hosts) == 1 and hosts != {platform.node()}:
        console.print(f"All of it was computed on {escape(min(hosts))}.", highlight=False)
    show_notes(unfinished(settings))


def verify(path: Analysis) -> None:
    """Read every file of the project that a digest is known of, and say what has changed without a trace."""
    settings = settled(path)
    with counted():
        found = verify_project(Store(settings.store_path))
    here = " of this machine" if is_shared(settings) else ""
    console.print(
        f"{settings.metadata.project_folder}: {number_of(found.files, 'file')}{here}, {size_words(found.bytes)}, were "
        "read."
    )
    if not found.damaged:
        console.print("Each is as it was written.")
        return
    for damage in found.damaged:
        shown = relative(damage.path, settings.project_path)
        console.print(f"  [red]damaged[/]  {escape(shown)}: {escape(damage.fault)}", highlight=False, soft_wrap=True)
    again = ", ".join(status.stage for status in analysis_status(settings) if status.state != CACHED)
    console.print(
        f"The next run of {escape(settings.label)} "
        + (
            f"makes these anew: {again}."
            if again
            else "needs none of these; topicloom clean removes what no run needs."
        )
    )
    raise typer.Exit(FAILED)


def clean(
    path: Analysis,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
) -> None:
    """Remove from the project's store what no run.json of its analyses refers to."""
    settings = settled(path)
    if is_shared(settings):
        from topicloom.store.mirror import clean_shared

        gone = [(one.place, one.bytes) for one in clean_shared(settings, dry_run=dry_run)]
    else:
        store = Store(settings.store_path)
        leftovers = find_leftovers(store) if dry_run else clean_store(store)
        gone = [(relative(leftover.path, store.root), leftover.bytes) for leftover in leftovers]
    for name, size in gone:
        console.print(f"  {name}  {size_words(size)}", highlight=False)
    total = size_words(sum(size for _, size in gone))
    console.print(
        f"{total} in {number_of(len(gone), 'result')} {'would be' if dry_run else ''} removed.".replace("  ", " ")
    )
