"""Suites, run by both clients against real servers: what they make, what they come to, and what cannot be measured."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elluminate import NotFoundError, ValidationError
from elluminate.gates import Thresholds, check
from elluminate.suites.origins import origin_in
from elluminate.suites.suite import SuiteError
from tests.support.model_server import ModelServer
from tests.support.worlds import World, entered

YES = '{"reasoning": "It is.", "rating": "YES"}'
NO = '{"reasoning": "It is not.", "rating": "NO"}'

SUITE = """\
name: Greetings
template: "Greet {{name}}."
rows:
  - {name: Ada}
  - {name: Grace}
criteria: [Is it polite?, Is it short?]
thresholds: {pass_rate: 0.75}
"""


@pytest.fixture(params=["blocking", "async"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with entered(request.param) as world:
        yield world


@pytest.fixture
def client(base_url: str, world: World) -> Iterator[Any]:
    with world.opened(base_url=base_url) as client:
        yield client


@pytest.fixture
def run(client: Any, world: World, tmp_path: Path) -> Any:
    def run(text: str = SUITE, **kwargs: Any) -> Any:
        path = tmp_path / "suite.yaml"
        path.write_text(text, encoding="utf-8")
        return world.call(client, "run_suite", path, **kwargs)

    return run


def judged_no(criterion: str) -> Any:
    """Of a scripted judge: this criterion is not met."""
    return lambda request: NO if criterion in str(request.json["messages"]) else YES


def test_a_suite_is_run_and_held_against_its_thresholds(run: Any, client: Any, world: World) -> None:
    result = run()

    assert (result.outcome, result.exit_code) == ("passed", 0)
    (only,) = result.runs
    assert (only.model, only.statistics.overall.verdicts.given) == ("default", 4)
    assert only.experiment.prompt_template.name == "Greetings"
    origin = origin_in(only.experiment.description)
    assert origin is not None and (origin.suite, origin.model) == ("Greetings", "default")
    assert world.call(client, "get_experiment", id=only.experiment.id).name.startswith("Greetings (")


def test_equal_rows_and_templates_are_stored_once_and_changed_ones_anew(
    run: Any, client: Any, world: World
) -> None:
    run()
    run()
    assert len(world.call(client, "list_collections")) == 1
    assert len(world.call(client, "list_prompt_templates")) == 1

    run(SUITE.replace("Grace", "Grete").replace('"Greet {{', '"Welcome {{'))
    assert len(world.call(client, "list_collections")) == 2
    assert [one.version for one in world.call(client, "list_prompt_templates", "Greetings")] == [2, 1]


def test_rows_that_somebody_has_changed_are_put_right(run: Any, client: Any, world: World) -> None:
    run()
    (listed,) = world.call(client, "list_collections")
    collection = world.call(client, "get_collection", id=listed.id)
    world.call(collection, "delete_entry", collection.variables[0])

    result = run()
    assert result.runs[0].statistics.overall.verdicts.given == 4


def test_checks_are_decided_without_a_judge(run: Any, model_server: ModelServer) -> None:
    checks = "criteria: [{contains: '{{name}}'}, {max_words: 50}]"

    result = run(SUITE.replace("criteria: [Is it polite?, Is it short?]", checks))

    assert (result.exit_code, result.runs[0].statistics.overall.verdicts.given) == (0, 4)
    assert {request.kind for request in model_server.requests} == {"answer"}


def test_a_rate_that_is_too_low_fails(run: Any, model_server: ModelServer) -> None:
    model_server.verdict = judged_no("Is it short?")

    result = run()

    assert (result.outcome, result.exit_code) == ("failed", 1)
    assert "pass rate: wanted at least 75.0%, got 50.0%" in str(result)


@pytest.mark.parametrize("what", ["verdict", "answer"])
def test_a_dead_judge_or_model_is_not_measured(run: Any, model_server: ModelServer, what: str) -> None:
    if what == "verdict":
        model_server.verdict = lambda request: "I would rather not say."
    else:
        model_server.fail(100, status=401)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = run()

    assert (result.outcome, result.exit_code) == ("not measured", 2)
    assert result.runs[0].gate.findings[0].outcome == "not measured"


def test_each_model_has_a_run_of_its_own(
    run: Any, client: Any, world: World, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_KEY", "the-key-of-tiny")
    matrix = f"""
models:
  - default
  - {{name: tiny, model: tiny-1, base_url: "{model_server.base_url}", api_key_env: TINY_KEY, temperature: 0}}
  - {{name: keyless, model: tiny-2, base_url: "{model_server.base_url}", api_key_env: MISSING_KEY}}
