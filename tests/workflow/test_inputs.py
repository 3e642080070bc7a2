"""What a person may set: every kind, its limits, and what is put in for nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from comfy.errors import InputError
from comfy.workflow.inputs import MAX_SEED, Input, clean_text, read_number

TEXT = Input("text", "text", max_length=5)
SPOKEN = Input("text", "text", max_length=50, spoken=True)
STEPS = Input("steps", "integer", required=False, default=4, min=1, max=8)
SCALE = Input("scale", "number", required=False, default=1.0, min=0.5, max=2.0)
SEED = Input("seed", "seed", required=False, default=0)
MOOD = Input("mood", "choice", required=False, default="calm", choices=("calm", "happy"))
LOUD = Input("loud", "boolean", required=False, default=False)
SIZE = Input("size", "choice", choices=("auto", "640x640", "480x832", "832x480", "704x528"))


def refusal(item: Input, value: object) -> tuple[str, dict[str, object]]:
    with pytest.raises(InputError) as caught:
        item.accept(value)
    return caught.value.code, caught.value.details


@pytest.mark.parametrize(
    ("item", "given", "accepted"),
    [
        (TEXT, " abc\r\nd ", "abc\nd"),
        (TEXT, "12345", "12345"),
        (TEXT, '["1"]', '["1"]'),
        (SPOKEN, "你好。", "你好。"),
        (SPOKEN, "3!", "3!"),
        (STEPS, 8, 8),
        (STEPS, 8.0, 8),
        (STEPS, " 8 ", 8),
        (STEPS, "8.0", 8),
        (STEPS, None, 4),
        (STEPS, "", 4),
        (SCALE, 0.5, 0.5),
        (SCALE, 1, 1),
        (SCALE, "1.5", 1.5),
        (SEED, MAX_SEED, MAX_SEED),
        (SEED, str(MAX_SEED), MAX_SEED),
        (SEED, None, 0),
        (MOOD, "happy", "happy"),
        (MOOD, "", "calm"),
        (LOUD, True, True),
        (LOUD, None, False),
        (Input("image", "image"), Path("a.png"), Path("a.png")),
        (Input("image", "image", required=False), None, None),
        (Input("note", "text", required=False, default="hm", max_length=9), "  ", "hm"),
        (Input("note", "text", required=True, default="hm", max_length=9), None, "hm"),
        (Input("note", "text", required=False, max_length=9), None, None),
    ],
)
def test_a_good_value_is_accepted(item: Input, given: object, accepted: object) -> None:
    value = item.accept(given)
    assert value == accepted and type(value) is type(accepted)


@pytest.mark.parametrize(
    "value", [None, "", "  \n", "\u200b\ufeff", "\x00\x07", "\ud800", "\u3000"]
)
def test_nothing_to_read_is_missing(value: object) -> None:
    assert refusal(TEXT, value) == ("input_missing", {"input": "text"})


def test_a_text_with_a_default_that_was_emptied_is_missing() -> None:
    item = Input("instruction", "text", default="clean", max_length=9)
    assert refusal(item, "   ") == ("input_missing", {"input": "instruction"})


def test_a_file_that_was_not_given_is_missing() -> None:
    assert refusal(Input("image", "image"), None) == ("input_missing", {"input": "image"})


def test_a_long_text_is_refused_with_its_length() -> None:
    details = {"input": "text", "length": 6, "limit": 5}
    assert refusal(TEXT, "123456") == ("text_too_long", details)


@pytest.mark.parametrize("text", ["😀🎉", "……！", "— ♪"])
def test_a_spoken_text_needs_something_to_pronounce(text: str) -> None:
    assert refusal(SPOKEN, text) == ("text_unspeakable", {"input": "text"})


@pytest.mark.parametrize("value", [["1", 0], 5, {"a": 1}, b"abc"])
def test_a_text_must_be_text(value: object) -> None:
    assert refusal(TEXT, value) == ("value_unusable", {"input": "text"})


BAD_NUMBERS: list[object] = [math.nan, math.inf, "nan", "-inf", "1e999", "many", True, [1], {}]


@pytest.mark.parametrize("value", [0, 9, 4.5, "4.5", "9" * 5000, *BAD_NUMBERS])
def test_a_whole_number_stays_in_its_range(value: object) -> None:
    details = {"input": "steps", "min": 1, "max": 8}
    assert refusal(STEPS, value) == ("value_out_of_range", details)


@pytest.mark.parametrize("value", [0.4999, 2.1, *BAD_NUMBERS])
def test_a_number_stays_in_its_range(value: object) -> None:
    details = {"input": "scale", "min": 0.5, "max": 2.0}
    assert refusal(SCALE, value) == ("value_out_of_range", details)


@pytest.mark.parametrize("value", [-1, MAX_SEED + 1, 0.5])
def test_a_seed_is_a_whole_number_that_a_browser_can_hold(value: object) -> None:
    details = {"input": "seed", "min": 0, "max": MAX_SEED}
    assert refusal(SEED, value) == ("value_out_of_range", details)


@pytest.mark.parametrize("value", ["sad", 3, ["calm"], True])
def test_a_choice_is_one_of_the_list(value: object) -> None:
    details = {"input": "mood", "choices": ["calm", "happy"]}
    assert refusal(MOOD, value) == ("choice_unknown", details)


@pytest.mark.parametrize("value", ["false", 0, 1, "yes"])
def test_yes_or_no_is_a_boolean(value: object) -> None:
    assert refusal(LOUD, value) == ("value_unusable", {"input": "loud"})


@pytest.mark.parametrize(
    ("width", "height", "choice"),
    [
        (1000, 1000, "640x640"),
        (1080, 1920, "480x832"),
        (1920, 1080, "832x480"),
        (4000, 3000, "704x528"),
        (10000, 10, "832x480"),
        (1, 1, "640x640"),
    ],
)
def test_a_picture_chooses_the_size_nearest_to_its_shape(
    width: int, height: int, choice: str
) -> None:
    assert SIZE.choice_for(width, height) == choice


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("e\u0301", "é"),
        ("a\x00b\x1b[31mc\x7f\x85", "ab[31mc"),
        ("a\tb\rc\r\nd", "a\tb\nc\nd"),
        ("a\ud83db", "ab"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("\u200b \n", ""),
    ],
)
def test_text_is_composed_and_harmless(given: str, clean: str) -> None:
    assert clean_text(given) == clean


@pytest.mark.parametrize(
    ("given", "number"),
    [(1, 1), (1.5, 1.5), ("2", 2), ("2.5", 2.5), (False, None), (None, None), ("", None)],
)
def test_numbers_are_read(given: object, number: object) -> None:
    assert read_number(given) == number


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"kind": "colour"}, "unknown kind colour"),
        ({"kind": "choice"}, "a choice needs choices"),
        ({"kind": "text"}, "a text needs max_length"),
        ({"kind": "integer", "min": 1}, "a number needs min and max"),
        ({"kind": "number", "max": 1}, "a number needs min and max"),
        ({"kind": "integer", "min": 1, "max": 2, "default": 3}, "its own default"),
        ({"kind": "choice", "choices": ["a"], "default": "b"}, "its own default"),
    ],
)
def test_a_wrong_manifest_entry_says_why(table: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Input.read("x", table)


def test_a_manifest_entry_with_a_misspelt_key_is_refused() -> None:
    with pytest.raises(TypeError, match="defualt"):
        Input.read("x", {"kind": "image", "defualt": 1})


def test_a_manifest_entry_is_read() -> None:
    table = {"kind": "choice", "choices": ["a", "b"], "default": "a", "advanced": True}
    wanted = Input("x", "choice", default="a", choices=("a", "b"), advanced=True)
    assert Input.read("x", table) == wanted


def test_consent_is_about_a_face_or_a_voice() -> None:
    with pytest.raises(ValueError, match="consent is about a face or a voice"):
        Input.read("image", {"kind": "image", "consent": "hat"})


def test_a_whole_number_that_no_float_can_hold_is_out_of_range() -> None:
    steps = Input.read("steps", {"kind": "integer", "default": 4, "min": 1, "max": 9})
    with pytest.raises(InputError) as caught:
        steps.accept(10**400)
    assert caught.value.code == "value_out_of_range"
