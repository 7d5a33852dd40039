"""PNG files of figures: rows as they are. Pillow tries five filters on each row, which takes as long as all the rest.

Areas of one colour, which figures mostly are, become smaller without a filter.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_DEPTH, _RGB = 8, 2
_LEVEL: Final = 2  # of zlib's: as quick as the first, for 3 % less
_METRE: Final = 39.3701  # inches


def write_png(path: Path, dots: NDArray[np.uint8], dpi: int) -> None:
    """Write dots as a PNG file of three colours.

    Args:
        path: The file.
        dots: (rows, columns, 3 or 4) red, green, blue, and what does not count: all is opaque.
        dpi: Dots to an inch.

    Raises:
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_png(Path(folder, "dot.png"), np.array([[[31, 41, 51]]], dtype=np.uint8), 300)
        ...     Image.open(Path(folder, "dot.png")).getpixel((0, 0))
        (31, 41, 51)

    Source: Portable Network Graphics (PNG) Specification, W3C, sections 5 and 11.
    """
    height, width = dots.shape[:2]
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # the first byte of a row: no filter
    rows[:, 1:] = dots[..., :3].reshape(height, 3 * width)
    to_metre = round(dpi * _METRE)
    with path.open("wb") as file:
        file.write(_SIGNATURE)
        file.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, _DEPTH, _RGB, 0, 0, 0)))
        file.write(_chunk(b"pHYs", struct.pack(">IIB", to_metre, to_metre, 1)))
        file.write(_chunk(b"IDAT", zlib.compress(rows.data, _LEVEL)))
        file.write(_chunk(b"IEND", b""))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