"""
    told: list[tuple[str, bool]] = []
    result = run(SUITE + matrix, progress=lambda model, now: told.append((model, now is None)))

    assert [(one.model, one.outcome) for one in result.runs] == [
        ("default", "passed"),
        ("tiny", "passed"),
        ("keyless", "not measured"),
    ]
    assert result.exit_code == 2
    assert "MISSING_KEY" in str(result)
    assert "the-key-of-tiny" not in str(result)
    assert {model for model, is_over in told if is_over} == {"default", "tiny", "keyless"}
    assert "tiny-1" in {request.json["model"] for request in model_server.requests}
    (config,) = world.call(client, "list_llm_configs")
    assert config.name.startswith("tiny (")

    assert run(SUITE + matrix, models=["default"]).exit_code == 0
    with pytest.raises(ValidationError, match="has no model 'large'"):
        run(SUITE + matrix, models=["large"])


def test_another_key_makes_another_config_and_no_name_tells_of_a_key(
    run: Any, client: Any, world: World, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        SUITE
        + f'models: [{{name: tiny, model: tiny-1, base_url: "{model_server.base_url}", api_key_env: KEY}}]\n'
    )

    def used(key: str) -> str:
        monkeypatch.setenv("KEY", key)
        run(text, new=True)
        answer = next(one for one in reversed(model_server.requests) if one.json["model"] == "tiny-1")
        return answer.headers["authorization"].removeprefix("Bearer ")

    keys = ["the-first-key-of-tiny", "the-second-key-of-t1ny"]
    assert [used(key) for key in (*keys, *keys)] == [*keys, *keys]
    names = [config.name for config in world.call(client, "list_llm_configs")]
    assert len(names) == 2 and names[1] == names[0].replace(")", ", key 2)")
    # With other keys the names would be the same.
    for config in world.call(client, "list_llm_configs"):
        world.call(client, "delete_llm_config", config)
    assert used("a-guess-of-somebodys") == "a-guess-of-somebodys"
    assert [config.name for config in world.call(client, "list_llm_configs")] == names[:1]


def test_a_program_of_ones_own_is_asked_instead(run: Any, tmp_path: Path, model_server: ModelServer) -> None:
    (tmp_path / "greeting_of_a_suite.py").write_text(
        "def greet(name):\n    if name == 'Grace':\n        raise LookupError('nobody')\n    return f'Hi {name}'\n",
        encoding="utf-8",
    )
    text = SUITE.replace('template: "Greet {{name}}."', "target: greeting_of_a_suite:greet")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = run(text)

    assert [
        response.response_text for response in result.runs[0].experiment.responses() if not response.error
    ] == ["Hi Ada"]
    assert result.exit_code == 2
    assert "LookupError" in str(result)
    assert all(request.kind != "answer" for request in model_server.requests)


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize(
    ("ends", "said"),
    [
        pytest.param("sys.exit(0)", "it called sys.exit(0)", id="exit"),
        pytest.param("pytest.skip('later')", "it raised Skipped: later", id="skip"),
        pytest.param("raise asyncio.CancelledError", "cancelled", id="cancelled"),
        pytest.param("raise StopIteration", "StopIteration", id="stop"),
        pytest.param("next(iter(()))", "StopIteration", id="next"),
        pytest.param("raise StopAsyncIteration", "StopAsyncIteration", id="stop async"),
        pytest.param("raise BaseExceptionGroup('two', [SystemExit(1)])", "two", id="group"),
    ],
)
def test_a_program_that_ends_the_process_ends_its_own_row_alone(
    run: Any, tmp_path: Path, kind: str, ends: str, said: str
) -> None:
    module = f"ending_{abs(hash((kind, ends)))}_of_a_suite"
    (tmp_path / f"{module}.py").write_text(
        f"import asyncio, sys\nimport pytest\n{kind} greet(name):\n    if name == 'Ada':\n        {ends}\n"
        "    return 'Hi'\n",
        "utf-8",
    )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = run(SUITE.replace('template: "Greet {{name}}."', f"target: {module}:greet"))

    assert result.exit_code == 2
    assert said.lower() in str(result).lower()
    assert len(list(result.runs[0].experiment.responses())) == 2


def test_rows_that_a_program_was_not_asked_for_are_missing(client: Any, world: World) -> None:
    rows = [{"n": str(number)} for number in range(6)]
    collection = world.call(client, "create_collection", "Numbers", variables=rows)
    asked: list[str] = []

    def counts(n: str) -> str:
        asked.append(n)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return n

    given = {"criteria": [{"max_words": 9}], "max_concurrency": 1}
    with pytest.raises(KeyboardInterrupt):
        world.call(client, "run_experiment", "Cut short", None, collection, target=counts, **given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cut = world.call(client, "get_experiment", name="Cut short")
        world.call(cut, "retry_failed")

    gate = check(world.call(cut, "statistics"), Thresholds())
    assert gate.outcome == "not measured"
    assert "the same call of run_experiment(…, target=…) goes on with it" in gate.findings[0].reason
    whole = world.call(client, "run_experiment", "Cut short", None, collection, target=counts, **given)
    assert check(world.call(whole, "statistics"), Thresholds()).outcome == "passed"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("nowhere_to_be_found:greet", "cannot be imported"),
        ("json:greet", "'json' has no 'greet'"),
        ("json:__name__", "is no function"),
    ],
)
def test_a_program_that_is_not_there_is_refused_before_anything_is_made(
    run: Any, client: Any, world: World, target: str, says: str
) -> None:
    with pytest.raises(SuiteError, match=rf"suite\.yaml:2:1: .*{says}"):
        run(SUITE.replace('template: "Greet {{name}}."', f"target: {target}"))
    assert world.call(client, "list_collections") == []


def test_a_run_is_compared_with_the_last_one_on_a_branch(run: Any, model_server: ModelServer) -> None:
    text = SUITE.replace("pass_rate: 0.75", "no_regression: {branch: main, margin: 0.5}")
    first = run(text, branch="main")
    assert (first.exit_code, first.runs[0].comparison) == (0, None)
    assert "no earlier run was found on branch 'main'; this one is the first" in str(first)

    model_server.verdict = judged_no("Is it")
    other = run(text, branch="mine")
    assert (other.exit_code, other.runs[0].comparison.verdict) == (2, "not enough evidence")
    assert other.runs[0].comparison.a == first.runs[0].experiment.name

    model_server.verdict = lambda request: YES
    third = run(text.replace("margin: 0.5", "margin: 1"), branch="mine")
    assert third.runs[0].comparison.a == first.runs[0].experiment.name, (
        "a run on another branch is no baseline"
    )
    assert third.exit_code == 0


def test_a_branch_without_runs_beside_others_with_some_may_be_a_slip(run: Any) -> None:
    text = SUITE.replace("pass_rate: 0.75", "no_regression: {branch: mian}")
    run(text, branch="main")

    slip = run(text, branch="mine")

    assert slip.exit_code == 0
    assert "no earlier run was found on branch 'mian', and there are runs on 'main': is the" in str(slip)
    required = run(text.replace("mian", "mian, required: true"), branch="mine")
    assert required.exit_code == 2
    assert "there are runs on 'mine', 'main'" in str(required)


def test_a_baseline_that_has_to_be_there_and_is_not(run: Any, model_server: ModelServer) -> None:
    named = run(SUITE.replace("pass_rate: 0.75", "no_regression: {against: Nightly}"))
    assert (named.exit_code, "'Nightly'" in str(named)) == (2, True)
    assert model_server.requests == [], "no model is paid for a run that can never be compared"

    text = SUITE.replace("pass_rate: 0.75", "no_regression: {branch: main, required: true}")
    elsewhere = run(text, branch="mine")
    assert (elsewhere.exit_code, elsewhere.runs[0].experiment is None) == (2, False)
    assert "and this one is on 'mine'; a run on 'main' makes the one to compare with" in str(elsewhere)

    first = run(text, branch="main")
    assert first.exit_code == 2
    assert "'main'; this one is the first, and the next is compared with it" in str(first)
    second = run(text, branch="main")
    assert (second.exit_code, second.runs[0].comparison.a) == (0, first.runs[0].experiment.name)


def test_what_is_on_the_server_is_used_as_it_is(run: Any, client: Any, world: World) -> None:
    world.call(client, "create_prompt_template", "Greet", template="Greet {{name}}.")
    world.call(client, "create_collection", "People", variables=[{"name": "Ada"}])
    world.call(client, "create_criterion_set", "Polite", ["Is it polite?"])
    text = "name: N\ntemplate: {name: Greet}\ncollection: People\ncriterion_set: Polite\nepochs: 2\n"

    result = run(text)
    assert (result.exit_code, result.runs[0].statistics.overall.verdicts.given) == (0, 2)
    with pytest.raises(NotFoundError, match="'Nobody'"):
        run(text.replace("People", "Nobody"))


def test_a_file_that_cannot_be_used_is_refused(run: Any) -> None:
    with pytest.raises(SuiteError, match=r"suite\.yaml:2:1: unknown key 'tempalte'"):
        run(SUITE.replace("template", "tempalte"))
