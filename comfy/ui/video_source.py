"""A video as a source: one of its frames as the picture, its sound as the voice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from comfy.errors import InputError
from comfy.media.bounded import accept_sound, save_frame, sharpest_moment
from comfy.media.files import Limits
from comfy.ui.below import frames_folder, refused
from comfy.ui.language import both, label
from comfy.ui.parts import QUIET, drawn
from comfy.ui.uploads import button_file

Updates = dict[Any, Any]
USES = {
    ("image",): "video.use_image",
    ("audio",): "video.use_audio",
    ("audio", "image"): "video.use_both",
}


class VideoSource:
    """A button that takes a video apart for the fields of a tab, and a slider for the moment."""

    def __init__(self, tab: str, limits: Limits, kinds: set[str]) -> None:
        """`kinds` is what the tab takes out of it: "image", "audio" or both."""
        self._limits = limits
        self._picture: Any = None
        self._sound: Any = None
        self.button = gr.UploadButton(
            label(USES[tuple(sorted(kinds))]),
            file_types=["video"],
            size="sm",
            elem_id=f"video-{tab}",
            elem_classes="small-button",
        )
        self.slider = gr.Slider(
            0, 1, 0, step=0.04, label=label("video.frame"), visible=False, elem_id=f"moment-{tab}"
        )
        self.note = drawn("hint", [], elem_id=f"video-note-{tab}")

    def fill(self, picture: Any | None, sound: Any | None) -> None:
        """Which fields get the frame and the sound; None where the tab has no such field."""
        self._picture, self._sound = picture, sound
        targets = [field for field in (picture, sound) if field is not None]
        self.button.upload(
            self.take_apart,
            self.button,
            [self.slider, self.note, *targets],
            preprocess=False,
            **QUIET,
        )
        if picture is not None:
            self.slider.release(
                self.another,
                [self.button, self.slider],
                [self.note, picture],
                preprocess=False,
                **QUIET,
            )

    def take_apart(self, value: Any, request: gr.Request) -> Updates:
        """Put the sharpest frame and the sound into the fields."""
        try:
            source = button_file(value)
            updates: Updates = {self.note: []}
            if self._picture is not None:
                moment, length = sharpest_moment(source, self._limits)
                updates[self._picture] = str(save_frame(source, moment, frames_folder(request)))
                updates[self.slider] = gr.update(
                    maximum=round(length, 1), value=round(moment, 2), visible=True
                )
                updates[self.note] = [both("video.taken")]
            if self._sound is not None:
                updates |= self._sound_of(source, updates[self.note], request)
        except InputError as error:
            return {self.note: [refused(error)]}
        return updates

    def _sound_of(self, source: Path, notes: list[Any], request: gr.Request) -> Updates:
        """A video without sound is no mistake where its picture is wanted, too."""
        try:
            sound = accept_sound(source, frames_folder(request), self._limits)
        except InputError as error:
            if self._picture is None:
                raise
            return {self.note: [*notes, refused(error)]}
        return {self._sound: str(sound), self.note: [*notes, both("video.taken_sound")]}

    def another(self, value: Any, seconds: float, request: gr.Request) -> Updates:
        """Put the frame of another moment into the picture field."""
        try:
            frame = save_frame(button_file(value), max(0.0, float(seconds)), frames_folder(request))
        except InputError as error:
            return {self.note: [refused(error)]}
        return {self.note: [], self._picture: str(frame)}
