"""The header: name, state of the servers, language, dark or light."""

from __future__ import annotations

from typing import Any

from comfy.jobs.studio import Studio
from comfy.text import texts
from comfy.ui.language import Both, both
from comfy.ui.parts import speaking
from comfy.ui.recipe import PIPELINE

PARTS = ("prepare", "saving", "saving_detail", "lost", "lost_title")  # of page.js' own
AREAS = ("image", "audio", "video", "files")  # where files are dropped, or chosen by a finger


def create_header(studio: Studio) -> Any:
    return speaking("header", header_value(studio), elem_id="header")


def header_value(studio: Studio) -> dict[str, Any]:
    """What the header shows. `state` of the badge is "good", "preview" or "bad"; `away`: what is
    asked for is saved as soon as the database is back.

    `words` are for what Gradio's own components do not translate by themselves.
    """
    state, badge = _badge(studio)
    return {
        "title": both("app.title"),
        "tagline": both("app.tagline"),
        "language": both("page.language"),
        "theme": both("page.theme"),
        "bell": both("page.bell"),
        "state": state,
        "away": studio.database_away,
        "badge": badge,
        "words": {
            "tabs": {name: both(f"task.{name}") for name in (*studio.tasks, PIPELINE)},
            "parts": {word: both(f"page.{word}") for word in PARTS},
            "areas": {kind: both(f"drop.{kind}") for kind in AREAS},
            "taps": {kind: both(f"tap.{kind}") for kind in AREAS},
            "defaults": [both(key) for key in texts() if key.startswith("default.")],
        },
    }


def _badge(studio: Studio) -> tuple[str, Both]:
    if studio.database_away:
        return ("bad", both("badge.away"))
    servers = studio.servers()
    online = [server for server in servers if server.online]
    if not studio.settings.servers:
        return ("preview", both("badge.embedded" if online else "badge.embedded_starting"))
    if not online:
        return ("bad", both("badge.offline"))
    if len(online) < len(servers):
        return ("good", both("badge.some", count=len(online), total=len(servers)))
    if len(online) == 1:
        return ("good", both("badge.server"))
    return ("good", both("badge.servers", count=len(online)))
