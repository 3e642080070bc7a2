"""Passwords as they may stand in a settings file: `python -m comfy.passwords` makes one."""

from __future__ import annotations

import base64
import binascii
import getpass
import hashlib
import hmac
import secrets
import sys

from comfy.text import say, terminal_language

COST = 15  # log2 of scrypt's N: 32 MB and about a tenth of a second for each guess
BLOCK, PARALLEL = 8, 1
BYTES = 24
SHORTEST = 8  # characters


def hash_password(password: str) -> str:
    """ "scrypt.15.8.1.<salt>.<hash>": safe in environment files, where $ and : mean something."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, COST, BLOCK, PARALLEL, BYTES)
    return f"scrypt.{COST}.{BLOCK}.{PARALLEL}.{_text(salt)}.{_text(digest)}"


def is_hash(value: str) -> bool:
    return value.startswith("scrypt.") and value.count(".") == 5


def matches(password: str, kept: str) -> bool:
    """Whether it is the password behind a hash, in a time that tells nothing.

    A plain password is accepted as `kept`, too: it is somebody's first try on a laptop.
    """
    if not is_hash(kept):
        return hmac.compare_digest(password.encode(), kept.encode())
    try:
        _, cost, block, parallel, salt, digest = kept.split(".")
        wanted = _bytes(digest)
        numbers = min(int(cost), 20), min(int(block), 32), min(int(parallel), 16)
        found = _scrypt(password, _bytes(salt), *numbers, len(wanted))
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(found, wanted)


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int, size: int) -> bytes:
    memory = 256 * block * 2**cost * parallel  # twice what it needs (RFC 7914: 128 * N * r * p)
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=2**cost,
        r=block,
        p=parallel,
        maxmem=memory,
        dklen=size,
    )


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def main() -> int:
    """Ask for a password (or read it from a pipe) and print what goes into the settings."""
    language = terminal_language()
    if sys.stdin.isatty():
        password = getpass.getpass(say("password.ask", language))
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST:
        print(say("password.short", language, limit=SHORTEST), file=sys.stderr)
        return 1
    print(hash_password(password))
    return 0


if __name__ == "__main__":
    sys.exit(main())
