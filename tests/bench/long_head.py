"""Long speeches and cancels of the talking head: python -m tests.bench.long_head [--minutes 10].

A preview engine in a process of its own makes a portrait, then a video, say a long speech; its
peak memory is read from the kernel (Linux). Then prompts are cancelled at random moments.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image

from comfy.engine.codecs.sound import encode
from comfy.engine.node import Audio
from tests.bench import head_cases, voice_cases
from tests.conftest import EngineProcess
from tests.engine.talk import Prompt, accepted, get, post, wait_running

RATE = 48_000
TRIES = 10


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.long_head", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--only", choices=("portrait", "video", "cancel"))
    options = parser.parse_args()
    with TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "input").mkdir()
        _make(folder / "input", options.minutes * 60)
        for kind, prompt in (("portrait", portrait(options.height)), ("video", video())):
            if options.only in (None, kind):
                _long(folder, kind, prompt)
        if options.only in (None, "cancel"):
            for kind, prompt in (("portrait", portrait(options.height)), ("video", video())):
                _cancels(folder, kind, prompt)


def portrait(height: int) -> Prompt:
    inputs = {"image": ["1", 0], "audio": ["2", 0], "width": 0, "height": height, "fps": 25.0}
    return {
        "1": {"class_type": "LoadImage", "inputs": {"image": "portrait.jpg"}},
        "3": {"class_type": "CPUTalkingHead", "inputs": {**inputs, "seed": random.getrandbits(32)}},
        **_around(),
    }


def video() -> Prompt:
    inputs = {"video": ["1", 0], "audio": ["2", 0], "width": 0, "height": 0, "fps": 25.0}
    return {
        "1": {"class_type": "LoadVideo", "inputs": {"file": "clip.mp4"}},
        "3": {"class_type": "CPUTalkingVideo", "inputs": inputs},
        **_around(),
    }


def _around() -> Prompt:
    saved = {"video": ["3", 0], "filename_prefix": "long", "format": "auto", "codec": "auto"}
    return {
        "2": {"class_type": "LoadAudio", "inputs": {"audio": "speech.mp3"}},
        "4": {"class_type": "SaveVideo", "inputs": saved},
    }


def _make(folder: Path, seconds: float) -> None:
    """A stereo speech of 48 kHz, the portrait, and a clip of it that is as long."""
    said = voice_cases.recording(voice_cases.speakers("zh")[0], voice_cases.SCRIPT["zh"])
    one = np.interp(
        np.arange(0, said.waveform.shape[1], said.sample_rate / RATE),
        np.arange(said.waveform.shape[1]),
        said.waveform[0],
    )
    wave = np.resize(one.astype(np.float32), round(seconds * RATE))
    encode(folder / "speech.mp3", Audio(np.stack([wave, wave]), RATE), "128k", lambda: None)
    still = head_cases.still_of("portrait.jpg")
    Image.fromarray(still).save(folder / "portrait.jpg")
    small = np.asarray(cv2.resize(still, (384, 480)))
    head_cases.write_clip(folder / "clip.mp4", small, round(seconds * head_cases.FPS))


def _long(folder: Path, kind: str, prompt: Prompt) -> None:
    engine = EngineProcess(folder, faults=False)
    engine.start()
    prompt_id, start = accepted(engine, prompt), time.monotonic()
    status = _ended(engine, prompt_id)
    memory, seconds = peak(engine.pid), cpu(engine.pid)
    took = time.monotonic() - start
    print(f"{kind:9} {status}: peak {memory} MB, {took:.0f} s, {seconds:.0f} CPU s", flush=True)
    engine.terminate()


def _cancels(folder: Path, kind: str, prompt: Prompt) -> None:
    """Where a prompt was when it was cancelled, and after how long the engine was free."""
    engine = EngineProcess(folder, faults=False)
    engine.start()
    took = []
    for number in range(TRIES):
        prompt_id = accepted(engine, prompt)
        wait_running(engine, prompt_id)
        # most at the beginning, where the steps differ; some far into the rendering
        after = random.uniform(0, 1.5 if number % 2 else 8)
        time.sleep(after)
        start = time.monotonic()
        post(engine, "/interrupt", {"prompt_id": prompt_id})
        _ended(engine, prompt_id, 0.005)
        took.append(time.monotonic() - start)
        print(f"{kind:9} cancelled after {after:.2f} s: free {took[-1]:.3f} s later", flush=True)
    print(f"{kind:9} worst {max(took):.3f} s", flush=True)
    engine.terminate()


def _ended(engine: EngineProcess, prompt_id: str, every: float = 1) -> str:
    while not (entry := get(engine, f"/history/{prompt_id}")):
        time.sleep(every)
    return str(entry[prompt_id]["status"]["status_str"])


def peak(pid: int) -> int:
    """The most memory a process ever had, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main()
