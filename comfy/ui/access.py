"""Which jobs a visitor may see."""

from __future__ import annotations

import re
import secrets

import gradio as gr

from comfy.jobs.job import Job
from comfy.jobs.studio import Studio
from comfy.ui.visitor import HEADER, Visitor, from_header

# What `new_owner` makes. Anybody can claim any text: one that we never made is nobody's.
OWNER = re.compile(r"[A-Za-z0-9_-]{22}")


def new_owner() -> str:
    """A name for a browser that comes for the first time; it cannot be guessed."""
    return secrets.token_urlsafe(16)


def visitor(request: gr.Request) -> Visitor:
    """What the door knows of whoever asks."""
    return from_header(request.headers.get(HEADER.decode()))


def is_operator(request: gr.Request) -> bool:
    """Whether whoever asks runs the place: see `--operators`; without login, this machine."""
    return visitor(request).operator


def person(request: gr.Request, owner: object) -> str:
    """Whose jobs these are: the account, else what the browser remembers."""
    if request.username:
        return str(request.username)
    return str(owner) if is_owner(owner) else f"session:{request.session_hash}"


def is_owner(value: object) -> bool:
    """Whether this can be a name that `new_owner` made."""
    return isinstance(value, str) and OWNER.fullmatch(value) is not None


def who(request: gr.Request, owner: object) -> dict[str, str]:
    """For `studio.submit`: whose job it is, and who it is counted for."""
    return {"owner": person(request, owner), "origin": visitor(request).origin}


def known_jobs(studio: Studio, ids: object, request: gr.Request) -> list[Job]:
    """The jobs that exist. A job's id is as good as a key, but with accounts only the owner's.

    `ids` is what a browser remembers or a program sends: anything at all.
    """
    names = [i for i in ids if isinstance(i, str)] if isinstance(ids, list | tuple) else []
    jobs = [job for job in map(studio.job, names) if job]
    return [job for job in jobs if not request.username or job.owner == request.username]
