"""Signed cookies: who logged in, and who came by which guest link."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from comfy import passwords
from comfy.settings import Settings
from comfy.ui.visitor import ACCOUNT, GUEST, Visitor

COOKIE = "studio-pass"
DAYS = 30
MOST_KNOWN = 1000
SECRET_FILE = "secret.key"  # in the data folder
NO_PASSWORD = f"scrypt.{passwords.COST}.8.1.{'A' * 22}.{'A' * 32}"  # takes its time, fits nothing


class Passes:
    """Makes and reads passes. A changed password or another secret ends all that were made."""

    def __init__(self, settings: Settings, secret: bytes) -> None:
        self._accounts: Mapping[str, str] = dict(settings.auth)
        self._operators = frozenset(settings.operators or tuple(self._accounts)[:1])
        self._serializer = URLSafeTimedSerializer(secret, salt="studio-pass")
        self._links = URLSafeSerializer(secret, salt="guest-link")
        self._secret = secret
        self._right: set[bytes] = set()  # passwords that were right before, as hashes

    def log_in(self, name: str, password: str) -> Visitor | None:
        """The account behind name and password; takes as long for a name that does not exist."""
        known = hashlib.sha256(self._secret + f"{name}\0{password}".encode("utf-8", "replace"))
        if known.digest() in self._right:  # scripts send it with every request
            return self._account(name)
        right = passwords.matches(password, self._accounts.get(name, NO_PASSWORD))
        if not right or name not in self._accounts:
            return None
        if len(self._right) < MOST_KNOWN:
            self._right.add(known.digest())
        return self._account(name)

    def link_token(self, link: str) -> str:
        """What stands in a guest link's address."""
        return str(self._links.dumps(link))

    def read_link(self, token: str) -> str | None:
        """The id of the guest link; None for one that we did not sign."""
        try:
            return str(self._links.loads(token))
        except BadData:
            return None

    def account_pass(self, visitor: Visitor) -> str:
        return str(self._serializer.dumps({"account": visitor.name, "key": self._key(visitor)}))

    def guest_pass(self, link: str) -> str:
        """For one more person with this link: each has results of their own."""
        return str(self._serializer.dumps({"guest": link, "who": secrets.token_urlsafe(12)}))

    def read(self, value: str) -> Visitor | None:
        """Who holds this pass. Whether a guest link is still good is for the caller to ask."""
        try:
            found = self._serializer.loads(value, max_age=DAYS * 86_400)
        except BadData:
            return None
        if "guest" in found:
            return Visitor(
                GUEST, f"guest:{found['guest']}:{found['who']}", f"guest:{found['guest']}"
            )
        if found.get("account") not in self._accounts:
            return None
        visitor = self._account(found["account"])
        return visitor if secrets.compare_digest(found["key"], self._key(visitor)) else None

    def from_hugging_face(self, name: str, author: str, operators: Sequence[str]) -> Visitor:
        owner = f"hf:{name}"
        return Visitor(ACCOUNT, owner, owner, operator=name in (tuple(operators) or (author,)))

    def _account(self, name: str) -> Visitor:
        return Visitor(ACCOUNT, name, f"account:{name}", operator=name in self._operators)

    def _key(self, visitor: Visitor) -> str:
        """Part of a pass that changes with the password."""
        return hashlib.sha256(self._accounts[visitor.name].encode()).hexdigest()[:16]


def read_secret(settings: Settings) -> bytes:
    """The key that signs; made once, in the data folder, where none is set."""
    if settings.secret:
        return settings.secret.encode()
    path = settings.data / SECRET_FILE
    settings.data.mkdir(parents=True, exist_ok=True)
    _create(path)
    return path.read_bytes()


def _create(path: Path) -> None:
    """Written whole or not at all: another replica may be starting, too."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_urlsafe(32).encode())
    try:
        if not path.exists():
            os.link(part, path)
    except FileExistsError:
        pass
    except OSError:  # no hard links there
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
