"""What Gradio is kept from doing for each visitor."""

import asyncio
import gc
import inspect
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from gradio import http_server, state_holder
from gradio.blocks import BlocksConfig
from gradio.state_holder import SessionState, StateHolder

from comfy.ui import calm as calm_module
from comfy.ui.calm import AWAKE, RESTING, calm, settle, slow_loop


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is used of a page; a real one outside an app leaves event loops open."""
    monkeypatch.setattr(state_holder, "SessionState", SessionState)
    monkeypatch.setitem(sys.modules, "matplotlib", sys.modules.get("matplotlib"))
    monkeypatch.setattr(http_server.Server, "main_loop", http_server.Server.main_loop)

    def describe(*_: object) -> None:
        raise AssertionError("a component was described")

    block = SimpleNamespace(stateful=False)
    config = SimpleNamespace(blocks={1: block}, fns={0: "event"}, config_for_block=describe)

    async def push(event: str) -> str:
        return event + " pushed"

    queue = SimpleNamespace(sleep_when_free=1e-3, progress_update_sleep_when_free=0.1, push=push)
    page = SimpleNamespace(
        _queue=queue, default_config=config, blocks=config.blocks, state_session_capacity=9
    )
    calm(page)  # type: ignore[arg-type]
    return page


def test_the_queue_wakes_with_an_event_and_rests_after_a_while(
    page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calm_module, "QUIET", 0.05)
    queue = page._queue

    async def visit() -> None:
        assert queue.sleep_when_free == RESTING
        assert await queue.push("event") == "event pushed"
        assert queue.sleep_when_free == AWAKE
        while queue.sleep_when_free == AWAKE:
            await asyncio.sleep(0.01)
        assert queue.sleep_when_free == RESTING

    asyncio.run(visit())


def test_the_web_server_ends_when_it_is_told(page: Any) -> None:
    server = uvicorn.Server(uvicorn.Config(app="", log_config=None))
    assert http_server.Server.main_loop is slow_loop
    assert "on_tick" in inspect.getsource(uvicorn.Server.main_loop)  # or it is another loop now

    async def serve() -> None:
        loop = asyncio.create_task(slow_loop(server))
        await asyncio.sleep(0)
        assert not loop.done() and server.server_state.default_headers[0][0] == b"date"
        server.should_exit = True
        await asyncio.wait_for(loop, 1)

    asyncio.run(serve())


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


def test_what_is_there_is_not_looked_through_again() -> None:
    there = [[] for _ in range(1000)]  # type: ignore[var-annotated]
    gc.disable()
    settle()
    try:
        assert gc.isenabled()
        assert gc.get_freeze_count() > len(there)
        assert len(gc.get_objects()) < len(there)
    finally:
        gc.unfreeze()
