"""`kill -9` of the server and of its client at moments that chance chooses: exact counts, and little asked twice."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from elluminate import Client
from tests.congruence.program import program
from tests.execution.test_kill import can_kill, prompt_of, settings_for
from tests.faults import interrupted_program
from tests.faults.careful import CarefulCaller
from tests.faults.faults import CLIENT_SIDE, MODEL_SIDE, Schedule, seeds
from tests.faults.killing import API_KEY, chosen, living
from tests.faults.messages import Message
from tests.faults.proxy import FaultyProxy
from tests.faults.running import BOUND, PATIENT, Ran, environment_of, within
from tests.faults.state import counted, stored
from tests.support.model_server import ModelServer
from tests.support.serve_process import clean_environment
from tests.support.worlds import entered

NO_FAULTS = 0.0
KILLS = 8
WRITES = 100
"""As many requests that are no GET the program makes at least."""


def without_logs(value: Any) -> Any:
    """What is read of an experiment, but for its log: that tells of the server's starts, too."""
    if isinstance(value, dict):
        return {key: without_logs(item) for key, item in value.items() if key != "logs"}
    if isinstance(value, list | tuple):
        return [without_logs(item) for item in value]
    return value


@can_kill
@pytest.mark.parametrize("seed", seeds(31))
@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_a_program_gets_the_same_from_a_server_that_is_killed_in_the_middle_of_requests(
    kind: str, seed: int, expected: Ran, tmp_path: Path
) -> None:
    print(f"FAULTS_SEED={seed}")
    killed_at = chosen(seed, KILLS, WRITES)
    writes = 0
    schedule = Schedule(seed, NO_FAULTS, CLIENT_SIDE, 0)
    database = tmp_path / "killed.db"
    with living(database) as server, ModelServer() as provider:

        def kill_in(is_before: bool, number: int, request: Message) -> None:
            nonlocal writes
            if request.start.startswith(b"GET"):
                return
            writes += is_before
            # While this takes its time, so does the proxy's loop, and requests wait.
            if killed_at.get(writes) is is_before:
                print(
                    f"killed {'before' if is_before else 'after'} request {number}, {request.start.decode()}"
                )
                proxy.upstream = server.kill_and_start()

        proxy = FaultyProxy(
            server.served.base_url,
            schedule,
            before=lambda *met: kill_in(True, *met),
            after=lambda *met: kill_in(False, *met),
        )
        with (
            proxy,
            environment_of({"ELLUMINATE_BASE_URL": proxy.base_url, "ELLUMINATE_API_KEY": API_KEY}),
            entered(kind) as world,
            world.opened(proxy.base_url, API_KEY, retry_config=PATIENT) as client,
        ):
            caller = CarefulCaller(world, client, provider, tmp_path, schedule)
            within(BOUND, lambda: world.run(program(caller)))
        with Client(server.served.base_url, API_KEY) as reader:
            left = stored(reader)
    print(f"{caller.calls} calls, {server.kills} kills, {len(caller.repeated)} calls made again")

    assert server.kills == KILLS
    assert [name for name, _ in caller.record] == [name for name, _ in expected.record]
    for (name, got), (_, wanted) in zip(caller.record, expected.record, strict=True):
        assert without_logs(got) == without_logs(wanted), name
    for kind_of, wanted in expected.stored.items():
        if kind_of != "keys that work":  # the server's own was given to it
            assert without_logs(left[kind_of]) == without_logs(wanted), kind_of
    ignored = {"api_keys", "log_lines"}
    found = counted(database)
    assert {k: v for k, v in found.items() if k not in ignored} == {
        k: v for k, v in expected.counted.items() if k not in ignored
    }


