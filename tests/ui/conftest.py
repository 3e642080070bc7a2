"""Fixtures for the tests of the page's Python side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gradio_client import Client

from tests.app_process import AppProcess


@pytest.fixture(scope="session")
def client(app: AppProcess) -> Iterator[Client]:
    """A script that uses the API, in English."""
    opened = Client(app.url, verbose=False, headers={"Accept-Language": "en-US"})
    yield opened
    opened.close()
