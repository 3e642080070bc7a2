"""Reading the text in a picture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from rapidocr.ch_ppocr_det.utils import DetPreProcess

from comfy.media import ocr
from tests.bench.picture_cases import font


def test_a_line_is_read_where_it_stands() -> None:
    image = Image.new("RGB", (640, 360), (90, 110, 130))
    ImageDraw.Draw(image).text((320, 180), "湖光山色正好", font=font(40), anchor="mm")
    (line,) = ocr.read_lines(np.asarray(image), 1)
    assert line.text == "湖光山色正好"
    assert line.score > 0.9
    assert np.allclose(line.corners.mean(axis=0), (320, 180), atol=6)


def test_the_models_run_with_our_options() -> None:
    """RapidOCR would make sessions of its own, three times as slow, if it did not take ours."""
    reader = ocr._reader()
    reader(np.zeros((64, 64, 3), np.uint8), use_cls=False, use_rec=False)
    reader.recognize_txt([np.zeros((48, 96, 3), np.uint8)])
    for part in (reader.text_det, reader.text_rec):
        options = part.session.session.get_session_options()
        assert options.get_session_config_entry("session.set_denormal_as_zero") == "1"
        assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
        assert options.get_session_config_entry("session.use_env_allocators") == "1"
        assert not options.enable_mem_pattern


def test_the_detector_is_given_what_rapidocr_would_give_it() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (70, 90, 3), np.uint8)
    ours = ocr._reader().text_det.get_preprocess()
    theirs = DetPreProcess(ours.limit_side_len, ours.limit_type, ours.mean, ours.std)
    assert np.array_equal(ours(picture), theirs(picture))
