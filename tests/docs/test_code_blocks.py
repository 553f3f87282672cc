"""Every Python program in the documents runs, page by page, in the order in which a reader meets them."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from elluminate.evaluate import reset_default_client
from elluminate_server.serving import stop_local_server

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r'title="not run: ([^"]+)"')


@frozen
class Block:
    """One fenced Python block.

    Attributes:
        label: What stands behind the fence's backticks.
        code: The program, without the fence's indentation.
        line: Where it begins in its page.
    """

    label: str
    code: str
    line: int

    @property
    def reason_not_to_run(self) -> str | None:
        """Why it is not run, as the page itself says."""
        found = NOT_RUN.search(self.label)
        return found[1] if found else None


def blocks_of(page: Path) -> Iterator[Block]:
    """The Python blocks of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        indent, label, body = fence.groups()
        if label.split()[:1] == ["python"]:
            code = "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
            yield Block(label, code, text.count("\n", 0, fence.start()) + 2)


PAGES = sorted(page for page in DOCS.rglob("*.md") if any(blocks_of(page)))


def run_page(page: Path) -> None:
    """Run the programs of a page, as a reader does who tries them with `local:`, also where they name memory."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with asyncio.Runner() as loop:
        for block in blocks_of(page):
            if block.reason_not_to_run:
                ast.parse(block.code)
                continue
            # A cell of a notebook may await at its top level; line numbers are the page's.
            program = "\n" * (block.line - 1) + block.code.replace("local::memory:", "local:page.db")
            code = compile(program, str(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            result = eval(code, names)
            if inspect.iscoroutine(result):
                loop.run(result)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_the_programs_of_a_page_run_any_number_of_times(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELLUMINATE_BASE_URL", "local:page.db")  # what one block makes, the next ones use
    monkeypatch.delenv("ELLUMINATE_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        run_page(page)
    reset_default_client()
    for database in tmp_path.glob("*.db"):
        stop_local_server(str(database))


def test_the_chapters_have_programs() -> None:
    with_programs = {page.relative_to(DOCS).as_posix() for page in PAGES}
    chapters = {page.relative_to(DOCS).as_posix() for page in (DOCS / "guide").glob("*.md")}
    assert {"index.md", "concepts.md", *chapters} <= with_programs


def test_what_is_not_run_says_why() -> None:
    for page in PAGES:
        for block in blocks_of(page):
            assert block.label.strip() == "python" or block.reason_not_to_run, f"{page.name}:{block.line}"
