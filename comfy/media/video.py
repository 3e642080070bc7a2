"""A video as a source: one frame of it as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from comfy.errors import InputError
from comfy.media.files import READING, Limits, check_size, content_name, written_whole
from comfy.media.haar import faces
from comfy.media.sounds import BROKEN, DEMUXERS

SHORT = 12.0  # seconds; a video up to this long is decoded whole to be looked at
LOOKED_AT = 12  # frames among which the sharpest is looked for
LONGEST_SIDE = 8192  # pixels of a frame
SHARPNESS_PIXELS = 512  # the longer side at which sharpness is measured
TILES = 8  # across and down


def sharpest_moment(source: Path, limits: Limits) -> tuple[float, float]:
    """When the sharpest of some frames is shown, and the video's length, in seconds.

    A face that looks at the camera goes before any other frame, and counts alone.
    Raises InputError: file_empty, file_too_large, video_unusable.
    """
    check_size(source, limits)
    try:
        with opened(source) as container:
            length = _seconds(container)
            best, moment = (False, -1.0), 0.0
            for frame in _some_frames(container, length):
                value = _promise(_upright(frame))
                if value > best:
                    best, moment = value, float(frame.time or 0.0)
            if best[1] < 0:
                raise InputError("video_unusable")
            return moment, length
    except BROKEN as exc:
        raise InputError("video_unusable") from exc


def save_frame(source: Path, seconds: float, folder: Path) -> Path:
    """The frame that is shown at this time, upright, as a PNG in `folder`. Raises InputError."""
    target = folder / content_name(source, f"frame-1-{seconds:.2f}", ".png")
    if target.exists():
        return target
    try:
        with opened(source) as container:
            frame = _frame_after(container, seconds, exact=True)
            picture = _upright(frame)
    except BROKEN as exc:
        raise InputError("video_unusable") from exc
    with written_whole(target) as part:
        picture.save(part, "PNG", compress_level=1)
    return target


def _some_frames(container: av.container.InputContainer, length: float) -> Iterator[av.VideoFrame]:
    """Frames spread over a video: any of a short one, which may have but one key frame."""
    times = [float(time) for time in np.linspace(0.04, 0.96, LOOKED_AT) * length]
    if length > SHORT:
        for time in times:
            yield _frame_after(container, time, exact=False)
        return
    for frame in container.decode(container.streams.video[0]):
        if times and (frame.time or 0.0) >= times[0] - 0.001:
            times.pop(0)
            yield frame


def _upright(frame: av.VideoFrame) -> Image.Image:
    picture: Image.Image = frame.to_image()
    return picture.rotate(frame.rotation, expand=True)


def _promise(picture: Image.Image) -> tuple[bool, float]:
    """Whether a face looks out of a frame, and how sharp it, or else the frame, is."""
    found = max(faces(picture), key=lambda box: box.width, default=None)
    if found is None:
        return False, sharpness(picture)
    area = (found.x, found.y, found.x + found.width, found.y + found.height)
    return True, sharpness(picture.crop(area))


def sharpness(picture: Image.Image) -> float:
    """How sharp the sharper parts of a picture are: variance of the Laplacian in 8 x 8 tiles.

    A soft background says nothing about the subject, so the 90th percentile of the tiles counts.
    Values are for 8-bit grey at 512 pixels: above 100 for a sharp photo, below 25 for a blurred
    one.
    """
    small = picture.convert("L")
    small.thumbnail((SHARPNESS_PIXELS, SHARPNESS_PIXELS))
    grey = np.asarray(small, dtype=np.float32)
    edges: npt.NDArray[np.float32] = (
        grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    )
    tiles = [
        float(tile.var())
        for band in np.array_split(edges, TILES)
        for tile in np.array_split(band, TILES, axis=1)
        if tile.size
    ]
    return float(np.percentile(tiles, 90)) if tiles else 0.0


def opened(source: Path) -> av.container.InputContainer:
    """The file as one with a picture of bounded size. Raises InputError, and those of BROKEN."""
    container = av.open(str(source), options=READING)
    if not DEMUXERS & set(container.format.name.split(",")) or not container.streams.video:
        container.close()
        raise InputError("video_unusable")
    stream = container.streams.video[0]
    if max(stream.width, stream.height) > LONGEST_SIDE:
        container.close()
        raise InputError("video_unusable")
    return container


def _seconds(container: av.container.InputContainer) -> float:
    stream = container.streams.video[0]
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    duration: int = container.duration or 0
    return duration / float(av.time_base)


def _frame_after(
    container: av.container.InputContainer, seconds: float, *, exact: bool
) -> av.VideoFrame:
    """The frame at this time; with exact=False the key frame before it, which is much quicker."""
    stream = container.streams.video[0]
    container.seek(int(seconds * av.time_base), backward=True)
    last = None
    for frame in container.decode(stream):
        last = frame
        if not exact or (frame.time or 0.0) >= seconds - 0.001:
            break
    if last is None:
        raise InputError("video_unusable")
    return last
