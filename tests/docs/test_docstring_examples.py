"""Every example in a public docstring runs, in a scene of the things that examples speak of."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import importlib
import inspect
import io
import json
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import elluminate
import elluminate.schemas
from elluminate import AsyncClient, Client
from elluminate.evaluate import reset_default_client
from elluminate_server import serving

ROOT = Path(__file__).parents[2]
EXAMPLE = re.compile(r"^Examples?:\n((?:[ \t]+.*\n?|\n)+)", re.MULTILINE)
ROWS = [{"concept": "recursion"}, {"concept": "closures"}]
TRAJECTORY = {
    "schema_version": "ATIF-v1.7",
    "agent": {"name": "file-agent", "version": "1.0"},
    "steps": [
        {"step_id": 1, "source": "user", "message": "Sort names.txt."},
        {"step_id": 2, "source": "agent", "message": "It is sorted."},
    ],
}


def documented() -> Iterator[tuple[str, str]]:
    """Every public thing that has an example, with the example."""
    seen: set[Any] = set()
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(elluminate.__path__, "elluminate.")
        if not module.name.endswith("__main__")
        and not module.name.startswith(
            "elluminate.statistics"
        )  # they need no server: tests/unit/test_statistics.py
    ]
    for module in modules:
        for name, thing in vars(module).items():
            if not getattr(thing, "__module__", "").startswith("elluminate."):
                continue
            members = dict(vars(thing)) if inspect.isclass(thing) else {}
            for label, member in [(name, thing), *((f"{name}.{each}", members[each]) for each in members)]:
                function = inspect.unwrap(getattr(member, "__func__", member)) if callable(member) else member
                function = function.fget if isinstance(function, property) else function
                if not (inspect.isclass(function) or inspect.isfunction(function)) or function in seen:
                    continue
                seen.add(function)
                found = EXAMPLE.search((inspect.getdoc(function) or "") + "\n")
                if found and ">>>" in found[1]:
                    yield label, inspect.cleandoc("\n" + found[1])


EXAMPLES = dict(documented())
CLASSES = {
    name: thing
    for module in ("elluminate.schemas.message", "elluminate.schemas.template_string")
    for name, thing in vars(importlib.import_module(module)).items()
    if inspect.isclass(thing)
}
"""Further classes that examples name."""


class Scene(dict[str, Any]):
    """The names of an example: clients, classes, and what it speaks of."""

    def __init__(self, client: Client) -> None:
        super().__init__({name: getattr(elluminate.schemas, name) for name in elluminate.schemas.__all__})
        self.update({name: getattr(elluminate, name) for name in elluminate.__all__})
        self.update(client=client, trajectory=TRAJECTORY)
        self._makers: dict[str, Callable[[], Any]] = {
            "template": lambda: client.create_prompt_template("Explain", template="Explain {{concept}}."),
            "collection": lambda: client.create_collection("Concepts", variables=ROWS),
            "criterion_set": lambda: client.create_criterion_set("Quality", ["Is it right?", "Is it short?"]),
            "criterion": lambda: self.made("criterion_set").criteria[0],
            "config": lambda: client.create_llm_config("Small", llm_model_name="some-model", api_key="a-key"),
            "experiment": lambda: self._run("First try"),
            "before": lambda: self.made("experiment"),
            "after": lambda: self._run("Second try"),
            "response": lambda: self.made("experiment").rated_responses[0],
            "results": lambda: self.made("experiment").results,
            "ada": lambda: client.create_persona("Ada", "Curious, asks back."),
            "group": lambda: client.create_persona_group("Pupils", [self.made("ada")]),
            "scenarios": self._scenarios,
        }

    def made(self, name: str) -> Any:
        if name not in self:
            self[name] = self._makers[name]()
        return self[name]

    def set_for_agents(self) -> None:
        client: Client = self["client"]
        tasks = client.create_collection("Chores", collection_type="AGENTIC", variables=[{"task": "sort"}])
        criteria = client.create_criterion_set("Done", ["Did the agent do what {{task}} asks for?"])
        self["experiment"] = client.create_experiment(
            "Chores", None, tasks, criterion_set=criteria, evaluation_mode="AGENTIC"
        )

    def set_for(self, example: str) -> None:
        """Make what the example uses without making it, by variable or by title, in the makers' order."""
        used = list(titles_used(example)) + list(names_used(example))
        for name in self._makers:
            if name in used:
                self.made(name)

    def _run(self, name: str) -> Any:
        return self["client"].run_experiment(
            name, self.made("template"), self.made("collection"), criterion_set=self.made("criterion_set")
        )

    def _scenarios(self) -> Any:
        made = self["client"].create_scenario_set("Lessons", fields=["school_year"])
        made.add_scenarios([{"goal": "Understand tides", "expected_conversation_outcome": "Can explain."}])
        return made


