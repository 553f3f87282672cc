"""Objects of another server or project, where their ids are those of other things: refused, whatever takes them.

Two servers hold the same things under the same ids, so that nothing but the client can tell.
"""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import evolve

from elluminate import AsyncClient, Client, ForeignModelError, GenerationMetadata, NotFoundError
from tests.sdk.both_ways import BothWays, Things, Way, both_ways


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothWays]:
    with both_ways(tmp_path_factory.mktemp("here")) as found:
        yield found


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Things]:
    with both_ways(tmp_path_factory.mktemp("there")) as found:
        yield found.blocking.things


@pytest.fixture(params=["blocking", "async"])
def way(request: pytest.FixtureRequest, here: BothWays) -> Way:
    return here.ways[request.param]


Call = tuple[str, str, Callable[[Things, Things], tuple[tuple[Any, ...], dict[str, Any]]]]
"""Whose method, its name, and its arguments from what is here and there."""


def call(owner: str, method: str, arguments: Callable[[Things, Things], Any]) -> Call:
    """A call that takes one thing by position."""

    def given(here: Things, there: Things) -> tuple[tuple[Any, ...], dict[str, Any]]:
        made = arguments(here, there)
        return (tuple(made[:-1]), made[-1]) if isinstance(made, list) else ((made,), {})

    return owner, method, given


CALLS: dict[str, Call] = {
    "a template to run": call(
        "client", "run_experiment", lambda here, there: ["New", there.template, here.collection, {}]
    ),
    "a collection to run over": call(
        "client", "run_experiment", lambda here, there: ["New", here.template, there.collection, {}]
    ),
    "a collection to watch a run over": call(
        "client", "stream_experiment", lambda here, there: ["New", here.template, there.collection, {}]
    ),
    "a model to run with": call(
        "client",
        "create_experiment",
        lambda here, there: ["New", here.template, here.collection, {"llm_config": there.llm_config}],
    ),
    "criteria to judge by": call(
        "client",
        "create_experiment",
        lambda here, there: ["New", here.template, here.collection, {"criterion_set": there.criterion_set}],
    ),
    "scenarios": call(
        "client",
        "create_experiment",
        lambda here, there: ["New", None, {"scenario_set": there.scenario_set, "persona_group_id": 1}],
    ),
    "a clone's model": call(
        "experiment", "clone", lambda here, there: ["New", {"llm_config": there.llm_config}]
    ),
    "a template to list by": call("client", "list_experiments", lambda here, there: there.template),
    "a template to fit": call("client", "list_collections", lambda here, there: there.template),
    "a template to link": call("criterion_set", "link_template", lambda here, there: there.template),
    "a template to unlink": call("criterion_set", "unlink_template", lambda here, there: there.template),
    "a template to write rows for": call(
        "collection", "generate_variables", lambda here, there: there.template
    ),
    "a collection to change": call(
        "client", "update_collection", lambda here, there: [there.collection, {"name": "New"}]
    ),
    "a row to change": call(
        "collection", "update_entry", lambda here, there: [there.entry, {"topic": "x"}, {}]
    ),
    "a row to remove": call("collection", "delete_entry", lambda here, there: there.entry),
    "a row that was answered": call(
        "fresh", "add_responses", lambda here, there: [["An answer."], [there.entry], {}]
    ),
    "the row of an answer": call(
        "fresh",
        "add_responses",
        lambda here, there: [["An answer."], [there.response.prompt.template_variables], {}],
    ),
    "a row with criteria of its own": call(
        "criterion_set",
        "add_criteria",
        lambda here, there: [["Is it new?"], {"template_variables": there.entry}],
    ),
    "responses to judge": call("experiment", "rate_responses", lambda here, there: [[there.response], {}]),
    "responses to judge and watch": call(
        "client", "stream_batch_rate", lambda here, there: [[here.response, there.response], {}]
    ),
    "an experiment to look at": call("client", "list_response_samples", lambda here, there: there.experiment),
    "an experiment to compare with": call(
        "client", "list_comparison_samples", lambda here, there: [here.experiment, there.experiment, {}]
    ),
    "an experiment of agents": call(
        "client", "get_agent_results_definition", lambda here, there: there.agentic
    ),
    "an evaluation to watch": call("client", "stream_agent_evaluation", lambda here, there: there.agentic),
    "a field to rename": call(
        "scenario_set", "rename_field", lambda here, there: [there.scenario_field, "New", {}]
    ),
    "a scenario to remove": call("scenario_set", "delete_scenario", lambda here, there: there.scenario),
    "a persona of a group": call(
        "client", "create_persona_group", lambda here, there: ["New", [here.persona, there.persona], {}]
    ),
    "a persona of a group that there may be": call(
        "client",
        "get_or_create_persona_group",
        lambda here, there: ["New", {"personas": [there.persona]}, {}],
    ),
    "a key to revoke": call("client", "revoke_api_key", lambda here, there: there.api_key),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_thing_of_another_server_is_refused(name: str, way: Way, here: BothWays, there: Things) -> None:
    owner, method, arguments = CALLS[name]
    of = way.client if owner == "client" else getattr(way.things, owner)
    args, kwargs = arguments(way.things, there)
    before, sent = here.stored(), len(way.sent)
    with pytest.raises(ForeignModelError) as caught:
        way.call(of, method, *args, **kwargs)
    assert re.search(
        r"^\w+: \w+ \d+.* belongs to project 1 'Default project' of local:.*there.*/both\.db, "
        r"but \w+\.\w+\(\) works in project 1 'Default project' of local:.*here.*/both\.db",
        str(caught.value),
    )
    assert here.stored() == before
    assert name == "a persona of a group that there may be" or way.sent[sent:] == []


def test_what_tells_how_an_answer_was_made_may_come_from_anywhere(way: Way, there: Things) -> None:
    fresh = way.call(way.client, "get_experiment", id=way.things.fresh.id)
    metadata = [there.llm_config, GenerationMetadata(llm_model_config=there.llm_config)]
    rows = [way.things.entry, way.things.entry]
    stored = way.call(fresh, "add_responses", ["a", "b"], rows, metadata=metadata, epoch=2)
    assert [response.generation_metadata.llm_model_config.name for response in stored] == ["Small", "Small"]


@pytest.mark.parametrize(
    "lost",
    [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model)), evolve],
    ids=["copy", "deepcopy", "pickle", "evolve"],
)
def test_copies_of_what_is_here_are_taken(way: Way, lost: Callable[[Any], Any]) -> None:
    listed = way.call(way.client, "list_experiments", lost(way.things.template), lost(way.things.collection))
    assert way.things.experiment.id in [experiment.id for experiment in listed]


