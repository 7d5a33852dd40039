"""How well the words of a topic belong together: NPMI and C_v, as gensim computes them, from integer words.

Sources: Bouma (2009), Normalized (pointwise) mutual information in collocation extraction; Roeder, Both and Hinneburg
(2015), Exploring the space of topic coherence measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topicloom.machine.threads import available_threads
from topicloom.measures import coherence_kernels as kernels
from topicloom.words.tokens import Tokens

NPMI_WINDOW, CV_WINDOW = 10, 110  # words, as in the papers
_EPSILON = 1e-12


@dataclass(frozen=True)
class WindowCounts:
    """How many windows of a corpus hold words, and pairs of words.

    Args:
        windows: All windows.
        number: Of each word that is counted.
        alone: (w,) int64, windows that hold a word, by its number.
        together: Windows that hold both of a pair of numbers, the lower first, for the pairs that some topic has.
    """

    windows: int
    number: dict[str, int]
    alone: NDArray[np.int64]
    together: dict[tuple[int, int], int]


def coherence(
    topics: Sequence[Sequence[str]], tokens: Tokens, threads: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """NPMI and C_v of topics, from the words of their own corpus.

    Equal to gensim 4.4's CoherenceModel ("c_npmi" with 10 words a window, "c_v" with 110) where no word stands twice in
    a window. Where a word does, gensim drops it when its first place leaves the window, and counts too few windows.

    Args:
        topics: Words of each topic, single ones, the heaviest first.
        tokens: The words of all papers.
        threads: All that the process may use when None; the numbers are the same for any.

    Returns:
        NPMI and C_v, each (t,) float64; NaN where a topic has fewer than two words that occur.

    Example:
        >>> from topicloom.words.tokens import tokenise
        >>> tokens = tokenise(["deep maps"] * 3 + ["cell growth"] * 3, "english")
        >>> npmi, _ = coherence([["deep", "maps"], ["deep", "cell"]], tokens)
        >>> npmi.round(2).tolist()
        [1.0, -0.95]

    Source: Röder, Both and Hinneburg (2015), Exploring the space of topic coherence measures.
    """
    known = set(tokens.words)
    topics = [list(dict.fromkeys(word for word in words if word in known)) for words in topics]
    near = count_windows(topics, tokens, NPMI_WINDOW, threads)
    wide = count_windows(topics, tokens, CV_WINDOW, threads)
    npmi, c_v = np.full(len(topics), np.nan), np.full(len(topics), np.nan)
    for row, words in enumerate(topics):
        if len(words) > 1:
            npmi[row] = _npmi(words, near)[~np.eye(len(words), dtype=bool)].mean()
            c_v[row] = _c_v(_npmi(words, wide))
    return npmi, c_v


def _npmi(words: Sequence[str], counts: WindowCounts) -> NDArray[np.float64]:
    """Normalised pointwise mutual information of each pair of words, (m, m), a word with itself included."""
    numbers = [counts.number[word] for word in words]
    alone = counts.alone[numbers] / counts.windows
    both = np.array([[counts.together.get((min(a, b), max(a, b)), 0) for b in numbers] for a in numbers], dtype=float)
    np.fill_diagonal(both, counts.alone[numbers])
    joint = both / counts.windows + _EPSILON
    with np.errstate(divide="ignore"):
        information: NDArray[np.float64] = np.log(joint / np.outer(alone, alone)) / -np.log(joint)
    return information


def _c_v(npmi: NDArray[np.float64]) -> float:
    """Mean cosine of each word's row with the sum of all rows."""
    total = npmi.sum(axis=0)
    lengths = np.linalg.norm(npmi, axis=1) * np.linalg.norm(total)
    return float(np.mean(npmi @ total / np.where(lengths == 0, 1.0, lengths)))


def count_windows(
    topics: Sequence[Sequence[str]], tokens: Tokens, window: int, threads: int | None = None
) -> WindowCounts:
    """Count the windows of a corpus that hold each word of each topic, and each two words of one topic.

    Args:
        topics: Words of each topic, single ones.
        tokens: The words of all papers.
        window: Words of a window; a document that is shorter is one window.
        threads: All that the process may use when None; the numbers are the same for any.

    Returns:
        The counts.

    Example:
        >>> from topicloom.words.tokens import tokenise
        >>> found = count_windows([["deep", "maps"]], tokenise(["deep sea maps", "maps"], "english"), window=2)
        >>> found.windows, found.number, found.alone.tolist(), found.together
        (3, {'deep': 0, 'maps': 1}, [1, 2], {(0, 1): 0})
    """
    number = {word: index for index, word in enumerate(sorted({word for words in topics for word in words}))}
    of_token = np.array([number.get(word, -1) for word in tokens.words], dtype=np.int32)
    bounds, partners, keys = _partners(topics, number)
    threads = threads or available_threads()
    cuts = np.linspace(0, len(tokens.offsets) - 1, threads + 1).astype(int)

    def count(block: tuple[int, int]) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
        alone, together = np.zeros(len(number), dtype=np.int64), np.zeros(len(partners), dtype=np.int64)
        offsets = tokens.offsets[block[0] : block[1] + 1]
        windows = kernels.count_windows(tokens.ids, offsets, of_token, window, bounds, partners, alone, together)
        return windows, alone, together

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(count, zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)))
    together = np.sum([counts for _, _, counts in found], axis=0)
    return WindowCounts(
        windows=sum(windows for windows, _, _ in found),
        number=number,
        alone=np.sum([alone for _, alone, _ in found], axis=0),
        together=dict(zip(keys, together.tolist(), strict=True)),
    )


def _partners(
    topics: Sequence[Sequence[str]], number: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[tuple[int, int]]]:
    """For each word the words of higher number that share a topic with it, as compressed rows; and all pairs."""
    pairs = set()
    for words in topics:
        numbers = sorted(number[word] for word in words)
        pairs |= {(one, other) for index, one in enumerate(numbers) for other in numbers[index + 1 :]}
    keys = sorted(pairs)
    firsts = np.array([one for one, _ in keys], dtype=np.int64)
    bounds = np.searchsorted(firsts, np.arange(len(number) + 1)).astype(np.int64)
    return bounds, np.array([other for _, other in keys], dtype=np.int64), keys
