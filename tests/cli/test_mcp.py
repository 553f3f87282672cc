"""`elluminate mcp`, asked by the protocol's own client: what an assistant in an editor would do."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from elluminate.mcp_server import _LONGEST
from tests.support.serve_process import clean_environment

pytestmark = pytest.mark.anyio

ROWS = [{"question": f"What is {number} + {number}?", "answer": str(2 * number)} for number in range(1, 6)]
CRITERIA: list[Any] = ["Does it give an example?", {"contains": "{{answer}}"}]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def assistant(folder: Path) -> AsyncIterator[Client]:
    environment = clean_environment(ELLUMINATE_BASE_URL=f"local:{(folder / 'evals.db').as_posix()}")
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "elluminate", "mcp"], env=environment, cwd=str(folder)
    )
    async with Client(command) as client:
        yield client


async def asked(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return dict(result.structured_content or json.loads(result.content[0].text))  # type: ignore[union-attr]


async def refusal(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0].text)  # type: ignore[union-attr]


async def test_a_prompt_is_evaluated_changed_and_compared(tmp_path: Path) -> None:
    async with assistant(tmp_path) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {
            "check_suite",
            "compare",
            "failures",
            "get_experiment",
            "list_experiments",
            "retry_failed",
            "run_evaluation",
            "run_suite",
        }
        assert all(tool.description for tool in tools.values())

        given = {"rows": ROWS, "criteria": CRITERIA}
        plain = await asked(client, "run_evaluation", name="Sums", template="Answer: {{question}}", **given)
        assert plain["criteria"][0]["verdicts"] == 10
        assert plain["failures_in_all"] == 5
        assert plain["failures"][0]["not_met"][0]["verdict"] == "NO"
        better = await asked(
            client,
            "run_evaluation",
            name="Sums",
            template="Give an example, and answer: {{question}}",
            **given,
        )

        compared = await asked(client, "compare", before=plain["experiment"], after=str(better["id"]))
        assert compared["verdict"] in ("better", "worse", "not enough evidence")
        listed = await asked(client, "list_experiments", search="Sums")
        assert [one["id"] for one in listed["experiments"]] == [better["id"], plain["id"]]
        failed = await asked(client, "failures", experiment=plain["experiment"], limit=2)
        assert (len(failed["failures"]), failed["failures_in_all"]) == (2, 5)
        again = await asked(client, "get_experiment", experiment=plain["experiment"])
        assert again["criteria"] == plain["criteria"]


async def test_suites_are_checked_and_run(tmp_path: Path) -> None:
    suite = "name: Greetings\ntemplate: 'Greet {{name}}'\nrows: [{name: Ada}]\ncriteria: [{max_words: 90}]\n"
    (tmp_path / "suite.yaml").write_text(suite, encoding="utf-8")
    async with assistant(tmp_path) as client:
        wrong = await asked(client, "check_suite", text=suite.replace("rows", "row"))
        assert not wrong["is_valid"]
        assert any("did you mean 'rows'" in problem for problem in wrong["problems"])
        assert (await asked(client, "check_suite", text=suite))["is_valid"]

        (tmp_path / "program_of_mcp.py").write_text(
            "print('loud')\ndef answer(name): ...\n", encoding="utf-8"
        )
        of_program = suite.replace("template: 'Greet {{name}}'", "target: program_of_mcp:answer")
        assert (await asked(client, "check_suite", text=of_program))["is_valid"]
        for slip, says in (("mcp:anser", "has no 'anser'"), ("mpc:answer", "cannot be imported")):
            wrong = await asked(client, "check_suite", text=of_program.replace("mcp:answer", slip))
            assert not wrong["is_valid"]
            assert wrong["problems"][0].startswith("2:1: ")
            assert says in wrong["problems"][0]

        ran = await asked(client, "run_suite", path="suite.yaml")
        assert (ran["outcome"], ran["exit_code"], len(ran["experiments"])) == ("passed", 0, 1)


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("get_experiment", {"experiment": "Nobody"}, "no experiment named 'Nobody'"),
        ("failures", {"experiment": "1", "limit": 1000}, "limit must be 1 to 50, not 1000"),
        ("run_suite", {"path": "none.yaml"}, "none.yaml"),
        (
            "run_evaluation",
            {"name": "A", "template": "Hi {{name}}", "rows": [{"nam": "Ada"}], "criteria": ["Is it short?"]},
            "name",
        ),
        (
            "run_evaluation",
            {"name": "A", "template": "Hi", "rows": [], "criteria": ["Is it short?"]},
            "rows must be",
        ),
        (
            "run_evaluation",
            {"name": "A", "template": "Hi", "rows": [{"a": 1}], "criteria": []},
            "criteria must hold",
        ),
        (
            "run_evaluation",
            {"name": "A", "template": "Hi", "rows": [{"a": 1}], "criteria": [{"max_wrds": 5}]},
            "max_wrds",
        ),
    ],
)
async def test_mistakes_are_told_to_the_assistant(
    tool: str, arguments: dict[str, Any], says: str, tmp_path: Path
) -> None:
    async with assistant(tmp_path) as client:
        assert says in await refusal(client, tool, **arguments)
        assert (await asked(client, "list_experiments"))["experiments"] == [], "it goes on"


async def test_what_is_shown_is_bounded(tmp_path: Path) -> None:
    async with assistant(tmp_path) as client:
        ran = await asked(
            client,
            "run_evaluation",
            name="Long",
            template="Say: {{text}}",
            rows=[{"text": "x" * 50_000}],
            criteria=[{"max_words": 1}],
        )
    row = ran["failures"][0]["row"]["text"]
    assert len(row) < _LONGEST + 50 and row.endswith("more characters)")
