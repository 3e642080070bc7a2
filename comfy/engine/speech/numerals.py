"""Numbers in a Chinese sentence, written out the way they are read.

eSpeak reads "2025年" as a quantity and drops the point in "3.5%", so it gets no digits at all.
"""

from __future__ import annotations

import re

from comfy.engine.speech import normalise

_DIGITS = "零一二三四五六七八九"
_SECTIONS = ("", "万", "亿", "万亿")
_LONGEST = 12  # digits: longer ones are codes, not quantities
_CODE = 9  # digits without separators from which a number is a code, such as a telephone number
_CURRENCIES = {"¥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_CURRENCIES |= {"RMB": "元", "CNY": "元", "USD": "美元", "EUR": "欧元", "GBP": "英镑"}
_CURRENCIES |= {"JPY": "日元", "HKD": "港元"}
_MONEY = "|".join(code for code in _CURRENCIES if code.isalpha())
_UNITS = {
    "km": "公里",
    "kg": "公斤",
    "cm": "厘米",
    "mm": "毫米",
    "g": "克",
    "kW": "千瓦",
    "kWh": "度",
}
_UNITS |= {"mAh": "毫安时", "V": "伏", "Hz": "赫兹", "kHz": "千赫", "MHz": "兆赫", "GHz": "吉赫"}
_UNITS |= {"r/min": "转每分", "fps": "帧每秒"}
_PLAIN = str.maketrans({",": None, " ": None, "u": "μ"})
_UNIT = "|".join(_UNITS)
_CODES = "房间号?|航班|邮编|尾号|验证码|密码|学号|工号|编号|号码|QQ|微信|[Rr]oom|[Gg]ate|[Ff]light"
_SERVICES = "110|119|120|122|911|10000|10010|10086|12306|12315|12345|95\\d{3}"
_RESULTS = "的[比优]|获?胜|[大完险战]胜|击败|领先|落后|告负|负于|不敌|逆转|淘汰"
_SIGNS = {"-": "负", "+": "正", "": ""}
_COUNTED = "个位只本张条次天年件种台辆家名倍点斤杯瓶把岁套块周份座遍层支元米秒克升吨万亿千公小分"
"""Before them 2 is 两."""
_PER = {"kg": "公斤", "g": "克", "L": "升", "km": "公里", "m2": "平方米", "h": "小时"}
_PER |= {"min": "分钟", "m": "米", "m3": "立方米"}

_MEASURES = (
    "km/h|m/s|km2|cm2|m2|m3|mL|ml|min|dm|m|L|mg|ug/m3|ug|um|[KMGT]B"  # also left to the grammars
)

# Digits that belong to a Latin word stay with it: H100, GPT-4, 4K
_FREE = r"(?<![A-Za-z0-9.])(?<![A-Za-z]-)(?<!\d,)"
_END = r"(?![A-Za-z0-9])"
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)*"


def spell(text: str) -> str:
    """Write out dates, times, percentages, prices, ranges and plain numbers."""
    for pattern, replace in _RULES:
        text = pattern.sub(replace, text)
    return text


