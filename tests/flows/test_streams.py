"""Consoles that lack letters: a stand-in is printed, and nothing fails."""

from __future__ import annotations

import io
import sys

import pytest

from flows.console.streams import has_all_letters, make_lenient


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "+ a -> b ... it's * ??"),
        ("latin-1", "+ a -> b ... it's * ??"),
        ("cp1252", "+ a -> b … it’s • ??"),
        ("cp932", "+ a → b … it’s * 研究"),
        ("utf-8", "✓ a → b … it’s • 研究"),
    ],
)
def test_what_the_encoding_lacks_has_a_stand_in(monkeypatch, encoding, shown):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    make_lenient()
    print("✓ a → b … it’s • 研究", end="")
    stream.flush()
    assert stream.buffer.getvalue().decode(encoding) == shown


def test_other_streams_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    make_lenient()
    print("✓")
    assert sys.stdout.getvalue() == "✓\n"


@pytest.mark.parametrize(("encoding", "all_letters"), [("UTF-8", True), ("utf-16", True), ("cp932", False)])
def test_which_consoles_have_all_letters(encoding, all_letters):
    assert has_all_letters(encoding) is all_letters
