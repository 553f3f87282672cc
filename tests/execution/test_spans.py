"""Spans on both sides of a connection: a request, its run, its rows, and the calls of models that they take."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from elluminate import Client, NotFoundError
from elluminate._spans import span
from elluminate_server.execution import executor, leases
from elluminate_server.http.pipeline import HANDLERS
from elluminate_server.store.tables import Task
from tests.execution.backend import Backend
from tests.execution.scene import eventually, running, scene
from tests.execution.test_sharing import Holding, until_both_hold
from tests.support.model_server import CapturedRequest, ModelServer, Reply, failure
from tests.support.spans import Recorded, context_of, recorded_spans

PROVIDER_KEY = "sk-provider-0123456789abcdef"
DEFAULT_KEY = "key-of-the-tests"


@attrs.frozen
class Traced:
    """A server that has a model, a client of it, and what both record."""

    backend: Backend
    client: Client
    spans: Recorded

    def finished(self, name: str, count: int) -> list[ReadableSpan]:
        """So many spans of a name, once they have ended: who waits for an answer has it before its span ends."""
        self.backend.wait(
            lambda: {"found": len(self.spans.named(name))}, lambda state: state["found"] >= count
        )
        found = self.spans.named(name)
        assert len(found) == count
        return found


@pytest.fixture
def traced(backend_with_model: Backend) -> Iterator[Traced]:
    url = backend_with_model.http.base_url
    base_url, key = f"{url.scheme}://{url.netloc.decode()}", backend_with_model.http.headers["X-API-Key"]
    with recorded_spans() as spans, Client(base_url=base_url, api_key=key) as client:
        yield Traced(backend_with_model, client, spans)


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def linked(span: ReadableSpan) -> list[int]:
    return [link.context.span_id for link in span.links]


def test_a_request_is_a_part_of_the_operation_that_sent_it(traced: Traced) -> None:
    traced.client.list_collections()
    sent, served = sorted(
        traced.finished("list_collections", 2), key=lambda span: span.kind.value, reverse=True
    )

    assert (sent.kind, served.kind) == (SpanKind.CLIENT, SpanKind.SERVER)
    assert served.parent is not None
    assert served.parent.is_remote
    assert (served.parent.trace_id, served.parent.span_id) == (
        context_of(sent).trace_id,
        context_of(sent).span_id,
    )
    attributes = told(served)
    assert attributes.pop("elluminate.request_id") == told(sent)["elluminate.request_id"]
    assert attributes == {
        "http.request.method": "GET",
        "http.route": "/api/v0/projects/{project_id}/collections",
        "url.path": f"{traced.backend.http.base_url.path}collections",
        "url.scheme": "http",
        "http.response.status_code": 200,
    }


def test_who_has_an_answer_may_end_the_export_of_spans_at_once(traced: Traced) -> None:
    for count in range(1, 51):
        traced.client.list_collections()
        served = [span for span in traced.spans.named("list_collections") if span.kind == SpanKind.SERVER]
        assert len(served) == count


def test_a_refusal_is_a_failure_of_the_client_and_not_of_the_server(traced: Traced) -> None:
    with pytest.raises(NotFoundError):
        traced.client.get_collection(id=99)
    statuses = {span.kind: span.status.status_code for span in traced.finished("get_collection", 2)}
    assert statuses == {SpanKind.CLIENT: StatusCode.ERROR, SpanKind.SERVER: StatusCode.UNSET}


def test_a_fault_of_the_server_is_a_failure_of_its_span(
    traced: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_call: Any) -> Any:
        raise LookupError(f"with {DEFAULT_KEY}")

    monkeypatch.setitem(HANDLERS, "list_collections", broken)
    assert traced.backend.http.get("collections").status_code == 500
    (served,) = traced.finished("list_collections", 1)
    assert (told(served)["error.type"], served.status.status_code) == ("500", StatusCode.ERROR)
    assert served.parent is None
    assert DEFAULT_KEY not in traced.spans.text


def test_a_run_is_linked_to_its_request_and_its_rows_to_the_run(traced: Traced) -> None:
    backend = traced.backend
    experiment = backend.create_experiment(rows=2, criteria=("Is it short?",))
    task_id = backend.run(experiment)
    backend.ended(experiment, task_id)

    (request,) = traced.finished("run_experiment", 1)
    (task,) = traced.finished("task experiment", 1)
    assert task.parent is None
    assert linked(task) == [context_of(request).span_id]
    assert told(task) == {
        "elluminate.task_id": task_id,
        "elluminate.experiment_id": experiment["id"],
        "elluminate.is_part": False,
        "elluminate.task_status": "SUCCESS",
    }
    items = traced.finished("item", 2)
    assert [item.parent for item in items] == [None, None]
    assert [linked(item) for item in items] == [[context_of(task).span_id]] * 2
    assert len({context_of(span).trace_id for span in (request, task, *items)}) == 4
    assert {told(item)["elluminate.task_id"] for item in items} == {task_id}
    assert {told(item)["elluminate.epoch"] for item in items} == {1}
    calls = traced.spans.named("chat scripted")
    within = [call.parent.span_id for call in calls if call.parent is not None]
    assert sorted(within) == sorted([context_of(item).span_id for item in items] * 2)
    assert sorted(told(call)["elluminate.role"] for call in calls) == ["answer", "answer", "judge", "judge"]


def test_a_run_that_fails_is_told_and_no_span_tells_a_secret(
    traced: Traced, model_server: ModelServer
) -> None:
    backend = traced.backend
    config = backend.post(
        "llm_configs",
        {
            "name": "Paid",
            "llm_model_name": "paid",
            "api_key": PROVIDER_KEY,
            "llm_base_url": model_server.base_url,
            "max_retries": 0,
        },
    )
    created = backend.post("api-keys", {"name": "k"})["key"]
    experiment = backend.create_experiment(rows=8, llm_config_id=config["id"], criteria=("Is it mine?",))

    def refused(_request: CapturedRequest) -> Reply:
        return failure(401, f"Incorrect API key provided: {PROVIDER_KEY} or {DEFAULT_KEY}")

    model_server.answer = refused
    assert backend.ended(experiment, backend.run(experiment))["status"] == "FAILURE"

    (task,) = traced.finished("task experiment", 1)
    assert (told(task)["error.type"], task.status.status_code) == ("FAILURE", StatusCode.ERROR)
    calls = traced.spans.named("chat paid")
    assert {told(call)["error.type"] for call in calls} == {"401"}
    items = traced.spans.named("item")
    assert items
    assert {(told(item)["error.type"], item.status.status_code) for item in items} == {
        ("401", StatusCode.ERROR)
    }
    assert {event.name for call in calls for event in call.events} == {"attempt failed"}
    everything = traced.spans.text
    own_key = backend.http.headers["X-API-Key"]
    for secret in (
        PROVIDER_KEY,
        DEFAULT_KEY,
        created,
        own_key,
        "topic1",
        "Is it mine",
        "Explain",
        "Incorrect",
    ):
        assert secret not in everything


def test_the_offline_model_is_no_call(backend: Backend) -> None:
    with recorded_spans() as spans:
        experiment = backend.create_experiment(rows=1)
        backend.ended(experiment, backend.run(experiment))
        backend.wait(lambda: {"n": len(spans.named("task experiment"))}, lambda state: state["n"] == 1)
    assert [span.name for span in spans.all if span.name.startswith("chat")] == []


@pytest.mark.anyio
async def test_what_another_process_does_of_a_run_is_linked_to_its_request_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(executor, "LOOK_SECONDS", 0.05)
    async with scene(tmp_path, shares_work=True) as here:
        with recorded_spans() as spans:
            async with (
                running(here.executor(concurrency=2)) as one,
                running(here.executor(concurrency=2)) as other,
            ):
                model = Holding(here)
                await here.add_experiment(rows=12)
                with span("tests", "request", "server", dict):
                    task_id = await here.enqueue(one)
                await until_both_hold(here, one, other)
                model.go_on.set()
                await here.ended(task_id)

                async def both_are_over() -> bool:
                    return len(spans.named("task experiment")) == 2

                await eventually(both_are_over, "both spans end")
            parts = spans.named("task experiment")
            assert {told(part)["elluminate.is_part"] for part in parts} == {False, True}
            request = context_of(spans.one("request")).span_id
            assert [linked(part) for part in parts] == [[request]] * 2
            held_by = {link for item in spans.named("item") for link in linked(item)}
            assert held_by == {context_of(part).span_id for part in parts}


@pytest.mark.anyio
async def test_a_task_keeps_of_its_request_what_is_recorded_and_nothing_else(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        idle = here.executor()
        await here.add_experiment(rows=1)
        await here.enqueue(idle)
        (task,) = await here.all(Task)
        assert "traceparent" not in task.payload


IMPORTS = {
    "loads-nothing": "",
    "works-without-the-package": """
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
""",
}


@pytest.mark.parametrize("before", IMPORTS.values(), ids=IMPORTS)
def test_a_program_that_has_no_provider_neither_loads_nor_needs_the_package(before: str) -> None:
    program = f"""
import sys
{before}
from elluminate import Client
with Client(base_url="local::memory:") as client:
    made = client.create_collection(name="c", variables=[{{"topic": "tides"}}])
    template = client.create_prompt_template(name="t", messages="Explain {{{{topic}}}}.")
    experiment = client.create_experiment(name="e", prompt_template=template, collection=made)
    assert len(experiment.run().responses()) == 1
print(sorted(name for name in sys.modules if name.startswith("opentelemetry")))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["[]"]), done.stderr
