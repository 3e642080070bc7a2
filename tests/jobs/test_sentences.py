"""A script as sentences, in Chinese and English."""

import pytest

from comfy.errors import InputError
from comfy.jobs.sentences import split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("大家好！今天我们聊聊天气。好吗？", ["大家好！", "今天我们聊聊天气。", "好吗？"]),
        (
            'He said "no." Then, e.g. at 3.5 p.m., Dr. Who left.',
            ['He said "no."', "Then, e.g. at 3.5 p.m., Dr. Who left."],
        ),
        ("First line\nsecond line", ["First line", "second line"]),
        ("真的吗？！……是的。", ["真的吗？！……", "是的。"]),
        ("Wait... what?!", ["Wait...", "what?!"]),
        ("no end", ["no end"]),
        ("。。。\n\n", []),
    ],
)
def test_where_sentences_end(text, expected):
    assert [sentence.text for sentence in split(text)] == expected


def test_the_pause_follows_the_mark():
    found = split("One; two. Three.\n\nFour.", "happy")
    assert [(s.text, s.pause) for s in found] == [
        ("One;", 0.3),
        ("two.", 0.45),
        ("Three.", 0.8),
        ("Four.", 0.45),
    ]
    assert {s.emotion for s in found} == {"happy"}


def test_a_book_is_refused():
    with pytest.raises(InputError) as caught:
        split("Again. " * 200)
    assert caught.value.details == {"sentences": 200, "limit": 120}
