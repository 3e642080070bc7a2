"""One job on one server: upload, bind, send, follow, fetch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from comfy.client.events import Cached, Event, Executing, Preview, Queued, Started
from comfy.client.events import Progress as Step
from comfy.errors import InputError, OutputMissing, PromptLost, PromptStalled
from comfy.jobs.durable import Closing
from comfy.jobs.fetch import fetch, left_behind, results
from comfy.jobs.fingerprint import fingerprint
from comfy.jobs.job import CANCELLED, COMPLETED, IN_PROGRESS, PENDING, Job, Link
from comfy.jobs.judging import findings
from comfy.jobs.labels import CHANGES, Labels
from comfy.jobs.mending import Mending
from comfy.jobs.patience import Patience
from comfy.jobs.progress import Progress
from comfy.jobs.server import Server
from comfy.jobs.store import Store
from comfy.media.bounded import picture_size, sound_length, video_size
from comfy.media.files import written_whole
from comfy.protocol import FileRef, History
from comfy.workflow.inputs import AUTO
from comfy.workflow.task import Task
from comfy.workflow.variant import Variant

FOLDER = "studio"  # our sub-folder on every server, for uploads and results
MOST_NOTES, LONGEST_NOTE = 50, 300  # lines and characters of what a server told
WRITE_EVERY = 0.2  # seconds between two progress updates of a job


class Run:
    """Drives one prompt. It may have been sent before a crash: then it is only followed."""

    def __init__(
        self,
        store: Store,
        job: Job,
        server: Server,
        task: Task,
        *,
        patience: Patience,
        check: Callable[[], None],
        labels: Labels,
        replica: str,
    ) -> None:
        """`check` is called a few times a second and raises when this run must not go on."""
        self._store, self._job, self._server, self._task = store, job, server, task
        self._client = server.client
        self._patience = patience
        self._check = check
        self._labels = labels
        self._replica = replica
        self._variant = _variant(job, server, task)
        self._progress = Progress(self._variant.nodes)
        self._written = self._previewed = 0.0
        self._node, self._is_news = job.node, False

    def to_the_end(self) -> None:
        """The job has completed in the store, or was cancelled. Raises StudioError, Closing."""
        # It may have been sent before, here or elsewhere: POST must not be repeated blindly.
        if not (self._job.server and self._client.known(self._job.id)):
            if self._adopt_leftovers():
                return
            if self._job.started:  # its server went while it ran: somebody must count that
                raise PromptLost
            if not self._send():
                return
        try:
            history = self._follow()
        except PromptLost:
            if not self._adopt_leftovers():
                raise
            return
        files = history.files(self._variant.output_node)
        self._complete(results(files, self._task.output), history.said)

    def _follow(self) -> History:
        limits = {"patience": self._patience.away, "stall": self._patience.stall}
        events = self._client.follow(self._job.id, stop=self._is_cancelled, **limits)
        try:
            with closing(events):  # or its socket would live as long as an error's traceback
                while True:
                    self._show(next(events))
        except StopIteration as end:
            history: History = end.value
            return history
        except PromptStalled:
            self._client.cancel(self._job.id)  # it will be sent elsewhere
            raise

    def _send(self) -> bool:
        """Where it goes is written down before it goes there. False if it was cancelled."""
        written = self._store.update(
            self._job.id,
            status=PENDING,
            phase="upload",
            place=0,
            variant=self._variant.name,
            quality=self._variant.quality,
            fingerprint=self._fingerprint(),
        )
        if not written:
            return False
        values, seconds = self._values(), self._seconds()
        bound = self._variant.prompt(values, filename_prefix=self._prefix, seconds=seconds)
        self._check()
        if not self._store.update(
            self._job.id, holder=self._replica, phase="queue", server=self._server.name
        ):
            self._is_cancelled()  # or else another replica drives it now
            return False
        self._job = self._job.changed(server=self._server.name)
        extra = {"extra_pnginfo": dict(self._variant.extra_pnginfo)}
        self._client.prompt(
            self._server.in_its_words(bound.nodes, self._variant),
            prompt_id=self._job.id,
            output_node=bound.output_node,
            extra_data=extra if self._variant.extra_pnginfo else None,
        )
        return True

    @property
    def _prefix(self) -> str:
        """Of the result's name: new each time the job is begun anew, past any server's cache."""
        again = f"-{self._job.again}" if self._job.again else ""
        return f"{FOLDER}/{self._job.id}{again}"

    def _adopt_leftovers(self) -> bool:
        """Complete the job with the file that a forgetful server still has."""
        if self._job.server != self._server.name:
            return False
        class_type = self._variant.nodes[self._variant.output_node]["class_type"]
        refs = left_behind(self._client, class_type, self._prefix)
        try:
            self._complete(results(refs, self._task.output))
        except OutputMissing:  # no file, or one that was not finished
            return False
        return True

    def _values(self) -> dict[str, Any]:
        """The job's values as the server wants them: files by their names there."""
        values = {name: self._value(value) for name, value in self._job.values.items()}
        for item in self._task.inputs:
            chosen_here = item.auto_from and values.get(item.name) == AUTO
            if chosen_here and not self._variant.takes_auto(item.name):
                values[item.name] = item.choice_for(*self._shape(item.auto_from))
        return values

    def _seconds(self) -> dict[str, float]:
        """The lengths of the sounds that the graph must know."""
        sounds = ((name, self._job.values.get(name)) for name in self._variant.measured)
        return {name: sound_length(self._local_file(sound)) for name, sound in sounds if sound}

    def _shape(self, name: str) -> tuple[int, int]:
        """Width and height of a picture that was given, or of the video instead of it."""
        if picture := self._job.values.get(name):
            return picture_size(self._local_file(picture))
        for item in self._task.inputs:
            if item.instead_of == name and (video := self._job.values.get(item.name)):
                return video_size(self._local_file(video))
        raise InputError("input_missing", input=name)

    def _value(self, value: Any) -> Any:
        if isinstance(value, Link) and (there := self._already_there(value)):
            return there
        if isinstance(value, Path | Link):
            path = self._local_file(value)
            return self._client.upload(path, name=path.name, subfolder=FOLDER).input_value
        return value

    def _already_there(self, link: Link) -> str:
        """A linked result on this same server is handed over by name: no download, no upload."""
        linked = self._store.get(link.job)
        if linked is None or linked.server != self._server.name:
            return ""
        ref = FileRef(*(linked.outputs[0].ref or ("", "", "")))
        return ref.input_value if ref.filename and self._client.exists(ref) else ""

    def _local_file(self, value: Path | Link) -> Path:
        if isinstance(value, Path):
            return self._store.files.local(value)
        linked = self._store.get(value.job)
        if linked is None or not linked.outputs:
            raise InputError("link_failed", task=linked.task if linked else "")
        return self._store.files.local(linked.outputs[0].path)

    def _fingerprint(self) -> str:
        linked = {link.job: self._store.get(link.job) for link in self._job.links}
        known = {job_id: job.fingerprint for job_id, job in linked.items() if job}
        return fingerprint(self._job.task, self._variant, self._job.values, known)

    def _show(self, event: Event) -> None:
        """Write what happens into the store: turning points now, the rest at most WRITE_EVERY."""
        match event:
            case Queued(place):
                return self._update(phase="queue", place=place)
            case Started():
                return self._update(**self._running())
            case Cached(nodes):
                self._progress.cached(nodes)
            case Executing(node):
                self._progress.executing(node)
                self._node = self._variant.nodes.get(node, {}).get("class_type", "")
            case Step(node, value, maximum):
                self._progress.step(node, value, maximum)
            case Preview(_, image):
                return self._keep_preview(image)
        self._is_news = True
        self._write_news()

    def _write_news(self) -> None:
        """What was left out, if it is not over by now: most nodes are."""
        if self._is_news and time.monotonic() - self._written > WRITE_EVERY:
            self._is_news = False
            self._update(node=self._node, **self._running())

    def _running(self) -> Mapping[str, Any]:
        if not self._job.started:
            self._job = self._job.changed(started=time.time())
        return {
            "status": IN_PROGRESS,
            "phase": "run",
            "place": 0,
            "started": self._job.started,
            "progress": self._progress.fraction,
        }

    def _keep_preview(self, image: bytes) -> None:
        if time.monotonic() - self._previewed < WRITE_EVERY:
            return
        self._previewed = time.monotonic()
        path = self._store.folder / "previews" / f"{self._job.id}.jpg"
        with written_whole(path) as part:
            part.write_bytes(image)
        self._update(preview=path, **self._running())

    def _update(self, **changes: Any) -> None:
        self._written = time.monotonic()
        self._store.update(self._job.id, **changes)

    def _is_cancelled(self) -> bool:
        self._check()
        job = self._store.get(self._job.id)
        if job and not job.finished and job.replica != self._replica:
            raise Closing
        self._write_news()
        return job is None or job.finished

    def _complete(self, refs: Sequence[FileRef], said: Sequence[str] = ()) -> None:
        """Copy the results here, check them, and end the job."""
        self._update(phase="download", progress=0.99)
        name = f"{self._task.name.replace('_', '-')}-{self._job.id[:8]}"
        folder = self._store.folder / "outputs" / self._job.id
        kind = self._task.output
        label = self._labels.of(self._job, kind)
        mend = self._mending()
        outputs = fetch(
            self._client, refs, kind=kind, folder=folder, name=name, label=label, mend=mend
        )
        for output in outputs:
            self._store.files.keep(output.path)
        whole: dict[str, Any] = {"phase": "", "progress": 1.0, "outputs": outputs, "error": {}}
        if self._variant.quality == "preview":  # only our own engine's words are known
            whole["notes"] = [line[:LONGEST_NOTE] for line in said[:MOST_NOTES]]
        elif mend:
            whole["notes"] = mend.notes
        read = self._variant.quality != "preview"  # our engine tells itself what it left
        whole["findings"] = findings(self._store, self._job, self._task, outputs[0], read=read)
        stored = self._store.update(self._job.id, status=COMPLETED, **whole)
        now = None if stored else self._store.get(self._job.id)
        if now and now.status == CANCELLED:
            self._store.files.forget_folder(folder)

    def _mending(self) -> Mending | None:
        """Models move what they should leave alone; our own engine does not."""
        if self._task.name != CHANGES or self._variant.quality == "preview":
            return None
        original = self._job.values.get("image")
        if not isinstance(original, Path | Link):
            return None
        masks = (i.name for i in self._task.inputs if i.kind == "mask")
        mask = next((v for name in masks if (v := self._job.values.get(name))), None)
        return Mending(self._local_file(original), self._local_file(mask) if mask else None)


def _variant(job: Job, server: Server, task: Task) -> Variant:
    """The variant that the prompt was sent with, else what this server would run. PromptLost."""
    sent = next((v for v in task.variants if v.name == job.variant), None)
    if sent and job.server == server.name:
        return sent
    if best := server.variant(task.name, job.wish, task.given(job.values)):
        return best
    raise PromptLost  # it could when the job got this server, and cannot any more
