"""Text to a synthetic voice: eSpeak NG (the espeakng_loader wheel) through ctypes.

The library keeps a state in static variables: the place in its table of pitch flutter is never
reset, so the second reading of a text differs from the first. Therefore every reading loads the
library anew (1 ms) and unloads it, under one lock, and the same text gives the same samples.
C interface: espeak-ng/speak_lib.h of eSpeak NG 1.52.
"""

from __future__ import annotations

import _ctypes
import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import espeakng_loader
import numpy as np

from comfy.engine.speech.frames import SAMPLE_RATE, Array

RATE = 170  # words per minute: eSpeak's own pace is 175
SLOWEST, FASTEST = 80, 400  # words per minute that eSpeak accepts

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_PHONEME_EVENTS = 1
_INITIALIZE_DONT_EXIT = 0x8000
_POSITION_CHARACTER = 1
_CHARS_UTF8, _PHONEMES = 1, 0x100  # [[...]] in the text is phonemes
_EVENT_END, _EVENT_PHONEME = 0, 7
_PARAMETER_RATE, _PARAMETER_VOLUME, _PARAMETER_PITCH, _PARAMETER_RANGE = 1, 2, 3, 4

_LOCK = threading.Lock()


class EspeakError(RuntimeError):
    """The library or its data is not usable on this machine."""


class _Identity(ctypes.Union):
    _fields_ = [
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    ]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Phoneme:
    """`name` in eSpeak's mnemonics, `start` in seconds."""

    name: str
    start: float


@dataclass(frozen=True)
class Utterance:
    """`wave` is mono at 22,050 Hz, -1..1."""

    wave: Array
    phonemes: tuple[Phoneme, ...]


def read(text: str, voice: str, *, rate: float = RATE, intonation: int = 60) -> Utterance:
    """Speak `text` with a voice of eSpeak, e.g. "cmn" or "en-us"; `rate` in words per minute.

    Raises EspeakError.
    """
    samples: list[bytes] = []
    phonemes: list[Phoneme] = []

    def take(wave: Any, length: int, events: Any) -> int:
        if wave and length > 0:
            samples.append(ctypes.string_at(wave, 2 * length))
        phonemes.extend(_phonemes(events))
        return 0

    encoded = text.encode("utf-8") + b"\0"
    callback = _Callback(take)  # must live until the library is done
    with _LOCK, _library() as library:
        library.espeak_SetSynthCallback(callback)
        _select(library, voice, rate, intonation)
        flags = _CHARS_UTF8 | _PHONEMES
        library.espeak_Synth(encoded, len(encoded), 0, _POSITION_CHARACTER, 0, flags, None, None)
    integers = np.frombuffer(b"".join(samples), dtype=np.int16)
    return Utterance(integers.astype(np.float64) / 32768, tuple(phonemes))


def _phonemes(events: Any) -> list[Phoneme]:
    found: list[Phoneme] = []
    index = 0
    while events and events[index].type != _EVENT_END:
        event = events[index]
        if event.type == _EVENT_PHONEME:
            name = event.id.string.decode("utf-8", "ignore")
            found.append(Phoneme(name, event.audio_position / 1000))
        index += 1
    return found


def _select(library: ctypes.CDLL, voice: str, rate: float, intonation: int) -> None:
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise EspeakError(f"eSpeak NG has no voice {voice!r}")
    for parameter, value in (
        (_PARAMETER_RATE, round(min(max(rate, SLOWEST), FASTEST))),
        (_PARAMETER_VOLUME, 100),
        (_PARAMETER_PITCH, 50),
        (_PARAMETER_RANGE, intonation),
    ):
        library.espeak_SetParameter(parameter, value, 0)


@contextmanager
def _library() -> Iterator[ctypes.CDLL]:
    """eSpeak NG as it is after the start of a process."""
    try:
        library = ctypes.CDLL(espeakng_loader.get_library_path())
    except OSError as error:
        raise EspeakError(f"eSpeak NG does not load: {error}") from error
    try:
        _start(library)
        yield library
        library.espeak_Terminate()
    finally:
        _unload(library)


def _start(library: ctypes.CDLL) -> None:
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    data = str(espeakng_loader.get_data_path()).encode()
    options = _INITIALIZE_PHONEME_EVENTS | _INITIALIZE_DONT_EXIT
    rate = library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, options)
    if rate != SAMPLE_RATE:
        raise EspeakError(f"eSpeak NG does not start: {rate}")


def _unload(library: ctypes.CDLL) -> None:
    """Drop the library's static variables; ctypes itself never unloads one."""
    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)
    else:
        _ctypes.dlclose(library._handle)
