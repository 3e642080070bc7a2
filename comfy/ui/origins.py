"""From where a request comes: a page of another site must not act in a visitor's name."""

from __future__ import annotations

from urllib.parse import urlsplit

from comfy.settings import LOOPBACK, Settings
from comfy.ui.asgi import Scope, text_header

SAFE = frozenset({"GET", "HEAD"})
OWN_SITE = frozenset({"same-origin", "none"})  # none: typed in, a bookmark
MACHINE = frozenset({"127.0.0.1", "::1"})
PROXIED = frozenset({b"forwarded", b"via", b"x-real-ip", b"cf-connecting-ip"})  # or X-Forwarded-...


class Origins:
    """Checks Host against DNS rebinding, and Origin and Sec-Fetch-Site against forged requests.

    Browsers set these headers by themselves, scripts in a page cannot (Fetch standard, forbidden
    request headers). A client that is no browser sends none of them, and carries nobody's cookie.
    """

    def __init__(self, settings: Settings) -> None:
        root = urlsplit(settings.root_path).hostname
        self._hosts = {*LOOPBACK, *settings.hosts, *([root] if root else [])}
        # With a login, a page under a name that leads here has no cookie of ours.
        self._check_host = settings.is_open and settings.is_local

    def host_is_ours(self, scope: Scope) -> bool:
        return not self._check_host or _hostname(text_header(scope, b"host")) in self._hosts

    def is_own(self, scope: Scope, path: str) -> bool:
        """Whether the request comes from our own page, a person's hand, or no browser at all."""
        site = text_header(scope, b"sec-fetch-site")
        if site in OWN_SITE:
            return True
        linked = text_header(scope, b"sec-fetch-mode") == "navigate"
        if scope["method"] in SAFE and (linked or not path.startswith("/gradio_api/")):
            return True  # a link on another site may lead here
        if site == "cross-site":
            return False
        origin = text_header(scope, b"origin")
        if not origin:
            return site == ""
        hosts = {text_header(scope, b"host"), text_header(scope, b"x-forwarded-host")}
        return urlsplit(origin).netloc in hosts - {""}


def is_this_machine(scope: Scope) -> bool:
    """Whether a program on this machine asks, by a name of this machine, with no proxy between.

    A proxy's header counts even if it is empty, and so does a name that only a proxy passes on.
    """
    if any(name in PROXIED or name.startswith(b"x-forwarded-") for name, _ in scope["headers"]):
        return False
    client = str((scope.get("client") or ("",))[0])
    return client in MACHINE and _hostname(text_header(scope, b"host")) in LOOPBACK


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
