"""Names that Prefect takes: small letters, digits and dashes."""

from __future__ import annotations

import re


def slug(text: str) -> str:
    """A text as a slug of a schedule or a key of an artifact: every run of other characters becomes one dash."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
