"""Lists: pages in order, a bounded number of them in flight, the first error with its type; models bound."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from elluminate import NotFoundError, RetryConfig
from elluminate._paging import PAGES_IN_FLIGHT
from tests.support.scripted_http import WAIT_SECONDS, Answered, Asked, ScriptedServer
from tests.unit.sdk import answers
from tests.unit.sdk.conftest import WiredWorld, wired_world
from tests.unit.sdk.evals_server import PROJECT, evals_server
from tests.unit.sdk.wire import Reply, Wire, page_of

PATH = f"{PROJECT}/collections"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with evals_server() as server:
        yield server


@pytest.fixture(params=["blocking", "asyncio", "trio"])
def real_world(request: pytest.FixtureRequest) -> Iterator[WiredWorld]:
    """The worlds over a real socket."""
    world = wired_world(request.param)
    yield world
    world.close()


def page(number: int, size: int, count: int) -> Answered:
    first = (number - 1) * size
    items = [answers.bare_collection(id=index + 1) for index in range(first, min(first + size, count))]
    return Answered({"items": items, "count": count})


def test_pages_come_in_order_and_eight_at_a_time(real_world: WiredWorld, server: ScriptedServer) -> None:
    """A page is held back until eight are asked for, so that fewer in flight would never be answered."""
    size, count = 3, 1 + 3 * PAGES_IN_FLIGHT * 3
    full = threading.Barrier(PAGES_IN_FLIGHT)

    def give(asked: Asked) -> Answered:
        number = int(asked.query["page"][0])
        if number > 1:
            full.wait(WAIT_SECONDS)
        return page(number, size, count)

    server.on("GET", PATH, give)
    client = real_world.client(base_url=server.url)
    collections = real_world.call(client, "list_collections")
    assert [collection.id for collection in collections] == list(range(1, count + 1))
    assert server.most_at_once == PAGES_IN_FLIGHT


@pytest.mark.parametrize(("count", "asked"), [(0, 1), (1, 1), (3, 1), (4, 2), (6, 2), (7, 3), (25, 9)])
def test_exactly_the_pages_that_there_are(world: WiredWorld, wire: Wire, count: int, asked: int) -> None:
    def give(request: Any) -> Reply:
        answer = page(int(request.url.params["page"]), 3, count)
        return Reply(json=answer.body)

    wire.on("GET", "/collections", give)
    collections = world.call(world.client(), "list_collections")
    assert [collection.id for collection in collections] == list(range(1, count + 1))
    assert sorted(int(r.url.params["page"]) for r in wire.requests) == list(range(1, asked + 1))


@pytest.mark.filterwarnings("error")
def test_an_error_on_a_later_page_is_raised_with_its_type(world: WiredWorld, wire: Wire) -> None:
    def give(request: Any) -> Reply:
        number = int(request.url.params["page"])
        if number == 4:
            return Reply(404, json={"detail": "page 4 is gone"})
        return Reply(json=page(number, 2, 12).body)

    wire.on("GET", "/collections", give)
    with pytest.raises(NotFoundError, match="page 4 is gone") as caught:
        world.call(world.client(), "list_collections")
    assert type(caught.value) is NotFoundError


def test_a_later_page_is_repeated_by_itself(world: WiredWorld, wire: Wire) -> None:
    failed: list[int] = []

    def give(request: Any) -> Reply:
        number = int(request.url.params["page"])
        if number == 3 and not failed:
            failed.append(number)
            return Reply(503)
        return Reply(json=page(number, 2, 8).body)

    wire.on("GET", "/collections", give)
    client = world.client(retry_config=RetryConfig(max_attempts=2))
    assert len(world.call(client, "list_collections")) == 8
    assert len(wire.requests) == 5


def test_a_list_that_shrinks_while_it_is_read(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(json=page(1, 2, 5).body), page_of(count=2), page_of(count=2))
    assert len(world.call(world.client(), "list_collections")) == 2


def test_models_know_the_client_that_returned_them_and_so_do_nested_ones(
    world: WiredWorld, wire: Wire
) -> None:
    client = world.client()
    wire.then(
        page_of(answers.experiment()),
        page_of(answers.response()),
        Reply(json=answers.criterion_set(linked_prompt_templates=[answers.template(id=11)])),
    )
    wire.on("GET", "/criteria", page_of(answers.criterion(41)))
    (experiment,) = world.call(client, "list_experiments")
    world.call(experiment, "fetch_responses")
    criterion_set = world.call(client, "get_criterion_set", id=50)
    (response,) = experiment.responses()
    for template in (
        experiment.prompt_template,
        response.prompt.prompt_template,
        criterion_set.linked_prompt_templates[0],
    ):
        assert [criterion.id for criterion in world.call(template, "list_criteria")] == [41]
    wire.then(Reply(status=201, json=[answers.criterion(42, "Is it short?")]))
    added = world.call(experiment.criterion_set, "add_criterion", "Is it short?")
    assert (added.id, [criterion.id for criterion in experiment.criterion_set.criteria]) == (42, [40, 42])
    wire.then(Reply(201, json=[answers.row(31)]))
    assert [row.id for row in world.call(experiment.collection, "add_many", [{"concept": "x"}])] == [31]


def test_two_clients_models_do_not_mix(world: WiredWorld, wire: Wire) -> None:
    wire.on("GET", "/collections/20", Reply(json=answers.collection()))
    wire.on("DELETE", "/collections/20/entries", Reply(204))
    first, second = world.client(api_key="first"), world.client(api_key="second")
    of_first, of_second = (world.call(client, "get_collection", id=20) for client in (first, second))
    world.call(of_first, "clear")
    assert wire.requests[-1].headers["X-API-Key"] == "first"
    world.call(of_second, "clear")
    assert wire.requests[-1].headers["X-API-Key"] == "second"
    assert of_first == of_second
