"""The topics of one run: its papers, the topic of each, and the topics' mean embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Partition:
    """The topics of one run.

    Args:
        papers: (n,) UT, each once.
        topics: (n,) int64, from 0, -1 for outliers.
        vectors: (t, d) mean embeddings of the topics, or None where they are not known.
    """

    papers: NDArray[Any]
    topics: NDArray[np.int64]
    vectors: NDArray[np.floating[Any]] | None

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Papers of each topic, (t,)."""
        import numpy as np

        return np.bincount(self.topics[self.topics >= 0], minlength=int(self.topics.max(initial=-1)) + 1)
