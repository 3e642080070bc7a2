"""One ComfyUI server: its HTTP verbs, and `follow` to wait for a prompt."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from comfy.client.download import download
from comfy.client.events import Event
from comfy.client.follow import Follower
from comfy.client.jobs_api import JobsApi
from comfy.client.multipart import Multipart
from comfy.client.socket import Socket
from comfy.client.transport import TIMEOUT, TRIES, Transport, broken, read_json, retried
from comfy.client.verdict import rejection, spoils
from comfy.errors import InputError, ServerError
from comfy.protocol import FileRef, History, Nodes, ObjectInfo, Queue

PATIENCE = 120.0  # seconds a server may be away while a prompt of ours is on it
STALL = 60.0  # seconds our prompt may wait at a server that runs nothing at all
SOCKET_WAIT = 1.0  # seconds that sending a prompt waits for its socket, to miss no event
UPLOAD_TIMES = 10  # of the usual limit: the server reads the whole body before it answers
CANCEL_LOOKS = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds between two looks after a cancel
JSON = {"Content-Type": "application/json"}
PLAIN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")
PLAIN_FOLDER = re.compile(r"([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?")


class ComfyClient:
    """Talk to one ComfyUI server, from any number of threads.

    `client_id` must be the same in all replicas that may follow each other's prompts: the id a
    prompt is submitted under is made of it and the prompt's id (see socket.py).

    >>> client = ComfyClient("http://127.0.0.1:8188", client_id="studio")
    >>> prompt_id = client.prompt(nodes, prompt_id=str(uuid4()), output_node="60")
    >>> for event in client.follow(prompt_id): ...
    >>> client.history(prompt_id).files("60")

    Every method may raise ServerError, and ServerRefused for 401 and 403.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        headers: Mapping[str, str] | None = None,
        poll: float = 2.0,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        """`timeout`: seconds to connect, and between two bytes of an answer."""
        self._transport = Transport(url, headers or {}, timeout)
        self._jobs = JobsApi(self._transport)
        self._client_id = client_id
        self._poll = poll
        self._sockets: dict[str, Socket] = {}  # of prompts that are sent but not yet followed
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The server's address: not for pages."""
        return self._transport.url

    def close(self) -> None:
        """Close the sockets of prompts that nobody followed, and the idle connections."""
        with self._lock:
            sockets = list(self._sockets.values())
            self._sockets.clear()
        for socket in sockets:
            socket.close()
        self._transport.close()

    def upload(self, path: Path, *, name: str, subfolder: str = "") -> FileRef:
        """Put a file into the server's input folder, streamed from disk.

        The server keeps an equal file, and stores a different one of the same name as "name (1)":
        so nobody's bytes are replaced, a name made from the content's hash may be sent again, and
        only the answer tells under which name and subfolder the file can be used.
        Raises InputError file_too_large(size, limit) or file_refused(size), in megabytes, when it
        is more than the server takes, or a proxy before it.
        """
        if not PLAIN_NAME.fullmatch(name) or not PLAIN_FOLDER.fullmatch(subfolder):
            raise ValueError(f"not a plain file name: {subfolder!r} {name!r}")
        fields = {"overwrite": "false", "subfolder": subfolder, "type": "input"}
        body = Multipart("image", path, name=name, fields=fields)
        return retried(lambda: self._upload(body))

    def prompt(
        self,
        nodes: Nodes,
        *,
        prompt_id: str,
        extra_data: Mapping[str, Any] | None = None,
        output_node: str = "",
    ) -> str:
        """Queue a prompt under an id of our choice, so that a lost answer can be looked up.

        Sent once: after a ServerError ask `known` before sending it again. Raises PromptRejected;
        also when the server takes the prompt but drops `output_node` from it. Then, and when the
        server ignores our id (before 0.3.45: ServerError server_too_old), the prompt is cancelled.
        """
        body: dict[str, Any] = {"prompt": nodes, "prompt_id": prompt_id}
        body["client_id"] = self._socket_id(prompt_id)
        if extra_data is not None:  # null kills the worker of older servers
            body["extra_data"] = extra_data
        self._listen(prompt_id).wait_until_asked(SOCKET_WAIT)
        try:
            self._submit(body, prompt_id, output_node)
        except BaseException:
            self._take_socket(prompt_id).close()
            raise
        return prompt_id

    def follow(
        self,
        prompt_id: str,
        *,
        stop: Callable[[], bool] | None = None,
        patience: float = PATIENCE,
        stall: float = STALL,
    ) -> Generator[Event, None, History]:
        """Yield events until the prompt has succeeded, whoever submitted it, whenever.

        Its history entry is the generator's value: `entry = yield from client.follow(...)`.

        `stop` is looked at a few times a second; once true, the prompt is cancelled on the server
        and followed to its end. `patience`: seconds the server may be away. `stall`: seconds our
        prompt may wait while nothing runs; 60 times as long if something hangs.
        Raises PromptFailed, PromptInterrupted, PromptLost, PromptStalled (the prompt is still on
        the server: cancel it), ServerError.
        """
        socket = self._take_socket(prompt_id)
        try:
            follower = Follower(
                self, socket, prompt_id, stop=stop, poll=self._poll, patience=patience, stall=stall
            )
            return (yield from follower.events())
        finally:
            socket.close()

    def known(self, prompt_id: str) -> str | None:
        """Where a prompt is: "running", "pending", "ended", or None if the server has no trace."""
        if state := self._jobs.state(prompt_id):
            return state
        queue = self.queue()
        if prompt_id in queue:
            return "running" if prompt_id in queue.running else "pending"
        return "ended" if self.history(prompt_id) else None

    def queue(self, *, tries: int = TRIES) -> Queue:
        return Queue.from_wire(self._transport.get("queue", tries=tries))

    def history(self, prompt_id: str, *, tries: int = TRIES) -> History | None:
        """The entry of a prompt that ended; None for all others, whatever the reason."""
        path = f"history/{quote(prompt_id, safe='')}"
        entry = self._transport.get(path, tries=tries).get(prompt_id)
        return History.from_wire(entry) if isinstance(entry, dict) else None

    def view(self, ref: FileRef, to: Path, *, limit: int | None = None) -> Path:
        """Download a file of the server into `to`, whole or not at all.

        Raises OutputMissing: output_missing, output_too_large (more than `limit` bytes).
        """
        return download(self._transport, "view", _address(ref), to, limit=limit)

    def exists(self, ref: FileRef) -> bool:
        """Is this file on the server?"""

        def ask() -> bool:
            with self._transport.open("HEAD", "view", params=_address(ref)) as response:
                if response.status_code not in (200, 400, 404):
                    raise broken(response)
                return response.status_code == 200

        return retried(ask)

    def interrupt(self, prompt_id: str) -> None:
        """Stop a prompt if it is the one that runs. Servers before 0.3.57 stop whatever runs."""
        self._transport.post("interrupt", {"prompt_id": prompt_id})

    def delete(self, prompt_id: str) -> None:
        """Take a waiting prompt out of the queue; it leaves no trace."""
        self._transport.post("queue", {"delete": [prompt_id]})

    def forget(self, prompt_id: str) -> None:
        """Take a prompt that ended out of the history, so that its id can be used again."""
        self._transport.post("history", {"delete": [prompt_id]})

    def free(self) -> None:
        """Let the server drop its models and results: now, or once what runs has ended."""
        self._transport.post("free", {"unload_models": True, "free_memory": True})

    def cancel(self, prompt_id: str) -> bool:
        """Take a prompt off the server wherever it is; True once it is neither waiting nor running.

        False: it runs on, inside a node that does not look; it will stop at the next one. Nobody
        else's prompt is touched: where the server cannot cancel by id, interrupt is sent only while
        /queue says that ours runs.
        """
        taken = self._jobs.cancel(prompt_id)
        for pause in (*CANCEL_LOOKS, 0.0):
            if not taken:
                self.delete(prompt_id)
            queue = self.queue()
            if prompt_id not in queue:
                return True
            if prompt_id in queue.running and not taken:
                self.interrupt(prompt_id)
            time.sleep(pause)
            taken = taken and pause < CANCEL_LOOKS[2]  # it did not help: the older way then
        return prompt_id not in self.queue()

    def object_info(self) -> ObjectInfo:
        """All classes of the server: class_type -> description. About 0.5 MB and 0.1 s."""
        info = self._transport.get("object_info")
        return {name: entry for name, entry in info.items() if isinstance(entry, dict)}

    def system_stats(self) -> dict[str, Any]:
        """Version, devices, memory. Holds server paths: not for pages."""
        return self._transport.get("system_stats")

    def features(self) -> dict[str, Any]:
        """E.g. max_upload_size, in bytes."""
        return self._transport.get("features")

    def _upload(self, body: Multipart) -> FileRef:
        connect, read = self._transport.timeout
        with self._transport.open(
            "POST",
            "upload/image",
            data=body,
            headers={"Content-Type": body.content_type},
            timeout=(connect, read * UPLOAD_TIMES),
        ) as response:
            if response.status_code == 413:
                raise self._too_large(len(body) / 2**20)
            if response.status_code != 200:
                raise broken(response)
            return FileRef.from_wire(read_json(response))

    def _too_large(self, size: float) -> InputError:
        """The server's limit is named if it is the one that was crossed; a proxy may take less."""
        try:
            limit = self.features().get("max_upload_size")
        except ServerError:
            limit = None
        if isinstance(limit, int | float) and size * 2**20 > limit:
            return InputError("file_too_large", size=round(size, 1), limit=round(limit / 2**20))
        return InputError("file_refused", size=round(size, 1))

    def _submit(self, body: dict[str, Any], prompt_id: str, output_node: str) -> None:
        data = json.dumps(body, allow_nan=False)
        with self._transport.open("POST", "prompt", data=data, headers=JSON) as response:
            if response.status_code not in (200, 400):
                raise broken(response)
            answer = read_json(response)
        if response.status_code == 400:
            raise rejection(answer)
        given = answer.get("prompt_id")
        if not isinstance(given, str):
            raise ServerError("server_broken", status=200)
        if given != prompt_id:
            self.cancel(given)
            raise ServerError("server_too_old")
        if output_node and spoils(answer, output_node):
            self.cancel(prompt_id)
            raise rejection(answer)

    def _listen(self, prompt_id: str) -> Socket:
        """Open the prompt's socket before the prompt is sent; whoever follows it takes it over."""
        with self._lock:
            if prompt_id not in self._sockets:
                self._sockets[prompt_id] = Socket(
                    self._transport.url,
                    client_id=self._socket_id(prompt_id),
                    prompt_id=prompt_id,
                    headers=self._transport.headers,
                    ca_file=self._transport.ca_file,
                )
            return self._sockets[prompt_id]

    def _take_socket(self, prompt_id: str) -> Socket:
        socket = self._listen(prompt_id)
        with self._lock:
            self._sockets.pop(prompt_id, None)
        return socket

    def _socket_id(self, prompt_id: str) -> str:
        return f"{self._client_id}-{prompt_id}"


def _address(ref: FileRef) -> dict[str, str]:
    return {"filename": ref.filename, "subfolder": ref.subfolder, "type": ref.type}
