"""Checks in the SDK: how they are written, functions of the caller's, and servers that know none of it."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elluminate_api.models import Check, CheckType

from elluminate import (
    Client,
    CriterionIn,
    IncompleteResultsWarning,
    NotSupportedError,
    RepeatedCriteriaWarning,
    ValidationError,
    checks,
    evaluate,
)
from elluminate.checks import _programs
from elluminate.suites.suite import Suite, TemplateChoice
from elluminate_server.api import criterion_sets
from elluminate_server.writing import criteria as writing
from tests.support.model_server import ModelServer
from tests.support.worlds import World, entered


@pytest.fixture(params=["blocking", "async"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with entered(request.param) as world:
        yield world


@pytest.fixture
def client(base_url: str, world: World) -> Iterator[Any]:
    with world.opened(base_url=base_url) as client:
        world.call(client, "create_prompt_template", "T", "Name {{topic}}.")
        rows = [{"topic": topic, "word": topic[:2]} for topic in ("tides", "rain")]
        world.call(client, "create_collection", "C", variables=rows)
        yield client


def run(world: World, client: Any, criteria: list[Any], **more: Any) -> Any:
    return world.call(client, "run_experiment", "E", "T", "C", criteria=criteria, **more)


def test_no_model_is_asked_for_what_rules_decide(
    world: World, client: Any, model_server: ModelServer
) -> None:
    experiment = run(world, client, [checks.max_words(50), {"contains": "{{word}}", "negate": True}])

    assert len(model_server.requests) == 2  # one answer for each row
    assert experiment.results.verdicts.given == 4
    assert {rating.origin for each in experiment.responses() for rating in each.ratings} == {"check"}
    assert experiment.statistics().judging.count == 0
    other = world.call(client, "run_experiment", "F", "T", "C", criteria=[checks.max_words(50)])
    compared = world.call(client, "compare", experiment, other)
    assert [one.criterion for one in compared.criteria] == ["The answer has at most 50 words."]


def test_exports_say_where_a_verdict_comes_from(world: World, client: Any, tmp_path: Path) -> None:
    def judge(response: str, topic: str) -> bool | None:
        return None if topic == "rain" else bool(response)

    criteria = [checks.python(judge, label="own"), checks.max_words(50, label="short"), "Is it true?"]
    with pytest.warns(IncompleteResultsWarning):
        experiment = run(world, client, criteria)

    (first, second) = experiment.to_dicts()
    origins = [first[f"origin.{name}"] for name in ("own", "short", "Is it true?")]
    assert origins == ["program", "check", "judge"]
    assert second["origin.own"] is None
    experiment.to_csv(tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as file:
        assert [row["origin.own"] for row in csv.DictReader(file)] == ["program", ""]
    experiment.to_jsonl(tmp_path / "answers.jsonl")
    lines = (tmp_path / "answers.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["origin.short"] for line in lines] == ["check", "check"]


def test_a_function_of_the_callers_gives_verdicts(world: World, client: Any) -> None:
    def judge(response: str, topic: str, missing: str = "-") -> Any:
        if topic == "rain":
            raise ValueError("no umbrella")
        return (bool(response), f"{topic}{missing}")

    with pytest.warns(IncompleteResultsWarning, match="ValueError: no umbrella"):
        experiment = run(world, client, [checks.python(judge)])

    (first, second) = experiment.responses()
    assert [(one.rating, one.origin, one.reasoning) for one in first.ratings] == [
        ("YES", "program", "tides-")
    ]
    assert second.ratings == []
    assert second.missing_verdicts[0].reason == "ValueError: no umbrella"

    checks.python(lambda response: False, "judge")
    world.call(experiment, "retry_failed")
    assert [[one.rating for one in each.ratings] for each in experiment.responses()] == [["YES"], ["NO"]]
    ratings = world.call(experiment, "rate_responses")
    assert [[one.rating for one in of_one] for of_one in ratings] == [["NO"], ["NO"]]


def _planned(world: World, client: Any, criteria: list[Any]) -> Any:
    world.call(client, "get_or_create_criterion_set", "S", {"criteria": criteria})
    return world.call(client, "create_experiment", "P", "T", "C", criterion_set="S")


def _with_answers(world: World, client: Any, criteria: list[Any]) -> Any:
    planned = _planned(world, client, criteria)
    rows = world.call(client, "get_collection", name="C").variables
    world.call(planned, "add_responses", [f"About {row.input_values['topic']}" for row in rows], rows)
    return planned


def _streamed_rating(world: World, client: Any, criteria: list[Any]) -> Any:
    planned = _with_answers(world, client, criteria)
    last = world.call(client, "stream_batch_rate", planned.rated_responses, polling_interval=0.1)[-1]
    assert [len(ratings) for ratings in last.result] == [len(criteria)] * 2
    return world.call(client, "get_experiment", name="P")


def _suite(world: World, client: Any, criteria: list[Any]) -> Any:
    suite = Suite(
        path=Path("suite.yaml"),
        name="Suite",
        template=TemplateChoice(messages="Name {{topic}}."),
        collection="C",
        criteria=criteria,
    )
    return world.call(client, "run_suite", suite, new=True).runs[0].experiment


JUDGED_BY: dict[str, Any] = {
    "run_experiment": run,
    "run_experiment of a target": lambda world, client, criteria: world.call(
        client, "run_experiment", "E", None, "C", criteria=criteria, target=lambda topic: topic
    ),
    "stream_experiment": lambda world, client, criteria: (
        world.call(client, "stream_experiment", "E", "T", "C", criteria=criteria, polling_interval=0.1)[
            -1
        ].result
    ),
    "run": lambda world, client, criteria: world.call(_planned(world, client, criteria), "run"),
    "retry_failed": lambda world, client, criteria: world.call(
        _unjudged(world, client, criteria), "retry_failed"
    ),
    "wait_until_finished": lambda world, client, criteria: world.call(
        _unjudged(world, client, criteria), "wait_until_finished"
    ),
    "rerun": lambda world, client, criteria: world.call(
        (first := run(world, client, criteria)), "rerun", first.rated_responses
    ),
    "rate_responses": lambda world, client, criteria: _rated(world, _with_answers(world, client, criteria)),
    "stream_batch_rate": _streamed_rating,
    "run_suite": _suite,
    "evaluate": lambda world, client, criteria: _evaluated(client.session.config, criteria),
}
"""Every public way in which criteria get judged."""


def _evaluated(config: Any, criteria: list[Any]) -> Any:
    with Client(base_url=config.base_url, api_key=config.api_key) as client:
        rows = client.get_collection(name="C")
        return evaluate(None, rows, criteria=criteria, target=lambda topic: topic, client=client)


def _rated(world: World, experiment: Any) -> Any:
    world.call(experiment, "rate_responses")
    return experiment


def _unjudged(world: World, client: Any, criteria: list[Any]) -> Any:
    """An experiment that ran where nobody knew the function."""
    known = dict(_programs._functions)
    _programs._functions.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteResultsWarning)
        experiment = run(world, client, criteria)
    _programs._functions.update(known)
    assert all(len(each.ratings) == 1 for each in experiment.responses())
    return experiment


@pytest.mark.parametrize("way", JUDGED_BY)
def test_every_way_to_have_criteria_judged_calls_functions(world: World, client: Any, way: str) -> None:
    def judge(response: str) -> bool:
        return bool(response)

    experiment = JUDGED_BY[way](world, client, [checks.python(judge), checks.max_words(50)])

    said = [sorted(str(rating.origin) for rating in each.ratings) for each in experiment.responses()]
    assert said == [["check", "program"]] * 2
    assert experiment.results.verdicts.is_complete


def test_an_async_function_judges_what_a_program_answered(world: World, client: Any) -> None:
    async def said(messages: list[Any], topic: str) -> bool:
        return bool(messages[-1]["content"] == topic)

    experiment = world.call(
        client, "run_experiment", "E", None, "C", criteria=[checks.python(said)], target=lambda topic: topic
    )

    assert experiment.results.pass_rate == 1.0


def test_why_the_only_criterion_gave_no_verdict_on_what_a_program_answered_is_kept(
    world: World, client: Any
) -> None:
    def judge(response: str) -> bool:
        if response == "rain":
            raise ValueError("no umbrella")
        return True

    with pytest.warns(IncompleteResultsWarning, match="ValueError: no umbrella"):
        experiment = world.call(
            client,
            "run_experiment",
            "E",
            None,
            "C",
            criteria=[checks.python(judge)],
            target=lambda topic: topic,
        )

    def reasons() -> list[list[str]]:
        again = world.call(client, "get_experiment", id=experiment.id)
        return [[one.reason for one in each.missing_verdicts] for each in again.responses()]

    assert reasons() == [[], ["ValueError: no umbrella"]]
    checks.python(lambda response: None, "judge")
    with pytest.warns(IncompleteResultsWarning):
        world.call(experiment, "retry_failed")
    assert [len(one) for one in reasons()] == [0, 1]
    assert reasons()[1][0].startswith("The function returned None")
    checks.python(lambda response: False, "judge")
    world.call(experiment, "retry_failed")
    assert reasons() == [[], []]


def test_without_the_function_the_verdict_is_missing_with_its_reason(world: World, client: Any) -> None:
    check = Check(type=CheckType.PYTHON, name="of another process")
    criterion = CriterionIn(criterion_str="It parses", check=check)

    with pytest.warns(IncompleteResultsWarning, match="The caller's program gives this verdict"):
        experiment = run(world, client, [criterion, checks.max_words(50)])

    assert experiment.results.verdicts.missing_not_judged == 2


def test_a_parameter_without_a_column_is_refused_before_anything_is_asked(
    world: World, client: Any, model_server: ModelServer
) -> None:
    def judge(response: str, colour: str) -> bool:
        return colour in response

    with pytest.raises(ValidationError, match="takes colour, and collection 'C' has no such column"):
        run(world, client, [checks.python(judge)])
    assert model_server.requests == []


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda response: None, "The function returned None"),
        (lambda response: "perhaps", "'perhaps'"),
        (lambda response: (None, "not sure"), "not sure"),
        (lambda response: 1, "1"),
    ],
)
def test_what_is_no_verdict_is_none(base_url: str, function: Any, said: str) -> None:
    with Client(base_url=base_url) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = client.create_collection("C", variables=[{"topic": "tides"}])
        criteria = [checks.python(function, "odd"), checks.max_words(9)]
        experiment = client.run_experiment("E", None, rows, criteria=criteria, target=lambda topic: topic)

    (response,) = experiment.responses()
    assert len(response.ratings) == 1
    assert said in (response.missing_verdicts or [])[0].reason


def test_evaluate_takes_criteria(base_url: str) -> None:
    with Client(base_url=base_url) as client:
        rows = client.create_collection("C", variables=[{"topic": "tides"}])
        found = evaluate(
            None, rows, criteria=[checks.equals("{{topic}}")], target=lambda topic: topic, client=client
        )

    assert found.results is not None
    assert found.results.pass_rate == 1.0


def test_a_check_is_changed_with_its_sentence(base_url: str) -> None:
    with Client(base_url=base_url) as client:
        (criterion,) = client.create_criterion_set("S", [checks.max_words(5)]).criteria or []
        criterion.update(check=checks.max_words(7))

        assert criterion.criterion_str == "The answer has at most 7 words."
        assert isinstance(criterion.check, Check)
        assert criterion.check.value == "7"
        with pytest.raises(ValidationError, match=r"checks\.max_words"):
            criterion.update(check=CriterionIn(criterion_str="Is it short?"))


# How they are written


@pytest.mark.parametrize(
    "given",
    [
        {"colour": "red"},
        {"max_words": -1},
        {"max_words": 5, "min_words": 1},
        {"number": "some"},
        {"contains": []},
        {"contains": [""]},
        {"equals": True},
        {"is_json": False},
        {"regex": 5},
        {"number": {"value": 1, "tolerance": -1}},
        {"max_words": {"value": 2, "colour": "red"}},
        {"max_words": {"negate": True}},
        {"python": "nobody knows this one"},
        {"equals": "a", "negate": "yes"},
        {},
        7,
    ],
)
def test_what_is_no_check_is_refused_with_what_is_one(given: Any) -> None:
    with pytest.raises(ValidationError):
        checks.from_mapping(given)


@pytest.mark.parametrize(
    ("function", "name", "problem"),
    [
        (lambda response: True, None, "needs a name"),
        (len, "f", "by place"),
        (lambda topic: True, "f", "nothing of the answer"),
        (5, "f", "takes a function"),
    ],
)
def test_a_function_needs_a_name_and_named_parameters(function: Any, name: str | None, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        checks.python(function, name)


def test_mappings_say_the_same_as_functions() -> None:
    assert checks.from_mapping({"not_contains": ["a", "b"], "label": "l"}) == checks.not_contains(
        "a", "b", label="l"
    )
    assert checks.from_mapping({"number": {"value": 4, "which": "first"}}) == checks.number(4, which="first")
    assert checks.from_mapping({"json_schema": {"type": "object"}}) == checks.json_schema({"type": "object"})
    assert checks.from_mapping({"json_schema": {"schema": {"type": "object"}, "negate": True}}) == (
        checks.json_schema({"type": "object"}, negate=True)
    )
    nested = checks.from_mapping(["Is it?", [{"is_json": True}, [{"equals": 42}]]])
    assert nested == ["Is it?", checks.is_json(), checks.equals("42")]


def test_long_texts_make_different_sentences() -> None:
    one, other = checks.equals("a" * 5000 + "b"), checks.equals("a" * 5000 + "c")
    assert one.criterion_str != other.criterion_str
    assert len(one.criterion_str) < 400


# Servers that know no checks


def test_a_server_that_drops_the_check_is_told_of_and_keeps_nothing(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dropping(given: Any) -> Any:
        return [writing.WantedCriterion(each.criterion_str, each.label) for each in given]

    monkeypatch.setattr(criterion_sets, "checked_criteria", dropping)
    with Client(base_url=base_url) as client:
        with pytest.raises(NotSupportedError, match=r"knows no checks.*to_dicts"):
            client.create_criterion_set("S", [checks.max_words(5)])
        assert client.list_criterion_sets() == []


def named_alike(says: bool) -> CriterionIn:
    def fits(response: str) -> bool:
        return says and bool(response)

    return checks.python(fits)


def test_two_functions_of_one_name_are_refused_and_one_that_is_given_twice_is_not(
    world: World, client: Any
) -> None:
    for criteria in (
        [named_alike(True), named_alike(False)],
        [named_alike(True), "Is it short?", named_alike(True)],
    ):
        with pytest.raises(ValidationError, match=r"two functions are named 'fits'.* name='fits_2'"):
            run(world, client, criteria)
    namesakes = [named_alike(True), named_alike(False)]
    with pytest.raises(ValidationError, match="two functions are named 'fits'"):  # before anything is read
        world.call(
            client, "run_experiment", "E", None, "None such", criteria=namesakes, target=lambda topic: topic
        )
    of_two = [named_alike(True), checks.python(lambda response: False, "fits_2")]
    assert [rating.rating.value for rating in run(world, client, of_two).rated_responses[0].ratings] == [
        "YES",
        "NO",
    ]

    def twice(response: str) -> bool:
        return bool(response)

    given_twice = [checks.python(twice), checks.python(twice)]
    with pytest.warns(RepeatedCriteriaWarning, match="'The function twice accepts the answer.'"):
        again = world.call(client, "run_experiment", "Again", "T", "C", criteria=given_twice)
    assert [len(response.ratings) for response in again.rated_responses] == [1, 1]
