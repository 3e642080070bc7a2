"""What an operator can set: one table, read from the environment and the command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comfy.addresses import BadAddress, ServerAddress, read_addresses
from comfy.text import say, terminal_language


@dataclass(frozen=True)
class Setting:
    """One row of the table. Its help is the text `setting.<name>`."""

    name: str
    env: str
    default: str
    parse: Callable[[str], Any] = str

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def is_switch(self) -> bool:
        return self.parse is _switch


def _switch(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "yes", "on")


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())


def _places(value: str) -> tuple[str, ...]:
    """Like _words, but an empty place counts: "a,,b" has three."""
    return tuple(word.strip() for word in value.split(",")) if value.strip() else ()


def _servers(value: str) -> tuple[ServerAddress, ...]:
    return read_addresses(_words(value))


def _with_tokens(
    servers: tuple[ServerAddress, ...], tokens: tuple[str, ...]
) -> tuple[ServerAddress, ...]:
    given = [*tokens, *[""] * len(servers)]
    return tuple(s.with_token(token) for s, token in zip(servers, given, strict=False))


def _accounts(value: str) -> tuple[tuple[str, str], ...]:
    pairs = [word.split(":", 1) for word in _words(value)]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise ValueError("name:password,name:password")
    return tuple((name, password) for name, password in pairs)


def _kinds(value: str) -> frozenset[str]:
    found = frozenset(_words(value)) - {"none"}
    if found - {"image", "video"}:
        raise ValueError("image, video, none")
    return found


def _folder(value: str) -> Path | None:
    return Path(value) if value.strip() else None


def _port(value: str) -> int:
    return _between(int(value), 0, 65_535)


def _days(value: str) -> int:
    return _between(int(value), 0, 36_500)


def _megabytes(value: str) -> int:
    """0 for no limit."""
    return _between(int(value), 0, 1_000_000_000)


def _count(value: str) -> int:
    return _between(int(value), 1, 1_000_000)


def _between(number: int, low: int, high: int) -> int:
    if not low <= number <= high:
        raise ValueError(f"{low} to {high}")
    return number


LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

SETTINGS = (
    Setting("servers", "COMFY_SERVERS", "", _servers),
    Setting("tokens", "COMFY_TOKENS", "", _places),
    Setting("data", "STUDIO_DATA", ".data", Path),
    Setting("database_url", "DATABASE_URL", ""),
    Setting("storage", "STUDIO_STORAGE", ""),
    Setting("storage_mb", "STUDIO_STORAGE_MB", "10000", _count),
    Setting("monitor_port", "STUDIO_MONITOR_PORT", "0", _port),
    Setting("host", "GRADIO_SERVER_NAME", "127.0.0.1"),
    Setting("port", "GRADIO_SERVER_PORT", "7860", _port),
    Setting("share", "GRADIO_SHARE", "false", _switch),
    Setting("auth", "STUDIO_AUTH", "", _accounts),
    Setting("guests", "STUDIO_GUESTS", "false", _switch),
    Setting("oauth", "STUDIO_OAUTH", "false", _switch),
    Setting("operators", "STUDIO_OPERATORS", "", _words),
    Setting("public", "STUDIO_PUBLIC", "false", _switch),
    Setting("hosts", "STUDIO_HOSTS", "", _words),
    Setting("secret", "STUDIO_SECRET", ""),
    Setting("root_path", "GRADIO_ROOT_PATH", ""),
    Setting("max_upload_mb", "STUDIO_MAX_UPLOAD_MB", "100", _count),
    Setting("max_megapixels", "STUDIO_MAX_MEGAPIXELS", "50", _count),
    Setting("max_audio_seconds", "STUDIO_MAX_AUDIO_SECONDS", "600", _count),
    Setting("max_jobs", "STUDIO_MAX_JOBS", "20", _count),
    Setting("max_requests", "STUDIO_MAX_REQUESTS", "1200", _count),
    Setting("min_free_mb", "STUDIO_MIN_FREE_MB", "500", _count),
    Setting("person_mb", "STUDIO_PERSON_MB", "10000", _megabytes),
    Setting("total_mb", "STUDIO_TOTAL_MB", "100000", _megabytes),
    Setting("keep_days", "STUDIO_KEEP_DAYS", "0", _days),
    Setting("keep_mb", "STUDIO_KEEP_MB", "0", _megabytes),
    Setting("warn_minutes", "STUDIO_WARN_MINUTES", "10", _count),
    Setting("open", "STUDIO_OPEN", "false", _switch),
    Setting("mcp", "GRADIO_MCP_SERVER", "false", _switch),
    Setting("workflows", "STUDIO_WORKFLOWS", "", _folder),
    Setting("mark", "STUDIO_MARK", "video", _kinds),
    Setting("producer", "STUDIO_PRODUCER", "Comfy Presenter"),
    Setting("c2pa", "STUDIO_C2PA", "", _folder),
)


@dataclass(frozen=True)
class Settings:
    """The values in force; what may be secret is no part of their text.

    The tokens are in the servers' headers already.
    """

    servers: tuple[ServerAddress, ...]
    tokens: tuple[str, ...] = field(repr=False)
    data: Path
    database_url: str = field(repr=False)
    storage: str = field(repr=False)
    storage_mb: int
    monitor_port: int
    host: str
    port: int
    share: bool
    auth: tuple[tuple[str, str], ...] = field(repr=False)
    guests: bool
    oauth: bool
    operators: tuple[str, ...]
    public: bool
    hosts: tuple[str, ...]
    secret: str = field(repr=False)
    root_path: str
    max_upload_mb: int
    max_megapixels: int
    max_audio_seconds: int
    max_jobs: int
    max_requests: int
    min_free_mb: int
    person_mb: int
    total_mb: int
    keep_days: int
    keep_mb: int
    warn_minutes: int
    open: bool
    mcp: bool
    workflows: Path | None
    mark: frozenset[str]
    producer: str
    c2pa: Path | None
    server_words: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def load(
        cls, argv: Sequence[str] | None = None, env: Mapping[str, str] = os.environ
    ) -> Settings:
        """Command line over environment over default. A wrong value ends the program in words."""
        language = terminal_language(env)
        parser = argparse.ArgumentParser(prog="app.py", description=say("app.tagline", language))
        for item in SETTINGS:
            extra: dict[str, Any] = (
                {"action": "store_const", "const": "true"} if item.is_switch else {"metavar": "X"}
            )
            parser.add_argument(item.flag, help=say(f"setting.{item.name}", language), **extra)
        given = vars(parser.parse_args(argv))
        values: dict[str, Any] = {}
        for item in SETTINGS:
            raw = given[item.name]
            raw = (env.get(item.env) or item.default) if raw is None else raw
            if item.name == "public" and env.get("SPACE_ID"):  # a Space says itself who sees it
                raw = "true"
            try:
                values[item.name] = item.parse(raw)
            except BadAddress as error:
                parser.error(say("app.servers_wrong", language, reason=str(error)))
            except ValueError:
                parser.error(say("app.setting_wrong", language, name=item.flag, env=item.env))
        try:
            values["servers"] = _with_tokens(values["servers"], values["tokens"])
        except BadAddress as error:
            parser.error(say("app.servers_wrong", language, reason=str(error)))
        given_servers = given["servers"]
        words = env.get("COMFY_SERVERS") or "" if given_servers is None else given_servers
        loaded = cls(**values, server_words=_words(words))
        if loaded.oauth and not env.get("SPACE_ID"):
            parser.error(say("app.oauth_elsewhere", language))
        if loaded.mcp and not loaded.is_open:  # Gradio's tools call the page without a name
            parser.error(say("app.mcp_login", language))
        if loaded.is_open and not loaded.is_local and not loaded.public:
            parser.error(say("app.door_open", language))
        return loaded

    @property
    def server_files(self) -> tuple[Path, ...]:
        """The files that the servers were read from."""
        return tuple(Path(word) for word in self.server_words if word.endswith(".toml"))

    def servers_now(self) -> tuple[ServerAddress, ...]:
        """The servers, read anew: a file may have changed. Raises BadAddress."""
        return _with_tokens(read_addresses(self.server_words), self.tokens)

    @property
    def is_open(self) -> bool:
        """Whether anybody who reaches the page may use it."""
        return not (self.auth or self.guests or self.oauth)

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the page, apart from a reverse proxy on it."""
        return self.host in LOOPBACK and not self.share

    @property
    def database(self) -> str:
        """The SQLAlchemy URL: the one that was set, else a SQLite file in the data folder."""
        if self.database_url.startswith("postgresql://"):
            return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)
        return self.database_url or f"sqlite:///{(self.data / 'studio.sqlite').resolve()}"
