"""What the voice variants that we ship send: emotions, takes, languages."""

from __future__ import annotations

import json

import pytest

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
