"""What mends a result: pauses, level, lips and sound."""

import numpy as np
import pytest
import soundfile

from comfy.media.bounded import at_level, join_videos, paste_back, with_short_pauses
from comfy.media.join_sound import loudness
from comfy.media.verdict_sound import sound_findings
from comfy.media.verdict_video import video_findings
from comfy.media.waves import read_wave
from tests.media.test_verdict_picture import DIRTY, FAULTS, GOOD, Image
from tests.media.test_verdict_sound import FAULTS as SOUNDS
from tests.media.test_verdict_video import FAULTS as FILMS
from tests.media.test_verdict_video import FPS, RATE, SOUND, Audio, encode


@pytest.mark.parametrize("code", ["gap", "ends_silent"])
def test_pauses_become_short(tmp_path, code):
    ill, mended = tmp_path / "ill.wav", tmp_path / "mended.mp3"
    soundfile.write(ill, SOUNDS[code], RATE)
    with_short_pauses(ill, mended)
    assert sound_findings(mended) == []
    assert len(read_wave(mended, RATE)) > 2.9 * RATE  # nothing that was said is lost


def test_a_quiet_voice_comes_to_the_usual_level(tmp_path):
    ill, mended = tmp_path / "ill.wav", tmp_path / "mended.mp3"
    soundfile.write(ill, SOUNDS["quiet"], RATE)
    at_level(ill, mended)
    assert loudness(read_wave(mended, 44_100)) == pytest.approx(-17, abs=1)


def test_lips_and_sound_come_together(tmp_path):
    ill, mended, given = (tmp_path / name for name in ("ill.mp4", "mended.mp4", "given.wav"))
    encode(ill, FILMS["lips_late"], FPS, Audio(SOUND[None], RATE), lambda *_: None)
    soundfile.write(given, SOUND, RATE)
    [(code, told)] = video_findings(ill, sound=given)
    join_videos([ill], [0.0, len(SOUND) / RATE], given, mended, early=float(told["seconds"]))
    assert (code, video_findings(mended, sound=given)) == ("lips_late", [])


def test_other_colours_are_brought_back_into_the_original(tmp_path):
    original, ill, mended = (tmp_path / f"{name}.png" for name in ("original", "ill", "mended"))
    Image.fromarray(DIRTY).save(original)
    Image.fromarray((GOOD * 0.7).astype(np.uint8)).save(ill)
    assert paste_back(original, ill, mended, wide=True)[1] == ""
    with Image.open(mended) as image:
        same = (np.asarray(image) == DIRTY).all(axis=2)
    assert same[:380].all()
    assert not same[420:450, 90:290].all()
    Image.fromarray(FAULTS["other"]).save(ill)
    assert paste_back(original, ill, mended, wide=True)[1]
