"""Draws the floors of the program: which room imports from which. Usage: python tools/floors.py > house.svg

It reads the imports with grimp (as import-linter does), takes every folder for a room, and puts a room one floor above
the highest room that it imports from.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from html import escape

import grimp

PACKAGES = ("flows", "tasks", "topicloom")
BOX, GAP, HIGH, STOREY = 130, 14, 34, 70
STYLE = "font-family:sans-serif;font-size:13px"


def room_of(module: str) -> str:
    """The room that a module lies in: its folder, or its name where it lies beside the rooms."""
    parts = module.split(".")
    if parts[0] == "topicloom":
        return ".".join(parts[:2])
    return parts[0]


def rooms() -> dict[str, set[str]]:
    """The rooms that each room imports from."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules - {"topicloom", "topicloom.__main__"}:
        below = found.setdefault(room_of(module), set())
        below |= {room_of(one) for one in graph.find_modules_directly_imported_by(module)}
    return {room: below - {room, "topicloom"} for room, below in found.items()}


def floors(below: Mapping[str, set[str]]) -> list[list[str]]:
    """The rooms of each floor, the top one first. Rooms that import from each other share a floor."""
    reach = {room: _reached(room, below) for room in below}
    level: dict[str, int] = {}
    for room in sorted(below, key=lambda room: (len(reach[room]), room)):
        lower = [level[one] for one in reach[room] if room not in reach[one] and one in level]
        equal = [level[one] for one in reach[room] if room in reach[one] and one in level]
        level[room] = max([0, *(one + 1 for one in lower), *equal])
    return [sorted(room for room in level if level[room] == floor) for floor in range(max(level.values()), -1, -1)]


def _reached(room: str, below: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [room]
    while waiting:
        for one in below[waiting.pop()]:
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return seen - {room}


def drawing(levels: Sequence[Sequence[str]], below: Mapping[str, set[str]]) -> str:
    """The rooms as boxes, an SVG; a line goes down from a room to each that it imports from.

    Where a longer way leads there too, the line is left out; what stands at a box names all.
    """
    width = max(map(len, levels)) * (BOX + GAP) + GAP
    place = {
        room: (width / 2 + (column - (len(level) - 1) / 2) * (BOX + GAP), 30 + row * STOREY)
        for row, level in enumerate(levels)
        for column, room in enumerate(level)
    }
    height = 30 + len(levels) * STOREY
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" style="{STYLE}">',
        "<title>The rooms of topicloom, floor by floor</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for room, others in sorted(below.items()):
        for one in sorted(others - {far for near in others for far in _reached(near, below) if far != near}):
            (x1, y1), (x2, y2) = place[room], place[one]
            y1, y2 = y1 + HIGH / 2, y2 - HIGH / 2
            middle = (y1 + y2) / 2
            parts.append(
                f'<path d="M{x1:.0f} {y1:.0f}C{x1:.0f} {middle:.0f} {x2:.0f} {middle:.0f} {x2:.0f} {y2:.0f}" '
                'fill="none" stroke="#7a8ca3" stroke-opacity="0.7"/>'
            )
    for room, (x, y) in place.items():
        says = f"{room} imports from: {', '.join(sorted(below[room])) or 'no other room'}"
        top = room in PACKAGES
        parts.append(
            f'<g><title>{escape(says)}</title><rect x="{x - BOX / 2:.0f}" y="{y - HIGH / 2:.0f}" width="{BOX}" '
            f'height="{HIGH}" rx="5" fill="{"#d9e6f5" if top else "#f1f4ea"}" stroke="#4a5a6e"/>'
            f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle" fill="#1c2733">'
            f"{escape(room.removeprefix('topicloom.'))}</text></g>"
        )
    return "\n".join([*parts, "</svg>", ""])


def house() -> str:
    """The drawing of the program as it is."""
    below = rooms()
    return drawing(floors(below), below)


if __name__ == "__main__":
    sys.stdout.write(house())
