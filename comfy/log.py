"""The log: what happened and where in the code, never what a person or a server said."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Discreet(logging.Formatter):
    """Errors with their class and their lines of code. Their text is left out: it may hold a
    script, the name of a file or a password."""

    def formatException(self, ei: ExcInfo) -> str:
        lines: list[str] = []
        error = ei[1]
        while error is not None:
            frames = "".join(traceback.format_tb(error.__traceback__))
            lines.insert(0, f"{frames}{type(error).__module__}.{type(error).__qualname__}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(lines)


def start_log() -> None:
    """To standard error, from INFO up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # writes down whole addresses
    logging.getLogger("mcp").setLevel(logging.WARNING)


def join_log() -> None:
    """Once all runs: libraries that write by themselves write here, too."""
    for name in ("uvicorn", "uvicorn.access", "dbos"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
