"""Putting the page on the network."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace

import gradio as gr
from gradio import queueing, route_utils, routes
from gradio.route_utils import CustomCORSMiddleware
from starlette.middleware import Middleware
from starlette.requests import Request

from comfy.jobs.studio import Studio
from comfy.jobs.vitals import Vitals
from comfy.text import say
from comfy.ui.addresses import bound_fetches
from comfy.ui.calm import calm
from comfy.ui.door import Door
from comfy.ui.examples import ASSETS
from comfy.ui.guard import SHARE_SCRIPTS, Guard
from comfy.ui.kept import KeptPages
from comfy.ui.language import translations
from comfy.ui.operator_page import OperatorPage, VitalsPaths
from comfy.ui.ownership import Ownership
from comfy.ui.passes import Passes, read_secret
from comfy.ui.results import results_folder
from comfy.ui.theme import theme
from comfy.ui.visitor import HEADER, from_header

log = logging.getLogger(__name__)

MEGABYTE = 1_000_000
ICON_SIZES = (192, 512)  # pixels
# In this order:
SCRIPTS = (
    *("still.js", "stream.js", "again.js", "page.js"),
    *("aloud.js", "calm.js", "parts.js", "paint.js"),
)
FORM_OVERHEAD = MEGABYTE  # what a multipart form adds to its file


def launch_page(page: gr.Blocks, studio: Studio) -> str:
    """Serve the page in the background; returns its address. OSError if the port is taken."""
    settings = studio.settings
    # Results are served from where they are: Gradio makes no copies of them.
    results_folder().mkdir(parents=True, exist_ok=True)
    gr.set_static_paths([results_folder()])
    page.queue(default_concurrency_limit=None, max_size=500, api_open=False)
    calm(page)
    _no_other_sites()
    _discreet()
    bound_fetches(settings.max_upload_mb)
    limit = settings.max_upload_mb * MEGABYTE + FORM_OVERHEAD
    _app, url, share_url = page.launch(
        server_name=settings.host,
        server_port=settings.port,
        root_path=settings.root_path or None,
        auth_dependency=None if settings.is_open else account,
        strict_cors=True,
        share=settings.share,
        inbrowser=settings.open,
        theme=theme,
        favicon_path=ASSETS / "favicon.svg",
        i18n=translations,
        footer_links=[],
        run_history=False,
        max_file_size=f"{settings.max_upload_mb}mb",
        max_threads=1000,  # the default of 40 would be the most visitors that can be waiting
        state_session_capacity=500,
        show_error=False,
        enable_monitoring=False,
        allowed_paths=[str(ASSETS)],
        ssr_mode=False,
        pwa=False,
        mcp_server=settings.mcp,  # without the extra gradio[mcp] the page runs on, without MCP
        quiet=True,
        prevent_thread_lock=True,
        app_kwargs={
            "max_body_size": limit,
            "middleware": [
                Middleware(VitalsPaths, vitals=Vitals(studio)),
                Middleware(
                    Guard,
                    upload_limit=limit,
                    scripts=SHARE_SCRIPTS if settings.share else "",
                    files=installable(),
                ),
                door(studio),
                Middleware(KeptPages, head=head()),
                Middleware(OperatorPage, studio=studio),
            ],
        },
    )
    return str(share_url or url)


def door(studio: Studio) -> Middleware:
    """What tells people apart; behind the guard, which bounds what reaches it."""
    secret = read_secret(studio.settings)

    def owner_of(job_id: str) -> str:
        job = studio.job(job_id)
        return job.owner if job else ""

    def link_is_good(link_id: str) -> bool:
        link = studio.guests.find(link_id)
        return link is not None and link.is_good

    return Middleware(
        Door,
        settings=studio.settings,
        secret=secret,
        passes=Passes(studio.settings, secret),
        ownership=Ownership(results_folder().parent, owner_of),
        link_is_good=link_is_good,
    )


def account(request: Request) -> str | None:
    """For Gradio, who asks; the door let nobody in without a name."""
    return from_header(request.headers.get(HEADER.decode())).name or None


def head() -> str:
    """What is put at the top of the page, inline: there is nothing more to fetch."""
    style = (ASSETS / "style.css").read_text(encoding="utf-8")
    script = "".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return (
        '<meta name="color-scheme" content="light dark">'
        '<meta name="theme-color" content="#5b4be0">'
        '<link rel="manifest" href="manifest.json">'
        '<link rel="apple-touch-icon" href="icon-192.png">'
        f"<style>{style}</style><script>{script}</script>"
    )


def installable() -> dict[str, tuple[str, bytes]]:
    """What a browser needs to install the page as an app: path -> content type and bytes.

    Gradio's own would resize the icon for every request, to any size.
    """
    icons = [
        {"src": f"icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png"}
        for size in ICON_SIZES
    ]
    manifest = {
        "name": say("app.title", "en"),
        "start_url": "./",
        "display": "standalone",
        "theme_color": "#5b4be0",
        "background_color": "#f7f7f8",
        "icons": icons,
    }
    drawn = {f"/{i['src']}": ("image/png", (ASSETS / i["src"]).read_bytes()) for i in icons}
    return {"/manifest.json": ("application/manifest+json", json.dumps(manifest).encode()), **drawn}


def _discreet() -> None:
    """Gradio prints errors of its own checks, and in them what a person sent."""
    for module in (queueing, routes, route_utils):
        if hasattr(module, "traceback"):
            module.traceback = SimpleNamespace(print_exc=_log_error)


def _log_error() -> None:
    log.error("Gradio refused a request or failed", exc_info=True)


def _no_other_sites() -> None:
    """On any host but localhost Gradio would allow every site to read answers, with cookies."""
    if hasattr(CustomCORSMiddleware, "is_valid_origin"):
        CustomCORSMiddleware.is_valid_origin = lambda _self, _headers: False
