"""The same program gives equal results whichever way the server is reached, blocking and async."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.congruence.caller import Caller
from tests.congruence.program import program
from tests.contract.document import contract_path, load
from tests.support.contract_traffic import Traffic, checked_traffic
from tests.support.model_server import ModelServer
from tests.support.serve_process import serving
from tests.support.worlds import entered

WAYS = ("local", "loopback", "token")
SETTINGS = {
    "base_url": "ELLUMINATE_BASE_URL",
    "api_key": "ELLUMINATE_API_KEY",
    "token": "ELLUMINATE_OAUTH_TOKEN",
}
WITHOUT_METHOD = {
    "create_ratings",
    "create_response",
    "create_scenario",
    "delete_response",
    "generate_response",
    "get_criterion",
    "get_health",
    "get_template_variables",
    "list_ratings",
    "stream_experiment_generation",
    "stream_ratings_batch",
}
"""Operations that no method of the clients uses: batches, lists and polls do what these do."""


@pytest.fixture
def arguments(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """How a client is made for each way to reach a server."""
    if request.param == "local":
        yield {"base_url": f"local:{tmp_path / 'local.db'}"}
        return
    with serving(tmp_path / "served.db") as served:
        if request.param == "loopback":
            yield {"base_url": served.base_url, "api_key": served.api_key}
        else:  # as a remote server is reached: by name, with a bearer token
            name = served.base_url.replace("127.0.0.1", "localhost")
            yield {"base_url": f"{name}/", "token": served.api_key}


@contextmanager
def _surroundings(arguments: dict[str, str]) -> Iterator[ModelServer]:
    """What the program needs beside a client: a model, and the environment that `evaluate` makes its own from."""
    with pytest.MonkeyPatch.context() as environment, ModelServer() as provider:
        for variable in SETTINGS.values():
            environment.delenv(variable, raising=False)
        for name, value in arguments.items():
            environment.setenv(SETTINGS[name], value)
        yield provider


def run_program(kind: str, arguments: dict[str, str], folder: Path) -> Caller:
    """Run the program with the `blocking` or the `async` client."""
    with (
        _surroundings(arguments) as provider,
        entered(kind) as world,
        world.opened(**arguments) as client,
    ):
        caller = Caller(world, client, provider, folder)
        world.run(program(caller))
        return caller


def _unused(traffic: Traffic) -> set[str]:
    """The contract's operations that nothing was sent to."""
    sent = {(method, path.removeprefix("/api/v0")) for method, path, _ in traffic.exchanges}
    unused = set()
    for operation in load(contract_path()).operations():
        path = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", operation.path))
        if not any(method == operation.method and path.fullmatch(called) for method, called in sent):
            unused.add(operation.id)
    return unused


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Any]]:
    """What the blocking client gets over `local:`."""
    folder = tmp_path_factory.mktemp("expected")
    return run_program("blocking", {"base_url": f"local:{folder / 'expected.db'}"}, folder).record


@pytest.fixture
def traffic() -> Iterator[Traffic]:
    with checked_traffic() as traffic:
        yield traffic


@pytest.mark.parametrize("arguments", WAYS, indirect=True)
@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_equal_results_and_nothing_outside_the_contract(
    kind: str,
    arguments: dict[str, str],
    expected: list[tuple[str, Any]],
    traffic: Traffic,
    tmp_path: Path,
) -> None:
    caller = run_program(kind, arguments, tmp_path)

    assert caller.calls >= 200
    assert [name for name, _ in caller.record] == [name for name, _ in expected]
    for (name, got), (_, wanted) in zip(caller.record, expected, strict=True):
        assert got == wanted, name
    assert not traffic.violations, "\n".join(traffic.violations)
    assert _unused(traffic) == WITHOUT_METHOD