TITLES = {
    "Explain": "template",
    "Concepts": "collection",
    "Quality": "criterion_set",
    "Small": "config",
    "First try": "experiment",
    "Second try": "after",
    "Ada": "ada",
    "Pupils": "group",
    "Lessons": "scenarios",
}


def titles_used(example: str) -> Iterator[str]:
    """What is looked up by its title, or expected in what is printed."""
    printed = "".join(step.want for step in doctest.DocTestParser().get_examples(example))
    for title, name in TITLES.items():
        if title in printed or re.search(rf'(get_\w+\(name="|get_or_create_\w+\(")[^"]*{title}"', example):
            yield name


def names_used(example: str) -> Iterator[str]:
    """Variables that are read before the example itself sets them."""
    given: set[str] = set()
    for step in doctest.DocTestParser().get_examples(example):
        tree = ast.parse(step.source)
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        is_block = not isinstance(tree.body[0], ast.Assign | ast.Expr)
        yield from (
            node.id
            for node in names
            if isinstance(node.ctx, ast.Load) and node.id not in (given | stored if is_block else given)
        )
        given |= stored


@pytest.fixture
def scene(label: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("ELLUMINATE_BASE_URL", "local::memory:")
    monkeypatch.delenv("ELLUMINATE_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("concept\ntides\nrain\n", encoding="utf-8")
    Path("suite.yaml").write_text((ROOT / "examples" / "suite.yaml").read_text("utf-8"), encoding="utf-8")
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    try:
        with Client() as client:
            scene = Scene(client)
            scene.update((name, thing) for name, thing in CLASSES.items() if name not in scene)
            if "agent" in label or label.endswith("wait_for_evaluation"):
                scene.set_for_agents()
            else:
                scene.set_for(EXAMPLES[label])
            yield scene
        for thing in scene.values():
            if isinstance(thing, Client):  # an example's own; closing one twice does nothing
                thing.close()
    finally:
        reset_default_client()
        for database in (":memory:", "evals.db"):  # the next example finds none
            serving.stop_local_server(database)


@pytest.mark.parametrize("label", EXAMPLES)
def test_the_example_runs(label: str, scene: Scene) -> None:
    run(EXAMPLES[label], scene)


def run(text: str, scene: Scene) -> None:
    steps = doctest.DocTestParser().get_examples(text)
    if "await " in text or "async " in text:
        whole = "".join(step.source for step in steps)
        asyncio.run(awaited(whole, scene))
        return
    checker = doctest.OutputChecker()
    for step in steps:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(step.source, "<example>", "single"), scene)
        if step.want:
            assert checker.check_output(step.want, said.getvalue(), doctest.ELLIPSIS), said.getvalue()


async def awaited(code: str, scene: Scene) -> None:
    async with AsyncClient() as client:
        scene["client"] = client
        result = eval(compile(code, "<example>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), scene)
        if inspect.iscoroutine(result):
            await result


def test_the_client_s_methods_have_examples() -> None:
    without = {"close", "check_version", "get_info"}
    named = [name for name, member in vars(Client).items() if inspect.isfunction(member) and name[0] != "_"]
    lacking = [
        name for name in named if not EXAMPLE.search((inspect.getdoc(getattr(Client, name)) or "") + "\n")
    ]
    assert set(lacking) <= without