def integer(digits: str) -> str:
    """Read a quantity: "10250" -> 一万零二百五十."""
    value = digits.lstrip("0")
    if not value:
        return "零"
    if len(value) > _LONGEST:
        return one_by_one(digits)
    padded = value.zfill(-(-len(value) // 4) * 4)
    sections = [padded[start : start + 4] for start in range(0, len(padded), 4)]
    spoken = ""
    for place, section in zip(range(len(sections) - 1, -1, -1), sections, strict=True):
        spoken += _section(section, spoken, _SECTIONS[place])
    return re.sub("^一十", "十", spoken)


def one_by_one(digits: str) -> str:
    """Read every digit: "2025" -> 二零二五."""
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _section(section: str, before: str, unit: str) -> str:
    value = section.lstrip("0")
    if not value:
        return ""
    if value == "2" and unit:
        return f"两{unit}"
    words, gap = "", bool(before) and section[0] == "0"
    for place, digit in zip((3, 2, 1, 0), section, strict=True):
        if digit == "0":
            gap = gap or bool(words)
            continue
        name = "两" if digit == "2" and place == 3 else _DIGITS[int(digit)]
        words += ("零" if gap else "") + name + ("", "十", "百", "千")[place]
        gap = False
    return words + unit


def _quantity(text: str) -> str:
    """Read a number with separators and decimals: "1,234.5" -> 一千二百三十四点五."""
    whole, *decimals = text.replace(",", "").split(".")
    is_code = "," not in text and (len(whole) >= _CODE or (whole[0] == "0" and len(whole) > 1))
    spoken = one_by_one(whole) if is_code else integer(whole)
    return "点".join([spoken, *(one_by_one(part) for part in decimals)])


def _date(match: re.Match[str]) -> str:
    year, month, day = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return match[0]
    return f"{one_by_one(year)}年{integer(month)}月{integer(day)}日"


def _time(match: re.Match[str]) -> str:
    hour, minute = match.groups()
    if int(hour) > 24 or int(minute) > 59:
        return match[0]
    spoken = "两点" if int(hour) == 2 else f"{integer(hour)}点"
    if minute == "00":
        return spoken
    zero = "零" if minute[0] == "0" else ""
    return f"{spoken}{zero}{integer(minute)}分"


def _half_day(match: re.Match[str]) -> str:
    """A clock with am or pm: "2:00 pm" -> 下午2:00."""
    is_late = match[2].lower() == "p"
    hour = match[1] if len(match[1]) > 2 else f"{match[1]}点"
    return f"{'下午' if is_late else '上午'}{hour}"


def _percent(match: re.Match[str]) -> str:
    sign = _SIGNS[match[1] or ""]
    base = "百" if match[3] == "%" else "千"
    return f"{sign}{base}分之{_quantity(match[2])}"


def _american_date(match: re.Match[str]) -> str:
    """3/4/2026 is the fourth of March, 25/12/2026 cannot be but in December."""
    month, day, year = match.groups()
    if int(month) > 12:
        month, day = day, month
    return f"{year}-{month}-{day}"


def _landline(match: re.Match[str]) -> str:
    """An area code and a number, said four by four."""
    area, number = match[1], re.sub(r"\D", "", match[2])
    groups = [area, number[:-4], number[-4:]]
    return "，".join(one_by_one(group) for group in groups).replace("一", "幺")


def _named(match: re.Match[str]) -> str:
    """The digits of a name such as GPT-4, H100 or A320: a round number or one by one."""
    whole, *decimals = match[1].split(".")
    if len(whole) < 3 or not whole[1:].strip("0"):
        whole = integer(whole)
    else:
        whole = one_by_one(whole).replace("一", "幺")
    return "点".join([whole, *(one_by_one(part) for part in decimals)])


def _price(match: re.Match[str]) -> str:
    before, number, large, after = match.groups()
    amount = re.sub(r"\.00$|(?<=\.\d)0$", "", number)
    return f"{_quantity(amount)}{large}{_CURRENCIES[before or after]}"


def _temperature(match: re.Match[str]) -> str:
    below = "零下" if match[1] else ""
    return f"{below}{_quantity(match[2])}{'摄氏度' if match[3] else '度'}"


def _mobile(match: re.Match[str]) -> str:
    """A mobile number in its three groups; there a one is said yao."""
    groups = [group for group in match.groups() if group]
    return "，".join(one_by_one(group) for group in groups).replace("一", "幺")


def _power(match: re.Match[str]) -> str:
    sign = "负" if match[1][0] == "-" else ""
    exponent = sign + integer(match[1].lstrip("-"))
    return "的" + {"二": "平", "三": "立"}.get(exponent, exponent + "次") + "方"


def _ratio(match: re.Match[str]) -> str:
    return f"{match[1]}{integer(match[2])}比{integer(match[3])}"


def _code(match: re.Match[str]) -> str:
    return match[1] + one_by_one(match[2]).replace("一", "幺")


def _measure(match: re.Match[str]) -> str:
    return normalise.chinese(match[0].translate(_PLAIN))


def _range(match: re.Match[str]) -> str:
    if len(match[2]) > 4 and len(match[1]) < len(match[2]):  # an area code and a number
        return one_by_one(match[1]) + one_by_one(match[2]) if "." not in match[0] else match[0]
    pair = match[2] == "2" and match.string[match.end() : match.end() + 1] in tuple(_COUNTED)
    return f"{_quantity(match[1])}到{'两' if pair else _quantity(match[2])}"


def _plain(match: re.Match[str]) -> str:
    return _SIGNS[match[1] or ""] + _quantity(match[2])


_CLOCK = r"\d{1,2}[:：]\d{2}"
_RULES = tuple(
    (re.compile(pattern), replace)
    for pattern, replace in (
        (r"(?<=°C)\s?-\s?(?=-?\d)|(?<=[日月号年时点分秒岁])\s?[-~—–]\s?(?=\d)", lambda _: "到"),
        (r"(?<=\d)\s?-\s?(?=\d+(?:\.\d+)?\s?=)", lambda _: "减"),
        (r"×\s?(?=10\^)", lambda _: "乘以"),
        (r"\^(-?\d+)", _power),
        (r"(?<![\d-])[（(]?(0\d{2,3})[)）-]\s?(\d{3,4}-?\d{4})(?![\d-])", _landline),
        (r"\+86[- ](\d{2,3})-(\d{7,8})(?!\d)", lambda m: "加八六，" + _landline(m)),
        (r"\+86[- ]?(?=1[3-9]\d)", lambda _: "加八六，"),
        (r"(?<!\d)(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?!\d)", _mobile),
        (r"(?<![\d-])([48]00)-(\d{3,4})-(\d{3,4})(?![\d-])", _mobile),
        (rf"((?:拨打?|热线|电话|报警|或|和)\s?)({_SERVICES})(?![\d.万亿个元人名天])", _code),
        (rf"((?:{_CODES})[:：是为]?\s?)(\d{{3,}})(?![\d.])", _code),
        (r"(?<![\d.,])()([1-9]\d{2,3})(?=室|号房)", _code),
        (r"\b[Nn]umber (\d+)" + _END, lambda m: f"第{integer(m[1])}"),
        (_FREE + "24/7" + _END, lambda _: "七乘二十四小时"),
        (_FREE + "([0-9][05])后(?![天年来个])", lambda m: one_by_one(m[1]) + "后"),
        (_FREE + r"(\d{1,2}[:：]\d{2})\s?([apAP])\.?[mM]\.?" + _END, _half_day),
        (_FREE + r"(?<![A-Za-z]\s)(\d{1,2})\s?([apAP])\.?[mM]\.?" + _END, _half_day),
        (rf"(?<=时速)({_NUMBER})\s?km/h", lambda m: f"{m[1]}公里"),
        (rf"({_NUMBER})\s?L/({_NUMBER})\s?km", lambda m: f"每{m[2]}公里{m[1]}升"),
        (rf"(?<=元)/({'|'.join(_PER)}){_END}", lambda m: "每" + _PER[m[1]]),
        (r"(?<=[元升克斤吨米次天人])/(?=[\d\u4e00-\u9fff])", lambda _: "每"),
        (_FREE + rf"{_CLOCK}:\d{{2}}" + _END, _measure),
        (rf"({_CLOCK})\s?-\s?({_CLOCK})" + _END, lambda m: f"{m[1]}到{m[2]}"),
        (rf"({_NUMBER}[%‰])\s?-\s?({_NUMBER}[%‰])", lambda m: f"{m[1]}到{m[2]}"),
        (_FREE + rf"{_NUMBER}\s?(?:{_MEASURES})" + _END, _measure),
        (_FREE + r"(\d{1,2})/(\d{1,2})/(\d{4})" + _END, _american_date),
        (_FREE + r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _END, _date),
        (_FREE + r"(\d{4})\s?(?=Q[1-4](?![A-Za-z0-9]))", lambda m: one_by_one(m[1]) + "年"),
        (r"(?<![A-Za-z0-9])Q([1-4])(?:季度)?(?![A-Za-z0-9])", lambda m: f"第{integer(m[1])}季度"),
        (r"(比(?:[例率值分]\s?[为是约]*|[为是])[:：]?\s?)(\d+)[:：](\d+)" + _END, _ratio),
        (rf"(以\s?)(\d+)[:：](\d+)(?=\s?(?:{_RESULTS}))", _ratio),
        (_FREE + r"([12]\d{3})-([12]\d{3})(?=年)", lambda m: f"{one_by_one(m[1])}到{m[2]}"),
        (_FREE + r"([12]\d{3})(?=年)", lambda m: one_by_one(m[1])),
        (_FREE + r"(\d{1,2})[:：](\d{2})(?::00)?" + _END, _time),
        (_FREE + r"(\d+)[:：](\d+)" + _END, lambda m: f"{integer(m[1])}比{integer(m[2])}"),
        (_FREE + rf"([-+])?({_NUMBER})\s?([%‰])", _percent),
        (rf"([¥$€£]|(?<![A-Za-z])(?:{_MONEY}))\s?({_NUMBER})\s?([万亿]?)元?()", _price),
        (rf"{_FREE}()({_NUMBER})\s?([万亿]?)\s?({_MONEY})(?![A-Za-z])", _price),
        (r"(?<=\d\.\d)0(?=\s?[元块美欧])", lambda _: ""),
        (_FREE + rf"(-)?({_NUMBER})\s?°\s?(C?)", _temperature),
        (
            r"(?<=(?<![A-Za-z])[A-Z]{2}\s)(\d{3,4})" + _END,
            lambda m: one_by_one(m[1]),
        ),  # a model: RX 580
        (r"(?<=[A-Z]{3}\s)(\d{3,4})" + _END, lambda m: one_by_one(m[1])),  # a model: RTX 4090
        (_FREE + r"(\d+)/(\d+)" + _END, lambda m: f"{integer(m[2])}分之{integer(m[1])}"),
        (_FREE + rf"({_NUMBER})-({_NUMBER})" + _END, _range),
        (_FREE + rf"({_NUMBER})\s?({_UNIT})" + _END, lambda m: m[1] + _UNITS[m[2]]),
        (rf"(?<![\d第.,])2\s?(?=[{_COUNTED}](?!级))", lambda _: "两"),
        (_FREE + rf"(?<!\w)(?<!\w\s)([-+])?({_NUMBER})" + _END, _plain),
        (_FREE + rf"()({_NUMBER})" + _END, _plain),
        (r"(?<![A-Za-z])[vV](\d+(?:\.\d+)+)", lambda m: "V" + _quantity(m[1])),
        (r"(?<=[A-Z])\.(?=\d)", lambda _: "点"),
        (r"(?<=[A-Za-z点])-?(\d+(?:\.\d+)?)", _named),
        (r"(\d+(?:\.\d+)?)(?=[A-Za-z])(?!(?:st|nd|rd|th|s|[apAP][mM])\b)", _named),
    )
)
