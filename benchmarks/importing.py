"""How long an import takes: python -m benchmarks.importing [RECORDS ...], made-up records of a Scopus CSV.

For each number a project is made, without embeddings, in a process of its own; printed are seconds that pass, seconds
of the processor, and the most memory. One record in twenty stands twice.
"""

from __future__ import annotations

import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_HEADER = (
    *("Authors", "Author full names", "Title", "Year", "Source title", "Volume", "Issue", "Page start", "Page end"),
    *("Cited by", "DOI", "Affiliations", "Abstract", "Author Keywords", "Document Type", "Source", "EID"),
)
_WORDS, _ABSTRACT = 20_000, 180
_COUNTRIES = ("Germany", "France", "Japan", "Brazil", "United States", "China", "Kenya")


def _vocabulary(chance: random.Random) -> list[str]:
    return ["".join(chance.choices("abcdefghiklmnoprstuvw", k=chance.randint(2, 11))) for _ in range(_WORDS)]


def records(count: int, seed: int = 0) -> Iterator[list[str]]:
    """Made-up records: words by Zipf's law, now and then markup, an entity, a rights notice, capitals."""
    chance = random.Random(seed)  # noqa: S311  # nothing is secret
    words = _vocabulary(chance)
    weights = [1 / rank for rank in range(1, _WORDS + 1)]
    cumulated = [sum(weights[:1])]
    for weight in weights[1:]:
        cumulated.append(cumulated[-1] + weight)
    before: list[str] = []
    for number in range(count):
        if before and number % 20 == 0:
            again = before.copy()
            again[-1] = f"2-s2.0-9{number:08d}"
            yield again
            continue
        people = [f"{chance.choice(words).title()}, {chance.choice('ABCDEFG')}." for _ in range(chance.randint(1, 6))]
        title = " ".join(chance.choices(words, cum_weights=cumulated, k=chance.randint(6, 16)))
        text = " ".join(chance.choices(words, cum_weights=cumulated, k=_ABSTRACT))
        text += (" &amp; more <i>words</i>", " © 2019 Elsevier B.V. All rights reserved.", "", ".")[number % 4]
        place = f"Univ {chance.choice(words).title()}, {chance.choice(words).title()}, {chance.choice(_COUNTRIES)}"
        before = [
            *("; ".join(people), "; ".join(f"{name} ({chance.randint(10**9, 10**10)})" for name in people)),
            *(title.upper() if number % 50 == 1 else title.capitalize(), str(chance.randint(1990, 2025))),
            *(f"Journal of {words[chance.randint(0, 300)]}", str(chance.randint(1, 99)), str(chance.randint(1, 12))),
            *(str(first := chance.randint(1, 2000)), str(first + 12), str(chance.randint(0, 90))),
            *(f"10.{chance.randint(1000, 9999)}/x.{number}", place, text, "; ".join(chance.choices(words, k=4))),
            *("Article", "Scopus", f"2-s2.0-8{number:08d}"),
        ]
        yield before


def write(path: Path, count: int) -> None:
    """Write a Scopus CSV of made-up records."""
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(_HEADER)
        writer.writerows(records(count))


def measured(count: int) -> str:
    """A line of figures for one number of records."""
    with tempfile.TemporaryDirectory() as work:
        export = Path(work) / "scopus.csv"
        write(export, count)
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "topicloom", "new", str(Path(work) / "P"), str(export)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=dict(os.environ))
        seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return f"{count:,} records: {seconds:.0f} s, {used:.0f} s of the processor, {after.ru_maxrss / 2**20:.2f} GiB"


if __name__ == "__main__":
    for given in map(int, sys.argv[1:] or ["100000"]):
        print(measured(given), flush=True)
