"""labels.csv in the analysis folder: names that a person gave to topics, by their lasting ids."""

from __future__ import annotations

import difflib
from pathlib import Path

from topicloom.errors import InputError, Problem, quoted_list, shown
from topicloom.inputs.csv_rows import delimiter_of, read_header, read_rows
from topicloom.inputs.decoding import form_facts, form_notes, text_form
from topicloom.lineage.history import History, lineage_of
from topicloom.machine.regular_files import file_is_there
from topicloom.output_files import LABELS
from topicloom.settings.schema import Settings

_COLUMNS = ("topic_uid", "label")
_LONGEST = 500  # letters of a label; pictures show 80 of them


class LabelsError(InputError):
    """labels.csv cannot be read, or names a topic that was never found."""


def labels_path(settings: Settings) -> Path:
    """Where the labels of an analysis lie, if a person gave any."""
    return settings.analysis_path / LABELS


def read_labels(settings: Settings) -> dict[str, str]:
    """The label of each lasting id; empty where there is no labels.csv.

    Fields are apart by comma or semicolon. Rows without a label are left out.
    Raises LabelsError for a file that is no such table, and for an id that stands in it twice.
    """
    path = labels_path(settings)
    if not file_is_there(path, LabelsError):
        return {}
    delimiter = delimiter_of(path, LabelsError)
    header = read_header(path, LabelsError, delimiter=delimiter) if path.stat().st_size else ["none"]
    if not set(_COLUMNS) <= set(header):
        raise LabelsError(
            path,
            Problem(
                f"Its columns are {quoted_list(header)}; it needs topic_uid and label.",
                'Write a first line "topic_uid,label"; the ids stand in topic_summary.csv.',
            ),
        )
    rows = read_rows(path, LabelsError, _COLUMNS, delimiter=delimiter)
    labels: dict[str, str] = {}
    for line, *values in zip(rows.lines, *(rows.columns[name] for name in _COLUMNS), strict=True):
        uid, label = (str(value).strip() for value in values)
        _require_label(path, line, uid, label, labels)
        if uid and label:
            labels[uid] = label
    return labels


def _require_label(path: Path, line: int, uid: str, label: str, labels: dict[str, str]) -> None:
    if uid in labels:
        raise LabelsError(path, Problem(f"{uid} has two labels, in line {line} again.", "Keep one."))
    if len(label) > _LONGEST:
        raise LabelsError(
            path,
            Problem(
                f"The label in line {line} has {len(label):,} letters: {shown(label)}; at most {_LONGEST} are allowed.",
                "Shorten it.",
            ),
        )


def require_known_labels(settings: Settings) -> list[str]:
    """Raise LabelsError where labels.csv names an id that no run of the project ever gave.

    Returns notes: on how the file was read, and on labels of topics that a later run has lost, which are kept for
    their return.
    """
    labels, history = read_labels(settings), History(settings)
    if not labels:
        return []
    notes = list(form_notes(LABELS, form_facts(text_form(labels_path(settings)))))
    known = history.uids()
    unknown = [uid for uid in labels if uid not in known]
    if unknown:
        raise LabelsError(labels_path(settings), [_unknown(uid, known) for uid in unknown[:5]])
    lineage = lineage_of(settings)
    heads, seen = history.heads(lineage), history.last_seen(lineage)
    now = {uid for uid, number in seen.items() if number == heads[-1].number}
    resting = [uid for uid in labels if uid not in now]
    if not resting:
        return notes
    return [
        *notes,
        f"{LABELS} names topics that the last run did not have ({quoted_list(resting)}); they wait for their return.",
    ]


def _unknown(uid: str, known: set[str]) -> Problem:
    near = difflib.get_close_matches(uid, known, n=1, cutoff=0.6)
    meant = f"; did you mean {near[0]}?" if near else "."
    if not known:
        meant = ", for no run of this project is in its history yet."
    return Problem(
        f"There is no topic {uid}{meant}",
        "Take the line out, or correct the id: topic_uid in topic_summary.csv of this analysis.",
    )
