"""The English stop words are scikit-learn's, without its import."""

from __future__ import annotations

import subprocess
import sys

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from topicloom.words.english import english_stop_words


def test_the_words_are_scikit_learns():
    assert english_stop_words() == ENGLISH_STOP_WORDS


def test_naming_topics_imports_neither_scikit_learn_nor_scipys_statistics():
    script = """
import sys
import numpy as np
from scipy.sparse import csr_matrix
from topicloom.atlas.atlas import make_atlas
from topicloom.atlas.names import candidates
from topicloom.atlas.trends import growth
from topicloom.atlas.typicality import typicality
from topicloom.words.ngrams import vocabulary_of
candidates(csr_matrix([[0.5, 0.7]]), vocabulary_of({"maps": 0, "of": 1}), "english")
typicality(np.eye(2), np.zeros(2, dtype=int), np.ones((1, 2)))
growth(np.array([[100, 200, 400]]), np.array([5000, 5000, 5000]), np.array([2018.0, 2019, 2020]))
print([name for name in ("sklearn", "scipy.stats") if name in sys.modules])
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
