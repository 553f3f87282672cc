"""Long texts are read by another parser: what comes of them, and what is said of them, is the same."""

from __future__ import annotations

import random
from typing import Any

import pytest

from elluminate.suites import yaml_text
from elluminate.suites.yaml_fast import composed_fast
from elluminate.suites.yaml_text import YamlError, read_yaml

VALUES = [
    *"""\
no|1|0x1F|1:30|2026-11-30|10_0|~|on|.5|'q''x'|"d\\n"|"\\u00e9"|"\\/"|"\\x41"|"\\ud83c\\udf89"|-1|-a|a#b|x #c|a:b|a: b
http://x.y/z?q=1&b=2|[1, 2]|[a ,b , ]|[a: 1]|["a":1]|{a: 1}|{a, b}|{a: }|{a:1}|{"a":1}|&x 1|*x|!!str 1|! a|!mine 1
? k|?x|a?|R & D|a*b|50 %|%x|é|🎉|\u00a0|\u2028z|\ufeff|a\tb|@x|`x|:|::|a:|--|---|...|#|=|<<|{{x}}|Is it? No!|[|}\
""".replace("\n", "|").split("|"),
    "|\n   t\n   u\n",
    ">-\n   t\n\n   u\n",
    "plain\n   goes on",
    '"a\\\n   b"',
    "a\r\nb",
]


def _texts() -> list[str]:
    chosen = random.Random(20)
    pick = chosen.choice
    shapes = (
        lambda: f"{pick(VALUES)}: {pick(VALUES)}",
        lambda: f"k{chosen.random()}: {pick(VALUES)}",
        lambda: f"k{chosen.random()}:\n - {pick(VALUES)}\n - {pick(VALUES)}",
        lambda: f"k{chosen.random()}: {{p: {pick(VALUES)}, q: {pick(VALUES)}}}",
        lambda: f"k{chosen.random()}: [{pick(VALUES)}, {pick(VALUES)}]",
        lambda: f"k{chosen.random()}:\n  {pick(VALUES)}: {pick(VALUES)}\n  z: {pick(VALUES)}",
    )
    return ["\n".join(pick(shapes)() for _ in range(chosen.randint(1, 3))) for _ in range(600)]


def _read(text: str) -> Any:
    try:
        document = read_yaml(text)
    except YamlError as error:
        return error.reason, error.place
    return document.value, document.places


@pytest.mark.filterwarnings("ignore:(?s).*duplicate anchor")
def test_both_ways_to_read_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = _texts()
    slowly = [_read(text) for text in texts]
    monkeypatch.setattr(yaml_text, "_LONG", 0)
    for text, expected in zip(texts, slowly, strict=True):
        assert _read(text) == expected, text
    assert sum(composed_fast(text) is not None for text in texts) > 50


def test_what_is_nested_without_end_ends_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "_LONG", 0)
    for text in ("[" * 200_000, "- " * 20_000, "{a: " * 20_000):
        assert composed_fast(text) is None


def test_long_rows_are_read_by_the_fast_one() -> None:
    rows = "\n".join(
        f"  - {{question: 'What is {n} + {n}? Say!', answer: \"{2 * n}\", n: {n}}}" for n in range(2_000)
    )
    text = f"name: Sums\nrows:\n{rows}\n"

    assert composed_fast(text) is not None
    document = read_yaml(text)
    assert document.value["rows"][1_999] == {
        "question": "What is 1999 + 1999? Say!",
        "answer": "3998",
        "n": 1_999,
    }
    assert str(document.place_of(("rows", 1_999, "answer"))) == "2002:45"
    with pytest.raises(YamlError, match="the key 'name' stands twice") as caught:
        read_yaml(f"{text}name: Twice\n")
    assert str(caught.value.place) == "2003:1"
