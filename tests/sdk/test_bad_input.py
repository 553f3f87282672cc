"""Bad input that the clients see by themselves: the typed error, in its words, with nothing sent."""

from __future__ import annotations

import pytest
from elluminate_api.models import AgentTrialResult, CriterionIn

from elluminate import ValidationError
from elluminate.schemas import ExperimentFilter, PromptResponseFilter
from tests.sdk.both_ways import BothWays, Way
from tests.sdk.refusals import CONFIG, GOAL, Refusal, by_name, calling, of, refused

REFUSALS: dict[str, list[Refusal]] = {
    "misspelt": [
        Refusal(
            calling("client.get_or_create_collection", "New", {"descriptoin": "x"}),
            raises=ValidationError,
            says="defaults has no 'descriptoin'; it may hold description, variables",
        ),
        Refusal(calling("client.get_collection", nmae="x"), raises=TypeError, says="'nmae'"),
        Refusal(calling("client.create_collection", "New", colums=[]), raises=TypeError, says="'colums'"),
        Refusal(
            calling("scenario_set.add_scenarios", [{**GOAL, "field_valeus": {}}]),
            raises=ValidationError,
            says="field_valeus",
        ),
    ],
    "type": [
        Refusal(
            calling("client.create_collection", "New", 7),
            raises=ValidationError,
            says="description: has to be a text",
        ),
        Refusal(
            calling("client.create_criterion_set", "New", ["Is it?", 7]),
            raises=ValidationError,
            says=r"criteria\[1\] must be a string",
        ),
        Refusal(
            calling("client.create_criterion_set", "New", [CriterionIn(criterion_str="Is it?", label=7)]),  # type: ignore[arg-type]  # bad on purpose
            raises=ValidationError,
            says=r"criteria\[0\]\.label: has to be a text or null, not 7",
        ),
        Refusal(
            calling("client.create_llm_config", **CONFIG, temperature="hot"),
            raises=ValidationError,
            says="temperature: has to be a number or null, not 'hot'",
        ),
        Refusal(
            calling("collection.add_many", [{"topic": b"x"}]),
            raises=ValidationError,
            says=r"\[0\].topic is bytes",
        ),
        Refusal(
            calling("experiment.iter_responses", PromptResponseFilter(epoch="one")),  # type: ignore[arg-type]  # bad on purpose
            raises=ValidationError,
            says="PromptResponseFilter: epoch has to be a whole number or null, not 'one'",
        ),
        Refusal(
            calling("client.iter_experiments", ExperimentFilter(date_from="soon")),  # type: ignore[arg-type]  # bad on purpose
            raises=ValidationError,
            says="date_from is no date with a year: 'soon'",
        ),
    ],
    "bounds": [
        Refusal(
            calling("client.create_collection", "New", "d" * 10_001),
            raises=ValidationError,
            says="description: may have 10000 characters at most, and has 10001: 'ddd",
        ),
        Refusal(
            calling("response.annotate", "a" * 10_001),
            raises=ValidationError,
            says="annotation: may have 10000 characters at most, and has 10001",
        ),
        Refusal(
            calling("client.create_llm_config", **{**CONFIG, "api_key": "secret" * 1_000}),
            raises=ValidationError,
            says=r"api_key: may have 4096 characters at most(?!.*secret)",
        ),
        Refusal(
            calling("client.create_llm_config", **CONFIG, top_p=1.5),
            raises=ValidationError,
            says="top_p: has to be at most 1, not 1.5",
        ),
        Refusal(
            calling("fresh.run", n_epochs=1_001), raises=ValidationError, says="between 1 and 1000, not 1001"
        ),
        Refusal(
            calling("agentic.upload_agent_results", [AgentTrialResult(task_name="sort", reward=1.5)]),
            raises=ValidationError,
            says=r"results\[0\]\.reward: has to be at most 1, not 1.5",
        ),
    ],
    "page": [
        Refusal(
            calling("client.get_experiment_map", of("experiment"), 0),
            raises=ValidationError,
            says="page must be .* not 0",
        ),
        Refusal(
            calling("client.get_response_stats", 91), raises=ValidationError, says="days must be .* not 91"
        ),
    ],
    "missing": [
        Refusal(calling("client.create_persona", "New", ""), raises=ValidationError, says="description"),
        Refusal(
            calling("agentic.upload_agent_results", [AgentTrialResult(reward=1.0)]),
            raises=ValidationError,
            says=r"results\[0\] names no task; give task_id or task_name",
        ),
    ],
    "no JSON": [
        Refusal(
            calling("collection.add_many", [{"topic": "x"}, {"topic": "a\0b"}]),
            raises=ValidationError,
            says="NUL character .* cannot be stored",
        ),
        Refusal(
            calling("client.create_prompt_template", "New", template="a\0b"),
            raises=ValidationError,
            says=r"messages\[0\]\.content holds a NUL character",
        ),
        Refusal(
            calling("collection.add_many", [{"topic": float("nan")}]),
            raises=ValidationError,
            says="nan, which JSON",
        ),
    ],
    "choice": [
        Refusal(
            calling("client.create_collection", "New", collection_type="GRAPH"),
            raises=ValidationError,
            says="collection_type must be one of AGENTIC, .* got 'GRAPH'",
        ),
        Refusal(
            calling("fresh.run", "slow"),
            raises=ValidationError,
            says="rating_mode must be one of .* got 'slow'",
        ),
        Refusal(
            calling("client.list_response_samples", of("experiment"), sort_by="mood"),
            raises=ValidationError,
            says="sort_by must be one of .* got 'mood'",
        ),
    ],
}

NAMED = by_name(REFUSALS)


@pytest.mark.parametrize("name", NAMED)
def test_bad_input_is_refused_before_anything_is_sent(way: Way, both: BothWays, name: str) -> None:
    assert refused(NAMED[name], way, both) == []
