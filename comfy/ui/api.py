"""The named endpoints for scripts, apart from the page: see `view_api` of gradio_client."""

# No `from __future__ import annotations` here: Gradio reads the return types as they stand.

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from comfy.errors import InputError, StudioError
from comfy.jobs.job import Job
from comfy.jobs.studio import Studio
from comfy.ui.access import known_jobs, visitor
from comfy.ui.answers import JobState, file_data, refusal_of, state_of
from comfy.ui.language import language_of
from comfy.ui.results import result_file
from comfy.ui.uploads import uploaded
from comfy.ui.variant_choice import wishes_by_task
from comfy.ui.watch import watch_jobs
from comfy.workflow.inputs import FILE_KINDS

Values = Mapping[str, Any]


def create_api(studio: Studio) -> None:
    """Add the endpoints to the Blocks that is being built."""
    api = Api(studio)
    starters = (api.image_cleanup, api.voice_clone, api.talking_head, api.pipeline)
    for endpoint in (*starters, api.job, api.cancel):
        gr.api(endpoint, api_name=endpoint.__name__, concurrency_limit=None)


class Api:
    """Each endpoint that starts something answers with its result files and its job.

    With `wait=False` it answers at once: no files yet, and a job to ask for with `job`. What a
    person did wrong is raised as gr.Error; a job that fails later says so in its `error`.
    """

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        inputs = [item for task in studio.tasks.values() for item in task.inputs]
        self._files = {item.name for item in inputs if item.kind in FILE_KINDS}

    def image_cleanup(
        self,
        request: gr.Request,
        image: FileData,
        instruction: str = "",
        seed: int = 0,
        wait: bool = True,
        variant: str = "",
        mask: FileData | None = None,
    ) -> tuple[FileData | None, dict]:  # type: ignore[type-arg]  # Gradio knows only plain dict
        """Remove subtitles, watermarks and other text from a picture.

        Args:
            image: the picture, e.g. handle_file("photo.jpg")
            instruction: what should go, in Chinese or English; empty: subtitles and watermarks
            seed: the same seed gives the same result
            wait: answer when it is finished; False: at once
            variant: which of the possible ones, e.g. "qwen-image-edit-2511"; empty: the best
            mask: a picture that is white where something goes; nothing else changes then

        Returns:
            The clean picture, and the job.
        """
        values = {"image": image, "mask": mask, "instruction": instruction, "seed": seed}
        files, job = self._run(request, "image_cleanup", values, wait, wish=variant)
        return files[-1], job

    def voice_clone(
        self,
        request: gr.Request,
        reference_audio: FileData,
        text: str,
        emotion: str = "neutral",
        seed: int = 0,
        wait: bool = True,
        consent: bool = False,
        variant: str = "",
        emotion_strength: float = 0.65,
        emotion_audio: FileData | None = None,
        emotion_text: str = "",
        second_voice: FileData | None = None,
    ) -> tuple[FileData | None, dict]:  # type: ignore[type-arg]
        """Say a text with the voice of a recording.

        Args:
            reference_audio: a few seconds of the voice, e.g. handle_file("voice.mp3")
            text: the words to say
            emotion: neutral, happy, angry, sad, afraid, disgusted, melancholic, surprised, calm
            seed: the same seed gives the same result
            wait: answer when it is finished; False: at once
            consent: True: you may use this voice and this face; asked once for each file
            variant: which of the possible ones, e.g. "indextts25"; empty: the best
            emotion_strength: 0 to 1
            emotion_audio: a recording of the mood, instead of `emotion`, where a server can
            emotion_text: words for the mood, instead of `emotion`, where a server can
            second_voice: who says what follows [S2] in the text, where a server can

        Returns:
            The speech, and the job.
        """
        values = {
            "reference_audio": reference_audio,
            "text": text,
            "emotion": emotion,
            "emotion_strength": emotion_strength,
            "emotion_audio": emotion_audio,
            "emotion_text": emotion_text,
            "second_voice": second_voice,
            "seed": seed,
        }
        files, job = self._run(request, "voice_clone", values, wait, consent, variant)
        return files[-1], job

    def talking_head(
        self,
        request: gr.Request,
        image: FileData | None,
        audio: FileData,
        prompt: str = "",
        size: str = "auto",
        seed: int = 0,
        wait: bool = True,
        consent: bool = False,
        variant: str = "",
        video: FileData | None = None,
        second_audio: FileData | None = None,
        face: str | None = None,
    ) -> tuple[FileData | None, dict]:  # type: ignore[type-arg]
        """Make the person in a picture speak a recording.

        Args:
            image: a picture with a face
            audio: the speech
            prompt: a description of the scene; empty: a person talks to the camera
            size: "auto" for the shape of the picture, or e.g. "832x480"
            seed: the same seed gives the same result
            wait: answer when it is finished; False: at once
            consent: True: you may use this voice and this face; asked once for each file
            variant: which of the possible ones, e.g. "infinitetalk"; empty: the best
            video: the person on film, instead of `image` (None then), where a server can
            second_audio: what a second person, on the right, says after, where a server can
            face: of several in the picture "left", "middle" or "right", where a server can

        Returns:
            The video, and the job.
        """
        values = {
            "image": image,
            "audio": audio,
            "prompt": prompt,
            "size": size,
            "seed": seed,
            "video": video,
            "second_audio": second_audio,
            "face": face,
        }
        files, job = self._run(request, "talking_head", values, wait, consent, variant)
        return files[-1], job

    def pipeline(
        self,
        request: gr.Request,
        image: FileData,
        reference_audio: FileData,
        text: str,
        instruction: str = "",
        emotion: str = "neutral",
        prompt: str = "",
        size: str = "auto",
        seed: int = 0,
        wait: bool = True,
        consent: bool = False,
        variants: dict | None = None,  # type: ignore[type-arg]
        emotion_strength: float = 0.65,
    ) -> tuple[FileData | None, FileData | None, FileData | None, dict]:  # type: ignore[type-arg]
        """Clean the picture, clone the voice, and make the picture speak the text with it.

        Args:
            image: a picture with a face, perhaps with subtitles on it
            reference_audio: a few seconds of the voice
            text: the words to say
            instruction: what should go from the picture; empty: subtitles and watermarks
            emotion: neutral, happy, angry, sad, afraid, disgusted, melancholic, surprised, calm
            prompt: a description of the scene; empty: a person talks to the camera
            size: "auto" for the shape of the picture, or e.g. "832x480"
            seed: the same seed gives the same result
            wait: answer when all is finished; False: at once
            consent: True: you may use this voice and this face; asked once for each file
            variants: which of the possible ones by task, e.g. {"voice_clone": "indextts25"}
            emotion_strength: 0 to 1

        Returns:
            The video, the clean picture, the speech, and the job of the video with its `steps`.
        """
        values = {
            "image": image,
            "reference_audio": reference_audio,
            "text": text,
            "instruction": instruction,
            "emotion": emotion,
            "emotion_strength": emotion_strength,
            "prompt": prompt,
            "size": size,
            "seed": seed,
        }
        (picture, speech, video), job = self._run(request, "", values, wait, consent, variants)
        return video, picture, speech, job

    def job(self, request: gr.Request, job_id: str) -> tuple[list[FileData], dict]:  # type: ignore[type-arg]
        """How a job is doing.

        Args:
            job_id: the `id` in the answer of an endpoint that starts something

        Returns:
            Its result files, and the job: status, progress, what is wrong.
        """
        found = self._known(request, job_id)
        language = language_of(request)
        path = result_file(found, language)
        return [file_data(path)] if path else [], state_of([found], language)

    def cancel(self, request: gr.Request, job_id: str) -> dict:  # type: ignore[type-arg]
        """Cancel a job and the unfinished ones that only it needs.

        Args:
            job_id: the `id` in the answer of an endpoint that starts something

        Returns:
            The job as it is now; one that had finished before stays finished.
        """
        known = self._known(request, job_id)
        found = self.studio.cancel(job_id) or known
        return state_of([found], language_of(request))

    def _known(self, request: gr.Request, job_id: str) -> Job:
        """The job, if this visitor may see it."""
        for job in known_jobs(self.studio, [job_id], request):
            return job
        raise refusal_of(InputError("job_unknown"), request)

    def _run(
        self,
        request: gr.Request,
        task: str,
        given: Values,
        wait: bool,
        consent: bool = False,
        wish: object = "",
    ) -> tuple[list[FileData | None], JobState]:
        """Start one task, or with task="" the chain, and perhaps wait for the end."""
        language = language_of(request)
        jobs = self._submit(request, task, given, consent is True, wish)
        if wait:
            for _ in watch_jobs(self.studio, [job.id for job in jobs], shown=len(jobs)):
                pass
            jobs = [self.studio.job(job.id) or job for job in jobs]
        paths = [result_file(job, language) for job in jobs]
        return [file_data(path) if path else None for path in paths], state_of(jobs, language)

    def _submit(
        self, request: gr.Request, task: str, given: Values, consent: bool, wish: object
    ) -> Sequence[Job]:
        origin = visitor(request).origin
        asker: dict[str, Any] = {"owner": request.username or f"api:{origin}", "origin": origin}
        try:
            values = {
                name: uploaded(value) if name in self._files else value
                for name, value in given.items()
                if value not in ("", None)
            }
            if task:
                return [self.studio.submit(task, values, **asker, consent=consent, wish=wish)]
            wishes = wishes_by_task(wish)
            return self.studio.submit_pipeline(values, **asker, consent=consent, wishes=wishes)
        except StudioError as error:
            raise refusal_of(error, request) from error
