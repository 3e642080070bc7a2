"""Scripts: what is spoken, in which language, in which pieces, how numbers are read."""

import numpy as np
import pytest

from comfy.engine.speech import espeak, mandarin, numerals, script
from comfy.engine.speech.script import Run


def runs(text: str) -> list[list[tuple[str, str]]]:
    return [[(run.text, run.language) for run in s.runs] for s in script.read(text)]


def test_a_mixed_sentence_is_cut_where_the_script_changes() -> None:
    assert runs("今年AI很热，NVIDIA增长了3.5%。") == [
        [
            ("今年", "zh"),
            ("AI", "en"),
            ("很热，", "zh"),
            ("NVIDIA", "en"),
            ("增长了百分之三点五。", "zh"),
        ]
    ]


def test_every_mark_has_its_pause() -> None:
    sentences = script.read("一，二。三；four, five.\nsix\n\nseven")
    assert [s.runs[-1].pause for s in sentences] == [0.45, 0.3, 0.55, 0.7, 0.45]
    assert script.read("你好，world")[0].runs[0] == Run("你好，", "zh", 0.2)


def test_points_in_names_and_numbers_end_no_sentence() -> None:
    assert runs("Mr. Smith paid $3.50 to J. Doe. Really?") == [
        [("Mister Smith paid three dollars and fifty cents to J. Doe.", "en")],
        [("Really?", "en")],
    ]


def test_what_nobody_can_read_aloud_is_left_out() -> None:
    assert script.clean("**你好**😀👍🏻\u200b, [[dZ]]\x07 привет ok") == "你好 , dZ ok"


@pytest.mark.parametrize("text", ["", " \n ", "😀🎉", "...!?", "こんにちは", "«»—*"])
def test_a_text_without_words_has_no_sentences(text: str) -> None:
    assert script.read(text) == []


@pytest.mark.parametrize("text", ["长" * 500, "words and more " * 80, "字，" * 200, "x" * 2000])
def test_long_sentences_are_cut_without_losing_anything(text: str) -> None:
    pieces = [run.text for sentence in script.read(text) for run in sentence.runs]
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert max(script._seconds(piece) for piece in pieces) <= script.LONGEST


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("2025年", "二零二五年"),
        ("2020-2025年", "二零二零到二零二五年"),
        ("10年", "十年"),
        ("3.5%", "百分之三点五"),
        ("-3%", "负百分之三"),
        ("2025-11-23 10:30", "二零二五年十一月二十三日 十点三十分"),
        ("9:00", "九点"),
        ("比分3：2", "比分三比二"),
        ("¥30", "三十元"),
        ("$1.5万", "一点五万美元"),
        ("-5°C", "零下五摄氏度"),
        ("1/2", "二分之一"),
        ("3-5天", "三到五天"),
        ("2个，第2个，12个", "两个，第二个，十二个"),
        ("1,234.5元", "一千二百三十四点五元"),
        ("电话13800138000", "电话幺三八，零零幺三，八零零零"),
        ("1.75m，50m2，16GB", "一点七五米，五十平方米，十六GB"),
        ("12:30:45", "十二点三十分四十五秒"),
        ("9:00-18:00，50%-60%", "九点到十八点，百分之五十到百分之六十"),
        ("120km/h", "每小时一百二十公里"),
        ("版本1.2.3", "版本一点二点三"),
        ("5km", "五公里"),
        ("H100、GPT-4、4K、A320", "H一百、GPT四、四K、A三二零"),
        ("10000，20000", "一万，两万"),
        ("¥199.00，2:00，2:30pm", "一百九十九元，两点，下午两点三十分"),
        ("+86 138 0013 8000", "加八六，幺三八，零零幺三，八零零零"),
        ("热线400-820-8820，拨打110或120", "热线四零零，八二零，八八二零，拨打幺幺零或幺二零"),
        ("3号楼502室，1208号房", "三号楼五零二室，幺二零八号房"),
        ("房间302，邮编100871，110元", "房间三零二，邮编幺零零八七幺，一百一十元"),
        ("时速120km/h，6.5L/100km", "时速一百二十公里，每一百公里六点五升"),
        ("500g，3.6GHz，220V，5000mAh", "五百克，三点六吉赫，二百二十伏，五千毫安时"),
        ("100元/个，3000r/min", "一百元每个，三千转每分"),
        ("90后，24/7，number 1，+15%", "九零后，七乘二十四小时，第一，正百分之十五"),
        ("1-2个，35ug/m3", "一到两个，每立方米三十五微克"),
        ("v2.1.0，¥12.80，￥1,299.00元", "V二点一点零，十二点八元，一千二百九十九元"),
        ("电话010-12345678", "电话零幺零，幺二三四，五六七八"),
        ("（021）8888-6666", "零二幺，八八八八，六六六六"),
        ("3月4日-8日，-5℃~8℃", "三月四日到八日，零下五摄氏度到八摄氏度"),
        ("比例1:10，以21:19获胜", "比例一比十，以二十一比十九获胜"),
        ("10^6个，5×10³，x²", "十的六次方个，五乘以十的立方，x的平方"),
        ("USD 500，300万RMB", "五百美元，三百万元"),
        ("2026Q1，Q3营收", "二零二六年第一季度，第三季度营收"),
        ("以3:30为准，比3:30早", "以三点三十分为准，比三点三十分早"),
        ("5元/kg，2 个，2小时", "五元每公斤，两个，两小时"),
        ("3/4/2026，3pm，8-2=6", "二零二六年三月四日，下午三点，八减二=六"),
        ("½杯，PM2.5，G101次", "二分之一杯，PM二点五，G幺零幺次"),
    ],
)
def test_numbers_are_read_the_chinese_way(text: str, spoken: str) -> None:
    assert numerals.spell(script.clean(text)) == spoken


