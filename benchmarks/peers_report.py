"""The part of docs/benchmarks.md about other libraries: python -m benchmarks.peers_report PEERS.json prints it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_CALLED = {
    "bertopic": "BERTopic's defaults",
    "toponymy": "UMAP + Toponymy's clusterer",
    "evoc": "EVoC",
    "fast_hdbscan": "UMAP + fast_hdbscan, labels only",
    "turftopic": "Turftopic's clustering model",
    "kmeans": "KMeans, labels only",
    "ours_hdbscan": "topicloom, HDBSCAN, no pictures",
    "ours_graph": "topicloom, graph, no pictures",
    "ours_hdbscan_whole": "topicloom, HDBSCAN, whole run",
    "ours_graph_whole": "topicloom, graph, whole run",
}
_HEAD = (
    "way",
    "wall clock",
    "of it the fit",
    "processor",
    "peak memory",
    "topics",
    "outliers",
    "ARI over seeds",
    "NPMI",
    "C_v",
    "NPMI, our words",
    "C_v, our words",
)


def peers_part(peers: dict[str, Any]) -> str:
    """A table for each project.

    Args:
        peers: What `benchmarks.peers` wrote.
    """
    versions = ", ".join(f"{name} {version}" for name, version in peers["libraries"].items())
    tables = "\n\n".join(_table(name, entry) for name, entry in peers["projects"].items())
    return f"""## Beside other libraries

The same embeddings and texts, each way in a fresh process (`make bench-peers`); {versions}.

- **Wall clock, processor, peak memory**: of the whole process, imports included; medians of the seeds. Code that a
  library compiles and keeps is compiled under the first seed.
- **Of it the fit**: without imports and without reading; of ours only the whole is stated. A run of ours does more than
  the others: membership vectors, how much of each topic is in each text, tables and a model; a whole run draws too.
- **Sizes**: ours asks for 10 papers a topic, BERTopic's default. The others have their own defaults; KMeans, which must
  be told, has a topic for each 50 papers. Ours finds topics in the graph at resolution 20.
- **ARI over seeds**: the mean of each two seeds, over the papers that both assign. Outliers, NPMI and C_v: means.
- **NPMI, C_v**: of ten words a topic by `topicloom.measures.coherence`, with our tokens. The first two columns judge
  the words that the library gives (BERTopic, Turftopic). Those marked * give none, and have the words of our c-TF-IDF.
  The last two columns judge each partition by the words of our c-TF-IDF, so that wordings do not differ.

{tables}
"""


def _table(name: str, entry: dict[str, Any]) -> str:
    rows = [_failed(row) if "failed" in row else _row(row) for row in entry["rows"]]
    seeds = max((row["seeds"] for row in entry["rows"] if "seeds" in row), default=0)
    count = "one seed" if seeds == 1 else f"{seeds} seeds"
    return "\n".join(
        [f"{name}, {entry['documents']:,} papers, {count}:\n", _line(_HEAD), "|---" * len(_HEAD) + "|", *rows]
    )


def _row(row: dict[str, Any]) -> str:
    called = _CALLED[row["way"]] + ("" if row["partition"] == "all" else f", {row['partition']}")
    topics = sorted(set(row["topics"]))
    star = "" if row["own_words"] else " *"
    return _line(
        (
            called,
            f"{row['seconds']:.1f} s",
            f"{row['fit']:.1f} s" if "fit" in row else "",
            f"{row['processor']:.1f} s",
            f"{row['peak'] / 2**30:.2f} GiB",
            str(topics[0]) if len(topics) == 1 else f"{topics[0]} to {topics[-1]}",
            f"{100 * row['outliers']:.0f} %",
            "" if row["ari"] is None else f"{row['ari']:.2f}",
            f"{row['npmi']:.3f}{star}",
            f"{row['c_v']:.3f}{star}",
            f"{row['npmi_by_ours']:.3f}",
            f"{row['c_v_by_ours']:.3f}",
        )
    )


def _failed(row: dict[str, Any]) -> str:
    cost = row["failed"]
    cells = (_CALLED[row["way"]], f"failed after {cost['seconds']:.0f} s", "", "", f"{cost['peak'] / 2**30:.2f} GiB")
    return _line((*cells, *[""] * (len(_HEAD) - len(cells))))


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(peers_part(json.loads(Path(sys.argv[1]).read_text())))