@can_kill
@pytest.mark.parametrize("seed", seeds(41))
def test_a_server_that_is_killed_while_models_are_asked_asks_again_for_what_was_in_flight_alone(
    seed: int, tmp_path: Path
) -> None:
    kills, rows, criteria, at_once = 6, 40, 2, 2
    calls = rows * (1 + criteria)
    print(f"FAULTS_SEED={seed}")
    killed_at = chosen(seed, kills, calls)
    with ModelServer() as model:
        model.latency = 0.02
        to_model = FaultyProxy(model.base_url, Schedule(seed, NO_FAULTS, MODEL_SIDE, 0))
        with to_model:
            environment = {**settings_for(model), "ELLUMINATE_LLM_BASE_URL": to_model.base_url}
            environment["ELLUMINATE_MAX_CONCURRENT_CALLS"] = str(at_once)
            environment.pop("ELLUMINATE_API_KEY")
            with living(tmp_path / "killed.db", environment) as server:
                to_server = FaultyProxy(server.served.base_url, Schedule(seed, NO_FAULTS, CLIENT_SIDE, 0))

                def kill_in(is_before: bool, number: int, request: Message) -> None:
                    if killed_at.get(number) is is_before:
                        to_server.upstream = None
                        to_server.upstream = server.kill_and_start()

                to_model.watch(
                    before=lambda *met: kill_in(True, *met), after=lambda *met: kill_in(False, *met)
                )
                with to_server, Client(to_server.base_url, API_KEY, retry_config=PATIENT) as client:
                    made: list[Any] = []
                    within(BOUND, lambda: made.append(interrupted_program.run(client, rows)))
                    (experiment,) = made
                    assert interrupted_program.counts(client) == interrupted_program.whole(rows)
                    assert experiment.results.num_rated_responses == rows
        print(f"{to_model.requests} requests for {calls} calls, {server.kills} kills")
        assert server.kills == kills
    answers = Counter(prompt_of(request) for request in model.requests if request.kind == "answer")
    assert len(answers) == rows
    # In flight is what was asked, and what was answered and not yet stored: as many again at most.
    assert calls <= to_model.requests <= calls + kills * 2 * at_once


@can_kill
@pytest.mark.parametrize("seed", seeds(51))
def test_a_client_that_is_killed_and_started_again_leaves_what_one_that_lived_would(
    seed: int, tmp_path: Path
) -> None:
    rows, lives = 12, 15
    print(f"FAULTS_SEED={seed}")
    chance = random.Random(seed)
    process: subprocess.Popen[bytes] | None = None
    left = 0
    is_before = False

    def kill_in(is_now: bool, _number: int, _request: Message) -> None:
        nonlocal left
        left -= is_now
        if left == 0 and is_now is is_before and process is not None:
            process.kill()

    with ModelServer() as model, living(tmp_path / "served.db", settings_for(model)) as server:
        key = settings_for(model)["ELLUMINATE_API_KEY"]
        proxy = FaultyProxy(
            server.served.base_url,
            Schedule(seed, NO_FAULTS, CLIENT_SIDE, 0),
            before=lambda *met: kill_in(True, *met),
            after=lambda *met: kill_in(False, *met),
        )
        with proxy:
            environment = clean_environment(ELLUMINATE_BASE_URL=proxy.base_url, ELLUMINATE_API_KEY=key)
            command = [sys.executable, "-m", interrupted_program.__name__, str(rows)]
            codes = []
            for life in range(lives + 1):
                # Each life comes a little further, and the last one to the end.
                left, is_before = (
                    chance.randint(1 + life, 3 + 2 * life) if life < lives else -1,
                    chance.random() < 0.5,
                )
                process = started = subprocess.Popen(command, env=environment)
                codes.append(started.wait(BOUND))
            killed = codes.count(-9)
            print(f"{killed} of {lives} lives were killed")
            assert codes[-1] == 0
            assert killed >= lives // 2
            with Client(server.served.base_url, key) as client:
                assert interrupted_program.counts(client) == interrupted_program.whole(rows)
    # The server lived: nothing was asked twice.
    assert len(model.requests) == rows * (1 + len(interrupted_program.CRITERIA))
