"""Bad input by family, over a real server: which typed error it raises, in which words, and that nothing is stored.

Each row is tried with the blocking and with the async client. What of it is sent is said, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elluminate_api.models import AgentTrialResult, CriterionIn

from elluminate import (
    APIError,
    ConflictError,
    TaskMatchError,
    ValidationError,
)
from elluminate.schemas import ExperimentFilter, PromptResponseFilter
from tests.sdk.both_ways import BothWays, Way, both_ways

Row = tuple[str, str, str, tuple[Any, ...], dict[str, Any], type[Exception], str, bool]
"""Family, owner, method, arguments, keywords, error, its words, and whether it takes the server to see it.

An argument that is a function is called with the things of the client.
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothWays]:
    with both_ways(tmp_path_factory.mktemp("both")) as found:
        yield found


@pytest.fixture(params=["blocking", "async"])
def way(request: pytest.FixtureRequest, both: BothWays) -> Way:
    return both.ways[request.param]


def of(name: str) -> Callable[[Any], Any]:
    """That thing of the client."""

    def found(things: Any) -> Any:
        return getattr(things, name)

    return found


CONFIG = {"name": "New", "llm_model_name": "small", "api_key": "not-a-key"}
GOAL = {"goal": "x", "expected_conversation_outcome": "y"}

