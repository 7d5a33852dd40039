"""What changed between two runs, told to a person: in one line, and as a page of Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.errors import Problem
from topicloom.lineage.differences import KINDS, MOVED, NEW, WITHDRAWN, Differences, differences
from topicloom.lineage.history import History, HistoryError, lineage_of
from topicloom.pages.markdown import literal
from topicloom.phrasing import number_of, shortened
from topicloom.settings.schema import Settings
from topicloom.store.csv_tables import records, write_csv
from topicloom.store.record_form import stated_identity

if TYPE_CHECKING:
    import pandas as pd

_HEADINGS = {
    "born": "New topics",
    "returned": "Topics that are back",
    "split": "Topics that split",
    "merged": "Topics that merged",
    "gone": "Topics that are gone",
    "grown": "Topics that have grown",
    "shrunk": "Topics that have shrunk",
}
_MOST = 15  # lines under a heading
_LABEL = 40  # characters of a label within a sentence
_UID = re.compile(r"\bT-[A-Z2-7]{8}\b")


def latest_differences(settings: Settings) -> Differences | None:
    """What the last run in the history changed; None before the second one."""
    history, lineage = History(settings), lineage_of(settings)
    heads = history.heads(lineage)
    if len(heads) < 2:
        return None
    return differences(*(history.read(lineage, head.number) for head in heads[-2:]))


def chosen_differences(settings: Settings, runs: Sequence[int]) -> Differences | None:
    """What differs between two runs by their numbers, or, where none are given, what the last run changed.

    None where no runs are given and the last run changed nothing. Raises HistoryError for a run that is not there.
    """
    history, lineage = History(settings), lineage_of(settings)
    if runs:
        return differences(*(history.read(lineage, number) for number in runs))
    return latest_differences(settings) if _last_was_entered(settings) else None


def last_run_line(settings: Settings) -> str:
    """Which runs the history holds, and whether the last one changed anything. Raises HistoryError for no run."""
    history = History(settings)
    heads = history.heads(lineage_of(settings))
    if not heads:
        analysis = settings.metadata.analysis_id
        raise HistoryError(
            history.path, Problem(f"It holds no run of {analysis}.", f"topicloom run {settings.analysis_path}")
        )
    last = heads[-1]
    if not _last_was_entered(settings):
        return (
            f"Nothing has changed: the last run found what run {last.number} of {_when(last.finished)} did, "
            "by the same settings and versions."
        )
    if len(heads) == 1:
        return f"There is one run, of {_when(last.finished)}; there is nothing to hold it against."
    return f"The history holds {len(heads)} runs; these are the last two."


def _last_was_entered(settings: Settings) -> bool:
    """Whether the last run changed something, and so entered the history."""
    return bool(stated_identity(settings.analysis_path).get("entered", True))


def in_one_line(found: Differences) -> str:
    """Such as "since run 3: 120 papers new, 14 moved; 2 topics born, 1 split"."""
    since = f"since run {found.before.number}"
    if found.nothing:
        return f"{since}: nothing has changed"
    counts = found.counts
    papers = [f"{number_of(counts[change], 'paper')} {change}" for change in (NEW, WITHDRAWN, MOVED) if counts[change]]
    topics = [f"{len(found.of_kind(kind))} {kind}" for kind in KINDS if found.of_kind(kind)]
    parts = [", ".join(papers) or "no paper moved", f"topics: {', '.join(topics)}" if topics else "topics as they were"]
    changed = len(found.settings) + len(found.versions)
    return f"{since}: {'; '.join(parts)}" + (
        f"; {number_of(changed, 'setting or version differs', 'settings or versions differ')}" if changed else ""
    )


def change_line(identity: Mapping[str, Any], found: Differences | None) -> str:
    """What a run changed, in one line.

    identity: what run.json says of it under that name. found: what the run changed, None for one that changed nothing.
    """
    if not identity["entered"]:
        return f"nothing has changed since run {identity['run']} ({_when(identity['finished'])})"
    return in_one_line(found) if found else "this is the first run of the analysis"


def as_markdown(found: Differences) -> str:
    """The whole story, each list cut at 15 lines."""
    before, after = found.before, found.after
    lines = [
        f"# {literal(f'{after.project}/{after.analysis}')}: run {before.number} to run {after.number}",
        "",
        f"{_when(before.finished)} to {_when(after.finished)}; {in_one_line(found)}.",
    ]
    for heading, items in sections(found).items():
        lines += ["", f"## {heading}", "", *(f"- {literal(item)}" for item in items)]
    return "\n".join(lines) + "\n"


def sections(found: Differences) -> dict[str, list[str]]:
    """What changed, as headings with sentences, each list cut at 15; nothing where nothing has changed."""
    if found.nothing:
        return {}
    labels = {str(row.topic_uid): str(row.Label) for row in records(found.topics)}
    told = {"Papers": list(_papers(found))}
    for kind in KINDS:
        told[_HEADINGS[kind]] = [_labelled(event.text, labels) for event in found.of_kind(kind)]
    told["Words that came and went"] = list(_words(found))
    told["Settings that differ"] = found.settings
    told["Versions that differ"] = found.versions
    return {heading: _cut(lines) for heading, lines in told.items() if lines}


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _MOST else [*lines[:_MOST], f"and {len(lines) - _MOST} more"]


def _when(finished: str) -> str:
    return f"{finished.replace('T', ' ')[:16]} UTC"


def _papers(found: Differences) -> Iterator[str]:
    yield from (f"{count} {change}" for change, count in found.counts.items())
    why = Counter(found.papers.loc[found.papers["Change"] == MOVED, "Why"].map(_kind_of_reason))
    yield from (f"of those moved, {count}: {reason}" for reason, count in why.most_common())


def _kind_of_reason(why: str) -> str:
    """A reason without the ids of its topics."""
    said = _UID.sub("its topic", why, count=1) if not why.endswith("is new") else _UID.sub("the topic", why)
    return _UID.sub("another", said)


def _labelled(text: str, labels: Mapping[str, str]) -> str:
    """A sentence with the label of each topic after its lasting id, where the id comes first."""
    seen: set[str] = set()

    def named(found: re.Match[str]) -> str:
        uid = found.group()
        label = "" if uid in seen else labels.get(uid, "")
        seen.add(uid)
        return f"{uid} ({shortened(label, _LABEL)})" if label else uid

    return _UID.sub(named, text)


def _words(found: Differences) -> Iterator[str]:
    changed = found.topics[(found.topics["WordsCome"] != "") | (found.topics["WordsGone"] != "")]
    for row in records(changed.sort_values("PapersAfter", ascending=False, kind="stable")):
        said = [f"{what}: {words}" for what, words in (("came", row.WordsCome), ("went", row.WordsGone)) if words]
        yield f"{row.topic_uid} ({row.Label}) {'; '.join(said)}"


def write_differences(found: Differences, folder: Path, *, escape_formulas: bool = False) -> list[str]:
    """Write changes.md, changed_papers.csv and changed_topics.csv into a folder; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "changes.md").write_text(as_markdown(found), encoding="utf-8")
    write_csv(_changed(found.papers), folder / "changed_papers.csv", escape_formulas=escape_formulas)
    write_csv(found.topics, folder / "changed_topics.csv", escape_formulas=escape_formulas)
    return ["changes.md", "changed_papers.csv", "changed_topics.csv"]


def _changed(papers: pd.DataFrame) -> pd.DataFrame:
    return papers[papers["Change"] != "stayed"]
