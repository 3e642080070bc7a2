"""The sentence under the button."""

from __future__ import annotations

from comfy.jobs.told import Told
from comfy.text import texts
from comfy.ui.told_line import sentence


def test_a_run_is_told_in_one_sentence() -> None:
    assert sentence(Told(50, 38, 62, measured=True), "en") == "Takes about 40–60 s"
    busy = Told(400, 300, 500, waiting=700, ahead=2, parts=3, measured=True)
    assert sentence(busy, "en") == (
        "Takes about 5–8 min, in 3 parts, 2 ahead of you, begins in about 12 min"
    )
    assert sentence(busy, "zh") == "大约需要 5–8 分钟，分 3 段做，前面还有 2 个，约 12 分钟后开始"


def test_five_seconds_are_named_where_the_button_is_and_only_there() -> None:
    """A picture can take long, too, but there are no five seconds of it."""
    told = {key: said["en"] for key, said in texts().items() if key.startswith("told.")}
    assert [key for key, said in told.items() if "5" in said or "five" in said] == ["told.proof"]
