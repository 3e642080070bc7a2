"""The chain tab's section "many at once": files or a table in, one chain each, one zip out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from comfy.errors import InputError, StudioError
from comfy.jobs.batch import ROWS, Row, progress
from comfy.jobs.job import CANCELLED, COMPLETED, FAILED, Job
from comfy.jobs.pipeline import INPUTS as CHAIN_INPUTS
from comfy.jobs.studio import Studio
from comfy.ui.access import person, who
from comfy.ui.batch_rows import read_rows
from comfy.ui.language import both, error_both, error_of, label, language_of
from comfy.ui.parts import QUIET, drawn
from comfy.ui.recipe import CONSENT, PIPELINE, Recipe
from comfy.ui.results import result_file
from comfy.ui.uploads import uploaded
from comfy.ui.variant_choice import KIND, take_wishes
from comfy.ui.watch import watch_jobs
from comfy.workflow.inputs import FILE_KINDS

# Its events: `follow` while it runs, `start`, `retry`, `stop`.
SCRIPT = """
const events = ['follow', 'start', 'retry', 'stop'];
const ask = () => { if (props.value && props.value.follow) trigger('follow', {}); };
watch('value', ask);
ask();
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-many]');
  if (button) trigger(button.dataset.many, {});
});
"""
WORDS = ("start", "retry", "stop", "hint")
KINDS = ["image", "audio", "video", ".txt", ".md", ".csv", ".tsv"]
Value = dict[str, Any]


class Many:
    """The files, the list of rows, and the zip."""

    def __init__(self, studio: Studio, recipe: Recipe) -> None:
        self._studio = studio
        self._recipe = recipe
        names = {name for names in CHAIN_INPUTS.values() for name in names}
        self._inputs = [i for i in recipe.inputs if i.name in names or i.kind == KIND]
        with gr.Accordion(
            label("page.many"), open=False, elem_classes="advanced", elem_id="many"
        ) as self.section:
            self.files = gr.File(
                file_count="multiple",
                file_types=KINDS,
                label=label("page.many_files"),
                height=120,
                elem_classes="files-in",
                elem_id="many-files",
            )
            self.list = drawn("many", many_value(studio, None), script=SCRIPT, elem_id="many-list")
            self.zip = gr.DownloadButton(label("page.many_zip"), visible=False, elem_id="many-zip")

    @property
    def shown(self) -> list[Any]:
        """The components that `restore` fills."""
        return [self.section, self.list, self.zip]

    def wire(self, owner: Any, fields: Mapping[str, Any]) -> None:
        """Connect it; `fields` are those of the chain's form, for what the rows do not say."""
        used = [fields[item.name] for item in self._inputs]
        self.list.start(
            self.start,
            [owner, self.files, fields[CONSENT], *used],
            self.list,
            preprocess=False,
            **QUIET,
        )
        self.list.retry(self.retry, owner, self.list, **QUIET)
        self.list.stop(self.stop, owner, None, **QUIET)
        self.list.follow(self.watch, owner, self.list, trigger_mode="multiple", **QUIET).then(
            self.restore, owner, self.shown, **QUIET
        )

    # ------------------------------------------------------------------ handlers

    def start(
        self, request: gr.Request, owner: str, files: Any, consent: Any, *values: Any
    ) -> Value:
        try:
            given = self._given(values)
            paths = [path for file in files or () if (path := uploaded(file))]
            wishes = take_wishes(given, list(CHAIN_INPUTS))
            rows = read_rows(paths, [i for i in self._inputs if i.kind != KIND], given)
            asker, said = who(request, owner), consent is True
            batch = self._studio.batches.submit(rows, **asker, consent=said, wishes=wishes)
        except StudioError as error:
            return many_value(self._studio, None) | {"error": error_both(error.code, error.details)}
        return many_value(self._studio, batch, follow=True)

    def retry(self, owner: str, request: gr.Request) -> Any:
        batch = self._newest(owner, request)
        asker = who(request, owner)
        try:
            again = self._studio.batches.retry(batch.id, **asker) if batch else None
        except StudioError as error:
            told = {"error": error_both(error.code, error.details)}
            return many_value(self._studio, batch) | told
        return many_value(self._studio, again, follow=True) if again else gr.skip()

    def stop(self, owner: str, request: gr.Request) -> None:
        if batch := self._newest(owner, request):
            self._studio.cancel(batch.id)

    def watch(self, owner: str, request: gr.Request) -> Iterator[Value]:
        """Keep the list up to date until all have ended."""
        batch = self._newest(owner, request)
        for jobs in watch_jobs(self._studio, [batch.id] if batch else []):
            yield many_value(self._studio, jobs[0])

    def restore(self, owner: str, request: gr.Request) -> list[Any]:
        """The section as it is for this person's newest batch."""
        batch = self._newest(owner, request)
        if batch is None:
            return [gr.skip(), gr.skip(), gr.skip()]
        path = result_file(batch, language_of(request))
        return [
            gr.Accordion(open=True),
            many_value(self._studio, batch, follow=not batch.finished),
            gr.update(value=path and str(path), visible=path is not None),
        ]

    def _newest(self, owner: str, request: gr.Request) -> Job | None:
        return self._studio.batches.newest(person(request, owner))

    def _given(self, values: Sequence[Any]) -> dict[str, Any]:
        """The form's values that can be used; a row may bring its own for the others."""
        given = {}
        for item, value in zip(self._inputs, values, strict=True):
            try:
                given[item.name] = uploaded(value) if item.kind in FILE_KINDS else value
            except InputError:
                continue
        return given


def create_many(studio: Studio, recipe: Recipe) -> Many | None:
    """For the tab of the chain; None for the others."""
    return Many(studio, recipe) if recipe.name == PIPELINE else None


def many_value(studio: Studio, batch: Job | None, *, follow: bool = False) -> Value:
    """The rows of a batch, drawn by assets/parts.js."""
    rows = [_row(studio, row) for row in batch.values[ROWS]] if batch else []
    value: Value = {
        "rows": rows,
        "running": bool(batch and not batch.finished),
        "percent": int(100 * batch.progress) if batch else 0,
        "failed": bool(batch and batch.finished and any(row["again"] for row in rows)),
        "follow": batch.version + 1 if batch and follow else 0,
        "words": {word: both(f"many.{word}") for word in WORDS},
    }
    if batch:
        counts = {
            "done": sum(row["state"] == "done" for row in rows),
            "wrong": sum(row["state"] == "stopped" for row in rows),
            "all": len(rows),
        }
        value["summary"] = both("many.summary", **counts)
    return value


def _row(studio: Studio, row: Row) -> Value:
    chain = studio.batches.chain(row)
    shown: Value = {"name": row["name"], "state": "new", "again": False, "percent": 0}
    if error := row.get("error"):
        return shown | {"state": "stopped", "error": error_both(error["code"], error["details"])}
    if studio.batches.failed(row):
        wrong = next((job for job in chain if job.status == FAILED and job.error), None)
        if wrong:
            shown["error"] = error_of(wrong)
        elif any(job.status == CANCELLED for job in chain):
            shown["error"] = both("status.cancelled")
        return shown | {"state": "stopped", "again": True}
    if chain and all(job.status == COMPLETED for job in chain):
        return shown | {"state": "done", "job": chain[-1].id}
    return shown | {"state": "now" if chain else "new", "percent": int(100 * progress(chain))}
