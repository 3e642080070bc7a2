"""A value may change on its way into a node, in a few fixed ways."""

from __future__ import annotations

import pytest

from comfy.errors import InputError
from comfy.workflow.inputs import Input
from comfy.workflow.transform import Transform

SEED = Input("seed", "seed")
TEXT = Input("text", "text", max_length=99)
WRITINGS = {"kana": 1, "han": 2, "arabic": 3, "other": 4}
SOUND = Input("sound", "audio")
MOOD = Input("mood", "choice", choices=("calm", "happy"))


@pytest.mark.parametrize(
    ("transform", "item", "value", "result"),
    [
        (Transform(), TEXT, "as it is", "as it is"),
        (Transform(modulo=10000, scale=1e-6, offset=0.8), SEED, 10007, 0.800007),
        (Transform(modulo=10000, scale=1e-6, offset=0.8), SEED, 0, 0.8),
        (Transform(scale=25), SEED, 3, 75),
        (Transform(offset=1), SEED, 3, 4),
        (Transform(modulo=2), SEED, 7, 1),
        (Transform(map={"calm": 0.0, "happy": "x"}), MOOD, "happy", "x"),
        (Transform(format="[{value}] {other}"), TEXT, "{value}", "[{value}] {other}"),
        (Transform(format="seed {value}"), SEED, 7, "seed 7"),
        (Transform(script=WRITINGS), TEXT, "日本語の本", 1),
        (Transform(script=WRITINGS), TEXT, "日本 and English", 2),
        (Transform(script=WRITINGS), TEXT, "Grüße 1", 4),
        (Transform(plain=True), TEXT, "a|b [1] (c:1.2)", "a b ［1］ （c:1.2）"),
        (Transform(turns=True), TEXT, "One. [S2] Two.", "[S1] One. [S2] Two."),
        (Transform(turns=True), TEXT, "[s2] Two.", "[s2] Two."),
    ],
)
def test_values_change_as_declared(
    transform: Transform, item: Input, value: object, result: object
) -> None:
    transform.check(item)
    changed = transform.apply(item, value)
    assert changed == result and type(changed) is type(result)


@pytest.mark.parametrize(
    ("value", "result"),
    [(0.8, 0.4), ([0.8, 0, [1]], [0.4, 0.0, [0.5]]), ("", ""), (True, True), (0.33335, 0.1667)],
)
def test_numbers_are_multiplied_by_another_input(value: object, result: object) -> None:
    transform = Transform(map={"calm": value, "happy": 1}, times="strength")
    assert transform.apply(MOOD, "calm", 0.5) == result


@pytest.mark.parametrize(
    ("times", "most", "seconds", "result"),
    [(25.0, None, 4.0, 100), (25, 225, 4.04, 101), (2.0, 9, 4.6, 9), (25.0, 225, 0.0, 1)],
)
def test_a_length_is_rounded_up_and_limited(
    times: float, most: int | None, seconds: float, result: int
) -> None:
    transform = Transform(seconds_times=times, most=most)
    transform.check(SOUND)
    assert transform.of_length(seconds) == result


def test_a_choice_outside_the_table_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        Transform(map={"calm": 1}).apply(MOOD, "happy")
    assert caught.value.code == "choice_unknown"
    assert caught.value.details == {"input": "mood", "choices": ["calm"]}


@pytest.mark.parametrize(
    ("transform", "item", "reason"),
    [
        (Transform(scale=2), TEXT, "modulo, scale and offset are for numbers"),
        (Transform(modulo=0), SEED, "modulo must not be 0"),
        (Transform(format="no place"), TEXT, "format has no {value}"),
        (Transform(map={"calm": 1}), MOOD, "map does not cover happy"),
        (Transform(map={"a": 1}), TEXT, "map is for choices"),
        (Transform(plain=True), SEED, "plain and turns are for text"),
        (Transform(seconds_times=25.0), TEXT, "above 0, and for sounds"),
        (Transform(seconds_times=0.0), SOUND, "above 0, and for sounds"),
        (Transform(seconds_times=25.0, most=0), SOUND, "above 0, and for sounds"),
        (Transform(most=9), SOUND, "above 0, and for sounds"),
        (Transform(script=WRITINGS), SEED, "script is for text"),
        (Transform(script={"han": 1}), TEXT, "and covers arabic, han, kana, other"),
    ],
)
def test_a_transform_that_cannot_work_is_refused_at_load(
    transform: Transform, item: Input, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        transform.check(item)
