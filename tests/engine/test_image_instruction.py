"""Instructions for removing text, as people write them."""

from __future__ import annotations

import pytest

from comfy.engine.image.instruction import (
    EVERY_KIND,
    Instruction,
    Kind,
    Scope,
    parse_instruction,
)

SUBTITLES = Scope(frozenset({Kind.SUBTITLE}))
WATERMARKS = Scope(frozenset({Kind.WATERMARK}))
PLAIN_TEXT = Scope(frozenset({Kind.TEXT}))
EVERYTHING = Scope()


def at(scope: Scope, *sides: str) -> Scope:
    return Scope(scope.kinds, frozenset(sides), scope.quotes)


def quoted(*words: str) -> Scope:
    return Scope(EVERY_KIND, frozenset(), words)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", Instruction((EVERYTHING,))),
        ("清理画面", Instruction((EVERYTHING,))),
        ("clean the image", Instruction((EVERYTHING,))),
        ("去除字幕", Instruction((SUBTITLES,))),
        ("去除字幕文字", Instruction((SUBTITLES,))),
        ("让字幕消失", Instruction((SUBTITLES,))),
        ("make the subtitles disappear", Instruction((SUBTITLES,))),
        ("remove the subtitles and make it look natural", Instruction((SUBTITLES,))),
        ("去除图片中的字幕和水印", Instruction((SUBTITLES, WATERMARKS))),
        ("去除字幕、水印、文字", Instruction((SUBTITLES, WATERMARKS, EVERYTHING))),
        ("Remove the subtitles and the logo.", Instruction((SUBTITLES, WATERMARKS))),
        ("remove the text on the car", Instruction((EVERYTHING,))),
        ("去除背景上的文字", Instruction((EVERYTHING,))),
    ],
)
def test_what_goes_is_read_from_the_words(text: str, meaning: Instruction) -> None:
    assert parse_instruction(text) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("去掉右上角的台标", Instruction((at(WATERMARKS, "right", "top"),))),
        (
            "去掉右上角的水印和底部的字幕",
            Instruction((at(WATERMARKS, "right", "top"), at(SUBTITLES, "bottom"))),
        ),
        ("去除文字，仅限底部", Instruction((at(EVERYTHING, "bottom"),))),
        (
            "remove the watermark at the bottom left",
            Instruction((at(WATERMARKS, "bottom", "left"),)),
        ),
    ],
)
def test_places_belong_to_the_text_they_stand_with(text: str, meaning: Instruction) -> None:
    assert parse_instruction(text) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("不要去除字幕，只去水印", Instruction((WATERMARKS,), (SUBTITLES,))),
        ("保留字幕，水印去掉", Instruction((WATERMARKS,), (SUBTITLES,))),
        ("除了字幕都去掉", Instruction((EVERYTHING,), (SUBTITLES,))),
        ("keep the subtitles", Instruction((EVERYTHING,), (SUBTITLES,))),
        ("remove everything except the subtitles", Instruction((EVERYTHING,), (SUBTITLES,))),
        ("Remove all text but keep the sign", Instruction((EVERYTHING,), (PLAIN_TEXT,))),
        (
            "Don't remove the watermark, only the subtitles",
            Instruction((SUBTITLES,), (WATERMARKS,)),
        ),
        ("去除字幕，保持其他内容不变", Instruction((SUBTITLES,))),
        ("remove the watermark, don't change anything else", Instruction((WATERMARKS,))),
        ("remove the subtitles without changing the background", Instruction((SUBTITLES,))),
    ],
)
def test_what_stays_is_not_removed(text: str, meaning: Instruction) -> None:
    assert parse_instruction(text) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("去掉“促销”", Instruction((quoted("促销"),))),
        ("去掉画面中的“促销，限时”字样", Instruction((quoted("促销，限时"),))),
        ("remove the text 'SALE'", Instruction((quoted("SALE"),))),
        ('remove "SALE" and the subtitles', Instruction((quoted("SALE"), SUBTITLES))),
        ("去除文字，保留「出口」", Instruction((EVERYTHING,), (quoted("出口"),))),
    ],
)
def test_quoted_words_mean_only_these_words(text: str, meaning: Instruction) -> None:
    assert parse_instruction(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        *("移除路人", "把背景换成海滩", "让天空变绿"),
        *("replace the background", "remove the people", "upscale", "make the sky green"),
    ],
)
def test_other_edits_are_impossible(text: str) -> None:
    assert parse_instruction(text) == Instruction(impossible=(text,))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("去除字幕和路人", Instruction((SUBTITLES,), (), ("路人",))),
        ("remove subtitles and make it 4k", Instruction((SUBTITLES,), (), ("make it 4k",))),
        ("去水印变高清", Instruction((WATERMARKS,), (), ("去水印变高清",))),
    ],
)
def test_mixed_wishes_are_told_apart(text: str, meaning: Instruction) -> None:
    assert parse_instruction(text) == meaning


def test_words_without_a_wish_mean_nothing() -> None:
    assert parse_instruction("hello") == Instruction()
