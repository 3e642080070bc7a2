"""The node that speaks a script like a reference voice."""

from __future__ import annotations

from comfy.engine.node import Audio, Input, Node, Result, Run

EMOTIONS = (
    "neutral",
    "happy",
    "angry",
    "sad",
    "afraid",
    "disgusted",
    "melancholic",
    "surprised",
    "calm",
)


def speak_like(
    run: Run,
    *,
    reference_audio: Audio,
    text: str,
    emotion: str,
    strength: float,
    speed: float,
    seed: int,
) -> Result:
    """Speak `text`. Raises NodeError("no_text") and NodeError("no_voice")."""
    # The speech package loads eSpeak NG; the server must answer before that
    from comfy.engine.speech import speak  # noqa: PLC0415

    audio = speak.speak(
        text,
        reference_audio,
        emotion_name=emotion,
        strength=strength,
        speed=speed,
        seed=seed,
        run=run,
    )
    return Result((audio,))


NODES = [
    Node(
        class_type="CPUSpeakLike",
        display_name="Speak like a reference voice (CPU)",
        category="audio/preview",
        inputs={
            "reference_audio": Input("AUDIO"),
            "text": Input("STRING", options={"multiline": True, "default": ""}),
            "emotion": Input("COMBO", options={"options": list(EMOTIONS), "default": "neutral"}),
            "strength": Input(
                "FLOAT", options={"default": 0.65, "min": 0.0, "max": 1.0, "step": 0.05}
            ),
            "speed": Input("FLOAT", options={"default": 1.0, "min": 0.5, "max": 2.0, "step": 0.05}),
            "seed": Input("INT", options={"default": 0, "min": 0, "max": 2**53}),
        },
        outputs=("AUDIO",),
        run=speak_like,
        needs="comfy.engine.speech.speak",
        description=(
            "Synthetic preview voice, Chinese and English, shaped after the pitch, timbre and pace "
            "of a recording. Not a clone of the speaker."
        ),
    )
]
