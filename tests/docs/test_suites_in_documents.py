"""The suites that documents show are suites, and so is the one that `elluminate init` writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from elluminate.suites import load_suite
from elluminate.suites.reading import suite_from_text

ROOT = Path(__file__).parents[2]
SHOWN = [
    block
    for page in sorted((ROOT / "docs").rglob("*.md"))
    for block in re.findall(
        r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    if block.startswith("name: ") and "criteria:" in block
]


@pytest.mark.parametrize("text", SHOWN, ids=lambda text: text.splitlines()[0])
def test_a_suite_that_is_shown_can_be_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "messages.csv").write_text("message\nWhere is it?\n", encoding="utf-8")

    assert suite_from_text(text, tmp_path / "suite.yaml").rows


def test_there_are_some() -> None:
    assert len(SHOWN) >= 3


@pytest.mark.parametrize("path", ["examples/suite.yaml", "elluminate/cli/suite.yaml"])
def test_a_suite_of_ours_can_be_read(path: str) -> None:
    assert load_suite(ROOT / path).thresholds.pass_rate is not None
