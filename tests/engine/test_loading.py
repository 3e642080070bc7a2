"""Heavy libraries are loaded while a cancel is noticed."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from comfy.engine.loading import load
from comfy.engine.node import Interrupted
from comfy.engine.nodes import load_nodes

WAITS = """
import threading
gate, = (thread.gate for thread in threading.enumerate() if hasattr(thread, "gate"))
gate.wait(30)
"""


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_cancel_does_not_wait_for_the_libraries(
    modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (modules / "slow_library.py").write_text(WAITS)
    gate = threading.Event()
    monkeypatch.setattr(threading.current_thread(), "gate", gate, raising=False)

    def cancelled() -> None:
        raise Interrupted

    for _ in range(2):  # the second prompt finds the first one's import under way
        with pytest.raises(Interrupted):
            load("slow_library", cancelled)
        assert not gate.is_set()
    gate.set()
    load("slow_library", lambda: None)
    assert sys.modules["slow_library"].gate is gate


def test_a_library_that_is_broken_says_so(modules: Path) -> None:
    (modules / "broken_library.py").write_text("import nothing_like_this")
    with pytest.raises(ModuleNotFoundError, match="nothing_like_this"):
        load("broken_library", lambda: None)


def test_the_nodes_know_what_they_load() -> None:
    needed = {node.needs for node in load_nodes().values() if node.needs}
    assert "comfy.engine.speech.speak" in needed and "comfy.engine.head.talk" in needed
    for name in needed:
        load(name, lambda: None)
