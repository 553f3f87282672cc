"""Every request that writes is done once, and is a success, although its first answer is lost on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.api_index import operations
from elluminate import ConflictError, NotFoundError, checks
from elluminate.schemas import AgentTrialResult
from tests.sdk.losing import Act, Losses, losing
from tests.support.worlds import BLOCKING, entered

ROOT = Path(__file__).parents[2]


def creates_project(act: Act) -> None:
    made = act.lose("create_project", act.name)
    assert made.name == act.name
    assert act.make("create_project", f"{act.name} after").id == made.id + 1


def creates_key(act: Act) -> None:
    with pytest.raises(ConflictError, match="cannot be shown again"):  # the one answer that is not kept
        act.lose("create_api_key", act.name)
    assert [one.name for one in act.make("list_api_keys")].count(act.name) == 1


def creates_template_and_version(act: Act) -> None:
    first = act.lose("create_prompt_template", act.name, template="Explain {{topic}}.")
    second = act.lose("new_version", owner=first, template="Explain {{topic}} well.")
    assert (first.version, second.version) == (1, 2)
    assert len(act.make("list_prompt_templates", name=act.name)) == 2


def creates_collection_with_rows(act: Act) -> None:
    made = act.lose("create_collection", act.name, variables=[{"topic": "a"}])
    act.lose("add_many", [{"topic": "b"}, {"topic": "c"}], owner=made)
    assert act.make("get_collection", name=act.name).to_dicts() == [{"topic": t} for t in "abc"]


def proposes_a_row(act: Act) -> None:
    template, collection = act.template(), act.collection()
    act.lose("generate_variables", template, owner=collection)
    assert act.make("get_collection", name=act.name).variables_count == 3


def creates_criteria(act: Act) -> None:
    made = act.lose("create_criterion_set", act.name, ["Is it short?"])
    act.lose("add_criteria", ["Is it right?"], owner=made)
    assert len(act.make("get_criterion_set", name=act.name).criteria) == 2
    act.lose("clear", owner=made)
    assert act.make("get_criterion_set", name=act.name).criteria == []


def proposes_criteria(act: Act) -> None:
    template = act.template()
    proposed = act.lose("generate_criteria", owner=template)
    assert [one.id for one in act.on(template, "list_criteria")] == [one.id for one in proposed]


def creates_llm_config(act: Act) -> None:
    act.lose("create_llm_config", act.name, "small", "not-a-key")
    assert [one.name for one in act.make("list_llm_configs")].count(act.name) == 1


def tries_an_llm_config(act: Act) -> None:
    config = act.make(
        "create_llm_config", act.name, "small", "not-a-key", llm_base_url="http://127.0.0.1:9/v1"
    )
    assert not act.lose("test", owner=config).ok


def runs_an_experiment(act: Act) -> None:
    experiment = act.lose(
        "run_experiment", act.name, act.template(), act.collection(), criteria=[f"Is it? ({act.name})"]
    )
    assert experiment.results.num_rated_responses == len(experiment.rated_responses) == 2
    assert [len(one.ratings) for one in experiment.rated_responses] == [1, 1]
    assert [one.name for one in act.make("list_experiments")].count(act.name) == 1


def runs_retries_and_cancels(act: Act) -> None:
    experiment = act.planned()
    act.lose("run", owner=experiment)
    act.lose("retry_failed", owner=experiment)
    act.lose("cancel", owner=experiment)
    assert len(experiment.rated_responses) == experiment.results.num_rated_responses == 2


def stores_and_rates_answers(act: Act) -> None:
    experiment = act.planned()
    rows = act.make("get_collection", id=experiment.collection.id).variables
    stored = act.lose("add_responses", ["One.", "Two."], rows, owner=experiment)
    assert [one.response_text for one in stored] == ["One.", "Two."]
    assert [len(one) for one in act.lose("rate_responses", stored, owner=experiment)] == [1, 1]
    assert len(act.on(experiment, "fetch_responses").rated_responses) == 2


def uploads_what_agents_did(act: Act) -> None:
    experiment = act.agentic()
    task = act.on(experiment, "get_agent_results_definition").tasks[0]
    result = AgentTrialResult(task_id=task.task_id, reward=0.5)
    preview = act.lose("preview_agent_results_matching", [result], owner=experiment)
    assert [one.matched for one in preview.results] == [True]
    act.lose("upload_agent_results", [result], evaluate=False, owner=experiment)
    assert len(act.on(experiment, "fetch_responses").rated_responses) == 1


def creates_scenarios(act: Act) -> None:
    made = act.lose("create_scenario_set", act.name, fields=["level"])
    act.lose("add_field", "mood", owner=made)
    act.lose("add_scenarios", [{"goal": "Learn.", "expected_conversation_outcome": "Known."}], owner=made)
    assert len(act.on(made, "list_scenarios")) == 1
    assert [one.name for one in act.make("get_scenario_set", name=act.name).fields] == ["level", "mood"]


def creates_personas(act: Act) -> None:
    persona = act.lose("create_persona", act.name, "Patient.")
    group = act.lose("create_persona_group", act.name, [persona])
    assert [one.name for one in act.make("list_personas")].count(act.name) == 1
    assert [one.id for one in act.make("list_persona_groups")].count(group.id) == 1


# --- what is changed


def changes_collection_and_row(act: Act) -> None:
    collection = act.collection()
    act.lose("update", description="Other.", owner=collection)
    act.lose("update_entry", collection.variables[0], {"topic": "z"}, owner=collection)
    fresh = act.make("get_collection", name=act.name)
    assert (fresh.description, fresh.to_dicts()) == ("Other.", [{"topic": "z"}, {"topic": "b"}])


def changes_criterion_and_link(act: Act) -> None:
    made, template = act.criterion_set(), act.template()
    act.lose("update", label="short", owner=made.criteria[0])
    act.lose("update", f"Is it very short ({act.name})?", owner=made.criteria[0])
    fresh = act.make("get_criterion_set", name=act.name)
    assert [(one.criterion_str, one.label) for one in fresh.criteria] == [
        (f"Is it very short ({act.name})?", "short")
    ]
    assert fresh.criteria[0].id == made.criteria[0].id
    act.lose("link_template", template, owner=made)
    act.lose("unlink_template", template, owner=made)
    assert act.make("get_criterion_set", name=act.name).linked_prompt_templates == []


def changes_a_criterion_that_was_rated_by(act: Act) -> None:
    made = act.on(act.planned(), "run").criterion_set
    act.lose("update", "Is it very short?", owner=made.criteria[0])
    fresh = act.make("get_criterion_set", name=act.name)
    assert [(one.id, one.criterion_str) for one in fresh.criteria] == [
        (made.criteria[0].id, "Is it very short?")
    ]


def annotates(act: Act) -> None:
    experiment = act.on(act.planned(), "run")
    act.lose("annotate", "Too long.", owner=experiment.rated_responses[0])
    notes = [one.annotation for one in act.on(experiment, "fetch_responses").rated_responses]
    assert sorted(notes) == ["", "Too long."]


def labels(act: Act) -> None:
    rating = act.on(act.planned(), "run").rated_responses[0].ratings[0]
    label = act.lose("label", "NO", owner=rating)
    of_rating = [one for one in act.make("list_labels") if one.id == label.id]
    assert [one.value.value for one in of_rating] == ["NO"]
    act.lose("delete_label", label)
    assert label.id not in [one.id for one in act.make("list_labels")]


def gives_verdicts_of_a_program(act: Act) -> None:
    experiment = act.lose(
        "run_experiment",
        act.name,
        act.template(),
        act.collection(),
        criteria=[checks.python(lambda response: bool(response), name=act.name)],
    )
    assert [rating.rating.value for one in experiment.rated_responses for rating in one.ratings] == [
        "YES"
    ] * 2


def changes_scenarios(act: Act) -> None:
    made = act.scenario_set()
    act.lose("rename_field", made.fields[0], "grade", owner=made)
    scenario = act.on(made, "list_scenarios")[0]
    scenario.goal = "Understand."
    act.lose("update_scenario", scenario, owner=made)
    act.lose("update_scenario_set", made, description="Other.")
    assert [one.goal for one in act.on(made, "list_scenarios")] == ["Understand."]
    fresh = act.make("get_scenario_set", name=act.name)
    assert (fresh.description, [one.name for one in fresh.fields]) == ("Other.", ["grade"])


def changes_personas(act: Act) -> None:
    persona = act.make("create_persona", act.name, "Patient.")
    group = act.make("create_persona_group", act.name, [persona])
    assert act.lose("update_persona", persona, description="Impatient.").description == "Impatient."
    assert act.lose("update_persona_group", group, description="Pupils.").description == "Pupils."


# --- what is deleted: the repetition is answered with 404, and is a success


def deletes_rows(act: Act) -> None:
    collection = act.collection()
    act.lose("delete_entry", collection.variables[0], owner=collection)
    assert act.make("get_collection", name=act.name).variables_count == 1
    act.lose("clear", owner=collection)
    assert act.make("get_collection", name=act.name).variables_count == 0


def deletes_criterion_and_scenario(act: Act) -> None:
    made, scenarios = act.criterion_set(), act.scenario_set()
    act.lose("delete", owner=made.criteria[0])
    act.lose("delete_scenario", act.on(scenarios, "list_scenarios")[0], owner=scenarios)
    act.lose("delete_field", scenarios.fields[0], owner=scenarios)
    assert act.make("get_criterion_set", name=act.name).criteria == []
    assert act.on(scenarios, "list_scenarios") == scenarios.fields == []


def deletes(what: str, make: Callable[[Act], Any], identified: str = "name") -> Callable[[Act], None]:
    def delete(act: Act) -> None:
        made = make(act)
        act.lose(f"delete_{what}", made)
        with pytest.raises(NotFoundError):
            act.make(f"get_{what}", **{identified: getattr(made, identified)})
        with pytest.raises(NotFoundError):  # the first of its call: nothing was lost, and it is not there
            act.make(f"delete_{what}", made)

    delete.__name__ = f"deletes_{what}"
    return delete


def revokes_key(act: Act) -> None:
    key = act.make("create_api_key", act.name)
    act.lose("revoke_api_key", key)
    assert all(one.revoked_at for one in act.make("list_api_keys") if one.name == act.name)


ACTS: list[Callable[[Act], None]] = [
    creates_project,
    creates_key,
    creates_template_and_version,
    creates_collection_with_rows,
    proposes_a_row,
    creates_criteria,
    proposes_criteria,
    creates_llm_config,
    tries_an_llm_config,
    runs_an_experiment,
    runs_retries_and_cancels,
    stores_and_rates_answers,
    uploads_what_agents_did,
    creates_scenarios,
    creates_personas,
    changes_collection_and_row,
    changes_criterion_and_link,
    changes_a_criterion_that_was_rated_by,
    annotates,
    labels,
    gives_verdicts_of_a_program,
    changes_scenarios,
    changes_personas,
    deletes_rows,
    deletes_criterion_and_scenario,
    deletes("prompt_template", Act.template),
    deletes("collection", Act.collection),
    deletes("criterion_set", Act.criterion_set),
    deletes("llm_config", lambda act: act.make("create_llm_config", act.name, "small", "not-a-key")),
    deletes("experiment", Act.planned),
    deletes("scenario_set", Act.scenario_set),
    deletes("persona", lambda act: act.make("create_persona", act.name, "Patient.")),
    deletes(
        "persona_group",
        lambda act: act.make("create_persona_group", act.name, [act.make("create_persona", act.name, "P.")]),
    ),
    revokes_key,
]


@pytest.fixture(scope="module", params=["blocking", "async"])
def act(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Act]:
    path, losses = tmp_path_factory.mktemp("lost") / "lost.db", Losses()
    with entered(request.param) as world, losing(world, path, losses) as client:
        yield Act(world, client, losses)


@pytest.mark.parametrize("done", ACTS, ids=lambda done: done.__name__)
def test_it_is_done_once_although_its_answers_are_lost(act: Act, done: Callable[[Act], None]) -> None:
    act.name = done.__name__
    done(act)


def test_every_operation_that_writes_is_among_them() -> None:
    index = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    source = Path(__file__).read_text(encoding="utf-8")
    called = set(re.findall(r'lose\(\s*"(\w+)"', source))
    called |= {f"delete_{what}" for what in re.findall(r'deletes\(\s*"(\w+)"', source)}
    lost = "".join(line for line in index.splitlines() if called & set(re.findall(r"^\| `(\w+)`", line)))
    writing = {name for name, one in operations().items() if one["method"] != "GET"}

    assert {name for name in writing if f"`{name}`: `" in index and f"`{name}`: `" not in lost} == {
        "check_version_compatible"  # what a client asks first: the test below
    }


def test_a_client_starts_although_its_first_answers_are_lost(tmp_path: Path) -> None:
    losses = Losses(armed=True)
    with losing(BLOCKING, tmp_path / "starting.db", losses) as client:
        assert client.current_project is not None
    assert losses.lost == ["POST /api/v0/version/compatible", "GET /api/v0/projects"]
