"""One run, several processes: a server that only serves, and workers that share what it is asked to do."""

import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import create_engine, text

from elluminate_server.execution.asking import HOPELESS_CALLS
from elluminate_server.settings import normalise_database_url
from tests.execution.backend import Backend, events_of
from tests.execution.test_kill import CRITERIA, can_kill, connected, prompt_of, settings_for
from tests.support import worker_process
from tests.support.databases import fresh_database
from tests.support.model_server import CapturedRequest, ModelServer, failure
from tests.support.serve_process import serving

ONE, OTHER = "key-of-one-worker", "key-of-the-other"

PLACES = 8
"""Calls at a time to one endpoint with one key."""


@attrs.frozen
class Deployment:
    """A server and two workers, told apart by the key with which they ask the model."""

    backend: Backend
    model_server: ModelServer
    database: str
    workers: dict[str, Any]

    def answers(self) -> Counter[str]:
        return Counter(
            prompt_of(request) for request in self.model_server.requests if request.kind == "answer"
        )

    def verdicts(self) -> int:
        return sum(request.kind == "verdict" for request in self.model_server.requests)

    def asked_by(self) -> Counter[str]:
        return Counter(asker(request) for request in self.model_server.requests)

    def shares(self) -> list[str]:
        """The names of the processes that have a part in a task."""
        engine = create_engine(normalise_database_url(self.database).replace("+aiosqlite", ""))
        with engine.connect() as connection:
            owners = list(connection.scalars(text("SELECT owner FROM task_shares")))
        engine.dispose()
        return owners


def asker(request: CapturedRequest) -> str:
    return request.headers["authorization"].removeprefix("Bearer ")


@contextmanager
def deployed(folder: Path, *arguments: str, keys: Sequence[str] = (ONE, OTHER)) -> Iterator[Deployment]:
    database = fresh_database(folder)
    with ExitStack() as stack:
        model_server = stack.enter_context(ModelServer())
        environment = settings_for(model_server) | {"ELLUMINATE_MAX_CONCURRENT_CALLS": str(PLACES)}
        served = stack.enter_context(serving(database, "--no-work", environment=environment))
        backend = Backend(stack.enter_context(connected(served)))
        workers = {
            name: stack.enter_context(
                worker_process.working(
                    database, *arguments, environment=environment | {"ELLUMINATE_LLM_API_KEY": key}
                )
            )
            for name, key in zip((ONE, OTHER), keys, strict=True)
        }
        yield Deployment(backend, model_server, database, workers)


def assert_whole(backend: Backend, experiment: dict[str, Any], rows: int) -> None:
    """Every row once, and every verdict."""
    responses = backend.responses(experiment_id=experiment["id"])
    assert len({response["prompt"]["template_variables"]["id"] for response in responses}) == rows
    assert [response["error"] for response in responses] == [None] * rows
    assert [len(response["ratings"]) for response in responses] == [len(CRITERIA)] * rows


def test_two_workers_share_one_run_and_the_server_tells_how_far_it_is(tmp_path: Path) -> None:
    rows = 60
    with deployed(tmp_path, "--concurrency", "4") as here:
        here.model_server.latency = 0.05
        made = here.backend.create_experiment(rows=rows, criteria=CRITERIA)
        task_id = here.backend.run(made)
        stream = here.backend.stream(
            f"experiments/{made['id']}/generation/{task_id}/stream", polling_interval=0.1
        )
        events = events_of(stream)
        assert events[-1]["status"] == "SUCCESS"
        assert (events[-1]["completed_responses"], events[-1]["completed_ratings"]) == (rows, rows)
        assert len({event["completed_responses"] for event in events}) > 3
        assert_whole(here.backend, made, rows)
        assert (len(here.answers()), here.answers().total(), here.verdicts()) == (rows, rows, 2 * rows)
        asked = here.asked_by()
        assert set(asked) == {ONE, OTHER}
        assert min(asked.values()) >= rows  # of 3 * rows; the other may join a second later
        assert here.model_server.most_at_once <= 2 * PLACES
        assert here.shares() == []


@can_kill
def test_what_a_killed_worker_had_the_other_does_with_never_more_calls_than_there_are_places(
    tmp_path: Path,
) -> None:
    rows = 80
    with deployed(tmp_path, keys=(ONE, ONE)) as here:
        here.model_server.latency = 0.05
        made = here.backend.create_experiment(rows=rows, criteria=CRITERIA)
        task_id = here.backend.run(made)
        here.model_server.wait_for_requests(rows)
        worker_process.kill(here.workers[ONE])
        assert here.backend.ended(made, task_id)["status"] == "SUCCESS"
        assert_whole(here.backend, made, rows)
        # Only what was in flight, or answered and not stored yet, is asked again.
        assert len(here.answers()) == rows
        assert here.answers().total() + here.verdicts() <= 3 * rows + 3 * PLACES
        assert here.model_server.most_at_once <= PLACES


def test_workers_end_with_a_run_that_is_cancelled_or_hopeless_or_when_they_are_told_to(
    tmp_path: Path,
) -> None:
    with deployed(tmp_path, "--concurrency", "3") as here:
        made = here.backend.create_experiment(rows=40, criteria=CRITERIA)
        with here.model_server.held():
            task_id = here.backend.run(made)
            here.model_server.wait_for_requests(6)
            here.backend.post(f"experiments/{made['id']}/cancel", {}, status=200)
        assert here.backend.status(made, task_id)["status"] == "REVOKED"
        # A second run is theirs at once; of the first one nothing came.
        again = here.backend.create_experiment(rows=4, criteria=CRITERIA, name="again")
        assert here.backend.ended(again, here.backend.run(again))["status"] == "SUCCESS"
        assert here.backend.responses(experiment_id=made["id"]) == []
        assert here.shares() == []
        here.model_server.requests.clear()
        answer, here.model_server.answer = here.model_server.answer, lambda _: failure(401, "no such key")
        hopeless = here.backend.create_experiment(rows=200, criteria=CRITERIA, name="hopeless")
        status = here.backend.ended(hopeless, here.backend.run(hopeless))
        assert status["status"] == "FAILURE"
        assert "no such key" in status["error_msg"]
        assert len(here.model_server.requests) <= 2 * (HOPELESS_CALLS + 2 * 3)
        here.model_server.answer = answer
        stop_one_of_them(here)


def stop_one_of_them(here: Deployment) -> None:
    """What it had the other has at once: nothing is held in the name of one that is gone."""
    here.model_server.requests.clear()
    with here.model_server.held():
        made = here.backend.create_experiment(rows=20, criteria=CRITERIA, name="stopped")
        task_id = here.backend.run(made)
        here.model_server.wait_for_requests(1, lambda request: asker(request) == ONE)
        here.workers[ONE].send_signal(signal.SIGTERM)
        assert here.workers[ONE].wait(30) == 0
        assert len(here.shares()) <= 1
    assert here.backend.ended(made, task_id)["status"] == "SUCCESS"
    assert_whole(here.backend, made, 20)
