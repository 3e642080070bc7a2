"""Lines of text in a picture, read by RapidOCR, whose models ship in its wheel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import rapidocr
from omegaconf import flag_override
from onnxruntime import (
    InferenceSession,
    OrtAllocatorType,
    OrtArenaCfg,
    OrtMemoryInfo,
    OrtMemType,
    RunOptions,
    SessionOptions,
    create_and_register_allocator,
)
from rapidocr import RapidOCR
from rapidocr.ch_ppocr_det import TextDetector
from rapidocr.ch_ppocr_det.utils import DetPreProcess
from rapidocr.ch_ppocr_rec.typings import TextRecOutput
from rapidocr.utils.process_img import get_rotate_crop_image

Picture = npt.NDArray[np.uint8]
"""Shape [height, width, 3], RGB."""

_MIN_SIDE = 12  # px; nothing legible fits, and RapidOCR's resizing divides by such sides
_THREADS = 2
_TOGETHER = 6  # lines; more take no less time each, and nobody can stop them meanwhile
_LEAST_SCORE = 0.3
_MOST = 2000  # px RapidOCR makes nothing smaller below
_LOOK = 0.1  # seconds between two looks whether to stop
# One thread, as what `_session` switches on stays switched on for whoever calls.
_THREAD = ThreadPoolExecutor(1, "ocr")

T = TypeVar("T")


class Line(NamedTuple):
    """`corners`: float32 [4, 2], x and y in pixels, clockwise from the start of the line's top
    edge. `score`: the recogniser's confidence 0..1."""

    corners: npt.NDArray[np.float32]
    text: str
    score: float


def read_lines(
    picture: Picture, scale: float, check: Callable[[], None] = lambda: None
) -> list[Line]:
    """All lines RapidOCR sees, also those it only imagines, in a copy made smaller by `scale`.

    Its memory grows with that copy: 440 MB for 1280 pixels on the longer side. `check` may raise
    to stop; what is being read in that moment is read to its end, for nothing.
    """
    height, width = picture.shape[:2]
    if min(height, width) < _MIN_SIDE:
        return []
    small = np.asarray(cv2.cvtColor(reduced(picture, scale), cv2.COLOR_RGB2BGR), np.uint8)
    boxes = _run(check, lambda: _reader()(small, use_cls=False, use_rec=False).boxes)
    if boxes is None:
        return []
    stretch = np.array([width / small.shape[1], height / small.shape[0]], np.float32)
    return [
        Line(np.asarray(corners, np.float32) * stretch, text, score)
        for corners, (text, score) in zip(boxes, _read(small, boxes, check), strict=True)
        if text.strip() and score >= _LEAST_SCORE
    ]


def _read(
    picture: Picture, boxes: Sequence[npt.NDArray[np.float32]], check: Callable[[], None]
) -> list[tuple[str, float]]:
    """What each box says and how sure that is, a few boxes of like length at a time."""
    strips = [get_rotate_crop_image(picture, corners) for corners in boxes]
    order = sorted(range(len(strips)), key=lambda n: strips[n].shape[1] / strips[n].shape[0])
    readings = [("", 0.0)] * len(strips)
    for first in range(0, len(order), _TOGETHER):
        some = order[first : first + _TOGETHER]
        found = _run(check, _recognised, [strips[n] for n in some])
        for n, text, score in zip(some, found.txts, found.scores, strict=True):
            readings[n] = (str(text), float(score))
    return readings


def _recognised(strips: list[npt.NDArray[np.uint8]]) -> TextRecOutput:
    return _reader().recognize_txt(strips)


def _run(check: Callable[[], None], work: Callable[..., T], *given: Any) -> T:
    """Have it done in the thread that reads, and look meanwhile whether to stop."""
    check()
    done = _THREAD.submit(work, *given)
    try:
        while not wait([done], _LOOK).done:
            check()
    finally:
        done.cancel()  # if it has not begun: nobody waits for it any more
    return done.result()


class _Session(InferenceSession):  # type: ignore[misc]  # onnxruntime tells no types
    """Its memory is freed after each run."""

    def run(self, *given: Any, **named: Any) -> Any:
        options = RunOptions()
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        return super().run(*given, **named, run_options=options)


class _Prepared(DetPreProcess):  # type: ignore[misc]  # RapidOCR tells no types
    """What the detector is given, in a tenth of the time: there are but 256 values to compute."""

    def normalize(self, picture: Picture) -> npt.NDArray[np.float32]:
        values = super().normalize(np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(-1, 1, 3))
        return np.asarray(cv2.LUT(picture, values.astype(np.float32)), np.float32)


class _Detector(TextDetector):  # type: ignore[misc]  # RapidOCR tells no types
    def get_preprocess(self) -> DetPreProcess:
        return _Prepared(self.limit_side_len, self.limit_type, self.mean, self.std)


@cache
def _reader() -> RapidOCR:
    reader = RapidOCR(
        params={
            "Global.log_level": "error",
            "Det.limit_type": "max",
            "Det.limit_side_len": _MOST,
            "Det.box_thresh": 0.4,
        }
    )
    _share_memory()
    with flag_override(reader.cfg, "allow_objects", True):
        reader.cfg.Det.session = _session("det")
        reader.cfg.Rec.session = _session("rec")
    reader.text_det = _Detector(reader.cfg.Det)
    return reader


def _share_memory() -> None:
    """Both models take theirs from one place, which uses it again within a run: a first picture is
    read in three quarters of the time, and the peak is lower. A larger step than what is asked for
    would not be given back."""
    kind = OrtMemoryInfo("Cpu", OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, OrtMemType.DEFAULT)
    step = {"arena_extend_strategy": 1, "max_mem": 0}  # 1: as requested; 0: no limit
    step |= {"initial_chunk_size_bytes": -1, "max_dead_bytes_per_chunk": -1}  # -1: the usual
    create_and_register_allocator(kind, OrtArenaCfg(step))


def _session(model: str) -> InferenceSession:
    """One of the wheel's models. These numbers read the same in a third of RapidOCR's own time:
    many of the detector's values are too small to be normal, which a processor is slow with, and
    its threads would burn a core while they wait for each other."""
    options = SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.enable_mem_pattern = False  # a plan for one size, and most pictures have their own
    options.intra_op_num_threads = _THREADS
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    (path,) = (Path(rapidocr.__file__).parent / "models").glob(f"*_{model}_*.onnx")
    return _Session(path, options, providers=["CPUExecutionProvider"])


def reduced(picture: Picture, scale: float) -> Picture:
    """The picture made smaller by `scale` <= 1, with antialiasing."""
    if scale >= 1:
        return picture
    height, width = picture.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
