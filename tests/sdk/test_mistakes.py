"""Mistakes that callers make: the error or warning that tells each one, and that nothing was sent for it.

Each is made with the blocking and with the async client. A mistake belongs here when its caller would otherwise get
a result that looks right, or an error that does not say the way out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import frozen

from elluminate import AsyncClient, Client, ClientClosedError, UsageError
from tests.sdk.both_ways import BothWays, Way, both_ways


@frozen
class Mistake:
    """What somebody does, and what it is answered with.

    Attributes:
        make: Makes the mistake, with a client and one of everything in its project.
        error: What is raised.
        says: A pattern of its words; `{client}` is the class of the client.
        sends: Whether it takes the server to notice.
    """

    make: Callable[[Way], Any]
    error: type[Exception]
    says: str
    sends: bool = False


def called(owner: str, method: str, *args: Any, **kwargs: Any) -> Callable[[Way], Any]:
    """Call a method of the client or of a thing; an argument that is a function is called with the things."""

    def make(way: Way) -> Any:
        of = way.client if owner == "client" else getattr(way.things, owner)
        given = [value(way.things) if callable(value) else value for value in args]
        named = {name: value(way.things) if callable(value) else value for name, value in kwargs.items()}
        return way.call(of, method, *given, **named)

    return make


def of(name: str) -> Callable[[Any], Any]:
    """That thing of the client."""

    def found(things: Any) -> Any:
        return getattr(things, name)

    return found


MISTAKES: dict[str, Mistake] = {
    "a name by position": Mistake(
        called("client", "get_collection", "Topics"),
        UsageError,
        r"^{client}.get_collection\(\) takes its arguments by name; write name='Topics'$",
    ),
    "an argument misspelt": Mistake(
        called("client", "run_experiment", "New", of("template"), of("collection"), criterias=["Is it?"]),
        UsageError,
        r"^{client}.run_experiment\(\) has no argument 'criterias'; did you mean criteria=…\?$",
    ),
    "an argument of a model's method misspelt": Mistake(
        called("collection", "add_from_csv", "rows.csv", delimeter=";"),
        UsageError,
        r"add_from_csv\(\) has no argument 'delimeter'; did you mean delimiter=…\?$",
    ),
    "an argument left out": Mistake(
        called("client", "run_experiment", "New", of("template")),
        UsageError,
        r"^{client}.run_experiment\(\) lacks collection=…$",
    ),
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothWays]:
    with both_ways(tmp_path_factory.mktemp("both")) as found:
        yield found


@pytest.fixture(params=["blocking", "async"])
def way(request: pytest.FixtureRequest, both: BothWays) -> Way:
    return both.ways[request.param]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_and_changes_nothing(name: str, way: Way, both: BothWays) -> None:
    mistake = MISTAKES[name]
    before, sent = both.stored(), len(way.sent)
    says = mistake.says.replace("{client}", type(way.client).__name__)
    with pytest.raises(mistake.error, match=says):
        mistake.make(way)
    assert both.stored() == before
    assert mistake.sends or way.sent[sent:] == []


# --- opening and closing


def client_of(kind: type[Any]) -> Any:
    return kind(base_url="local::memory:")


def test_with_is_not_for_the_async_client() -> None:
    says = "^AsyncClient is used by `async with`; `with` is for Client, which has the same methods, blocking$"
    with pytest.raises(UsageError, match=says), client_of(AsyncClient):
        pass


async def enter(client: Any) -> None:
    async with client:
        pass


@pytest.mark.anyio
async def test_async_with_is_not_for_the_blocking_client() -> None:
    says = "^Client is used by `with`; `async with` is for AsyncClient, which has the same methods, to be awaited$"
    with client_of(Client) as client, pytest.raises(UsageError, match=says):
        await enter(client)


def test_a_closed_client_is_not_entered_again() -> None:
    with client_of(Client) as client:
        pass
    with pytest.raises(ClientClosedError, match="this client was closed; make a new one"), client:
        pass


@pytest.mark.anyio
async def test_a_closed_async_client_is_not_entered_again() -> None:
    client = client_of(AsyncClient)
    await enter(client)
    with pytest.raises(ClientClosedError, match="this client was closed; make a new one"):
        await enter(client)


@pytest.mark.anyio
async def test_a_missing_await_is_named() -> None:
    async with client_of(AsyncClient) as client:
        collection = client.create_collection("Topics", variables=[{"topic": "tides"}])
        says = (
            r"^create_collection\(\.\.\.\) was given .* before it was awaited; write `await create_collection"
        )
        try:
            with pytest.raises(UsageError, match=says):
                await client.run_experiment("First", None, collection)
            with pytest.raises(UsageError, match=says):
                async for _ in client.stream_experiment("First", None, collection=collection):
                    pass
        finally:
            collection.close()
