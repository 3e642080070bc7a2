"""Gradio's environment variables, which it reads while it is imported: call this before."""

from __future__ import annotations

import os
from pathlib import Path

from comfy.settings import Settings


def prepare_gradio(settings: Settings) -> Path:
    """Keep Gradio quiet and in a private folder of ours. Returns that folder."""
    folder = (settings.data / "gradio").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # everything in it can be fetched by whoever knows its name
    os.environ |= {
        "GRADIO_TEMP_DIR": str(folder),
        "GRADIO_ANALYTICS_ENABLED": "False",
        # After every event Gradio sums up its statistics with pandas; without these two that
        # takes longer and longer (facts: 9 ms per event at the start, 19 ms after 3000).
        "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
        "GRADIO_ANALYTICS_MAX_EVENTS": "1",
        "GRADIO_RUN_HISTORY": "False",
    }
    _reach_itself_without_a_proxy()
    return folder


def _reach_itself_without_a_proxy() -> None:
    """At its start Gradio asks its own address, which no proxy can reach."""
    for name in ("NO_PROXY", "no_proxy"):
        known = os.environ.get(name)
        os.environ[name] = ",".join(filter(None, (known, "localhost,127.0.0.1,::1")))