@pytest.mark.parametrize(
    ("digits", "spoken"),
    [
        ("0", "零"),
        ("10", "十"),
        ("110", "一百一十"),
        ("1010", "一千零一十"),
        ("2025", "两千零二十五"),
        ("10250", "一万零二百五十"),
        ("100000001", "一亿零一"),
        ("200000000", "两亿"),
        ("1234567890123", "一二三四五六七八九零一二三"),
    ],
)
def test_quantities_are_read_by_place(digits: str, spoken: str) -> None:
    assert numerals.integer(digits) == spoken


def test_numbers_alone_follow_the_language_of_the_script() -> None:
    assert runs("你好。2025") == [[("你好。", "zh")], [("两千零二十五", "zh")]]
    assert runs("Hello. 2025") == [[("Hello.", "en")], [("twenty twenty five", "en")]]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("It costs $1,020.50", "It costs one thousand and twenty dollars and fifty cents"),
        ("£5 and $3.5 billion", "five pounds and three point five billion dollars"),
        ("on 3/15/2025, 5:30 p.m.", "on the fifteenth of march twenty twenty five, five thirty PM"),
        ("5 kg at 120 km/h", "five kilograms at one hundred and twenty kilometers per hour"),
        ("call 555-123-4567", "call five five five, one two three, four five six seven"),
        ("call 555-0123", "call five five five, zero one two three"),
        ("(212) 555-0187", "two one two, five five five, zero one eight seven"),
        ("12,000 people, 21st, 1/2", "twelve thousand people, twenty first, one half"),
        ("see No. 5", "see number five"),
        ("mail me@site.org", "mail me at site dot org"),
        ("an RTX 4090", "an RTX forty ninety"),
        ("the 1990s, 100m, 9in", "the nineteen nineties, one hundred meters, nine inches"),
        ("v2.1.0, PM2.5", "v two point one point zero, PM two point five"),
        ("1920x1080", "nineteen twenty by ten eighty"),
        ("call 911, 24/7, room 302", "call nine one one, twenty four seven, room three zero two"),
        ("+3 points, 220V", "plus three points, two hundred and twenty volts"),
        ("e.g. Prof. Lee vs. Dr. Wu", "for example Professor Lee versus Doctor Wu"),
        ("Fig. 3, p. 12, #1", "figure three, page twelve, number one"),
        ("in Dec. at 5 Baker St.", "in December at five Baker Street"),
        ("World War II, St. John", "World War two, Saint John"),
        ("Nothing to write out", "Nothing to write out"),
        ("He is 6 ft. tall", "He is six feet tall"),
        ("5'10\", 2 tbsp. of oil", "five foot ten, two tablespoons of oil"),
        ("built c. 1900 by George V. Hall", "built circa nineteen hundred by George V. Hall"),
        ("Henry VIII, Rocky II", "Henry the eighth, Rocky two"),
        ("10^6, x², 5 × 10⁻³", "ten to the power of six, x squared, five times ten to the power "
         "of negative three"),
        ("3½ hours, ¾ mile", "three and a half hours, three quarters mile"),
        ("+1 800 555 0199", "plus one, eight zero zero, five five five, zero one nine nine"),
        ("€900k, $0.99, 2.5k", "nine hundred thousand euros, ninety nine cents, two point five "
         "thousand"),
        ("1990-1995, in 1905", "nineteen ninety to nineteen ninety five, in nineteen oh five"),
        ("Acme Co. Ltd. vs. Foo Inc. of Ohio", "Acme Company Limited versus Foo Incorporated of "
         "Ohio"),
        ("Lt. Col. Jones on Mon., Jan. 5 EST", "Lieutenant Colonel Jones on Monday, the fifth of "
         "january EST"),
        ("30 m/s, 10 kHz, 50¢", "thirty meters per second, ten kilohertz, fifty cents"),
        ("6 × 7 = 42, 9 ÷ 3, C#", "six times seven equals forty two, nine divided by three, "
         "C sharp"),
        ("my PIN 0042, 1080p", "my PIN zero zero four two, ten eighty p"),
        ("an H.264 file", "an H dot two six four file"),
    ],
)  # fmt: skip
def test_numbers_are_read_the_english_way(text: str, spoken: str) -> None:
    assert runs(text) == [[(spoken, "en")]]


