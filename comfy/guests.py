"""Guest links from the command line: `python -m comfy.guests new NAME`, `list`, `revoke ID`.

The settings of the app (environment, `--data`, ...) go with it: they say where the links are kept.
"""

from __future__ import annotations

import argparse
import sys
import time

from comfy.jobs.guests import GuestLink, Guests
from comfy.jobs.store import Store
from comfy.settings import Settings
from comfy.text import say, terminal_language
from comfy.ui.passes import Passes, read_secret


def main(argv: list[str] | None = None) -> int:
    language = terminal_language()
    options, rest = _parser(language).parse_known_args(argv)
    settings = Settings.load(rest)
    store = Store(settings.database, settings.data)
    try:
        return _run(options, Guests(store), settings, language)
    finally:
        store.close()


def guest_address(settings: Settings, link: GuestLink) -> str:
    """What a guest opens, as far as the settings tell under which address the page is reached."""
    root = settings.root_path.rstrip("/")
    base = root if "://" in root else f"http://{settings.host}:{settings.port}{root}"
    return f"{base}/guest/{Passes(settings, read_secret(settings)).link_token(link.id)}"


def _run(options: argparse.Namespace, guests: Guests, settings: Settings, language: str) -> int:
    if options.act == "new":
        link = guests.create(
            options.name,
            days=options.days,
            tasks=options.tasks,
            jobs_a_day=options.jobs,
            video_seconds=options.seconds,
        )
        print(guest_address(settings, link))
        return 0
    if options.act == "revoke":
        done = guests.revoke(options.id)
        print(say("guest.revoked_now" if done else "guest.unknown", language))
        return 0 if done else 1
    for link in guests.all():
        print(_line(link, guests, language))
    return 0


def _line(link: GuestLink, guests: Guests, language: str) -> str:
    jobs, seconds = guests.used(link.id)
    state = "good" if link.is_good else "revoked" if link.revoked else "expired"
    ends = time.strftime("%Y-%m-%d %H:%M", time.localtime(link.expires)) if link.expires else "-"
    return say(
        "guest.line",
        language,
        id=link.id,
        name=link.name,
        state=say(f"guest.{state}", language),
        ends=ends,
        jobs=f"{jobs}/{link.jobs_a_day or '∞'}",
        seconds=f"{seconds:.0f}/{link.video_seconds or '∞'}",
    )


def _parser(language: str) -> argparse.ArgumentParser:
    def tell(key: str) -> str:
        return say(f"guest.{key}", language)

    parser = argparse.ArgumentParser(prog="python -m comfy.guests", description=tell("about"))
    acts = parser.add_subparsers(dest="act", required=True)
    new = acts.add_parser("new", help=tell("new"))
    new.add_argument("name", help=tell("name"))
    new.add_argument("--days", type=float, default=7.0, help=tell("days"))
    new.add_argument("--tasks", nargs="*", default=[], help=tell("tasks"))
    new.add_argument("--jobs", type=int, default=0, help=tell("jobs"))
    new.add_argument("--seconds", type=int, default=0, help=tell("seconds"))
    acts.add_parser("list", help=tell("list"))
    acts.add_parser("revoke", help=tell("revoke")).add_argument("id")
    return parser


if __name__ == "__main__":
    sys.exit(main())
