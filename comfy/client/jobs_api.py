"""/api/jobs: what newer servers know of one prompt, asked and ended by its id alone.

Read since 0.6.0, cancelled since 0.26.0 (ComfyUI's changelog). All of it is optional: None or False
mean that the server must be asked the older way; also where a proxy does not let us through, and
where it does not know the prompt: that it has no trace of it, /queue and /history have to say.
"""

from __future__ import annotations

import logging
from urllib.parse import quote

from comfy.client.transport import Transport, read_json
from comfy.errors import ServerError

log = logging.getLogger(__name__)

STATES = {
    "pending": "pending",
    "in_progress": "running",
    "completed": "ended",
    "failed": "ended",
    "cancelled": "ended",
}


class JobsApi:
    """The endpoint of one server. A server without it is asked once."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._is_there = True

    def state(self, prompt_id: str) -> str | None:
        """One of "pending", "running" and "ended"."""
        if not self._is_there:
            return None
        try:
            with self._transport.open("GET", _path(prompt_id)) as response:
                answer = read_json(response)
        except ServerError as error:
            self._is_there = error.code != "server_broken"  # older: 404 with an empty body
            return None
        return STATES.get(str(answer.get("status")))

    def cancel(self, prompt_id: str) -> bool:
        """Whether the server took the wish to end this prompt, waiting or running, and no other."""
        try:
            with self._transport.open("POST", f"{_path(prompt_id)}/cancel") as response:
                return response.status_code == 200
        except ServerError as error:
            log.info("no cancel by id: %s", error)
            return False


def _path(prompt_id: str) -> str:
    return f"api/jobs/{quote(prompt_id, safe='')}"
