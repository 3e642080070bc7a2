"""What the wire says, as our dataclasses; whatever a server adds or leaves out."""

import pytest

from comfy.errors import OutputMissing
from comfy.jobs.fetch import results
from comfy.protocol import FileRef, History


def test_files_are_found_under_whatever_key_a_node_chose() -> None:
    video = {"filename": "a.mp4", "subfolder": "studio", "type": "output", "format": "video/h264"}
    outputs = {
        "9": {
            "images": [{"filename": "a.png", "subfolder": "", "type": "temp"}],
            "animated": [True],
            "text": ["slept 1 s", {"no": "file"}],
            "gifs": [video],
            "count": 2,
        },
        "10": "nothing",
    }
    history = History.from_wire({"outputs": outputs, "status": {"status_str": "success"}})
    picture, found = FileRef("a.png", "", "temp"), FileRef("a.mp4", "studio", "output")
    assert history.files("9") == [picture, found]
    assert (results(history.files("9"), "video"), history.files("10")) == ([found], [])


@pytest.mark.parametrize("outputs", [{}, {"9": {}}, {"9": {"images": []}}, None, []])
def test_a_success_without_a_file_is_none(outputs: object) -> None:
    history = History.from_wire({"outputs": outputs, "status": {"status_str": "success"}})
    with pytest.raises(OutputMissing):
        results(history.files("9"), "image")
