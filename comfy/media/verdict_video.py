"""What is wrong with a talking video: its length, its sound, its picture, its lips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from comfy.media.film import Film, Floats, read_film
from comfy.media.verdict_sound import A_SECOND, Finding, active
from comfy.media.waves import Wave, levels, read_wave

RATE = 16_000  # Hz
BEYOND = 0.03  # seconds beyond a frame that picture and sound may differ
ENDS = 0.2  # seconds of speech at the end that may be missing
FROZEN, STOPPED = 0.35, 0.6  # seconds of speech without any movement, without moving lips
STILL = 0.02  # levels: what an encoder leaves of a frame that was shown before
STILL_LIPS = 0.15  # of how much they usually move
AWHILE = 0.4  # seconds in which half of the frames must move for a word
BLACK, NOT_BLACK = 20.0, 36.0  # of 8-bit video, where 16 is black
DRIFT_LIGHT, DRIFT_COLOUR = 7.0, 4.0  # levels from the first second to the last
LONGEST_LAG = 0.6  # seconds
LAG = 0.1  # seconds by which lips and sound may be apart: more is seen
FOLLOWS, HARDLY = 0.5, 0.3  # correlation of opening and loudness
SURER = 0.12  # of that correlation: how much better a lag must be than none
FEWEST = 3.0  # seconds of speech for a word about the lips
LIPS = (16, 10)  # pixels
POWERS = 40


def video_findings(
    path: Path,
    *,
    sound: Path | None = None,
    size: tuple[int, int] | None = None,
    moves: bool = False,
    face: str = "",
) -> list[Finding]:
    """Of a video in which somebody says what `sound` holds, in `size` pixels if those were asked
    for; `moves`: it was made from a video, in which light and colours may change; `face`: which
    of several speaks, see `read_film`.

    Raises what PyAV raises: see comfy.media.sounds.BROKEN.
    """
    film = read_film(path, face)
    heard = read_wave(path, RATE)
    given = read_wave(sound, RATE) if sound else heard
    found = _sound(film, heard, given)
    found += _picture(film, size, moves)
    spoken = _by_frame(active(given, RATE), film)
    stopped = _frozen(film, spoken)
    return found + (stopped or _lips(film, heard if len(heard) else given, spoken))


def _sound(film: Film, heard: Wave, given: Wave) -> list[Finding]:
    """Whether the whole sound is in it, and as long as the picture."""
    if not len(heard):
        return [("no_sound", {})]
    found: list[Finding] = []
    seconds = len(given) / RATE
    off = film.seconds - seconds
    if abs(off) > 1 / film.rate + BEYOND:
        about = {"seconds": f"{abs(off):.2f}", "length": f"{seconds:.1f}"}
        found.append(("too_long" if off > 0 else "too_short", about))
    ends = [_last(active(wave, RATE)) for wave in (heard, given)]
    if ends[1] - ends[0] > ENDS:
        found.append(("sound_ends", {"seconds": f"{ends[1] - ends[0]:.1f}", "at": _clock(ends[0])}))
    return found


def _last(spoken: Floats) -> float:
    """When the last word ends, in seconds."""
    there = np.flatnonzero(spoken)
    return float(there[-1] + 1) / A_SECOND if len(there) else 0.0


def _picture(film: Film, size: tuple[int, int] | None, moves: bool) -> list[Finding]:
    found: list[Finding] = []
    if size and film.size != size:
        found.append(("size", {"is": _times(film.size), "asked": _times(size)}))
    luma = film.light[:, 0]
    black = (luma < BLACK) & (np.median(luma) > NOT_BLACK)
    if black.any():
        at = float(np.flatnonzero(black)[0] / film.rate)
        found.append(("black", {"frames": int(black.sum()), "at": _clock(at)}))
    return found if moves else found + _drift(film, film.light[~black])


def _drift(film: Film, seen: Floats) -> list[Finding]:
    """What changes slowly from the first second to the last."""
    ends = max(1, min(round(film.rate), len(seen) // 4))
    off = np.median(seen[-ends:], axis=0) - np.median(seen[:ends], axis=0)
    if abs(off[0]) > DRIFT_LIGHT:
        percent = f"{100 * abs(off[0]) / 219:.0f}"
        return [("darker" if off[0] < 0 else "lighter", {"percent": percent})]
    if np.abs(off[1:]).max() > DRIFT_COLOUR:
        return [("colours", {"levels": f"{np.abs(off[1:]).max():.0f}"})]
    return []


def _by_frame(spoken: Floats, film: Film) -> npt.NDArray[np.bool_]:
    """Whether something is said while a frame is shown."""
    times = (np.arange(len(film.light)) + 0.5) / film.rate * A_SECOND
    return (
        np.interp(times, np.arange(len(spoken)) + 0.5, spoken, right=0.0) > 0.5
        if len(spoken)
        else np.zeros(len(times), bool)
    )


def _frozen(film: Film, spoken: npt.NDArray[np.bool_]) -> list[Finding]:
    """A picture that stands still at the end while somebody speaks."""
    moving = np.flatnonzero(film.moved > STILL)
    first = int(moving[-1]) + 1 if len(moving) else 0
    seconds = float(spoken[first:].sum()) / film.rate
    if seconds < FROZEN:
        return []
    return [("frozen", {"at": _clock(first / film.rate), "seconds": f"{seconds:.1f}"})]


def _lips(film: Film, heard: Wave, spoken: npt.NDArray[np.bool_]) -> list[Finding]:
    """How well the lips follow the sound."""
    if film.mouth is None:
        return [("no_face", {})]
    if spoken.sum() / film.rate < FEWEST:
        return []
    if stopped := _stopped(film, spoken):
        return stopped
    small = [cv2.resize(mouth, LIPS, interpolation=cv2.INTER_AREA) for mouth in film.mouth]
    mouths = np.stack(small).reshape(len(small), -1).astype(np.float64)
    lag, best, without = _fit(_opening(mouths), _loudness(heard, film), film.rate)
    seconds = lag / film.rate
    if best >= FOLLOWS and abs(seconds) > LAG and best > without + SURER:
        return [("lips_late" if lag > 0 else "lips_early", {"seconds": f"{abs(seconds):.2f}"})]
    if without < HARDLY:
        return [("lips_off", {"match": f"{without:.2f}"})]
    return []


def _stopped(film: Film, spoken: npt.NDArray[np.bool_]) -> list[Finding]:
    """Lips that stand still from some moment on, though more is said."""
    around = max(1, round(film.rate * AWHILE / 2))
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(film.talked, around, "edge"), 2 * around + 1
    )
    moved = np.median(windows, axis=1)  # a face that moves on by a pixel is no word
    moving = np.flatnonzero(moved > STILL_LIPS * np.percentile(moved, 90))
    first = int(moving[-1]) + 1 if len(moving) else 0
    seconds = float(spoken[first:].sum()) / film.rate
    if seconds < STOPPED:
        return []
    return [("lips_stop", {"at": _clock(first / film.rate), "seconds": f"{seconds:.1f}"})]


def _opening(mouths: Floats) -> Floats:
    """The way in which the mouths of a film differ most: that they open. Its sign is unknown."""
    off = mouths - mouths.mean(axis=0)
    axis = off[np.abs(off).sum(axis=1).argmax()]
    for _ in range(POWERS):  # the first principal component by power iteration
        axis = off.T @ (off @ axis)
        axis = axis / max(float(np.linalg.norm(axis)), 1e-9)
    return np.asarray(off @ axis, np.float64)


def _loudness(heard: Wave, film: Film) -> Floats:
    loud = np.sqrt(_smooth(levels(heard, RATE // A_SECOND), 2))
    times = (np.arange(len(film.light)) + 0.5) / film.rate * A_SECOND
    return np.asarray(np.interp(times, np.arange(len(loud)) + 0.5, loud, right=0.0), np.float64)


def _fit(opening: Floats, loudness: Floats, rate: float) -> tuple[int, float, float]:
    """By how many frames the lips are late, how well the two then fit, and how well without."""
    around = round(rate / 2)
    lips, voice = (track - _smooth(track, around) for track in (opening, loudness))
    reach = round(LONGEST_LAG * rate)
    fits = np.array([_correlation(lips, voice, lag) for lag in range(-reach, reach + 1)])
    best = int(np.abs(fits).argmax())
    near = np.abs(fits[reach - 2 : reach + 3]).max()  # as near as nobody would see
    return best - reach, float(abs(fits[best])), float(near)


def _correlation(lips: Floats, voice: Floats, lag: int) -> float:
    one = lips[max(0, lag) : len(lips) + min(0, lag)]
    other = voice[max(0, -lag) : len(voice) - max(0, lag)]
    spread = float(one.std() * other.std())
    return float(np.mean((one - one.mean()) * (other - other.mean()))) / spread if spread else 0.0


def _smooth(track: Floats, around: int) -> Floats:
    width = 2 * around + 1
    return np.convolve(np.pad(track, around, "edge"), np.ones(width) / width, "valid")


def _times(size: Sequence[int]) -> str:
    return f"{size[0]}×{size[1]}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
