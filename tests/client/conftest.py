from collections.abc import Iterator

import pytest

from comfy.client.http import ComfyClient
from tests.client.scripted import Scripted


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted().start()
    yield scripted
    scripted.stop(wait=False)


@pytest.fixture
def client(server: Scripted) -> Iterator[ComfyClient]:
    client = ComfyClient(server.url, client_id="studio", poll=0.3)
    yield client
    client.close()
