"""Every promise of the guide has a test, or a reason why no test can show it."""

from __future__ import annotations

import re
from pathlib import Path

NOT_TESTED = {
    "S058": "advice on speed: how long runs take side by side depends on the machine and the model",
    "S186": "no promise: says that something may change",
    "S198": "no promise: says what a blocking run does not show",
    "S199": "no promise: compares how many calls a caller writes",
    "S200": "advice on when to stream",
    "S201": "advice on context managers, gathering, limits and one client per application",
}
ALL = {f"S{number:03}" for number in range(1, 203)}


def test_every_row_is_tested_or_says_why_not() -> None:
    tested: set[str] = set()
    for module in Path(__file__).parent.glob("test_promises_*.py"):
        text = module.read_text(encoding="utf-8")
        for name in re.findall(r"def (test_S\w+)|^    \"(S\d{3})\": \"", text, flags=re.MULTILINE):
            tested.update(re.findall(r"S\d{3}", name[0]))
        if module.name != Path(__file__).name:
            tested.update(re.findall(r"^    \"(S\d{3})\": \"", text, flags=re.MULTILINE))
    assert sorted(ALL - tested - NOT_TESTED.keys()) == []
    assert sorted(tested & NOT_TESTED.keys()) == []
    assert sorted(tested - ALL) == []
