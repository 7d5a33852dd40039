"""Small atlases with all that can go wrong in them: titles that are HTML, other scripts, missing years and DOIs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from topicloom.atlas.atlas import Atlas, make_atlas
from topicloom.atlas.names import TopicName
from topicloom.atlas.phrases import Phrases
from topicloom.words.topic_table import Topic

TITLES = (
    "<script>window.hacked = 1</script> on <b>markup</b> & \"quotes\" </script><img src=x onerror='window.hacked=2'>",
    "خلايا القلب في المختبر",
    "合成生物学における代謝工学",
    "A plain title about cells",
    "Prices of $5 and $6 in \\alpha trials",
)


def small_atlas(
    topics: int, papers_each: int = 12, *, years: bool = True, outliers: bool = True, seed: int = 0
) -> Atlas:
    rng = np.random.default_rng(seed)
    numbers = np.concatenate(
        [np.repeat(np.arange(topics), papers_each), np.full(9 if outliers or not topics else 0, -1)]
    )
    counts = [papers_each] * topics
    centres = rng.normal(size=(topics + 1, 2)) * 10
    n = len(numbers)
    papers = pd.DataFrame(
        {
            "UT": [f"WOS:{row}" for row in range(n)],
            "title": [f"{TITLES[row % len(TITLES)]} {row}" for row in range(n)],
            "year": pd.array([2010 + row % 9 if years and row % 7 else None for row in range(n)], dtype="Int64"),
            "doi": [f"10.1000/x{row}<y>" if row % 5 != 1 else "" for row in range(n)],
            "authors": [f"Müller, A{row}; <b>Ng</b>, B" if row % 4 else "" for row in range(n)],
            "source": [f"Journal of <i>Cells</i> {row % 3}" if row % 6 else "" for row in range(n)],
            "keywords": "",
            "cited": pd.array([row % 11 if row % 3 else None for row in range(n)], dtype="Int64"),
            "Abstract": [bool(row % 8) for row in range(n)],
            "Topic": numbers,
            "Score": rng.uniform(0, 1, n),
        }
    )
    papers["Typicality"] = np.where(numbers >= 0, 100 * (1 + np.arange(n) % papers_each) / papers_each, np.nan).round(1)
    points = centres[numbers] + rng.normal(size=(n, 2))
    papers["placed"] = np.arange(n) % 50 == 0
    papers["x"], papers["y"] = points[:, 0].astype(np.float32), points[:, 1].astype(np.float32)
    labels = ["<i>cells</i> & hearts", "قلب, خلايا", "代謝工学, 合成生物学", "genes $x$", "stars"]
    names = [TopicName(f"{labels[t % 5]}{'' if t < 5 else f' {t}'}", [f"word{t}", "shared"]) for t in range(topics)]
    table = [
        Topic(t, counts[t], f"{t}_a_b_c_d", [f"word{t}", "<b>bold</b>", ""], [0.5, 0.25, 0.00001], [t * papers_each])
        for t in range(topics)
    ]
    return make_atlas(
        papers,
        table,
        rng.normal(size=(topics, 8)),
        names,
        Phrases(
            [*(f"word{t}" for t in range(topics)), "shared"],
            csr_matrix(np.column_stack([numbers[:, None] == np.arange(topics), numbers >= 0]).astype(int)),
            [[(t, 1.0), (topics, 0.9)] for t in range(topics)],
        ),
        "english",
        others_threshold=0.9,
        today=2018,
    )
