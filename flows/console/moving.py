"""The command that moves a project between a folder and an object store."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.console.arguments import say
from flows.console.display import counted, show_notes, size_words
from topicloom.phrasing import number_of


def move(
    source: Annotated[str, typer.Argument(metavar="FROM", help="ROOT/PROJECT, or s3://BUCKET/PREFIX/PROJECT.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The other of the two; it must end in the same name.")],
    keep: Annotated[bool, typer.Option("--keep", help="Leave the source where it is.")] = False,
) -> None:
    """Move a project from a folder into an object store, or back; every file is compared by its digest."""
    from topicloom.store.moving import move_project

    with counted():
        moved = move_project(source, target, keep=keep)
    show_notes(moved.left)
    say(f"{number_of(moved.files, 'file')}, {size_words(moved.bytes)}, lie at {moved.target} now, each as it was.")
    say(f"{source} {'is there still' if keep else 'is gone'}.")
