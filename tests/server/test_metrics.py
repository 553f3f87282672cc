"""`/metrics`: what it tells, to whom, and what it never tells."""

import datetime
import logging
from collections.abc import Iterator
from typing import Any

import attrs
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from elluminate_server.app import create_app
from elluminate_server.llm.attempts import Kind
from elluminate_server.operating.meters import MOST_MODELS, OTHERS, Meters, ModelLabels
from elluminate_server.settings import Settings
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import BusyError, Store
from elluminate_server.store.tables import Share
from tests.server.conftest import KEY, World, client
from tests.support.model_server import CapturedRequest, ModelServer, Reply, failure

pytestmark = pytest.mark.anyio

PROVIDER_KEY = "sk-provider-0123456789abcdef"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return attrs.evolve(settings, metrics=True, allow_private_endpoints="true")


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


async def scraped(root: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Sample name and the values of its labels, in the order of their names, to the sample's value."""
    answer = await root.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_requests_are_counted_by_route_and_never_by_path(
    root: httpx.AsyncClient, api: httpx.AsyncClient
) -> None:
    for number in range(50):
        await api.get(f"/collections/{number + 7}")
        await root.request(f"VERB{number}", f"/made/up/{number}")
    samples = await scraped(root)

    name = "elluminate_http_request_duration_seconds"
    route = "/api/v0/projects/{project_id}/collections/{collection_id}"
    assert samples[f"{name}_count", "GET", route, "404"] == 50
    assert samples[f"{name}_bucket", "+Inf", "GET", route, "404"] == 50
    assert 0 < samples[f"{name}_sum", "GET", route, "404"] < 50
    assert samples[f"{name}_count", OTHERS, OTHERS, "404"] == 50
    assert len([key for key in samples if key[0] == f"{name}_count"]) == 2
    assert not any("made" in part for key in samples for part in key)


async def test_the_queue_is_told(root: httpx.AsyncClient, api: httpx.AsyncClient, world: World) -> None:
    before = await scraped(root)
    assert before["elluminate_database_up",] == 1
    assert before["elluminate_leases_held",] == 0
    assert not [key for key in before if key[0] == "elluminate_items_unfinished"]


async def test_what_waits_in_the_queue_is_counted(
    root: httpx.AsyncClient,
    api: httpx.AsyncClient,
    app: Starlette,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app.state.executor, "wake", lambda: None)
    monkeypatch.setattr(app.state.executor, "_take_tasks", _nothing)
    started = await api.post(f"/experiments/{world.experiment_id}/run", json={"n_epochs": 3})
    assert started.status_code == 200
    samples = await scraped(root)
    assert samples["elluminate_tasks_unfinished", "experiment", "PENDING"] == 1
    assert samples["elluminate_items_unfinished", "pending"] == 6


async def test_what_processes_have_of_tasks_is_counted_until_it_expires(
    root: httpx.AsyncClient,
    api: httpx.AsyncClient,
    app: Starlette,
    store: Store,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app.state.executor, "wake", lambda: None)
    monkeypatch.setattr(app.state.executor, "_take_tasks", _nothing)
    monkeypatch.setattr(app.state.executor, "_keep_leases", _nothing)
    started = await api.post(f"/experiments/{world.experiment_id}/run", json={})
    task_id = started.json()["generation_task_id"]
    assert (await scraped(root))["elluminate_shares_held",] == 0
    soon = datetime.timedelta(seconds=60)
    async with store.write() as session:
        for owner, expires_at in (
            ("a", utc_now() + soon),
            ("b", utc_now() + soon),
            ("dead", utc_now() - soon),
        ):
            session.add(Share(task_id=task_id, owner=owner, expires_at=expires_at))
    assert (await scraped(root))["elluminate_shares_held",] == 2


async def _nothing() -> None:
    return None


async def test_a_database_that_cannot_be_read_is_told_as_such(
    root: httpx.AsyncClient, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**_: Any) -> Any:
        raise BusyError("It is away.")

    monkeypatch.setattr(app.state.store, "read", busy)
    samples = await scraped(root)
    assert samples["elluminate_database_up",] == 0
    assert "elluminate_leases_held" not in {key[0] for key in samples}
    assert "elluminate_leases_lost_total" in {key[0] for key in samples}


async def test_log_lines_are_counted_by_level(root: httpx.AsyncClient) -> None:
    first = await scraped(root)  # an increase is seen only of what was there before
    for level in ("warning", "error", "critical"):
        assert ("elluminate_log_lines_total", level) in first
    before = first["elluminate_log_lines_total", "error"]
    logging.getLogger("elluminate_server.store").error("It broke.")
    assert (await scraped(root))["elluminate_log_lines_total", "error"] == before + 1


async def test_calls_to_models_are_counted_and_nothing_of_them_is_told(
    root: httpx.AsyncClient, api: httpx.AsyncClient, model_server: ModelServer
) -> None:
    created = await api.post(
        "/llm_configs",
        json={
            "name": "Paid",
            "llm_model_name": "scripted",
            "api_key": PROVIDER_KEY,
            "llm_base_url": model_server.base_url,
            "max_retries": 0,
        },
    )
    config = f"/llm_configs/{created.json()['id']}/test"
    assert (await api.post(config, json={})).json()["ok"]
    first = await scraped(root)
    outcomes = {key[3]: count for key, count in first.items() if key[0] == "elluminate_model_calls_total"}
    assert outcomes == {**dict.fromkeys((*(kind.value for kind in Kind), "unknown"), 0), "answered": 1}
    model_server.answer = _refused
    assert not (await api.post(config, json={})).json()["ok"]

    samples = await scraped(root)
    which = ("Paid", "scripted")
    assert samples["elluminate_model_calls_total", *which, "answered", "openai"] == 1
    assert samples["elluminate_model_calls_total", *which, "hopeless", "openai"] == 1
    assert samples["elluminate_model_tokens_total", "Paid", "output", "scripted", "openai"] > 0
    assert samples["elluminate_model_call_duration_seconds_count", *which, "openai"] == 1
    assert samples["elluminate_model_call_wait_seconds_count", *which, "openai"] == 2
    assert samples["elluminate_model_calls_under_way",] == samples["elluminate_model_calls_waiting",] == 0
    text = (await root.get("/metrics")).text
    asked = [message["content"] for request in model_server.requests for message in request.json["messages"]]
    for secret in (PROVIDER_KEY, KEY, model_server.base_url, *asked):
        assert secret not in text


def _refused(_: CapturedRequest) -> Reply:
    return failure(401, f"Incorrect API key provided: {PROVIDER_KEY}")


async def test_there_are_no_metrics_unless_they_are_asked_for(settings: Settings) -> None:
    app = create_app(attrs.evolve(settings, metrics=False))
    async with app.router.lifespan_context(app), client(app, "", KEY) as root:
        assert (await root.get("/metrics")).status_code == 404
        assert app.state.meters is None


def test_further_models_are_counted_together() -> None:
    meters = Meters()
    for number in range(3 * MOST_MODELS):
        meters.of_model(ModelLabels("openai", f"c{number}", "m")).outcomes["answered"] += 1
    assert len(meters.models) == MOST_MODELS + 1
    assert meters.models[ModelLabels(OTHERS, OTHERS, OTHERS)].outcomes["answered"] == 2 * MOST_MODELS
