"""Pictures in and out: LoadImage, LoadImageMask, SaveImage, PreviewImage, as in ComfyUI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, ImageSequence

from comfy.engine.folders import Folders, SavePlace
from comfy.engine.node import ImageBatch, Input, Node, NodeError, Result, Run
from comfy.engine.nodes.files import (
    HIDDEN,
    PREFIX,
    WatchedReader,
    WatchedWriter,
    file_digest,
    find_file,
    list_files,
    place_for,
    temp_prefix,
)

Check = Callable[[], None]

MAX_PIXELS = 2**27  # of all frames together
CHANNELS = ("alpha", "red", "green", "blue")
NO_MASK = 64  # side of the empty mask of a picture without alpha


def load_frames(path: Path, check: Check) -> tuple[ImageBatch, npt.NDArray[np.float32]]:
    """Read all frames that have the first one's size: RGB [n, h, w, 3] and masks [n, h, w].

    The EXIF orientation is applied. A mask is 1 where the picture is transparent; without alpha it
    is 64 by 64 and empty. `check` may raise to stop. Raises PIL.UnidentifiedImageError, OSError,
    NodeError.
    """
    frames: list[npt.NDArray[np.uint8]] = []
    masks: list[npt.NDArray[np.float32]] = []
    with WatchedReader(path, check) as file, Image.open(file) as picture:
        for frame in _frames(picture):
            pixels = np.asarray(frame if frame.mode == "RGB" else frame.convert("RGB"))
            if frames and pixels.shape != frames[0].shape:
                continue
            frames.append(pixels)
            masks.append(_mask(frame))
            if len(frames) * frame.width * frame.height > MAX_PIXELS:
                raise NodeError("image_too_large", "all frames together have too many pixels")
    if len(frames) == 1:  # a view: a large photo is not copied once more
        return frames[0][None], masks[0][None]
    return np.stack(frames), np.stack(masks)


def _frames(picture: Image.Image) -> Iterator[Image.Image]:
    if picture.width * picture.height > MAX_PIXELS:
        raise NodeError("image_too_large", "the picture has too many pixels")
    for frame in ImageSequence.Iterator(picture):
        upright = frame
        if frame.getexif().get(ExifTags.Base.Orientation, 1) != 1:  # else it would be a mere copy
            upright = ImageOps.exif_transpose(frame)
        if upright.mode.startswith("I"):  # 16 bits a channel: Pillow would clip, not scale
            yield Image.fromarray((np.asarray(upright) >> 8).clip(0, 255).astype(np.uint8))
        else:
            yield upright
        if picture.format == "MPO":
            return  # a camera's second picture is not an animation


def _mask(frame: Image.Image) -> npt.NDArray[np.float32]:
    if not frame.has_transparency_data:
        return np.zeros((NO_MASK, NO_MASK), np.float32)
    clear = frame if frame.mode in ("RGBA", "LA") else frame.convert("RGBA")
    shares = 1 - np.arange(256, dtype=np.float32) / np.float32(255)
    return np.asarray(shares[np.asarray(clear.getchannel("A"))], np.float32)


def load_channel(path: Path, channel: str, check: Check) -> npt.NDArray[np.float32]:
    """One channel of the first frame as a mask [1, h, w], 0..1; "alpha" is 1 where it is clear.

    `check` may raise to stop. Raises PIL.UnidentifiedImageError, OSError, NodeError.
    """
    with WatchedReader(path, check) as file, Image.open(file) as picture:
        values = next(_frames(picture)).convert("RGBA").getchannel(channel[0].upper())
    mask = np.asarray(values, np.float32)[None] / np.float32(255)
    return 1 - mask if channel == "alpha" else mask


def _load_image(run: Run, image: str) -> Result:
    return Result(load_frames(find_file(run, image), run.check))


def _load_mask(run: Run, image: str, channel: str) -> Result:
    return Result((load_channel(find_file(run, image), channel, run.check),))


def _check_image(folders: Folders, image: str) -> str:
    return "" if folders.find(image) else f"Invalid image file: {image}"


def _save(run: Run, images: ImageBatch, place: SavePlace, type_: str) -> Result:
    saved = []
    for offset, pixels in enumerate(images):
        run.check()
        numbered = place._replace(
            stem=place.stem.replace("%batch_num%", str(offset)), counter=place.counter + offset
        )
        name = numbered.name("png")
        with WatchedWriter(place.folder / name, run.check) as file:
            Image.fromarray(pixels).save(file, "PNG", compress_level=4)
        saved.append({"filename": name, "subfolder": place.subfolder, "type": type_})
    return Result(ui={"images": saved})


def _save_image(run: Run, images: ImageBatch, filename_prefix: str = "ComfyUI") -> Result:
    height, width = images.shape[1:3]
    place = place_for(run.output_folder, filename_prefix, width, height)
    return _save(run, images, place, "output")


def _preview_image(run: Run, images: ImageBatch) -> Result:
    return _save(run, images, place_for(run.temp_folder, temp_prefix()), "temp")


SAVES = "Saves the input images to your ComfyUI output directory."

NODES: list[Node] = [
    Node(
        class_type="LoadImage",
        display_name="Load Image",
        category="image",
        inputs={"image": Input("COMBO", options={"image_upload": True})},
        outputs=("IMAGE", "MASK"),
        run=_load_image,
        choices={"image": lambda folder: list_files(folder, "image")},
        fingerprint=lambda run, image: file_digest(run, image),
        validate=_check_image,
        python_module="nodes",
        classic=True,
    ),
    Node(
        class_type="LoadImageMask",
        display_name="Load Image (as Mask)",
        category="mask",
        inputs={
            "image": Input("COMBO", options={"image_upload": True}),
            "channel": Input("COMBO", options={"options": list(CHANNELS)}),
        },
        outputs=("MASK",),
        run=_load_mask,
        choices={"image": lambda folder: list_files(folder, "image")},
        fingerprint=lambda run, image, channel: file_digest(run, image),
        validate=_check_image,
        python_module="nodes",
        classic=True,
    ),
    Node(
        class_type="SaveImage",
        display_name="Save Image",
        category="image",
        description=SAVES,
        inputs={
            "images": Input("IMAGE", options={"tooltip": "The images to save."}),
            "filename_prefix": PREFIX,
        },
        outputs=(),
        run=_save_image,
        output_node=True,
        python_module="nodes",
        hidden=HIDDEN,
        classic=True,
    ),
    Node(
        class_type="PreviewImage",
        display_name="Preview Image",
        category="image",
        description=SAVES,
        inputs={"images": Input("IMAGE")},
        outputs=(),
        run=_preview_image,
        output_node=True,
        python_module="nodes",
        hidden=HIDDEN,
        classic=True,
    ),
]
