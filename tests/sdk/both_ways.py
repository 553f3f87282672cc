"""One server, a blocking and an async client of it with one of everything, and a count of what they send."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field, frozen

from elluminate import Client
from elluminate_server import serving
from elluminate_server.key_commands import create_key
from elluminate_server.settings import Settings
from tests.support.worlds import BLOCKING, World, entered

__all__ = ["BothWays", "Things", "Way", "both_ways"]


@frozen
class Things:
    """One of everything in a project, as a client returned it."""

    template: Any
    collection: Any
    locked: Any
    entry: Any
    criterion_set: Any
    criterion: Any
    llm_config: Any
    experiment: Any
    fresh: Any
    agentic: Any
    response: Any
    scenario_set: Any
    scenario_field: Any
    scenario: Any
    persona: Any
    persona_group: Any
    api_key: Any


@define
class Way:
    """A client and its things: blocking, or in one event loop.

    Attributes:
        world: How it is called.
        client: The client.
        sent: Method and path of every request so far.
        things: What it has read.
    """

    world: World
    client: Any
    sent: list[str]
    things: Any = None

    def call(self, owner: Any, method: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a method of a client or a model by its blocking name; of what it iterates, the list."""
        return self.world.call(owner, method, *args, **kwargs)


@define
class BothWays:
    """Both ways to one server, and a way to another project of it."""

    path: Path
    blocking: Way
    asynchronous: Way
    other: Any
    others_things: Any
    ways: dict[str, Way] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ways = {"blocking": self.blocking, "async": self.asynchronous}

    def stored(self) -> list[str]:
        """Everything that is in the database, but when keys were last used."""
        with closing(sqlite3.connect(self.path)) as connection:
            return [line for line in connection.iterdump() if '"api_keys"' not in line]


@contextmanager
def both_ways(folder: Path) -> Iterator[BothWays]:
    """A server over a file of its own."""
    path = folder / "both.db"
    url = f"local:{path.as_posix()}"
    with entered("async") as world, Client(base_url=url) as maker:
        project = maker.create_project("Another project")
        key, _ = asyncio.run(create_key(Settings(database_url=str(path)), str(project.id), "other", None))
        address = serving.local_server(serving.parse_local_url(url)).base_url
        sent: list[str] = []

        def count(request: httpx.Request) -> None:
            sent.append(f"{request.method} {request.url.path}")

        async def acount(request: httpx.Request) -> None:
            count(request)

        mine = _everything(maker)
        with (
            httpx.Client(event_hooks={"request": [count]}) as http,
            Client(base_url=url, http_client=http) as client,
            Client(base_url=address, api_key=key) as other,
        ):
            ahttp = httpx.AsyncClient(event_hooks={"request": [acount]})
            try:
                with world.opened(base_url=url, http_client=ahttp) as aclient:
                    blocking = Way(BLOCKING, client, sent)
                    asynchronous = Way(world, aclient, sent)
                    for way in (blocking, asynchronous):
                        way.things = _read(way, mine)
                    yield BothWays(path, blocking, asynchronous, other, _everything(other))
            finally:
                world.run(ahttp.aclose())
                serving.stop_local_server(str(path))


def _everything(client: Client) -> Things:
    template = client.create_prompt_template("Tutor", template="Explain {{topic}}.")
    collection = client.create_collection("Topics", variables=[{"topic": "tides"}, {"topic": "rain"}])
    criterion_set = client.create_criterion_set("Quality", ["Is it short?"])
    config = client.create_llm_config("Small", "small", "not-a-key")
    experiment = client.run_experiment("First", template, collection, criterion_set=criterion_set)
    scenario_set = client.create_scenario_set("Pupils", fields=["level", "mood"])
    tasks = [{"task": "sort"}, {"task": "count"}]
    agentic = client.create_experiment(
        "Agents",
        None,
        client.create_collection("Tasks", variables=tasks, collection_type="AGENTIC"),
        criterion_set=criterion_set,
        evaluation_mode="AGENTIC",
    )
    persona = client.create_persona("Grace", "Patient.")
    return Things(
        template=template,
        collection=collection,
        locked=client.create_collection("Locked", variables=[{"topic": "ebb"}], read_only=True),
        entry=collection.variables[0],
        criterion_set=criterion_set,
        criterion=(criterion_set.criteria or [])[0],
        llm_config=config,
        experiment=experiment,
        fresh=client.create_experiment("Not run yet", template, collection, criterion_set=criterion_set),
        agentic=agentic,
        response=next(iter(experiment.responses())),
        scenario_set=scenario_set,
        scenario_field=scenario_set.fields[0],
        scenario=scenario_set.add_scenarios([{"goal": "Learn.", "expected_conversation_outcome": "Known."}])[
            0
        ],
        persona=persona,
        persona_group=client.create_persona_group("Pupils", [persona]),
        api_key=client.create_api_key("Spare"),
    )


def _read(way: Way, made: Things) -> Things:
    """The same things, bound to the client of this way."""

    def read(method: str, thing: Any) -> Any:
        return way.call(way.client, method, id=thing.id)

    experiment = read("get_experiment", made.experiment)
    collection = read("get_collection", made.collection)
    criterion_set = read("get_criterion_set", made.criterion_set)
    scenario_set = read("get_scenario_set", made.scenario_set)
    return Things(
        template=read("get_prompt_template", made.template),
        collection=collection,
        locked=read("get_collection", made.locked),
        entry=collection.variables[0],
        criterion_set=criterion_set,
        criterion=criterion_set.criteria[0],
        llm_config=read("get_llm_config", made.llm_config),
        experiment=experiment,
        fresh=read("get_experiment", made.fresh),
        agentic=read("get_experiment", made.agentic),
        response=next(iter(experiment.responses())),
        scenario_set=scenario_set,
        scenario_field=scenario_set.fields[0],
        scenario=way.call(scenario_set, "list_scenarios")[0],
        persona=read("get_persona", made.persona),
        persona_group=read("get_persona_group", made.persona_group),
        api_key=made.api_key,
    )
