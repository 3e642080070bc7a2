"""Colours, shapes and fonts of the page, as one Gradio theme."""

from __future__ import annotations

import gradio as gr

FONTS = (
    "Inter",
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "Noto Sans SC",
    "Noto Sans CJK SC",
    "sans-serif",
)
MONO_FONTS = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

ACCENT = gr.themes.Color(
    name="iris",
    c50="#f2f1ff",
    c100="#e6e4ff",
    c200="#d0ccff",
    c300="#b0a8ff",
    c400="#8f83fb",
    c500="#7264f2",
    c600="#5b4be0",
    c700="#4a3bc0",
    c800="#3c319a",
    c900="#312a79",
    c950="#1d184b",
)

BUTTON = "linear-gradient(180deg, #6d5df0, #5747dc)"
BUTTON_HOVER = "linear-gradient(180deg, #7a6bf5, #6152e3)"

# No web fonts: a page in China loads nothing from elsewhere, and weighs 100 kB less.
theme = gr.themes.Default(
    primary_hue=ACCENT,
    secondary_hue=ACCENT,
    neutral_hue="zinc",
    radius_size="lg",
    text_size="md",
    spacing_size="md",
    font=FONTS,
    font_mono=MONO_FONTS,
).set(
    body_background_fill="#f7f7f8",
    body_background_fill_dark="#0c0c10",
    body_text_color="#18181b",
    body_text_color_dark="#ededf0",
    body_text_color_subdued="#63636e",
    body_text_color_subdued_dark="#a0a0ab",
    background_fill_primary_dark="#16161c",
    background_fill_secondary_dark="#121217",
    border_color_primary="#e5e5e9",
    border_color_primary_dark="#2a2a33",
    block_background_fill="#ffffff",
    block_background_fill_dark="#16161c",
    block_border_color="#e5e5e9",
    block_border_color_dark="#2a2a33",
    block_shadow="none",
    block_shadow_dark="none",
    block_radius="14px",
    block_label_background_fill="rgba(255,255,255,.88)",
    block_label_background_fill_dark="rgba(22,22,28,.88)",
    block_label_border_width="0px",
    block_label_text_color="#52525b",
    block_label_text_color_dark="#b8b8c2",
    block_title_text_weight="600",
    block_title_text_color="#3f3f46",
    block_title_text_color_dark="#d0d0d8",
    input_background_fill="#ffffff",
    input_background_fill_dark="#101015",
    input_border_color="#dcdce1",
    input_border_color_dark="#2e2e38",
    input_radius="10px",
    checkbox_border_color="#8a8a94",  # 3:1 at least, or the box is not seen
    checkbox_border_color_dark="#8a8a94",
    button_large_radius="12px",
    button_large_text_weight="600",
    button_border_width="1px",
    button_primary_background_fill=BUTTON,
    button_primary_background_fill_dark=BUTTON,
    button_primary_background_fill_hover=BUTTON_HOVER,
    button_primary_background_fill_hover_dark=BUTTON_HOVER,
    button_primary_border_color="transparent",
    button_primary_border_color_dark="transparent",
    button_secondary_background_fill="#ffffff",
    button_secondary_background_fill_dark="#1d1d25",
    button_secondary_background_fill_hover="#f1f1f4",
    button_secondary_background_fill_hover_dark="#262630",
    button_secondary_border_color="#dcdce1",
    button_secondary_border_color_dark="#33333e",
)
