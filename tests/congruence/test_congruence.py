"""The same program gives equal results whichever way the server is reached, blocking and async."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elluminate import AsyncClient, Client
from tests.congruence.program import Caller, program
from tests.support.contract_traffic import Traffic, checked_traffic
from tests.support.serve_process import serving

WAYS = ("local", "loopback", "token")


@pytest.fixture
def arguments(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
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


def run_blocking_program(arguments: dict[str, Any]) -> Caller:
    with Client(**arguments) as client:
        caller = Caller(client)
        try:
            program(caller).send(None)  # nothing in it is awaited, so one step runs it to its end
        except StopIteration:
            return caller
    raise AssertionError("the blocking program was suspended")


def run_async_program(arguments: dict[str, Any]) -> Caller:
    async def main() -> Caller:
        async with AsyncClient(**arguments) as client:
            caller = Caller(client)
            await program(caller)
            return caller

    return asyncio.run(main())


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Any]]:
    """What the blocking client gets over `local:`."""
    database = tmp_path_factory.mktemp("expected") / "expected.db"
    return run_blocking_program({"base_url": f"local:{database}"}).record


@pytest.fixture
def traffic() -> Iterator[Traffic]:
    with checked_traffic() as traffic:
        yield traffic


@pytest.mark.parametrize("arguments", WAYS, indirect=True)
@pytest.mark.parametrize("run", [run_blocking_program, run_async_program], ids=["blocking", "async"])
def test_equal_results_and_nothing_outside_the_contract(
    run: Any, arguments: dict[str, Any], expected: list[tuple[str, Any]], traffic: Traffic
) -> None:
    caller = run(arguments)
    assert caller.calls >= 60
    assert [name for name, _ in caller.record] == [name for name, _ in expected]
    for (name, got), (_, wanted) in zip(caller.record, expected, strict=True):
        assert got == wanted, name
    assert not traffic.violations, "\n".join(traffic.violations)
    assert len(traffic.exchanges) > 100
