"""The guide's page on pytest: the files that it shows pass, and its table of keywords is the marker's."""

from __future__ import annotations

import re
from pathlib import Path

from elluminate.pytest_plugin.marker import KEYWORDS
from tests.pytest_plugin.projects import TestProject
from tests.support.model_server import ModelServer

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "pytest.md").read_text(encoding="utf-8")
FILES = dict(
    re.findall(
        r'^```python title="not run: (\w+)\.py, a file for pytest"\n(.*?)^```$',
        PAGE,
        re.MULTILINE | re.DOTALL,
    )
)


def test_the_files_that_the_guide_shows_pass(tmp_path: Path) -> None:
    with ModelServer() as model:
        project = TestProject(tmp_path, model)
        project.write(**FILES)
        ran = project.run("--strict-markers", "-W", "error")
    assert "2 passed" in ran.text, ran.text


def test_the_guide_tells_of_every_keyword() -> None:
    table = PAGE.partition("## What the marker takes")[2].partition("\n## ")[0]
    told = {
        name
        for line in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", line)
    }
    assert told == set(KEYWORDS)