def test_clients_of_one_place_share_what_they_read(here: BothWays, way: Way) -> None:
    others = [here.blocking.things, here.asynchronous.things]
    others.append(Things(**{**vars_of(others[0]), "template": way.things.template}))
    for things in others:
        assert way.call(way.client, "list_experiments", things.template, things.collection)
    patient = evolve(way, client=way.client.with_options(timeout=600))
    assert patient.call(patient.client, "list_experiments", way.things.template)
    read = patient.call(patient.client, "get_prompt_template", id=way.things.template.id)
    assert way.call(way.client, "list_experiments", read)


def vars_of(things: Things) -> dict[str, Any]:
    return {name: getattr(things, name) for name in Things.__annotations__}


def test_the_address_of_a_local_server_is_the_same_place(here: BothWays) -> None:
    session = here.other.session
    local = here.blocking.client.session
    assert (session.place[0], session.place[1]) == (local.place[0], 2)


def test_a_client_that_never_connected_refuses_too(here: BothWays, there: Things) -> None:
    async def first_call() -> None:
        async with AsyncClient(base_url=here.asynchronous.client.base_url) as client:
            await client.list_experiments(there.template)

    with pytest.raises(
        ForeignModelError, match=r"^prompt_template: PromptTemplate 1 'Tutor' belongs to project 1 "
    ):
        here.asynchronous.world.run(first_call())


@pytest.mark.parametrize(
    "spelling", ["http://localhost:8000", "http://127.0.0.1:8000/", "http://LOCALHOST:8000"]
)
def test_spellings_of_one_server(spelling: str) -> None:
    from elluminate._http import server_of

    assert server_of(spelling) == "http://localhost:8000"


def test_what_was_read_stays_in_the_project_of_then(here: BothWays, tmp_path: Any) -> None:
    with Client(base_url=f"local:{tmp_path}/one.db") as client:
        first = client.current_project
        assert first is not None
        collection = client.create_collection("Topics", variables=[{"topic": "tides"}])
        other = evolve(first, id=2, name="Another")
        client.session.work_in(other)
        with pytest.raises(
            ForeignModelError, match=r"belongs to project 1 'Default project' .* works in project 2 'Another'"
        ):
            client.delete_collection(collection)
        with pytest.raises(NotFoundError):
            client.get_collection(name="Topics")
        collection.add_many([{"topic": "rain"}])
        client.session.work_in(first)
        assert client.get_collection(name="Topics").variables_count == 2
        client.delete_collection(collection)
