"""GET /api/jobs: pending, running and ended prompts in one list (ComfyUI since December 2025)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.datastructures import QueryParams

from comfy.engine.queue import Ended, Item, Snapshot

STATUSES = ("pending", "in_progress", "completed", "failed")
SORTS = ("created_at", "execution_duration")
Job = dict[str, Any]


class BadQuery(Exception):
    """A parameter cannot be used; the text is the answer's `error`."""


def list_jobs(snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """Filter, sort and cut the list. Raises BadQuery."""
    wanted = _statuses(query.get("status"))
    sort_by, order = query.get("sort_by", "created_at"), query.get("sort_order", "desc")
    if sort_by not in SORTS:
        raise BadQuery("sort_by must be 'created_at' or 'execution_duration'")
    if order not in ("asc", "desc"):
        raise BadQuery("sort_order must be 'asc' or 'desc'")
    limit, offset = _integer(query, "limit"), max(0, _integer(query, "offset") or 0)
    if limit is not None and limit <= 0:
        raise BadQuery("limit must be a positive integer")
    workflow_id = query.get("workflow_id")
    jobs = [
        job
        for job in _all_jobs(snapshot)
        if job["status"] in wanted and workflow_id in (None, job.get("workflow_id"))
    ]
    key = _created if sort_by == "created_at" else _duration
    jobs.sort(key=key, reverse=order == "desc")
    shown = jobs[offset:] if limit is None else jobs[offset : offset + limit]
    pagination = {
        "offset": offset,
        "limit": limit,
        "total": len(jobs),
        "has_more": offset + len(shown) < len(jobs),
    }
    return {"jobs": shown, "pagination": pagination}


def one_job(snapshot: Snapshot, prompt_id: str) -> Job | None:
    """Describe one prompt in full, or None."""
    for ended in snapshot.ended:
        if ended.item.prompt_id == prompt_id:
            workflow = {"prompt": ended.item.prompt, "extra_data": ended.item.extra_data}
            details = {
                "outputs": ended.outputs,
                "execution_status": ended.status,
                "workflow": workflow,
            }
            return _ended_job(ended) | details
    return next((job for job in _all_jobs(snapshot) if job["id"] == prompt_id), None)


def _all_jobs(snapshot: Snapshot) -> Iterator[Job]:
    yield from (_queued_job(item, "in_progress") for item in snapshot.running)
    yield from (_queued_job(item, "pending") for item in snapshot.pending)
    yield from (_ended_job(ended) for ended in snapshot.ended)


def _queued_job(item: Item, status: str) -> Job:
    job = {
        "id": item.prompt_id,
        "status": status,
        "priority": item.number,
        "create_time": item.extra_data.get("create_time"),
        "outputs_count": 0,
    }
    return job | _workflow_id(item)


def _ended_job(ended: Ended) -> Job:
    job = _queued_job(ended.item, "completed" if ended.completed else "failed")
    if start := ended.message("execution_start"):
        job["execution_start_time"] = start["timestamp"]
    job["execution_end_time"] = ended.messages[-1][1]["timestamp"]
    if error := ended.message("execution_error"):
        job["execution_error"] = error
    files = list(_files(ended))
    job["outputs_count"] = len(files)
    if files:
        # A saved file says more about a prompt than a temporary one.
        job["preview_output"] = min(files, key=lambda file: file["type"] != "output")
    return job


def _files(ended: Ended) -> Iterator[dict[str, Any]]:
    for node_id, output in ended.outputs.items():
        for media, entries in output.items():
            for entry in entries if isinstance(entries, (list, tuple)) else ():
                if isinstance(entry, dict) and "filename" in entry:
                    yield {"type": "output", **entry, "nodeId": node_id, "mediaType": media}


def _workflow_id(item: Item) -> dict[str, Any]:
    info = item.extra_data.get("extra_pnginfo")
    workflow = info.get("workflow") if isinstance(info, dict) else None
    if isinstance(workflow, dict) and "id" in workflow:
        return {"workflow_id": workflow["id"]}
    return {}


def _created(job: Job) -> float:
    return float(job["create_time"] or 0)


def _duration(job: Job) -> float:
    if "execution_start_time" not in job:
        return 0
    return float(job["execution_end_time"] - job["execution_start_time"])


def _statuses(asked: str | None) -> tuple[str, ...]:
    if not asked:
        return STATUSES
    given = tuple(part.strip() for part in asked.split(","))
    wrong = [part for part in given if part not in STATUSES]
    if wrong:
        valid = ", ".join(STATUSES)
        raise BadQuery(f"Invalid status value(s): {', '.join(wrong)}. Valid values: {valid}")
    return given


def _integer(query: QueryParams, name: str) -> int | None:
    if name not in query:
        return None
    try:
        return int(query[name])
    except ValueError:
        raise BadQuery(f"{name} must be an integer") from None
