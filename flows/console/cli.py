"""The command line. Exit codes: 0 well, 1 a run that failed, 2 bad input.

Nothing heavy is imported before a command needs it: `topicloom status` answers without Prefect.
"""

from __future__ import annotations

import errno
import inspect
import sys
from typing import Annotated

import typer

from flows.console import comparing, door, looking, moving, running, serving
from flows.console.arguments import BAD_INPUT, FAILED
from flows.console.display import console, show_error
from flows.console.environment import ConfiguredServer, configured_server
from flows.console.streams import make_lenient
from topicloom import __version__
from topicloom.errors import InputError, TopicloomError
from topicloom.machine.threads import ThreadsError
from topicloom.store.sharing import with_addresses

app = typer.Typer(
    help="Topic maps of scientific fields: settings, corpus and embeddings become topics and the files reports read.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    running.demo,
    door.new,
    door.add,
    running.run,
    looking.check,
    looking.status,
    comparing.diff,
    comparing.compare,
    comparing.sweep,
    looking.verify,
    looking.clean,
    moving.move,
    serving.serve,
    serving.deploy,
    serving.retry,
    serving.server,
    running.warmup,
):
    app.command()(command)


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"topicloom {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Options of every command."""


def main() -> None:
    """Entry point of `topicloom`: errors become one message and an exit code."""
    make_lenient()
    try:
        app()
    except (InputError, ThreadsError) as error:
        show_error(with_addresses(str(error)))
        sys.exit(BAD_INPUT)
    except TopicloomError as error:
        show_error(with_addresses(f"{type(error).__name__}: {error}"))
        sys.exit(FAILED)
    except Exception as error:
        if "--verbose" in sys.argv or "-v" in sys.argv:
            raise
        show_error(_failure(error))
        sys.exit(FAILED)


def _no_answer(server: ConfiguredServer) -> str:
    if server.source == "PREFECT_API_URL":
        return (
            f"No Prefect server answers at PREFECT_API_URL={server.url}.\n"
            "  Start it, or unset PREFECT_API_URL to run without one."
        )
    return (
        f"No Prefect server answers at {server.url}, which {server.source} names.\n"
        "  Start it, or run without one: PREFECT_API_URL= topicloom run PATH.\n"
        "  A profile is left for good by: prefect profile use ephemeral."
    )


def _failure(error: Exception) -> str:
    server = configured_server()
    if server is not None and ("Failed to reach API" in str(error) or "connect" in type(error).__name__.lower()):
        return _no_answer(server)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f": {error.filename}" if error.filename else ""
        return f"No room is left on the disk{where}.\n  Make room, and give the command again."
    told = f"failed: {type(error).__name__}: {error}"
    if _has_verbose(sys.argv[1:2]):
        return f"The run {told}\n  Run again with --verbose for the whole story."
    return f"The command {told}"


def _has_verbose(words: list[str]) -> bool:
    """Whether the command that the first word names can tell more."""
    commands = {command.callback.__name__: command.callback for command in app.registered_commands if command.callback}
    return any("verbose" in inspect.signature(commands[word]).parameters for word in words if word in commands)
