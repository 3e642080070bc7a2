"""What an operator can set: one table, read from the environment and the command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comfy.text import pick_language, say


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


def _accounts(value: str) -> tuple[tuple[str, str], ...]:
    pairs = [word.split(":", 1) for word in _words(value)]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise ValueError("name:password,name:password")
    return tuple((name, password) for name, password in pairs)


SETTINGS = (
    Setting("servers", "COMFY_SERVERS", "", _words),
    Setting("tokens", "COMFY_TOKENS", "", _places),
    Setting("data", "STUDIO_DATA", ".data", Path),
    Setting("database_url", "DATABASE_URL", ""),
    Setting("host", "GRADIO_SERVER_NAME", "127.0.0.1"),
    Setting("port", "GRADIO_SERVER_PORT", "7860", int),
    Setting("share", "GRADIO_SHARE", "false", _switch),
    Setting("auth", "STUDIO_AUTH", "", _accounts),
    Setting("root_path", "GRADIO_ROOT_PATH", ""),
    Setting("max_upload_mb", "STUDIO_MAX_UPLOAD_MB", "100", int),
    Setting("max_megapixels", "STUDIO_MAX_MEGAPIXELS", "50", int),
    Setting("max_audio_seconds", "STUDIO_MAX_AUDIO_SECONDS", "600", int),
    Setting("max_jobs", "STUDIO_MAX_JOBS", "20", int),
    Setting("open", "STUDIO_OPEN", "false", _switch),
)


@dataclass(frozen=True)
class Settings:
    """The values in force. `auth` and `tokens` are secrets: never log them."""

    servers: tuple[str, ...]
    tokens: tuple[str, ...]
    data: Path
    database_url: str
    host: str
    port: int
    share: bool
    auth: tuple[tuple[str, str], ...]
    root_path: str
    max_upload_mb: int
    max_megapixels: int
    max_audio_seconds: int
    max_jobs: int
    open: bool

    @classmethod
    def load(
        cls, argv: Sequence[str] | None = None, env: Mapping[str, str] = os.environ
    ) -> Settings:
        """Command line over environment over default. A wrong value ends the program in words."""
        language = pick_language((env.get("LC_ALL") or env.get("LANG") or "").replace("_", "-"))
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
            try:
                values[item.name] = item.parse(raw)
            except ValueError:
                parser.error(say("app.setting_wrong", language, name=item.flag, env=item.env))
        return cls(**values)

    @property
    def database(self) -> str:
        """The SQLAlchemy URL: the one that was set, else a SQLite file in the data folder."""
        if self.database_url.startswith("postgresql://"):
            return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)
        return self.database_url or f"sqlite:///{(self.data / 'studio.sqlite').resolve()}"
