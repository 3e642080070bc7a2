"""Files that a program names by a web address: fetched from public places alone, and in bounds.

Gradio would read a whole answer into memory, however long it is, and ask a DNS server of its own
for names that this machine does not know.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Callable
from ipaddress import IPv6Network, ip_address
from pathlib import Path
from urllib.parse import urljoin

import anyio
import gradio as gr
import httpx
from gradio import processing_utils
from safehttpx import AsyncSecureTransport  # type: ignore[import-untyped]  # it has no types

from comfy.errors import InputError
from comfy.media.files import written_whole
from comfy.text import LANGUAGES, explain

SECONDS = 60.0  # for the whole file
MOST_REDIRECTS = 5
PUBLIC_V6 = IPv6Network("2000::/3")  # RFC 4291; and in it, those that carry an IPv4 address:
CARRIERS = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))  # Teredo, 6to4
MEGABYTE = 1_000_000


def bound_fetches(limit: int, allows: Callable[[str], bool] | None = None) -> None:
    """Have Gradio fetch files of at most `limit` MB with our own function."""
    processing_utils.async_ssrf_protected_download = Fetch(limit, allows or is_public)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet and to no machine around us."""
    found = ip_address(address.partition("%")[0])
    if found.version == 6:
        inside = found in PUBLIC_V6 and not any(found in network for network in CARRIERS)
        return inside and found.is_global
    return found.is_global and not found.is_multicast


class Fetch:
    """Takes Gradio's arguments: an address and the folder to put the file in."""

    def __init__(self, limit: int, allows: Callable[[str], bool]) -> None:
        self._limit, self._allows = limit, allows

    async def __call__(self, url: str, cache_dir: str) -> str:
        """The file's path. Raises gr.Error, and says in it no more than what was wrong."""
        target = Path(cache_dir) / hashlib.sha256(url.encode()).hexdigest() / "fetched"
        try:
            if not target.exists():
                with anyio.fail_after(SECONDS), written_whole(target) as part:
                    await self._fetch(url, part)
        except (InputError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            wrong = InputError("address_unusable", limit=self._limit)
            told = " ".join(explain(wrong.code, lang, wrong.details) for lang in LANGUAGES)
            raise gr.Error(told, print_exception=False) from error
        return str(target.resolve())

    async def _fetch(self, url: str, part: Path) -> None:
        for _ in range(MOST_REDIRECTS + 1):
            transport = AsyncSecureTransport(await self._resolve(httpx.URL(url)))
            plain = {"accept-encoding": "identity"}  # nothing that grows when it is unpacked
            async with (
                httpx.AsyncClient(transport=transport, headers=plain) as client,
                client.stream("GET", url) as answer,
            ):
                if not answer.has_redirect_location:
                    return await self._write(answer, part)
                url = urljoin(url, answer.headers["location"])
        raise InputError("address_unusable")

    async def _resolve(self, url: httpx.URL) -> str:
        """The IP address to ask; all that the name stands for must be allowed."""
        if url.scheme not in ("http", "https") or not url.host:
            raise InputError("address_unusable")
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(url.host, None, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(map(self._allows, addresses)):
            raise InputError("address_unusable")
        return addresses[0]

    async def _write(self, answer: httpx.Response, part: Path) -> None:
        answer.raise_for_status()
        size = 0
        with part.open("wb") as file:
            async for chunk in answer.aiter_raw():
                size += len(chunk)
                if size > self._limit * MEGABYTE:
                    raise InputError("address_unusable")
                file.write(chunk)
