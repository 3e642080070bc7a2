"""A model's picture without what it moved by accident: see comfy.media.paste_back."""

from __future__ import annotations

import logging
from pathlib import Path

from comfy.errors import StudioError
from comfy.media import bounded

PASTED, NOT_PASTED = "pasted", "not_pasted"  # notes of a job: with a percentage, with a reason

log = logging.getLogger(__name__)


class Mending:
    """Mends one result of a job, and remembers what there is to tell about it in `notes`."""

    def __init__(self, original: Path, mask: Path | None = None) -> None:
        """With a `mask` only what is painted in it may be another than in the original."""
        self._original = original
        self._mask = mask
        self.notes: list[str] = []

    def __call__(self, result: Path, target: Path) -> bool:
        """Whether a mended picture is at `target`. A result is never lost over it."""
        try:
            share, reason = self._mended(result, target)
        except (StudioError, OSError):
            log.warning("%s could not be laid over its original", result.name, exc_info=True)
            return False
        self.notes = [f"{NOT_PASTED}:{reason}" if reason else f"{PASTED}:{100 * share:.1f}"]
        return not reason

    def _mended(self, result: Path, target: Path) -> tuple[float, str]:
        if self._mask is None:
            return bounded.paste_back(self._original, result, target)
        return bounded.paste_inside(self._original, result, self._mask, target), ""
