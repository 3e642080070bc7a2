"""What the voice variants that we ship send: emotions, takes, languages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from comfy.jobs.sentences import split
from tests.workflow.test_workflow_files import TASKS, VARIANTS, inputs_of, values_for


def test_emotions_follow_indextts2s_own_rule() -> None:
    bias = [0.9375, 0.875, 1, 1, 0.9375, 0.9375, 0.6875, 0.5625]
    variant = TASKS["voice_clone"].variants[0]
    neutral, *emotions = inputs_of(variant, "choice")[0].choices
    assert neutral == "neutral" and len(emotions) == len(bias)
    for index, emotion in enumerate(emotions):
        prompt = variant.prompt(values_for(variant, emotion=emotion), filename_prefix="x")
        sent = prompt.nodes["103"]["inputs"]["emo_vector"]
        vector = [0.0] * 8
        vector[index] = round(min(bias[index], 0.8) * 0.65, 4)
        assert json.loads(sent) == vector
        assert len(sent) > 17  # shorter ones are ignored by the node
    plain = variant.prompt(values_for(variant), filename_prefix="x").nodes["103"]["inputs"]
    assert plain["emo_vector"] == "" and plain["deepspeed"] is True and "emo_text" not in plain


def test_another_seed_is_another_take_of_the_voice() -> None:
    variant = TASKS["voice_clone"].variants[0]

    def temperature(seed: int) -> float:
        values = values_for(variant, seed=seed)
        nodes = variant.prompt(values, filename_prefix="x").nodes
        return float(nodes["103"]["inputs"]["temperature"])

    assert [temperature(seed) for seed in (0, 1, 9999, 10000)] == [0.8, 0.800001, 0.809999, 0.8]


@pytest.mark.parametrize(
    ("text", "language"),
    [("你好，hello", "ZH"), ("こんにちは世界", "JA"), ("hello", "EN"), ("مرحبا", "AR")],
)
def test_indextts25_is_told_the_language_of_the_text(text: str, language: str) -> None:
    [variant] = [v for v in VARIANTS if v.name == "indextts25"]
    sent = variant.prompt(values_for(variant, text=text, emotion="sad"), filename_prefix="x").nodes
    assert (sent["103"]["inputs"]["text"], sent["103"]["inputs"]["language"]) == (text, language)
    moods = {k: v for k, v in sent["104"]["inputs"].items() if isinstance(v, float) and v}
    assert moods == {"mode.sad": 0.52, "mode.strength": 1.0}


def sent_by(name: str, **values: str) -> dict[str, Any]:
    """What IndexTTS2Run gets from this variant."""
    [variant] = [v for v in VARIANTS if v.name == name]
    nodes = variant.prompt(values_for(variant, **values), filename_prefix="x").nodes
    return dict(nodes["103"]["inputs"]) | {"said": nodes["102"]["inputs"]["multi_line_prompt"]}


def test_a_mood_in_words_is_only_sent_where_there_are_words() -> None:
    spoken = sent_by("indextts2-emotion-text", emotion_text="压低声音")
    assert (spoken["emo_text"], spoken["use_emo_text"]) == ("压低声音", True)
    others = [v for v in VARIANTS if v.task == "voice_clone" and v.name != "indextts2-emotion-text"]
    graphs = [json.dumps(variant.nodes) for variant in others]
    assert not any('"emo_text"' in graph for graph in graphs)


def test_a_recorded_mood_has_indextts2s_own_strength() -> None:
    sent = sent_by("indextts2-emotion-audio")
    assert (sent["emo_audio_prompt"], sent["emo_alpha"]) == (["104", 0], 0.65)
    assert "emo_vector" not in sent


def test_two_voices_take_turns_in_one_mood() -> None:
    sent = sent_by("indextts2-dialogue", text="你好。[S2] 你好！", emotion="sad")
    assert sent["said"] == "[S1] 你好。[S2] 你好！"
    assert sent["dialogue_audio_s2"] == ["105", 0]
    assert sent["emo_vector"] == sent["emo_vector_s2"] and len(sent["emo_vector"]) > 17


def test_each_sentence_of_a_dialogue_says_who_speaks() -> None:
    script = "[S1] One. Two. [S2] Three. [s1]Four? Five."
    assert [sentence.text for sentence in split(script)] == [
        "[S1] One.",
        "[S1] Two.",
        "[S2] Three.",
        "[s1]Four?",
        "[s1] Five.",
    ]
    assert [sentence.text for sentence in split("One. Two.")] == ["One.", "Two."]
