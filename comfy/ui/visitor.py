"""Who asks: what the door found out about a request, carried to the handlers in one header."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

ANONYMOUS, ACCOUNT, GUEST = "anonymous", "account", "guest"
HEADER = b"x-studio-visitor"  # the door drops whatever a client sends under this name


@dataclass(frozen=True)
class Visitor:
    """One person. `name` owns jobs and files, "" for somebody who did not log in.

    `origin` is what limits that cannot be escaped by taking another name are counted for: the
    account, the guest link, the network address.
    """

    kind: str
    name: str
    origin: str
    operator: bool = False

    @property
    def guest_link(self) -> str:
        """The id of the guest link, "" for others."""
        return self.origin.removeprefix("guest:") if self.kind == GUEST else ""

    def to_header(self) -> bytes:
        return json.dumps(asdict(self)).encode("ascii")


NOBODY = Visitor(ANONYMOUS, "", "")


def from_header(value: str | None) -> Visitor:
    """What `to_header` wrote; nobody where there is no door in front, as in a plain test."""
    return Visitor(**json.loads(value)) if value else NOBODY


def address_origin(address: str, secret: bytes) -> str:
    """A name for a network address from which nobody reads the address."""
    return "address:" + hashlib.sha256(secret + address.encode()).hexdigest()[:24]