ROWS: list[Row] = [
    # misspelt
    (
        "misspelt",
        "client",
        "get_or_create_collection",
        ("New", {"descriptoin": "x"}),
        {},
        ValidationError,
        "defaults has no 'descriptoin'; it may hold description, variables",
        False,
    ),
    ("misspelt", "client", "get_collection", (), {"nmae": "x"}, TypeError, "'nmae'", False),
    ("misspelt", "client", "create_collection", ("New",), {"colums": []}, TypeError, "'colums'", False),
    (
        "misspelt",
        "scenario_set",
        "add_scenarios",
        ([{**GOAL, "field_valeus": {}}],),
        {},
        ValidationError,
        "field_valeus",
        False,
    ),
    (
        "misspelt",
        "scenario_set",
        "add_scenarios",
        ([GOAL, {**GOAL, "field_values": {"levle": "5"}}],),
        {},
        APIError,
        r"\[422\] \$\.scenarios\[1\]\.field_values: the set declares no field 'levle'. Declared are: 'level', 'mood'",
        True,
    ),
    # of another type, deep inside
    (
        "type",
        "client",
        "create_collection",
        ("New", 7),
        {},
        ValidationError,
        "description: has to be a text",
        False,
    ),
    (
        "type",
        "client",
        "create_criterion_set",
        ("New", ["Is it?", 7]),
        {},
        ValidationError,
        r"criteria\[1\] must be a string",
        False,
    ),
    (
        "type",
        "client",
        "create_criterion_set",
        ("New", [CriterionIn(criterion_str="Is it?", label=7)]),  # type: ignore[arg-type]  # bad on purpose
        {},
        ValidationError,
        r"criteria\[0\]\.label: has to be a text or null, not 7",
        False,
    ),
    (
        "type",
        "client",
        "create_llm_config",
        (),
        {**CONFIG, "temperature": "hot"},
        ValidationError,
        "temperature: has to be a number or null, not 'hot'",
        False,
    ),
    (
        "type",
        "collection",
        "add_many",
        ([{"topic": "x"}, {"topic": ["y"]}],),
        {},
        APIError,
        r"\[422\] Line 2: \$\.topic: a text column holds text, not \['y'\]",
        True,
    ),
    (
        "type",
        "collection",
        "add_many",
        ([{"topic": b"x"}],),
        {},
        ValidationError,
        r"\[0\].topic is bytes",
        False,
    ),
    (
        "type",
        "experiment",
        "iter_responses",
        (PromptResponseFilter(epoch="one"),),  # type: ignore[arg-type]  # bad on purpose
        {},
        ValidationError,
        "PromptResponseFilter: epoch has to be a whole number or null, not 'one'",
        False,
    ),
    (
        "type",
        "client",
        "iter_experiments",
        (ExperimentFilter(date_from="soon"),),  # type: ignore[arg-type]  # bad on purpose
        {},
        ValidationError,
        "date_from is no date with a year: 'soon'",
        False,
    ),
    # too long, too large, too small
    (
        "bounds",
        "client",
        "create_collection",
        ("New", "d" * 10_001),
        {},
        ValidationError,
        "description: may have 10000 characters at most, and has 10001: 'ddd",
        False,
    ),
    (
        "bounds",
        "response",
        "annotate",
        ("a" * 10_001,),
        {},
        ValidationError,
        "annotation: may have 10000 characters at most, and has 10001",
        False,
    ),
    (
        "bounds",
        "client",
        "create_llm_config",
        (),
        {**CONFIG, "api_key": "secret" * 1_000},
        ValidationError,
        r"api_key: may have 4096 characters at most(?!.*secret)",
        False,
    ),
    (
        "bounds",
        "client",
        "create_llm_config",
        (),
        {**CONFIG, "top_p": 1.5},
        ValidationError,
        "top_p: has to be at most 1, not 1.5",
        False,
    ),
    (
        "bounds",
        "fresh",
        "run",
        (),
        {"n_epochs": 1_001},
        ValidationError,
        "between 1 and 1000, not 1001",
        False,
    ),
    (
        "bounds",
        "agentic",
        "upload_agent_results",
        ([AgentTrialResult(task_name="sort", reward=1.5)],),
        {},
        ValidationError,
        r"results\[0\]\.reward: has to be at most 1, not 1.5",
        False,
    ),
    # pages
    (
        "page",
        "client",
        "get_experiment_map",
        (of("experiment"), 0),
        {},
        ValidationError,
        "page must be .* not 0",
        False,
    ),
    ("page", "client", "get_response_stats", (91,), {}, ValidationError, "days must be .* not 91", False),
    # missing
    (
        "missing",
        "client",
        "get_or_create_llm_config",
        ("New",),
        {},
        ValidationError,
        "defaults must hold llm_model_name and api_key",
        True,
    ),
    ("missing", "client", "create_persona", ("New", ""), {}, ValidationError, "description", False),
    (
        "missing",
        "agentic",
        "upload_agent_results",
        ([AgentTrialResult(reward=1.0)],),
        {},
        ValidationError,
        r"results\[0\] names no task; give task_id or task_name",
        False,
    ),
    # what cannot be stored, or be JSON
    (
        "no JSON",
        "collection",
        "add_many",
        ([{"topic": "x"}, {"topic": "a\0b"}],),
        {},
        ValidationError,
        "NUL character .* cannot be stored",
        False,
    ),
    (
        "no JSON",
        "client",
        "create_prompt_template",
        ("New",),
        {"template": "a\0b"},
        ValidationError,
        r"messages\[0\]\.content holds a NUL character",
        False,
    ),
    (
        "no JSON",
        "collection",
        "add_many",
        ([{"topic": float("nan")}],),
        {},
        ValidationError,
        "nan, which JSON",
        False,
    ),
    # unknown values
    (
        "choice",
        "client",
        "create_collection",
        ("New",),
        {"collection_type": "GRAPH"},
        ValidationError,
        "collection_type must be one of AGENTIC, .* got 'GRAPH'",
        False,
    ),
    (
        "choice",
        "fresh",
        "run",
        ("slow",),
        {},
        ValidationError,
        "rating_mode must be one of .* got 'slow'",
        False,
    ),
    (
        "choice",
        "client",
        "list_response_samples",
        (of("experiment"),),
        {"sort_by": "mood"},
        ValidationError,
        "sort_by must be one of .* got 'mood'",
        False,
    ),
    # taken names
    (
        "taken",
        "client",
        "create_project",
        ("Default project",),
        {},
        ConflictError,
        r"\[409\] .*choose another",
        True,
    ),
    (
        "taken",
        "client",
        "create_collection",
        ("Topics",),
        {},
        ConflictError,
        r"named 'Topics' already \(id",
        True,
    ),
    (
        "taken",
        "client",
        "create_criterion_set",
        ("Quality",),
        {},
        ConflictError,
        "named 'Quality' already",
        True,
    ),
    (
        "taken",
        "client",
        "create_llm_config",
        (),
        {**CONFIG, "name": "Small"},
        ConflictError,
        "named 'Small' already",
        True,
    ),
    (
        "taken",
        "client",
        "create_experiment",
        ("First", of("template"), of("collection")),
        {},
        ConflictError,
        "named 'First' already",
        True,
    ),
    (
        "taken",
        "client",
        "run_experiment",
        ("First", of("template"), of("collection")),
        {"criterion_set": of("criterion_set")},
        ConflictError,
        "named 'First' already",
        True,
    ),
    (
        "taken",
        "client",
        "create_prompt_template",
        ("Tutor",),
        {"template": "Explain {{topic}}."},
        ConflictError,
        r"'Tutor' has this content already, as version 1 \(id",
        True,
    ),
    ("taken", "client", "create_persona", ("Grace", "x"), {}, ConflictError, "named 'Grace' already", True),
    (
        "taken",
        "client",
        "create_persona_group",
        ("Pupils", [of("persona")]),
        {},
        ConflictError,
        "named 'Pupils' already",
        True,
    ),
    (
        "taken",
        "client",
        "create_scenario_set",
        ("Pupils",),
        {},
        APIError,
        r"\[400\] .*scenario set named 'Pupils'",
        True,
    ),
    (
        "taken",
        "client",
        "create_scenario_set",
        ("Topics",),
        {},
        APIError,
        r"\[400\] .*collection named 'Topics'",
        True,
    ),
    ("taken", "scenario_set", "add_field", ("mood",), {}, ConflictError, "has a field 'mood' already", True),
    (
        "taken",
        "client",
        "update_collection",
        (of("collection"),),
        {"name": "Locked"},
        ConflictError,
        "named 'Locked' already",
        True,
    ),
    # read-only
    (
        "locked",
        "locked",
        "add_many",
        ([{"topic": "x"}],),
        {},
        ConflictError,
        r"\[409\] .*'Locked' is read-only",
        True,
    ),
    ("locked", "locked", "clear", (), {}, ConflictError, "read-only.*Unlock it first", True),
    (
        "locked",
        "locked",
        "update",
        (),
        {"columns": ["topic", "x"]},
        ConflictError,
        "read-only: its columns",
        True,
    ),
    # another state
    (
        "state",
        "agentic",
        "run",
        (),
        {},
        ConflictError,
        "'Agents' is AGENTIC: no agent runs here. Upload",
        True,
    ),
    (
        "state",
        "experiment",
        "run",
        (),
        {},
        ConflictError,
        "'First' was run already. What its run left undone",
        True,
    ),
    (
        "state",
        "client",
        "delete_persona",
        (of("persona"),),
        {},
        ConflictError,
        "'Pupils'. Take it out of them",
        True,
    ),
    (
        "state",
        "client",
        "get_agent_results_definition",
        (of("experiment"),),
        {},
        APIError,
        r"\[400\] Experiment 'First' is STANDARD",
        True,
    ),
    # agents' results
    (
        "trial",
        "agentic",
        "upload_agent_results",
        ([AgentTrialResult(task_name="srot", reward=1.0)],),
        {},
        TaskMatchError,
        r"No task is named 'srot'. Its tasks are: 'sort', 'count'",
        True,
    ),
    (
        "trial",
        "agentic",
        "upload_agent_results",
        ([AgentTrialResult(task_name="sort", messages=[{"role": "assistant", "content": 5}])],),
        {},
        APIError,
        r"\[400\] None of the trials could be stored. results\[0\] \(task 'sort'\): not stored: messages\[0\].content",
        True,
    ),
]


def meant(value: Any, things: Any) -> Any:
    if isinstance(value, list):
        return [meant(one, things) for one in value]
    return value(things) if callable(value) else value


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}: {row[2]} {row[6][:40]}" for row in ROWS])
def test_bad_input_is_refused_whole(way: Way, both: BothWays, row: Row) -> None:
    _, owner, method, positional, keywords, error, words, is_sent = row
    target = way.client if owner == "client" else getattr(way.things, owner)
    before = both.stored()
    way.sent.clear()

    with pytest.raises(error, match=words):
        way.call(
            target,
            method,
            *(meant(one, way.things) for one in positional),
            **{name: meant(one, way.things) for name, one in keywords.items()},
        )

    assert bool(way.sent) == is_sent
    assert both.stored() == before


def test_a_conflict_says_what_is_there(way: Way) -> None:
    with pytest.raises(ConflictError) as taken:
        way.call(way.client, "create_collection", "Topics")
    assert (taken.value.resource_type, taken.value.resource_name) == ("collection", "Topics")
    with pytest.raises(ConflictError) as same:
        way.call(way.client, "create_prompt_template", "Tutor", template="Explain {{topic}}.")
    assert same.value.resource_id == way.things.template.id
