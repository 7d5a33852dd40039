"""Texts in one line: what is as it should be already is left, and all else is put in order."""

from __future__ import annotations

import sys

import pytest

from topicloom.atlas.values import _UNSHOWN, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("deep maps", "deep maps"),
        ("  deep  maps ", "deep maps"),
        ("deep\tmaps\r\nof cells", "deep maps of cells"),
        ("deep\u00a0maps\u3000of\u2028cells", "deep maps of cells"),
        ("deep\x00maps", "deep maps"),
        ("\ufeffdeep \u202emaps\u200f", "deep maps"),
        ("\u200f  deep", "deep"),
        ("naïve 地图 map", "naïve 地图 map"),
        ("soft\u00adhyphen, zero\u200dwidth", "soft\u00adhyphen, zero\u200dwidth"),  # unprintable, and kept
    ],
)
def test_a_text_is_put_into_one_line(text, expected):
    assert plain(text) == expected


def test_no_sign_that_python_prints_would_be_taken_out():
    """So a printable text without two spaces on end can be left as it is."""
    taken_out = [sign for sign in map(chr, range(sys.maxunicode + 1)) if sign.isspace() or _UNSHOWN.match(sign)]
    assert [sign for sign in taken_out if sign.isprintable()] == [" "]
