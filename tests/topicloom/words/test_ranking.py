"""The largest of many values, and topics that do not depend on the processor that sorts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topicloom.words.ranking import largest


@given(st.lists(st.integers(0, 5), min_size=0, max_size=60), st.integers(1, 70), st.randoms())
def test_the_largest_come_first_and_equal_ones_by_the_stated_order(values, most, random):
    ties = list(range(len(values)))
    random.shuffle(ties)
    by_place = sorted(range(len(values)), key=lambda place: (-values[place], place))[:most]
    by_ties = sorted(range(len(values)), key=lambda place: (-values[place], ties[place]))[:most]
    assert largest(np.array(values, dtype=float), most).tolist() == by_place
    assert largest(np.array(values, dtype=float), most, np.array(ties)).tolist() == by_ties


# 60 clusters of ten documents, whose words weigh alike in many of them.
_REPRESENT = """
import json
import numpy as np
from topicloom.settings.words import RepresentSettings
from topicloom.words.tokens import tokenise
from topicloom.words.topics import represent_topics

rng = np.random.default_rng(1)
words = [first + last for first in "bcdfghjklm" for last in ("ab", "ec", "id", "of")]
texts = [" ".join(rng.choice(words, 6)) for _ in range(600)]
clusters = rng.permutation(np.repeat(np.arange(-1, 59), 10))
found = represent_topics(tokenise(texts, "english"), np.zeros((600, 2)), clusters, RepresentSettings())
print(json.dumps([found.topics.tolist(), *([topic.words, topic.representative_rows] for topic in found.table)]))
"""


def _fast_features() -> list[str]:
    """What numpy makes use of on this processor, and would not on an older one."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return [feature for feature in __cpu_dispatch__ if __cpu_features__.get(feature)]


def test_topics_words_and_representative_documents_are_those_of_every_processor():
    features = _fast_features()
    if not features:
        pytest.skip("numpy has one way of sorting on this processor")
    disabled = {"NPY_DISABLE_CPU_FEATURES": " ".join(features)}
    here, elsewhere = (
        subprocess.run(
            [sys.executable, "-c", _REPRESENT], env={**os.environ, **other}, capture_output=True, text=True, check=True
        ).stdout
        for other in ({}, disabled)
    )
    assert json.loads(here) == json.loads(elsewhere)
