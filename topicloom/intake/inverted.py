"""OpenAlex's abstracts: an index from each word to its places."""

from __future__ import annotations

from typing import Any


def abstract_of(index: Any) -> str:
    """The text of an inverted index: the places, from 0, of each word."""
    if not isinstance(index, dict):
        return ""
    index = index["InvertedIndex"] if isinstance(index.get("InvertedIndex"), dict) else index
    placed = [
        (place, word)
        for word, places in index.items()
        if isinstance(places, list)
        for place in places
        if isinstance(place, int)
    ]
    return " ".join(word for _, word in sorted(placed))
