"""Results of experiments that are over are kept, and dropped by whatever changes what they are made of."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest
from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette

from elluminate_server.reading import kept_results
from elluminate_server.reading.kept_results import ResultsKeeper, keep_results, load_kept_results
from elluminate_server.reading.results import load_results
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Experiment, KeptResults
from tests.server.conftest import World, created

pytestmark = pytest.mark.anyio


@frozen
class Here:
    """A server with one experiment that is over, whose results are kept."""

    api: httpx.AsyncClient
    store: Store
    world: World

    @property
    def path(self) -> str:
        return f"/experiments/{self.world.experiment_id}"

    async def kept(self) -> dict[str, Any] | None:
        async with self.store.read() as session:
            found = await load_kept_results(session, [self.world.experiment_id])
        return {each: msgspec.json.decode(raw) for each, raw in found.items()}.get(self.world.experiment_id)

    async def computed(self) -> dict[str, Any] | None:
        async with self.store.read() as session:
            experiment = await session.get_one(Experiment, self.world.experiment_id)
            results = (await load_results(session, [experiment], {})).get(self.world.experiment_id)
        return None if results is None else dict(msgspec.json.decode(msgspec.json.encode(results)))

    async def shown(self) -> Any:
        return (await self.api.get(self.path)).json()["results"]


@pytest.fixture
async def here(api: httpx.AsyncClient, store: Store, world: World) -> Here:
    here = Here(api, store, world)
    await _rate(here)
    assert await keep_results(store, world.experiment_id)
    assert await here.kept() == await here.computed() == await here.shown()
    return here


async def _rate(here: Here) -> None:
    await created(here.api, "/ratings", {"prompt_response_id": here.world.response_id})


async def _rate_all(here: Here) -> None:
    body = {"prompt_response_ids": [here.world.response_id]}
    (await here.api.post("/ratings/batches", json=body)).raise_for_status()


async def _respond(here: Here) -> None:
    body = {
        "experiment_id": here.world.experiment_id,
        "template_variables_id": here.world.entry_id,
        "messages": [{"role": "assistant", "content": "Elsewhere."}],
        "metadata": {"input_tokens": 3, "finish_reason": "length"},
    }
    await created(here.api, "/responses", body)


async def _forget(here: Here) -> None:
    (await here.api.delete(f"/responses/{here.world.response_id}")).raise_for_status()


async def _delete_row(here: Here) -> None:
    path = f"/collections/{here.world.collection_id}/entries/{here.world.entry_id}"
    (await here.api.delete(path)).raise_for_status()


async def _delete_criterion(here: Here) -> None:
    (await here.api.delete(f"/criteria/{here.world.criterion_id}")).raise_for_status()


async def _run(here: Here) -> None:
    (await here.api.post(f"{here.path}/run", json={})).raise_for_status()


CHANGES: dict[str, Callable[[Here], Awaitable[None]]] = {
    "a response is rated": _rate,
    "responses are to be rated": _rate_all,
    "a response is uploaded": _respond,
    "a response is deleted": _forget,
    "a row is deleted": _delete_row,
    "a criterion is taken out": _delete_criterion,
    "a run is asked for": _run,
}


@pytest.mark.parametrize("what", CHANGES)
async def test_what_changes_results_drops_those_that_are_kept(here: Here, what: str) -> None:
    await CHANGES[what](here)
    assert await here.kept() is None
    assert await here.shown() is not None or what == "a response is deleted"


async def test_what_changes_nothing_keeps_them(here: Here) -> None:
    before = await here.kept()
    await created(here.api, "/collections", {"name": "Others", "variables": [{"topic": "wind"}]})
    assert await here.kept() == before == await here.computed()


@pytest.mark.parametrize("what", CHANGES)
async def test_results_that_change_while_they_are_computed_are_not_kept(
    here: Here, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def load_and_change(session: AsyncSession, *arguments: Any) -> Any:
        found = await load_results(session, *arguments)
        await CHANGES[what](here)
        return found

    async with here.store.write() as session:
        await session.delete(await session.get_one(KeptResults, here.world.experiment_id))
    monkeypatch.setattr(kept_results, "load_results", load_and_change)
    assert not await keep_results(here.store, here.world.experiment_id)
    assert await here.kept() is None


async def test_results_of_many_responses_are_kept_once_somebody_has_read_them(
    app: Starlette, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_results, "WORTH_KEEPING", 1)
    await _respond(here)
    shown = await here.shown()
    keeper = app.state.services[ResultsKeeper]
    await keeper.settled()
    assert await here.kept() == shown == await here.shown()
    page = (await here.api.get("/experiments")).json()["items"]
    assert [each["results"] for each in page] == [shown]


async def test_results_that_are_kept_are_there_while_somebody_wants_them_kept_again(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def compute(*_: Any) -> Any:
        raise AssertionError("They are there.")

    monkeypatch.setattr(kept_results, "load_results", compute)
    kept = await here.kept()
    assert await keep_results(here.store, here.world.experiment_id)
    assert await here.kept() == kept is not None


async def test_older_clients_read_numbers_where_means_are_unknown(here: Here) -> None:
    response = await here.api.get(here.path, headers={"SDK-Version": "1.0.6"})
    assert await here.kept() is not None
    assert response.json()["results"]["mean_duration_seconds"] == 0.0


async def test_a_deleted_experiment_leaves_no_results(here: Here) -> None:
    (await here.api.delete(here.path)).raise_for_status()
    async with here.store.read() as session:
        assert await session.get(KeptResults, here.world.experiment_id) is None
