"""Ten megabytes of log of a busy run, everything at DEBUG, and no secret in them."""

import itertools
import logging
from collections.abc import Iterator

import pytest

from tests.execution.backend import Backend
from tests.support.model_server import CapturedRequest, ModelServer, Reply, failure

LEAST_BYTES = 10_000_000
PROVIDER_KEY = "sk-provider-0123456789abcdef"
HEADER = "Bearer-secret-of-a-header-42"
DEFAULT_KEY = "key-of-the-tests"


class Searching(logging.Handler):
    """Formats every record, exceptions with their tracebacks included, and keeps the lines that tell a secret."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.secrets = secrets
        self.size = 0
        self.telling: list[str] = []
        self.loggers: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        self.size += len(line)
        self.loggers.add(record.name.partition(".")[0])
        if any(secret in line for secret in self.secrets):
            self.telling.append(line)


@pytest.fixture
def log() -> Iterator[Searching]:
    root, driver, ours = map(logging.getLogger, (None, "sqlalchemy", "elluminate_server"))
    before = root.level, driver.level, ours.level
    handler = Searching([PROVIDER_KEY, HEADER, DEFAULT_KEY])
    handlers = root.handlers[:]
    root.handlers[:] = [handler]  # pytest's own would format every record again
    root.setLevel(logging.DEBUG)
    driver.setLevel(logging.DEBUG)  # every statement and every row
    ours.setLevel(logging.DEBUG)
    yield handler
    root.handlers[:] = handlers
    root.setLevel(before[0])
    driver.setLevel(before[1])
    ours.setLevel(before[2])


def test_the_log_of_a_busy_run_tells_no_secret(
    log: Searching, backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    log.secrets.append(backend.http.headers["X-API-Key"])
    paid = {
        "llm_model_name": "scripted",
        "api_key": PROVIDER_KEY,
        "llm_base_url": model_server.base_url,
        "max_retries": 1,
        "custom_api_config": {"headers": {"X-Auth": HEADER}},
    }
    config = backend.post("llm_configs", {"name": "Paid", **paid})
    log.secrets.append(backend.post("api-keys", {"name": "k"})["key"])
    answer = model_server.answer

    def refused(_request: CapturedRequest) -> Reply:
        return failure(401, f"Incorrect API key provided: {PROVIDER_KEY}")

    for number, said in enumerate((answer, refused, answer), start=1):
        experiment = backend.create_experiment(
            rows=100, criteria=("Is it short?", "Is it right?"), name=f"e{number}", llm_config_id=config["id"]
        )
        model_server.answer = said
        backend.ended(experiment, backend.run(experiment))
    backend.responses()
    rows = [{"a": f"row {number}"} for number in range(200)]  # each of which the driver's log shows
    numbers = itertools.count()
    while log.size < LEAST_BYTES:
        name = f"Paid {next(numbers)}"
        backend.post("llm_configs", {"name": name, **paid})
        backend.get("llm_configs", name=name)
        backend.post("collections", {"name": name, "columns": [{"name": "a"}], "variables": rows})
    assert {"sqlalchemy", "elluminate_server"} <= log.loggers
    assert log.telling == []