def test_an_abbreviation_may_end_a_sentence() -> None:
    assert runs("Bring pens, etc. We start at 9 a.m. sharp.") == [
        [("Bring pens, et cetera.", "en")],
        [("We start at nine AM sharp.", "en")],
    ]
    assert len(runs("At 5 p.m. Monday.")) == 1 and len(runs("At 5 p.m. We go.")) == 2
    assert runs("找Dr. Wu。") == [[("找", "zh"), ("Doctor Wu。", "en")]]


def test_syllables_that_espeak_lacks_are_given_as_phonemes() -> None:
    """Without help eSpeak NG 1.52 spells 熊 as English letters: "k, sheong, two"."""

    def names(text: str) -> list[str]:
        return [p.name for p in espeak.read(mandarin.pronounceable(text), "cmn").phonemes]

    assert [name for name in names("熊") if name.strip("_:|")] == ["S;", "j", "'ong"]
    assert names("一会兒") == names("一会儿") == names("一会")
    assert names("小孩儿在这儿") == names("小孩在这里")
    assert names("好儿童") == names("好而童")
    assert len(names("一个儿子")) > len(names("一个"))
    assert names("女儿") != names("女")


def test_espeak_reads_the_same_every_time() -> None:
    first = espeak.read("今天天气真好。", "cmn")
    espeak.read("Something else.", "en-us")
    second = espeak.read("今天天气真好。", "cmn")
    np.testing.assert_array_equal(first.wave, second.wave)
    assert first.phonemes == second.phonemes
    starts = [phoneme.start for phoneme in first.phonemes]
    assert starts == sorted(starts) and 0.8 < starts[-1] < len(first.wave) / 22050
