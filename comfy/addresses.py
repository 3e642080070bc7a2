"""Where the ComfyUI servers are and how to be let in, as an operator writes it.

A server is a URL, with `user:password@` for Basic auth where it is needed, or a table in a file:

    [[server]]
    name = "big"                                # optional: what the log calls it
    url = "https://gpu.example.com/comfy"
    token = "..."                               # optional: Authorization: Bearer
    headers = { X-Api-Key = "..." }             # optional: any others
    weight = 2.0                                # optional: twice as fast as others, until measured
    tags = ["talking_head"]                     # optional: the only tasks it is for
"""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

NAME = re.compile(r"[\w.-]{1,64}")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token of RFC 9110
HEADER_VALUE = re.compile(r"[\x20-\x7e]+")
KEYS = {"name", "url", "token", "headers", "weight", "tags"}
OURS = {"host", "content-length", "content-type", "connection", "upgrade", "range"}


class BadAddress(ValueError):
    """Its text says where and what, without a secret: the value itself is never in it."""


@dataclass(frozen=True)
class ServerAddress:
    """One server. `url` has no credentials; `headers` go with every request and every socket."""

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    weight: float = 1.0
    tags: tuple[str, ...] = ()

    def with_token(self, token: str) -> ServerAddress:
        """The same server with a bearer token, unless it has other credentials already."""
        if not token or any(name.lower() == "authorization" for name in self.headers):
            return self
        if not HEADER_VALUE.fullmatch(token):
            raise BadAddress(f"the token of server {self.name} has a character that none may have")
        return replace(self, headers={**self.headers, "Authorization": f"Bearer {token}"})


def read_addresses(words: Sequence[str]) -> tuple[ServerAddress, ...]:
    """Each word is a URL or the path of a `.toml` file. Raises BadAddress."""
    found: list[ServerAddress] = []
    for word in words:
        if word.endswith(".toml"):
            found += _read_file(Path(word), first=len(found) + 1)
        else:
            found.append(_address(word, f"{len(found) + 1}"))
    names = [address.name for address in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadAddress(f"two servers are called {', '.join(twice)}")
    return tuple(found)


def _read_file(path: Path, first: int) -> list[ServerAddress]:
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("server")
    except OSError as error:
        raise BadAddress(f"{path}: {error.strerror}") from None
    except ValueError as error:  # not UTF-8, or not TOML: the text names a line at most
        reason = re.search(r"line \d+", str(error))
        raise BadAddress(f"{path}: not TOML{f', {reason[0]}' if reason else ''}") from None
    if not isinstance(tables, list) or not tables:
        raise BadAddress(f"{path}: no [[server]] in it")
    try:
        return [_from_table(table, f"{first + n}") for n, table in enumerate(tables)]
    except BadAddress as error:
        raise BadAddress(f"{path}: {error}") from None


def _from_table(table: Any, name: str) -> ServerAddress:
    if not isinstance(table, dict) or not isinstance(table.get("url"), str):
        raise BadAddress(f"server {name} has no url")
    if unknown := sorted(table.keys() - KEYS):
        raise BadAddress(f"server {name} has an unknown key: {unknown[0]}")
    named, token, more = table.get("name", name), table.get("token", ""), table.get("headers", {})
    if not isinstance(named, str) or not NAME.fullmatch(named) or named == "embedded":
        raise BadAddress(f"server {name} has a name that cannot be used")
    if not isinstance(token, str) or not isinstance(more, dict):
        raise BadAddress(f"server {named}: token is a text, headers a table")
    for key, value in more.items():
        good = isinstance(value, str) and HEADER_VALUE.fullmatch(value)
        if not good or not HEADER_NAME.fullmatch(key) or key.lower() in OURS:
            raise BadAddress(f"server {named}: the header {key} cannot be sent")
    weight, tags = table.get("weight", 1.0), table.get("tags", [])
    if not isinstance(weight, int | float) or not 0.01 <= weight <= 100:
        raise BadAddress(f"server {named}: weight is a number from 0.01 to 100")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise BadAddress(f"server {named}: tags is a list of words")
    address = _address(table["url"], named)
    headers = {**address.headers, **more}
    given = replace(address, headers=headers, weight=float(weight), tags=tuple(tags))
    return given.with_token(token)


def _address(text: str, name: str) -> ServerAddress:
    """A URL with its credentials taken out; in it they are percent-encoded."""
    wrong = BadAddress(f"server {name}: an address looks like http://host:port/path")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise wrong
    place = f"[{host}]" if ":" in host else host
    place += f":{port}" if port is not None else ""
    url = f"{parts.scheme}://{place}{parts.path}".rstrip("/")
    if parts.username is None:
        return ServerAddress(name, url)
    secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return ServerAddress(name, url, {"Authorization": f"Basic {base64.b64encode(secret).decode()}"})
