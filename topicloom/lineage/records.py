"""The record of one run in the history: its topics with their lasting ids, what became of them, and its papers."""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from topicloom.lineage.partition import Partition
from topicloom.store.files import canonical_json
from topicloom.store.record_form import InnerName, Key, Stage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class LastingTopic(BaseModel):
    """A topic of one run under its lasting id.

    topic: its number in the run. since: the run in which the id was given. history: what became of it, in words.
    label, colour: as reports show it; a label is "" where none is known yet.
    """

    model_config = ConfigDict(frozen=True)

    topic: int
    uid: str
    count: int
    since: int
    history: str
    words: list[str]
    label: str = ""
    colour: str = ""


class Event(BaseModel):
    """Something that became of topics from one run to the next: born, gone, split, merged, grown, shrunk, returned.

    before, after: lasting ids. figures: the counts and shares that explain it. text: the same in a sentence.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    before: list[str]
    after: list[str]
    figures: dict[str, Any]
    text: str


class RunRecord(BaseModel):
    """One run of an analysis, whole: what the history holds and can be rebuilt from.

    history: id of the history. lineage: id of the line of runs, which stays when the folder is renamed. project,
    analysis: folders, as they were called then. number: of the run, from 1, in its line. result: digest of papers,
    topics and mean embeddings. parent: number of the run before. keys: of its stages, by name. base: the run whose
    fitted model its papers were placed with; itself after a fit. papers, numbers: UT and topic, sorted by UT. vectors:
    mean embeddings of the topics, base64 of (t, d) float32.
    """

    model_config = ConfigDict(frozen=True)

    history: str
    lineage: InnerName
    project: str
    analysis: InnerName
    number: int = Field(ge=1)
    finished: str
    result: str
    parent: int | None
    prefect_run_id: str | None
    settings: dict[str, Any]
    versions: dict[str, str]
    keys: dict[Stage, Key]
    base: int
    topics: list[LastingTopic]
    events: list[Event]
    papers: list[str]
    numbers: list[int]
    vectors: str
    dimensions: int

    @model_validator(mode="before")
    @classmethod
    def _named_by_folder(cls, given: Any) -> Any:
        """A line of runs used to have its folder's name."""
        return {"lineage": given.get("analysis"), **given} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse a record whose parts do not belong together."""
        known = len(self.topics)
        if [topic.topic for topic in self.topics] != list(range(known)) or len(set(self.uids)) != known:
            raise ValueError("its topics are not numbered from 0, or two have one id")
        if len(self.papers) != len(self.numbers) or len(set(self.papers)) != len(self.papers):
            raise ValueError("its papers do not have one topic each")
        if max(self.numbers, default=-1) != known - 1 or min(self.numbers, default=-1) < -1:
            raise ValueError("its papers are not those of its topics")
        if len(base64.b64decode(self.vectors, validate=True)) != (4 * known * self.dimensions if self.vectors else 0):
            raise ValueError("its vectors are not one a topic")
        return self

    @property
    def partition(self) -> Partition:
        """Papers, topics and mean embeddings, as matching takes them."""
        import numpy as np

        vectors = np.frombuffer(base64.b64decode(self.vectors), dtype=np.float32)
        return Partition(
            papers=np.array(self.papers, dtype=object),
            topics=np.array(self.numbers, dtype=np.int64),
            vectors=vectors.reshape(-1, self.dimensions) if self.dimensions else None,
        )

    @property
    def uids(self) -> list[str]:
        """Lasting id of each topic, in the order of their numbers."""
        return [topic.uid for topic in self.topics]


def packed_vectors(vectors: NDArray[np.floating[Any]]) -> str:
    """(t, d) mean embeddings as base64 of float32."""
    import numpy as np

    return base64.b64encode(np.ascontiguousarray(vectors, dtype="<f4").tobytes()).decode()


def pack(record: RunRecord) -> bytes:
    """A record as gzipped canonical JSON: the same record, the same bytes."""
    return gzip.compress(canonical_json(record.model_dump(mode="json")).encode(), 6, mtime=0)


def unpack(content: bytes) -> RunRecord:
    """Read what `pack` made. Raises ValueError where it is damaged."""
    try:
        return RunRecord.model_validate_json(gzip.decompress(content))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ValueError(f"no record of a run ({type(error).__name__})") from error


def digest_bytes(content: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
