"""Same values, same answer: what tells two jobs apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from comfy.jobs.job import Link
from comfy.workflow.variant import Variant


def fingerprint(
    task: str,
    variant: Variant,
    values: Mapping[str, Any],
    linked: Mapping[str, str],
    parts: Sequence[Link] = (),
) -> str:
    """SHA-256 over task, variant (its graph too), values, files and linked jobs.

    Accepted files are named by their content, so their names stand for them; `linked` has the
    fingerprints of the jobs that are linked to, by id. "" if one of them has none.
    """
    links = [*parts, *(value for value in values.values() if isinstance(value, Link))]
    if not all(linked.get(link.job) for link in links):
        return ""
    plain = {name: _plain(value, linked) for name, value in values.items()}
    whole = [task, variant.name, variant.nodes, plain, *(linked[link.job] for link in parts)]
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any, linked: Mapping[str, str]) -> Any:
    if isinstance(value, Link):
        return {"job": linked[value.job]}
    return {"file": value.name} if isinstance(value, Path) else value
