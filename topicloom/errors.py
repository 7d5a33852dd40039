"""The errors a user can mend, each naming the file, the field, what was found, what is allowed and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LONGEST_SHOWN = 120  # letters of a wrong value


@dataclass(frozen=True)
class Problem:
    """One finding in one file.

    finding: what is wrong, with the value that was found and what is allowed, as one sentence or two.
    mend: what the person should do about it, as one sentence.
    """

    finding: str
    mend: str

    def __str__(self) -> str:
        return f"  {self.finding}\n  {self.mend}"


def problem_of(where: str, details: Mapping[str, Any]) -> Problem:
    """One of pydantic's findings in its own words. where: the field, as a person finds it in the file."""
    if details["type"] == "value_error":
        return Problem(f"{where}: {details['ctx']['error']}.", "Change it.")
    return Problem(f"{where} is {shown(details['input'])}: {details['msg'].lower()}.", "Change it, or leave it out.")


class TopicloomError(Exception):
    """Base of every error that topicloom raises on purpose."""


class InputError(TopicloomError):
    """Bad input, found before anything was computed or written.

    path: the file or folder at fault.
    problems: all that was found in it, so that a person mends a file once and not field by field.
    """

    def __init__(self, path: Path | str, problems: Sequence[Problem] | Problem) -> None:
        self.path = Path(path)
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__(self.path, self.problems)

    def __str__(self) -> str:
        return "\n".join([f"{type(self).__name__}: {self.path}", *map(str, self.problems)])


class SettingsError(InputError):
    """The settings file is missing, unreadable or holds a value that is not allowed."""


class CorpusError(InputError):
    """The corpus or the dataset beside it cannot be used."""


class EmbeddingsError(InputError):
    """The embeddings are missing, unsafe to open, or do not fit the corpus."""


class ModelUnavailableError(EmbeddingsError):
    """The embedding model could not be fetched; that may pass."""


class ExportError(TopicloomError):
    """The outputs could not be written; the files of the previous run are as they were."""


class StoreError(TopicloomError):
    """The stage store cannot be read or written."""


def shown(value: Any) -> str:
    """A value as a message shows it: as JSON, shortened, and without letters that no console can print."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _shortened(text.encode("utf-8", "backslashreplace").decode())


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}... ({len(text)} letters)"


def quoted_list(names: Sequence[object], limit: int = 5) -> str:
    """Join names for a message: the first `limit` of them, and how many more there are."""
    first = ", ".join(_shortened(str(name)) for name in names[:limit])
    return first if len(names) <= limit else f"{first} and {len(names) - limit} more"
