"""Small graphs of our own with the shapes and traps of files that people share, under other ids."""

from __future__ import annotations

from typing import Any

from comfy.protocol import Nodes

SAVED = {"frame_rate": 25, "save_output": True, "save_metadata": False, "trim_to_audio": False}


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def picture_edit() -> Nodes:
    """The picture goes in unscaled; both encoders have the VAE; no helper nodes."""
    return {
        "a1": node("LoadImage", image="theirs.png"),
        "a2": node("UNETLoader", unet_name="qwen\\edit.safetensors", weight_dtype="default"),
        "a3": node("CLIPLoader", clip_name="vl.safetensors", type="qwen_image"),
        "a4": node("VAELoader", vae_name="vae.safetensors"),
        "a5": node(
            "TextEncodeQwenImageEdit",
            prompt="theirs",
            clip=["a3", 0],
            vae=["a4", 0],
            image=["a1", 0],
        ),
        "a6": node(
            "TextEncodeQwenImageEdit", prompt="", clip=["a3", 0], vae=["a4", 0], image=["a1", 0]
        ),
        "a7": node("VAEEncode", pixels=["a1", 0], vae=["a4", 0]),
        "a8": node(
            "KSampler",
            model=["a2", 0],
            positive=["a5", 0],
            negative=["a6", 0],
            latent_image=["a7", 0],
            seed=1,
            steps=4,
            cfg=1.0,
        ),
        "a9": node("VAEDecode", samples=["a8", 0], vae=["a4", 0]),
        "a10": node("SaveImage", images=["a9", 0], filename_prefix="ComfyUI"),
    }


def voice() -> Nodes:
    """The text comes from a helper node; a preview writes a second file each time."""
    return {
        "7": node("LoadAudio", audio="theirs.mp3", audioUI=""),
        "8": node("MultiLinePromptIndex", multi_line_prompt="theirs"),
        "9": node(
            "IndexTTS2Run",
            audio=["7", 0],
            text=["8", 0],
            temperature=0.8,
            emo_vector="",
            emo_text="",
        ),
        "10": node("PreviewAudio", audio=["9", 0]),
        "11": node("SaveAudioMP3", audio=["9", 0], filename_prefix="audio/ComfyUI", quality="V0"),
    }


def speech_to_video(**save: Any) -> Nodes:
    """What all talking heads have, under ids of one's own; nothing feeds the pictures yet."""
    return {
        "s1": node("LoadAudio", audio="theirs.mp3"),
        "s2": node("AudioCrop", start_time="0:00", end_time="2:00", audio=["s1", 0]),
        "s3": node("Audio Duration (mtb)", audio=["s2", 0]),
        "s4": node("SimpleMath+", value="a/1000", a=["s3", 0]),
        "s5": node("MathExpression|pysssss", expression="a * 25 + 1", a=["s4", 0]),
        "s6": node(
            "MultiTalkWav2VecEmbeds", audio_1=["s2", 0], num_frames=["s5", 0], fps=["s7", 0]
        ),
        "s7": node("PrimitiveFloat", value=25.0),
        "p1": node("CR Prompt Text", prompt="theirs|"),
        "p2": node(
            "WanVideoTextEncode", positive_prompt=["p1", 0], negative_prompt="ugly", t5=["p3", 0]
        ),
        "p3": node("LoadWanVideoT5TextEncoder", model_name="umt5.safetensors"),
        "m1": node(
            "WanVideoModelLoader", model="Wan2.2/wan.safetensors", attention_mode="sageattn"
        ),
        "v1": node(
            "WanVideoSampler",
            model=["m1", 0],
            image_embeds=["v2", 0],
            text_embeds=["p2", 0],
            multitalk_embeds=["s6", 0],
            seed=2,
        ),
        "v2": node("WanVideoImageToVideoMultiTalk", width=["v3", 1], height=["v3", 2], mode="auto"),
        "v3": node("GetImageSizeAndCount"),
        "v4": node("WanVideoDecode", samples=["v1", 0]),
        "o1": node(
            "VHS_VideoCombine",
            images=["v4", 0],
            audio=["s2", 0],
            filename_prefix="AnimateDiff",
            **(SAVED | save),
        ),
        "o2": node("easy showAnything", anything=["s5", 0]),
    }


def picture_to_video() -> Nodes:
    """Scaled by its longest side; no frames are cut; the workflow is written into the video."""
    return speech_to_video(save_metadata=True) | {
        "i1": node("LoadImage", image="theirs.png"),
        "i2": node(
            "LayerUtility: ImageScaleByAspectRatio V2",
            image=["i1", 0],
            scale_to_side="longest",
            scale_to_length=["i3", 0],
        ),
        "i3": node("JWInteger", value=1024),
        "v3": node("GetImageSizeAndCount", image=["i2", 0]),
    }


def video_to_video() -> Nodes:
    """Two pictures that nobody asks, a driving video, 24 frames a second, a temporary result."""
    return speech_to_video(frame_rate=24, save_output=False) | {
        "i1": node("LoadImage", image="theirs.jpg"),
        "i2": node("LoadImage", image="theirs too.jpg"),
        "i3": node(
            "VHS_LoadVideo", video="theirs.mp4", custom_width=["w", 0], custom_height=["h", 0]
        ),
        "i4": node("ImageResizeKJv2", image=["i3", 0], width=["w", 0], height=["h", 0]),
        "i5": node("WanVideoEncode", image=["i4", 0]),
        "w": node("PrimitiveInt", value=480),
        "h": node("PrimitiveInt", value=832),
        "v3": node("GetImageSizeAndCount", image=["i4", 0]),
    }
