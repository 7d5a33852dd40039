"""Half precision for the model that embeds texts, where the machine computes in it by itself."""

from __future__ import annotations

import logging
from typing import Any

logger = logging.getLogger(__name__)

_NATIVE = ("avx512_bf16", "amx_bf16", "amx_tile", "bf16", "sve_bf16")  # of processors that multiply bfloat16 themselves


def halved(model: Any) -> Any:
    """A SentenceTransformer in half precision: float16 on a GPU, bfloat16 on a processor that has it, else as it is.

    A processor that has it not would emulate it, and be slower than in full precision.
    """
    import torch

    device = str(model.device).partition(":")[0]
    if device == "cpu" and not _has_bfloat16():
        logger.info("This processor does not compute in bfloat16; the model embeds in full precision.")
        return model
    return model.to(torch.bfloat16 if device == "cpu" else torch.float16)


def _has_bfloat16() -> bool:
    import torch

    asked = getattr(torch.cpu, "get_capabilities", None)  # of torch 2.11 and later
    if asked is not None:
        found = asked()
        return any(found.get(name) for name in _NATIVE)
    older = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("avx512_bf16", "amx_tile"))
    return any(known is not None and known() for known in older)
