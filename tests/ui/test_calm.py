"""What Gradio is kept from doing for each visitor."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from gradio import state_holder
from gradio.blocks import BlocksConfig
from gradio.state_holder import SessionState, StateHolder

from comfy.ui.calm import IDLE_SLEEP, calm


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is used of a page; a real one outside an app leaves event loops open."""
    monkeypatch.setattr(state_holder, "SessionState", SessionState)
    monkeypatch.setitem(sys.modules, "matplotlib", sys.modules.get("matplotlib"))

    def describe(*_: object) -> None:
        raise AssertionError("a component was described")

    block = SimpleNamespace(stateful=False)
    config = SimpleNamespace(blocks={1: block}, fns={0: "event"}, config_for_block=describe)
    queue = SimpleNamespace(sleep_when_free=0.001, progress_update_sleep_when_free=0.1)
    page = SimpleNamespace(
        _queue=queue, default_config=config, blocks=config.blocks, state_session_capacity=9
    )
    calm(page)  # type: ignore[arg-type]
    return page


def test_the_queue_sleeps(page: Any) -> None:
    assert page._queue.sleep_when_free == IDLE_SLEEP


def test_a_visitor_costs_no_description_of_the_page(page: Any) -> None:
    holder = StateHolder()
    holder.set_blocks(page)
    visitor = holder["one"]
    visitor._update_value_in_config(1, "changed")
    visitor._update_config(1)
    assert visitor.blocks_config.fns == page.default_config.fns
    assert visitor[1] is page.blocks[1]
    assert not list(visitor.components)


def test_gradio_describes_the_page_for_each_visitor() -> None:
    """Or `Session` is not needed any more."""
    described: list[int] = []
    config = SimpleNamespace(
        blocks={1: object()}, config_for_block=lambda _id, *_: described.append(_id)
    )
    SessionState(SimpleNamespace(default_config=config, blocks=config.blocks))  # type: ignore[arg-type]
    assert described == [1] and hasattr(BlocksConfig, "config_for_block")
