"""The only door: who comes in, and what of others they cannot reach. Stands behind the guard."""

from __future__ import annotations

import base64
import logging
import os
import re
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from anyio import CapacityLimiter, to_thread

from comfy.settings import Settings
from comfy.text import pick_language
from comfy.ui.asgi import (
    App,
    Headers,
    Receive,
    Scope,
    Send,
    local_path,
    read_body,
    respond,
    text_header,
)
from comfy.ui.fence import Fence
from comfy.ui.login_page import login_page
from comfy.ui.origins import SAFE, Origins, is_this_machine
from comfy.ui.ownership import Ownership
from comfy.ui.passes import COOKIE, DAYS, Passes
from comfy.ui.rates import Rate
from comfy.ui.visitor import ANONYMOUS, HEADER, Visitor, address_origin

log = logging.getLogger(__name__)

STARTED = "/gradio_api/startup-events"  # Gradio asks itself; whoever else does learns nothing
MCP = "/gradio_api/mcp"
FORM_LIMIT = 10_000  # bytes of a login
GUEST = re.compile(r"^/guest/([\w.-]{1,200})/?$")


class Door:
    """ASGI middleware. `link_is_good` tells whether a guest link may still be used."""

    def __init__(
        self,
        app: App,
        *,
        settings: Settings,
        secret: bytes,
        passes: Passes,
        ownership: Ownership,
        link_is_good: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._settings = settings
        self._secret = secret
        self._passes = passes
        self._fence = Fence(app, ownership)
        self._link_is_good = link_is_good
        self._origins = Origins(settings)
        self._logins = Rate(10, 300)  # an address, and a name, in five minutes
        self._names = Rate(50, 300)
        self._hashing = CapacityLimiter(2)  # each takes 32 MB and a tenth of a second
        self._posts = Rate(settings.max_requests, 60)
        self._framed = bool(os.environ.get("SPACE_ID"))  # shown in a frame of another site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path = local_path(scope)
        if not self._origins.host_is_ours(scope) or not self._origins.is_own(scope, path):
            return await respond(send, 403, b"forbidden", "text/plain")
        address = address_origin(str((scope.get("client") or ("",))[0]), self._secret)
        if scope["method"] not in SAFE and not self._posts.allows(address):
            return await _too_many(send)
        if path.rstrip("/") == "/login" and scope["method"] == "POST" and self._settings.auth:
            return await self._log_in(scope, receive, send, address)
        if path.rstrip("/") == "/logout" and not self._settings.oauth:
            return await self._leave(scope, send)
        if match := GUEST.match(path):
            return await self._invite(scope, send, match[1])
        visitor = await self._visitor(scope, address)
        if visitor is None:
            return await self._turn_away(scope, receive, send, path)
        scope = {**scope, "headers": _with_visitor(scope, visitor)}
        if path.startswith(MCP):
            scope["headers"] = _from_its_address(scope)
        if self._settings.is_open:
            return await self._app(scope, receive, send)
        await self._fence(scope, receive, send, visitor.name)

    # ------------------------------------------------------------------ who is it

    async def _visitor(self, scope: Scope, address: str) -> Visitor | None:
        try:
            found = self._signed_in(scope) or await self._basic(scope, address)
        except TooManyTries:
            found = None
        if found and found.guest_link:
            good = self._settings.guests
            good = good and await to_thread.run_sync(self._link_is_good, found.guest_link)
            found = found if good else None
        if found or not self._settings.is_open:
            return found
        here = self._is_here(scope)
        return Visitor(ANONYMOUS, "", "" if here else address, operator=here)

    def _signed_in(self, scope: Scope) -> Visitor | None:
        if self._settings.oauth:  # Gradio's session, see gradio/oauth.py
            user = ((scope.get("session") or {}).get("oauth_info") or {}).get("userinfo") or {}
            if name := user.get("preferred_username"):
                author = os.environ.get("SPACE_AUTHOR_NAME", "")
                return self._passes.from_hugging_face(name, author, self._settings.operators)
        return self._passes.read(_cookie(scope, COOKIE))

    async def _basic(self, scope: Scope, address: str) -> Visitor | None:
        """Name and password in every request, as scripts and AI assistants send them."""
        kind, _, value = text_header(scope, b"authorization").partition(" ")
        if kind.lower() != "basic" or not self._settings.auth:
            return None
        try:
            name, _, password = base64.b64decode(value).decode().partition(":")
        except ValueError:
            return None
        return await self._check(name, password, address)

    async def _check(self, name: str, password: str, address: str) -> Visitor | None:
        if not (self._logins.has_room(address) and self._names.has_room(name)):
            raise TooManyTries
        check = self._passes.log_in
        visitor = await to_thread.run_sync(check, name, password, limiter=self._hashing)
        if visitor is None:
            self._logins.allows(address)
            self._names.allows(name)
            log.warning("a login failed")
        return visitor

    def _is_here(self, scope: Scope) -> bool:
        """Whether somebody at this machine asks: then the one who started the app is meant."""
        settings = self._settings
        elsewhere = settings.root_path or settings.hosts or settings.public
        return settings.is_local and not elsewhere and is_this_machine(scope)

    # ------------------------------------------------------------------ coming and going

    async def _log_in(self, scope: Scope, receive: Receive, send: Send, address: str) -> None:
        """Gradio's own contract, so that gradio_client can log in; a browser gets pages."""
        form = parse_qs((await read_body(receive, FORM_LIMIT) or b"").decode("utf-8", "replace"))
        name, password = (form.get(key, [""])[0] for key in ("username", "password"))
        by_page = "text/html" in text_header(scope, b"accept")
        try:
            visitor = await self._check(name.strip(), password, address)
        except TooManyTries:
            return await self._show_login(scope, send, 429, "login.slow", by_page)
        if visitor is None:
            return await self._show_login(scope, send, 401, "login.wrong", by_page)
        cookie = self._cookie(scope, self._passes.account_pass(visitor))
        if by_page:
            await respond(send, 303, b"", "text/plain", [cookie, _location(scope)])
        else:
            await respond(send, 200, b'{"success":true}', "application/json", [cookie])

    async def _leave(self, scope: Scope, send: Send) -> None:
        await respond(send, 303, b"", "text/plain", [self._cookie(scope, "", 0), _location(scope)])

    async def _invite(self, scope: Scope, send: Send, token: str) -> None:
        link = self._passes.read_link(token) if self._settings.guests else None
        if link is None or not await to_thread.run_sync(self._link_is_good, link):
            return await self._show_login(scope, send, 410, "login.link_over", True)
        headers: Headers = [_location(scope)]
        known = self._passes.read(_cookie(scope, COOKIE))
        if known is None or known.guest_link != link:  # whoever came before stays the same person
            headers.append(self._cookie(scope, self._passes.guest_pass(link)))
        await respond(send, 303, b"", "text/plain", headers)

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        if path.rstrip("/") == STARTED:
            return await self._app(scope, receive, send)
        if self._settings.oauth and path.startswith(("/login/", "/logout")):
            return await self._app(scope, receive, send)  # Gradio's way to Hugging Face and back
        await self._show_login(scope, send, 401, "", path == "/" and scope["method"] == "GET")

    async def _show_login(
        self, scope: Scope, send: Send, status: int, wrong: str, page: bool
    ) -> None:
        if not page:
            return await respond(
                send, status, b'{"detail":"Not authenticated"}', "application/json"
            )
        settings = self._settings
        language = _cookie(scope, "lang") or text_header(scope, b"accept-language")
        body = login_page(
            pick_language(language),
            _base(scope),
            accounts=bool(settings.auth),
            guests=settings.guests,
            oauth=settings.oauth,
            wrong=wrong,
        )
        await respond(send, status, body, "text/html; charset=utf-8")

    def _cookie(
        self, scope: Scope, value: str, seconds: int = DAYS * 86_400
    ) -> tuple[bytes, bytes]:
        secure = scope.get("scheme") == "https" or self._framed
        site = "None; Secure; Partitioned" if self._framed else "Lax; Secure" if secure else "Lax"
        text = f"{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={site}"
        return (b"set-cookie", text.encode())


def _from_its_address(scope: Scope) -> Headers:
    """For Gradio's tools, which call the page again from here with the headers of their caller:
    the server believes this one, and the caller must not choose it."""
    kept = [(key, value) for key, value in scope["headers"] if key != b"x-forwarded-for"]
    address = str((scope.get("client") or ("",))[0])
    return kept if is_this_machine(scope) else [*kept, (b"x-forwarded-for", address.encode())]


class TooManyTries(Exception):
    """Wrong passwords, too many of them, lately."""


async def _too_many(send: Send) -> None:
    await respond(send, 429, b"too many requests", "text/plain", [(b"retry-after", b"10")])


def _with_visitor(scope: Scope, visitor: Visitor) -> Headers:
    kept = [(key, value) for key, value in scope["headers"] if key.lower() != HEADER]
    return [*kept, (HEADER, visitor.to_header())]


def _cookie(scope: Scope, name: str) -> str:
    try:
        found = SimpleCookie(text_header(scope, b"cookie")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _base(scope: Scope) -> str:
    return str(scope.get("root_path") or "").rstrip("/") + "/"


def _location(scope: Scope) -> tuple[bytes, bytes]:
    return (b"location", _base(scope).encode())
