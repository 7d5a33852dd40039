"""Names that Prefect takes: small letters, digits and dashes; and those that topicloom goes by there."""

from __future__ import annotations

import re
from typing import Final

TAG: Final = "topicloom"  # of every deployment and run
POOL: Final = "topicloom"


def slug(text: str) -> str:
    """A text as a slug of a schedule or a key of an artifact: every run of other characters becomes one dash."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
