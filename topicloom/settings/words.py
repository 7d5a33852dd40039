"""Settings of words: how topics get theirs, and how papers are spread over topics by them.

The defaults are the constants of the group's notebook; each field has the name that its library gives it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from topicloom.settings.section import Section
from topicloom.settings.stop_lists import ENGLISH, languages_with_list


class RepresentSettings(Section):
    """How topics get their words: BERTopic's and CountVectorizer's parameters."""

    n_gram_range: tuple[Annotated[int, Field(ge=1, le=100)], Annotated[int, Field(ge=1, le=100)]] = Field(
        (1, 3), description="Shortest and longest n-gram, in words."
    )
    language: str = Field("english", min_length=1, description="Language of the texts, as BERTopic takes it.")
    top_n_words: int = Field(10, ge=1, le=100, description="Words of a topic.")
    stop_words: str | list[str] | None = Field(
        None,
        description="Words to leave out: a language that has a list, such as 'english', or the words themselves; none "
        "by default, as in the notebook.",
    )
    tokenizer: Literal["icu"] | None = Field(
        None,
        description="icu: words of scripts without spaces (Chinese, Japanese, Thai) are found by ICU's dictionaries.",
    )
    min_df: int = Field(1, ge=1, description="Least topics a word must occur in.")
    bm25_weighting: bool = Field(False, description="Weigh words by the BM25 formula.")
    reduce_frequent_words: bool = Field(False, description="Take the square root of term frequencies.")
    calculate_probabilities: bool = Field(
        True, description="Probability is the largest entry of HDBSCAN's membership vector."
    )

    @model_validator(mode="after")
    def _range_in_order(self) -> RepresentSettings:
        if self.n_gram_range[0] > self.n_gram_range[1]:
            raise ValueError(f"n_gram_range is {list(self.n_gram_range)}; its first number must not be larger")
        if isinstance(self.stop_words, str) and self.stop_words not in (ENGLISH, *languages_with_list()):
            raise ValueError(
                f"stop_words is {self.stop_words!r}; it must be a list of at least two words, or a language that has a "
                f"list: {', '.join(languages_with_list())}"
            )
        if self.tokenizer and self.language == ENGLISH:
            raise ValueError(
                f"tokenizer is {self.tokenizer} and language english, for which all letters but A to Z are cut out; "
                "set language to that of the texts, such as japanese"
            )
        return self


class DistributionSettings(Section):
    """Parameters of BERTopic's approximate_distribution."""

    batch_size: int = Field(
        1000, ge=1, le=1_000_000_000, description="Documents of one batch; no result depends on it."
    )
    window: int = Field(4, ge=1, le=1_000_000, description="Tokens of a window.")
    stride: int = Field(1, ge=1, le=1_000_000, description="Tokens from one window to the next.")
    min_similarity: float = Field(0.1, ge=0, le=1, description="Similarities below it count as none.")
    padding: bool = Field(False, description="Also use the shorter windows at both ends of a document.")
