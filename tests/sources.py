"""Our own files as syntax trees, for the tests that read them."""

import ast
import gc
from pathlib import Path


def parsed(source: str | Path) -> ast.Module:
    """The tree of a file or of its text.

    CPython 3.11 counts the depth of a tree in one place for all threads. A collection in the middle
    lets another thread in (a traceback is parsed, too), and then it raises SystemError "AST
    constructor recursion depth mismatch"; so nothing is collected meanwhile.
    """
    text = source.read_text("utf-8") if isinstance(source, Path) else source
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        if collects:
            gc.enable()
