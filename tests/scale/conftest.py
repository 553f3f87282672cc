"""Real brokers and PostgreSQL, servers and workers; collected only when this folder is asked for by its path."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import attrs
import pytest

from tests.execution.backend import Backend
from tests.execution.test_kill import CRITERIA, connected, prompt_of, settings_for
from tests.support import worker_process
from tests.support.lanes import asked_for_alone
from tests.support.model_server import ModelServer
from tests.support.serve_process import serving
from tests.support.services import PostgreSQL, RabbitMQ, Redis

pytest_ignore_collect = asked_for_alone("scale")


@attrs.define
class Deployment:
    """A server that only serves, workers of Celery, PostgreSQL and a broker.

    Attributes:
        backend: Asks the server.
        model_server: The model.
        broker: Redis or RabbitMQ.
        postgresql: The database.
        workers: Processes, the newest last.
    """

    model_server: ModelServer
    broker: Redis | RabbitMQ
    postgresql: PostgreSQL
    environment: dict[str, str]
    stack: ExitStack
    backend: Backend = attrs.field(init=False)
    workers: list[Any] = attrs.field(factory=list)

    def add_worker(self, *arguments: str, **environment: str) -> Any:
        worker = self.stack.enter_context(
            worker_process.working(
                self.postgresql.url, *arguments, environment=self.environment | environment
            )
        )
        self.workers.append(worker)
        return worker

    def assert_whole(self, experiment: dict[str, Any], rows: int, *, repeated: int) -> None:
        """Every row once, with every verdict; no more calls than that, but for so many."""
        responses = self.backend.responses(experiment_id=experiment["id"])
        assert len(responses) == rows
        assert len({response["prompt"]["template_variables"]["id"] for response in responses}) == rows
        assert [response["error"] for response in responses] == [None] * rows
        assert [len(response["ratings"]) for response in responses] == [len(CRITERIA)] * rows
        asked = {prompt_of(request) for request in self.model_server.requests if request.kind == "answer"}
        assert len(asked) == rows
        calls = len(self.model_server.requests)
        print(f"{calls} calls for {rows * (1 + len(CRITERIA))}")
        assert calls <= rows * (1 + len(CRITERIA)) + repeated


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[Redis | RabbitMQ]:
    """Redis, unless a test names another one."""
    with closing(getattr(request, "param", Redis)()) as broker:
        broker.start()
        yield broker


@pytest.fixture
def deployment(broker: Redis | RabbitMQ) -> Iterator[Deployment]:
    """Without a worker so far; a model that takes 0.1 s, 16 calls at a time."""
    with closing(PostgreSQL()) as postgresql, ExitStack() as stack:
        postgresql.start()
        model_server = stack.enter_context(ModelServer())
        model_server.latency = 0.1
        environment = settings_for(model_server) | {
            "ELLUMINATE_MAX_CONCURRENT_CALLS": "16",
            "ELLUMINATE_BROKER_URL": broker.url,
            "ELLUMINATE_SECRET_KEY": "a-secret-key-of-the-tests-of-many-processes",
        }
        made = Deployment(model_server, broker, postgresql, environment, stack)
        served = stack.enter_context(serving(postgresql.url, environment=environment))
        made.backend = Backend(stack.enter_context(connected(served)))
        yield made
