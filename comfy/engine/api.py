"""The JSON routes: prompts, queue, history, interrupt, what the engine is and has."""

from __future__ import annotations

import itertools
import os
import sys
import time
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from comfy.engine.description import describe, describe_all
from comfy.engine.folders import Folders
from comfy.engine.graph import check_prompt
from comfy.engine.jobs import BadQuery, list_jobs, one_job
from comfy.engine.node import Nodes
from comfy.engine.queue import Item, PromptQueue
from comfy.engine.uploads import upload
from comfy.engine.values import problem
from comfy.engine.views import view
from comfy.engine.wire import BODY_LIMIT, JSON, Handler, json_body, resource

VERSION = "preview-engine 0.1.0"
FEATURES = {"supports_preview_metadata": True, "max_upload_size": BODY_LIMIT}
SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")


class Api:
    """The handlers. What they raise for odd bodies becomes 500, as on the server."""

    def __init__(self, nodes: Nodes, folders: Folders, queue: PromptQueue) -> None:
        self._nodes = nodes
        self._folders = folders
        self._queue = queue
        self._numbers = itertools.count()

    def routes(self) -> list[BaseRoute]:
        """List every route, with and without /api; /api/jobs exists only with it."""
        table: dict[str, dict[str, Handler]] = {
            "/prompt": {"GET": self.get_prompt, "POST": self.post_prompt},
            "/queue": {"GET": self.get_queue, "POST": self.post_queue},
            "/history": {"GET": self.get_history, "POST": self.post_history},
            "/history/{prompt_id:path}": {"GET": self.get_history_of},
            "/interrupt": {"POST": self.post_interrupt},
            "/free": {"POST": self.post_free},
            "/upload/image": {"POST": self.post_upload},
            "/view": {"GET": self.get_view},
            "/object_info": {"GET": self.get_object_info},
            "/object_info/{class_type:path}": {"GET": self.get_object_info_of},
            "/embeddings": {"GET": self.get_models},
            "/models": {"GET": self.get_models},
            "/system_stats": {"GET": self.get_system_stats},
            "/features": {"GET": self.get_features},
            "/ws": {"GET": self.get_ws},
        }
        jobs = [
            resource("/api/jobs", GET=self.get_jobs),
            resource("/api/jobs/{prompt_id:path}", GET=self.get_job),
        ]
        both = [resource(p + path, **table[path]) for p in ("", "/api") for path in table]
        return [*jobs, *both]

    async def get_prompt(self, request: Request) -> Response:
        return JSON({"exec_info": {"queue_remaining": self._queue.remaining()}})

    async def post_prompt(self, request: Request) -> Response:
        """Check a prompt and queue what of it can run."""
        body = json_body(await request.body())
        number = self._number(body)
        if "prompt" not in body:
            text = "No prompt provided"
            return JSON({"error": problem("no_prompt", text, text), "node_errors": {}}, 400)
        prompt, targets = body["prompt"], body.get("partial_execution_targets")
        report = check_prompt(prompt, self._nodes, self._folders, targets)
        if report.error is not None:
            return JSON({"error": report.error, "node_errors": report.node_errors}, 400)
        prompt_id = str(body.get("prompt_id", uuid.uuid4()))
        self._queue.put(Item(number, prompt_id, prompt, _extra_data(body), report.outputs))
        answer = {"prompt_id": prompt_id, "number": number, "node_errors": report.node_errors}
        return JSON(answer)

    async def get_queue(self, request: Request) -> Response:
        snapshot = self._queue.snapshot()
        running = [item.to_wire() for item in snapshot.running]
        pending = [item.to_wire() for item in snapshot.pending]
        return JSON({"queue_running": running, "queue_pending": pending})

    async def post_queue(self, request: Request) -> Response:
        body = json_body(await request.body())
        if body.get("clear"):
            self._queue.clear()
        for prompt_id in body.get("delete", ()):
            self._queue.delete(prompt_id)
        return Response()

    async def get_history(self, request: Request) -> Response:
        """List what ended, oldest first; max_items alone gives the newest."""
        entries = self._queue.snapshot().ended
        maximum = request.query_params.get("max_items")
        count = len(entries) if maximum is None else int(maximum)
        start = int(request.query_params.get("offset", -1))
        if start < 0:
            start = max(0, len(entries) - count) if count >= 0 else len(entries)
        shown = entries[start : start + max(0, count)]
        return JSON({ended.item.prompt_id: ended.to_wire() for ended in shown})

    async def get_history_of(self, request: Request) -> Response:
        ended = self._queue.ended(request.path_params["prompt_id"])
        return JSON({} if ended is None else {ended.item.prompt_id: ended.to_wire()})

    async def post_history(self, request: Request) -> Response:
        body = json_body(await request.body())
        if body.get("clear"):
            self._queue.clear_history()
        self._queue.delete_history(body.get("delete", ()))
        return Response()

    async def post_interrupt(self, request: Request) -> Response:
        try:
            body = json_body(await request.body())
        except ValueError:
            body = {}
        prompt_id = body.get("prompt_id")
        self._queue.interrupt(prompt_id or None)
        return Response()

    async def post_free(self, request: Request) -> Response:
        if json_body(await request.body()).get("free_memory"):
            self._queue.free()
        return Response()

    async def post_upload(self, request: Request) -> Response:
        return await upload(request, self._folders)

    async def get_view(self, request: Request) -> Response:
        return await view(request, self._folders)

    async def get_object_info(self, request: Request) -> Response:
        return JSON(describe_all(self._nodes, self._folders))

    async def get_object_info_of(self, request: Request) -> Response:
        node = self._nodes.get(request.path_params["class_type"])
        described = {} if node is None else {node.class_type: describe(node, self._folders)}
        return JSON(described)

    async def get_models(self, request: Request) -> Response:
        """List no models: the engine has its own nodes only."""
        return JSON([])

    async def get_jobs(self, request: Request) -> Response:
        try:
            return JSON(list_jobs(self._queue.snapshot(), request.query_params))
        except BadQuery as error:
            return JSON({"error": str(error)}, 400)

    async def get_job(self, request: Request) -> Response:
        job = one_job(self._queue.snapshot(), request.path_params["prompt_id"])
        return JSON({"error": "Job not found"}, 404) if job is None else JSON(job)

    async def get_system_stats(self, request: Request) -> Response:
        return JSON(_system_stats())

    async def get_features(self, request: Request) -> Response:
        return JSON(FEATURES)

    async def get_ws(self, request: Request) -> Response:
        text = 'No WebSocket UPGRADE hdr: None\n Can "Upgrade" only to "WebSocket".'
        return Response(text, 400, media_type="text/plain; charset=utf-8")

    def _number(self, body: Any) -> float:
        """Give the place in line: lower runs first. Counts up even for a prompt that is refused."""
        if "number" in body:
            return float(body["number"])
        number = next(self._numbers)
        return -number if "front" in body and body["front"] else number


def _extra_data(body: dict[str, Any]) -> dict[str, Any]:
    """Take over what the client wants stored; secrets of other services never enter the queue."""
    extra = {k: v for k, v in body.get("extra_data", {}).items() if k not in SECRETS}
    if "client_id" in body:
        extra["client_id"] = body["client_id"]
    return {**extra, "create_time": int(time.time() * 1000)}


def _system_stats() -> dict[str, Any]:
    total, free = _memory()
    device = {
        "name": "cpu",
        "type": "cpu",
        "index": None,
        "vram_total": total,
        "vram_free": free,
        "torch_vram_total": total,
        "torch_vram_free": free,
    }
    system = {
        "os": sys.platform,
        "ram_total": total,
        "ram_free": free,
        "comfyui_version": VERSION,
        "required_frontend_version": "",
        "python_version": sys.version,
        "pytorch_version": "",
        "embedded_python": False,
        "argv": ["-m", "comfy.engine"],
    }
    return {"system": system, "devices": [device]}


def _memory() -> tuple[int, int]:
    """Ask for all and for free memory in bytes; 0 where the system does not say."""
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        return page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0, 0
