"""Chinese text in a form that eSpeak NG 1.52 reads rightly.

Found by letting it name all ideographs from U+4E00 to U+9FA5: the syllables jiong, qiong and
xiong are missing from its rules, so that it spells 熊 in English letters. The same happens to 兒
and to words in 儿 such as 一会儿; there the 儿, which only colours the vowel, is left out.
"""

from __future__ import annotations

import re

from comfy.engine.speech import numerals

_PUNCTUATION = str.maketrans(
    {
        # eSpeak hears a clause end only in the full-width forms
        ",": "，",
        ";": "；",
        ":": "：",
        "!": "！",
        "?": "？",
        "(": "，",
        ")": "，",
        "&": "和",
        "+": "加",
        "=": "等于",
        "@": "，",
        "/": "，",
        "%": "百分号",
        "°": "度",
        "×": "乘",
        "÷": "除以",
        "≈": "约等于",
        "±": "正负",
        ">": "大于",
        "<": "小于",
        "≥": "大于等于",
        "≤": "小于等于",
    }
)
_SILENT = re.compile("[\"'“”‘’「」『』《》〈〉【】〔〕·]")
_DASHES = re.compile("[-—–]+")

_ERHUA_PLACES = re.compile("([哪这那])儿")
_ERHUA = re.compile(
    "(?<=[把蹦鼻吃雏戳刺带当点兜对多份盖哥歌个跟过好花画活火今坎空款了猫谜面明鸟片事天头玩馅像"
    "沿侄爪着座盹黏会下块边孩])儿(?![子童女])"
)

# Phonemes in eSpeak's mnemonics: onset, vowel with stress mark, tone contour
_IONG = {
    "S;j'ong55": "兄兇凶匈哅忷恟汹洶胷胸訩詾讻賯",
    "S;j'ong35": "熊赨雄",
    "S;j'ong51": "夐敻詗诇",
    "tS;hj'ong55": "匔焪芎",
    "tS;hj'ong35": "儝卭宆惸桏棾橩焭煢琼瓊睘瞏穷穹窮竆笻筇茕藑藭蛩赹跫輁邛銎",
    "tS;j'ong55": "冂冋坰埛扃蘏蘔駫",
    "tS;j'ong214": "侰僒冏囧幜泂炯烱煚煛熲皛窘絅綗褧迥逈顈颎駉",
    "tS;j'ong51": "澃",
}
_PHONEMES = {
    ord(character): f"[[{phonemes}]]"
    for phonemes, characters in _IONG.items()
    for character in characters
}


def respell(text: str) -> str:
    """Write out the numbers of a sentence. Its Latin words stay, for another voice to read."""
    return numerals.spell(text)


def pronounceable(text: str) -> str:
    """Prepare a run without Latin words for the voice "cmn"."""
    text = _DASHES.sub("，", _SILENT.sub("", text)).translate(_PUNCTUATION)
    text = text.replace("兒", "儿")
    text = _ERHUA.sub("", _ERHUA_PLACES.sub(r"\1里", text))
    text = text.replace("儿", "而")  # the same syllable, without the faulty words
    return text.translate(_PHONEMES)
