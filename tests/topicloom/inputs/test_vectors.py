"""Vectors that no distance means anything for are refused, and equal ones of other texts are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from topicloom.errors import EmbeddingsError
from topicloom.inputs import vectors as vectors_module
from topicloom.inputs.embeddings import Embeddings, require_fit
from topicloom.inputs.vectors import equal_rows, unsound_vectors


@pytest.fixture(autouse=True, params=[8192, 7])
def _blocks_of(request, monkeypatch):
    """What is found does not depend on how many rows are looked at together."""
    monkeypatch.setattr(vectors_module, "_ROWS", request.param)


@pytest.fixture
def sound() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)


NAMES = [f"S{row}" for row in range(20)]
UNSOUND = {
    "beyond float32": (lambda v: v.astype(float) * 1e200, "20 rows are shorter than 1e-18 or longer than 1e+18"),
    "squares beyond float32": (lambda v: v * 1e25, "20 rows are shorter"),
    "squares below float32": (lambda v: v * 1e-25, "20 rows are shorter"),
    "lengths beyond float64": (lambda v: v.astype(float) * 1e307, "beyond what float32 reckons with: S0, S1, S2"),
    "one beyond": (lambda v: np.vstack([v[:9], v[9:10] * 1e30, v[10:]]), "1 rows are shorter than 1e-18 or longer"),
    "not finite, and beyond": (lambda v: np.vstack([v[:18], v[:1] * np.inf, v[:1] * 1e30]), "1 rows hold NaN or"),
    "all the same": (lambda v: v * 0 + 1, "All 20 embeddings are the same"),
    "all zeros": (lambda v: v * 0, "All 20 embeddings are the same"),
}


@pytest.mark.parametrize("case", UNSOUND)
def test_vectors_that_cannot_be_measured_are_refused_with_their_papers(tmp_path, sound, case):
    change, message = UNSOUND[case]
    embeddings = Embeddings(tmp_path / "embeddings.npy", change(sound), None)
    with pytest.raises(EmbeddingsError) as caught:
        require_fit(embeddings, pd.DataFrame({"UT": NAMES}))
    assert message in str(caught.value)


@pytest.mark.parametrize("scale", [1e-17, 1e-6, 1.0, 1e16])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.longdouble])
def test_vectors_of_any_other_length_are_sound_and_so_is_a_row_of_zeros(sound, scale, kind):
    scaled = (sound * scale).astype(kind)
    scaled[3] = 0
    assert unsound_vectors(scaled, NAMES) == []
    assert unsound_vectors(scaled[:1], NAMES) == []


def test_equal_vectors_of_other_texts_are_found_with_the_first_of_them(sound):
    sound[10:15] = sound[2]
    sound[16], sound[17] = 0.0, -0.0
    texts = [*NAMES]
    texts[11] = f"{texts[2]} "  # the same text but for a space: it should have the same vector
    assert equal_rows(sound, texts) == [(10, 2), (12, 2), (13, 2), (14, 2), (17, 16)]
