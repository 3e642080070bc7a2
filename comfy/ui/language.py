"""Which language a visitor reads, and the page's sentences in all languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from comfy.jobs.job import Job
from comfy.text import LANGUAGES, explain, has, pick_language, say, texts

Both = Mapping[str, str]
"""One sentence in every language: {"zh": ..., "en": ...}. The browser shows the right one."""

COOKIE = "lang"  # set by assets/page.js when somebody picks a language

# Tables whose sentences go into labels of Gradio's own components.
TRANSLATED = (
    "task",
    "input",
    "info",
    "placeholder",
    "choice",
    "none",
    "run",
    "result",
    "next",
    "page",
    "variant",
    "video",
    "guests",
)

_catalog: dict[str, dict[str, str]] = {
    language: {key: entry[language] for key, entry in texts().items() if key.startswith(TRANSLATED)}
    for language in LANGUAGES
}

translations = gr.I18n(en=_catalog["en"], **{"zh-CN": _catalog["zh"], "zh-TW": _catalog["zh"]})


def label(key: str, fallback: str = "") -> str:
    """A label that the browser translates; without such a text, that of `fallback` or the key."""
    if not has(key):
        return label(fallback) if fallback else key.rpartition(".")[2]
    translated: str = translations(key)
    return translated


def both(key: str, **details: object) -> Both:
    """The sentence in all languages, for parts of the page that the browser draws."""
    return {language: say(key, language, **details) for language in LANGUAGES}


def either(key: str, fallback: str) -> str:
    """The first of two keys that has a text."""
    return key if has(key) else fallback


def error_both(code: str, details: Mapping[str, Any]) -> Both:
    """What to tell a person about an error, in all languages."""
    return {language: explain(code, language, details) for language in LANGUAGES}


def error_of(job: Job) -> Both:
    """What to tell a person about the end of a job; some sentences name the job."""
    details = {**(job.error.get("details") or {}), "job": job.id[:8]}
    return error_both(str(job.error.get("code", "")), details)


def language_of(request: gr.Request | None) -> str:
    """The visitor's language: what they picked, else what their browser asks for."""
    if request is None:
        return "en"
    picked = request.cookies.get(COOKIE) or request.headers.get("accept-language", "")
    return pick_language(picked)
