"""What a person's instruction (Chinese or English) asks to remove, to keep, and what we cannot do.

The text is cut into clauses; each clause removes, keeps, or asks for something this engine has no
way to do. A clause without a verb ("..., and the watermark") goes on with the verb before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Kind(StrEnum):
    """What a line of text is in the picture. TEXT is whatever is neither of the others."""

    SUBTITLE = "subtitle"
    WATERMARK = "watermark"
    TEXT = "text"


EVERY_KIND = frozenset(Kind)


@dataclass(frozen=True)
class Scope:
    """Which text a clause is about: of these kinds, on all of these sides, saying one of `quotes`.

    `sides` are of "top", "bottom", "left", "right", "middle", "corner"; empty means anywhere.
    Empty `quotes` mean any wording.
    """

    kinds: frozenset[Kind] = EVERY_KIND
    sides: frozenset[str] = frozenset()
    quotes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Instruction:
    """A parsed instruction. `impossible` are the clauses asking for what this engine cannot do."""

    remove: tuple[Scope, ...] = ()
    keep: tuple[Scope, ...] = ()
    impossible: tuple[str, ...] = ()


_SUBTITLE = r"字幕|台词|旁白|subtitles?|captions?|lower.?third"
_WATERMARK = (
    r"水印|浮水印|台标|版权|标志|角标|标识|徽标|商标|署名|logos?|water.?marks?|copyright|"
    r"station marks?|badges?|signatures?|stamps?|日期|时间戳|\bdate\b|time.?stamps?"
)
_TEXT = (
    r"文字|文本|字样|字体|汉字|中文|英文|字母|数字|标题|花字|贴字|[的有些行排个]字|"
    r"(?<![一-鿿])字(?![一-鿿])|text|words?|writing|letters?|lettering|numbers?|digits|titles?|"
    r"headings?|typography"
)
_SIGN = r"招牌|路牌|标牌|牌子|店名|指示牌|车牌|门牌|\bsigns?\b|signboards?|signage|plates?\b"
_REMOVE = (
    r"去除|去掉|去(?!年|世|向)|移除|移走|删除|删掉|删|清除|清掉|清理|清洗|净化|擦除|擦掉|抹去|抹掉|"
    r"消除|消掉|消失|不要|remov|eras|delet|\bclean|clear|\bget rid|without|\bno\b|wip|take out|"
    r"take off|strip|\bdrop\b|hide|eliminat|disappear|vanish|go away"
)
_KEEP = (
    r"保留|保持|留下|留着|(?:不要|不|别|勿|无需|不用)(?:再)?(?:去除|去掉|去|移除|删除|删|清除|擦除|动|碰|"
    r"改|改变|修改|影响|破坏)|除了|\bkeep|\bexcept|preserv|\bleave|retain|maintain|unchanged|"
    r"(?:do not|don'?t|never|not|without) (?:remov|delet|eras|touch|chang|alter|modif|affect)\w*|"
    r"(?<!do )\bnot (?:the|any)\b|apart from"
)
_EDIT = (
    r"换成|改成|改为|替换|更换|变[成得为绿红蓝黄黑白亮暗大小瘦]|换[个一掉]|添加|增加|加[上入个]|生成|"
    r"重绘|上色|换背景|换脸|美颜|微笑|风格|调色|滤镜|抠图|翻译|画(?=[一个出成只点])|\breplac|\bchang|"
    r"\bturn\b.*\binto\b|\badd\b|generat|\bdraw|\bpaint\b|restyle|\bstyle|colou?ri[sz]|translat|"
    r"\bmake\b(?! sure)(?!.*(?:clean|clear|free|natural|seamless|disappear|vanish|go away))|"
    r"\bswap\b|\bconvert|\bcrop|\brotat|blur the|\binsert"
)
_ENHANCE = (
    r"高清(?!的)|清晰(?!的)|超分|放大|锐化|去模糊|去噪|降噪|画质|老照片|提高质量|upscal|super.?res|"
    r"deblur|denois|sharpe?n|enhanc|higher resolution|\bhd\b|\b[248]k\b|old photo|quality"
)
_OBJECT = (
    r"人物|路人|行人|人群|人(?![像们民])|女孩|男孩|汽车|车辆|车(?!牌)|背景|物体|眼镜|帽子|电线|杂物|阴影|"
    r"反光|瑕疵|痘|皱纹|persons?|people|\bmen\b|\bman\b|wom[ae]n|girl|boy|tourist|passer|\bcars?\b|"
    r"objects?|background|glasses|\bhats?\b|wires?|shadows?|reflections?|blemish|wrinkle|\btrees?\b"
)
# Filling the gap is part of every removal, so asking for it is no extra wish.
_NEUTRAL = (
    r"补全|填补|填充|修补|修复|还原|恢复|复原|restor|\bfill|inpaint|reconstruct|natural|seamless"
)
_ONLY = r"only\b|just\b|[只仅]"  # "don't remove the logo, only the subtitles"
_GENERIC = (
    r"画面|图片|图像|照片|全部|所有|一切|everything|\ball\b|picture|image|photo|overlay|其他|其它"
)

_SIDES = {
    "top": r"顶|上方|上部|上角|上侧|左上|右上|最上|\btop\b|\bupper\b",
    "bottom": (
        r"底|下方|下面|下部|下角|下侧|左下|右下|最下|\bbottom\b|\blower\b(?!.?(?:third|case))"
    ),
    "left": r"左|\bleft\b",
    "right": r"右|\bright\b",
    "middle": r"中间|中央|正中|中部|\bcent(?:er|re)\b|\bmiddle\b",
    "corner": r"角落|四角|四个角|\bcorners?\b",
}
_QUOTE = re.compile(
    r"“([^”]+)”|「([^」]+)」|『([^』]+)』|《([^》]+)》|‘([^’]+)’|\"([^\"]+)\"|"
    r"(?<![A-Za-z0-9])'([^']+)'(?![A-Za-z0-9])"
)
_SPLIT = re.compile(
    r"[，,。.;；!！?？、\n]+|\b(?:and|then|but|also|plus|while)\b|"
    r"(?=\b(?:except|without|apart from)\b)|"
    r"以及|还有|同时|然后|并且|并|但是|但|而且|和|与|及|跟|再(?=[去删移清擦])|(?=[只仅][去删移清擦])|"
    r"(?=保留|保持)"
)
_EXCEPT_ZH = re.compile(
    r"除了?(.+?)(?:以外|之外|外)?[，,\s]*(?:都|全部|全|其他|其它|一律)(?:的)?(?=.*(?:去|删|移|清|擦))"
)


@dataclass
class _Reading:
    """State while the clauses are read in order."""

    quotes: list[str]
    verb: str = ""
    remove: list[Scope] = field(default_factory=list)
    keep: list[Scope] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)


def parse_instruction(text: str) -> Instruction:
    """Read an instruction; an empty one asks to remove all overlay text."""
    if not text.strip():
        return Instruction(remove=(Scope(),))
    quotes: list[str] = []

    def hide(match: re.Match[str]) -> str:  # punctuation inside a quote must not split clauses
        quotes.append(next(group for group in match.groups() if group))
        return f"\x02{len(quotes) - 1}\x03"

    hidden = _QUOTE.sub(hide, text).lower()
    hidden = _EXCEPT_ZH.sub(r"保留\1，去除其他", hidden)
    reading = _Reading(quotes)
    for clause in _SPLIT.split(hidden):
        if clause and clause.strip():
            _read_clause(clause.strip(), reading)
    return _finish(reading)


def _read_clause(clause: str, reading: _Reading) -> None:
    verb = _verb(clause, reading.verb)
    scope = _scope(clause, reading.quotes)
    if verb in ("edit", "enhance"):
        reading.impossible.append(_unhide(clause, reading.quotes))
        if verb == "enhance" and scope and re.search(_REMOVE, clause):
            reading.remove.append(scope)
        return
    reading.verb = verb
    if scope is None:
        _read_bare_clause(clause, reading)
    elif verb == "keep":
        reading.keep.append(scope)
    else:
        reading.remove.append(scope)


def _read_bare_clause(clause: str, reading: _Reading) -> None:
    """A clause that names no text: a place for the one before, everything, or something else."""
    sides = _sides(clause)
    spoken = re.search(_REMOVE, clause) is not None
    if sides and not spoken and reading.remove and reading.verb == "remove":
        reading.remove[-1] = replace(reading.remove[-1], sides=sides)
    elif reading.verb != "remove" or re.search(_NEUTRAL, clause):
        return
    elif re.search(_OBJECT, clause):
        reading.impossible.append(_unhide(clause, reading.quotes))
    elif spoken and (sides or re.search(_GENERIC, clause)):
        reading.remove.append(Scope(sides=sides))
    elif spoken and not re.fullmatch(rf"\W*(?:请|please)?\W*(?:{_REMOVE})\w*\W*", clause):
        reading.impossible.append(_unhide(clause, reading.quotes))


def _verb(clause: str, before: str) -> str:
    if re.search(_KEEP, clause):
        return "keep"
    if re.search(_EDIT, clause):
        return "edit"
    if re.search(_ENHANCE, clause) and not re.search(_NEUTRAL, clause.replace("修复老", "")):
        return "enhance"
    if re.search(_REMOVE, clause) or re.match(_ONLY, clause):
        return "remove"
    return before


def _scope(clause: str, quotes: list[str]) -> Scope | None:
    """Which text the clause names; None if it names none."""
    named = tuple(quotes[int(number)] for number in re.findall(r"\x02(\d+)\x03", clause))
    kinds = {Kind.SUBTITLE} if re.search(_SUBTITLE, clause) else set()
    if re.search(_WATERMARK, clause):
        kinds.add(Kind.WATERMARK)
    if re.search(_SIGN, clause):
        kinds.add(Kind.TEXT)
    elif not kinds and re.search(_TEXT, clause):
        kinds |= EVERY_KIND  # a subtitle is text too; "subtitle text" is only a subtitle
    if not kinds and not named:
        return None
    return Scope(EVERY_KIND if named else frozenset(kinds), _sides(clause), named)


def _sides(clause: str) -> frozenset[str]:
    return frozenset(side for side, words in _SIDES.items() if re.search(words, clause))


def _unhide(clause: str, quotes: list[str]) -> str:
    return re.sub(r"\x02(\d+)\x03", lambda match: f'"{quotes[int(match[1])]}"', clause)


def _finish(reading: _Reading) -> Instruction:
    """Narrow "keep the text" to plain text, and read a lone "keep X" as "remove the rest"."""
    keep = tuple(
        replace(scope, kinds=frozenset({Kind.TEXT}))
        if scope.kinds == EVERY_KIND and not scope.quotes and not scope.sides
        else scope
        for scope in reading.keep
    )
    remove = tuple(reading.remove)
    if keep and not remove and not reading.impossible:
        remove = (Scope(),)
    return Instruction(remove, keep, tuple(reading.impossible))
