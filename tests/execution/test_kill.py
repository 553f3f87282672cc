"""`kill -9` in the middle of a run, for real: another process, another start, nothing lost and nothing doubled."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from elluminate_server.llm.simulated_user import END_MARK
from elluminate_server.local import LocalAddress
from elluminate_server.settings import normalise_database_url
from tests.execution.backend import Backend, client_of
from tests.execution.test_agent_evaluation import CRITERIA as AGENTS_CRITERIA
from tests.execution.test_agent_evaluation import agentic, trial, upload
from tests.execution.test_multi_turn import MOON, RAIN, group, scenario_set
from tests.execution.test_multi_turn import experiment as multi_turn
from tests.support.databases import fresh_database
from tests.support.model_server import CapturedRequest, ModelServer
from tests.support.serve_process import Served, serving

ROWS = 12
CRITERIA = ("Is it short?", "Is it long?")


def connected(served: Served) -> httpx.Client:
    return client_of(LocalAddress(served.base_url, served.api_key))


def settings_for(model_server: ModelServer) -> dict[str, str]:
    return {
        "ELLUMINATE_LLM_BASE_URL": model_server.base_url,
        "ELLUMINATE_LLM_MODEL": "scripted",
        "ELLUMINATE_LLM_API_KEY": "key-of-the-tests",
        "ELLUMINATE_API_KEY": "key-of-both-starts",
        "ELLUMINATE_MAX_CONCURRENT_CALLS": "2",
    }


can_kill = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


@contextmanager
def started(database: str, model_server: ModelServer) -> Iterator[tuple[Backend, Served]]:
    with serving(database, environment=settings_for(model_server)) as served, connected(served) as http:
        yield Backend(http), served


def kill(served: Served) -> None:
    served.process.kill()
    served.process.wait(30)


@can_kill
def test_a_killed_server_s_run_is_completed_by_the_next_start(tmp_path: Path) -> None:
    database = fresh_database(tmp_path)
    with ModelServer() as model_server:
        model_server.latency = 0.05
        with started(database, model_server) as (backend, served):
            experiment = backend.create_experiment(rows=ROWS, criteria=CRITERIA)
            task_id = backend.run(experiment)
            status = backend.wait(
                lambda: backend.status(experiment, task_id), lambda s: s["completed_responses"] >= 4
            )
            assert status["status"] == "STARTED"
            kill(served)
        model_server.latency = 0.0
        with started(database, model_server) as (backend, _):
            before = {r["id"]: r for r in backend.responses(experiment_id=experiment["id"])}
            assert 4 <= len(before) < ROWS
            assert backend.ended(experiment, task_id)["status"] == "SUCCESS"
            after = {r["id"]: r for r in backend.responses(experiment_id=experiment["id"])}
            assert {i: after[i]["messages"] for i in before} == {i: before[i]["messages"] for i in before}
            rows = [response["prompt"]["template_variables"]["id"] for response in after.values()]
            assert len(set(rows)) == len(rows) == ROWS
            assert all(len(response["ratings"]) == len(CRITERIA) for response in after.values())
            assert backend.get(f"experiments/{experiment['id']}")["results"]["num_rated_responses"] == ROWS
        answers = Counter(prompt_of(r) for r in model_server.requests if r.kind == "answer")
        # At most the calls in flight were made again.
        assert len(answers) == ROWS
        assert answers.total() <= ROWS + 2


def prompt_of(request: CapturedRequest) -> str:
    return str(request.json["messages"][-1]["content"])


def expire_leases(database: str) -> None:
    """Let the time go by in which the next start would wait for the end of a killed process's lease."""
    engine = create_engine(normalise_database_url(database).replace("+aiosqlite", ""))
    with engine.begin() as connection:
        connection.execute(text("UPDATE tasks SET lease_expires_at = NULL, lease_owner = NULL"))
        for table in ("task_shares", "call_places"):
            connection.execute(text(f"UPDATE {table} SET expires_at = '2000-01-01'"))
    engine.dispose()


@can_kill
def test_ten_kills_do_not_end_a_run_of_which_each_life_does_a_part(tmp_path: Path) -> None:
    database = fresh_database(tmp_path)
    kills, rows = 10, 40
    experiment: dict[str, Any] = {}
    task_id = ""
    with ModelServer() as model_server:
        model_server.latency = 0.02
        for life in range(1, kills + 1):
            with started(database, model_server) as (backend, served):
                if life == 1:
                    experiment = backend.create_experiment(rows=rows, criteria=CRITERIA)
                    task_id = backend.run(experiment)
                until_rated(backend, experiment, len(CRITERIA) * 3 * life, at_least=True)
                assert backend.status(experiment, task_id)["status"] == "STARTED"
                kill(served)
            expire_leases(database)
        with started(database, model_server) as (backend, _):
            assert backend.ended(experiment, task_id)["status"] == "SUCCESS"
            responses = backend.responses(experiment_id=experiment["id"])
            assert len({response["prompt"]["template_variables"]["id"] for response in responses}) == rows
            assert [len(response["ratings"]) for response in responses] == [len(CRITERIA)] * rows
        answers = Counter(prompt_of(r) for r in model_server.requests if r.kind == "answer")
        assert len(answers) == rows
        assert answers.total() <= rows + 2 * kills


@can_kill
def test_a_killed_server_s_conversations_are_held_by_the_next_start(tmp_path: Path) -> None:
    database = fresh_database(tmp_path)

    def is_held(request: CapturedRequest) -> bool:
        """The second answer of the model under test to Grace, who asks about rain."""
        return said_before(request) == 3 and prompt_of(request) == "Grace about rain, 2"

    def say(request: CapturedRequest) -> str:
        told = request.json["messages"]
        if not told[0]["content"].startswith("You play"):
            return f"Answer to: {prompt_of(request)}"
        if len(told) == 6:
            return f"Thanks. {END_MARK}"
        name = "Ada" if "Ada" in told[0]["content"] else "Grace"
        subject = "rain" if RAIN["goal"] in told[0]["content"] else "moons"
        return f"{name} about {subject}, {len(told) // 2}"

    with ModelServer() as model_server:
        model_server.answer = say
        with model_server.held(is_held), started(database, model_server) as (backend, served):
            criteria = [{"criterion_str": text} for text in CRITERIA]
            made = multi_turn(
                backend,
                scenario_set_id=scenario_set(backend, RAIN, MOON)["id"],
                persona_group_id=group(backend, "Ada", "Grace")["id"],
                criterion_set_id=backend.post("criterion_sets", {"name": "c", "criteria": criteria})["id"],
            )
            task_id = backend.run(made)
            model_server.wait_for_requests(1, is_held)
            backend.wait(lambda: backend.status(made, task_id), lambda s: s["completed_ratings"] == 3)
            kill(served)
            expire_leases(database)
        with started(database, model_server) as (backend, _):
            before = {r["id"]: r for r in backend.responses(experiment_id=made["id"])}
            assert len(before) == 3
            assert backend.ended(made, task_id)["status"] == "SUCCESS"
            after = {r["id"]: r for r in backend.responses(experiment_id=made["id"])}
            assert {i: after[i] for i in before} == before
            assert len(after) == 4
            for subject, row in (("rain", RAIN), ("moons", MOON)):
                for name in ("Ada", "Grace"):
                    (held,) = [r for r in after.values() if holder(r) == (name, row["goal"])]
                    assert held["termination_reason"] == "persona_ended"
                    assert [message["content"] for message in held["messages"]] == [
                        f"{name} about {subject}, 1",
                        f"Answer to: {name} about {subject}, 1",
                        f"{name} about {subject}, 2",
                        f"Answer to: {name} about {subject}, 2",
                        "Thanks.",
                    ]
                    assert len(held["ratings"]) == len(CRITERIA)
        # Five calls for each conversation; the one that was cut off began anew, after four.
        assert sum(request.kind == "answer" for request in model_server.requests) == 4 * 5 + 4
        assert sum(request.kind == "verdict" for request in model_server.requests) == 4 * len(CRITERIA)


def said_before(request: CapturedRequest) -> int:
    return sum(message["role"] != "system" for message in request.json["messages"])


def holder(response: dict[str, Any]) -> tuple[str, str]:
    return response["persona"]["name"], response["prompt"]["template_variables"]["input_values"]["goal"]


@can_kill
def test_a_killed_server_s_agent_evaluation_is_completed_by_the_next_start(tmp_path: Path) -> None:
    database = fresh_database(tmp_path)

    def is_held(request: CapturedRequest) -> bool:
        return request.kind == "verdict" and all(text in prompt_of(request) for text in ("Did it", "task2"))

    with ModelServer() as model_server:
        with model_server.held(is_held), started(database, model_server) as (backend, served):
            made = agentic(backend, tasks=3)
            trials = [trial(f"task{number}") for number in (1, 2, 3)]
            task_id = upload(backend, made, *trials)["evaluation_task_id"]
            model_server.wait_for_requests(1, is_held)
            until_rated(backend, made, 5)
            backend.wait(lambda: backend.status(made, task_id), lambda s: s["completed_ratings"] == 2)
            kill(served)
            expire_leases(database)
        with started(database, model_server) as (backend, _):
            before = ratings_of(backend, made)
            assert len(before) == 5
            assert backend.ended(made, task_id)["status"] == "SUCCESS"
            after = ratings_of(backend, made)
            assert (len(after), {key: after[key] for key in before}) == (6, before)
            assert len(backend.responses(experiment_id=made["id"])) == 3
            assert backend.get(f"experiments/{made['id']}")["results"]["num_rated_responses"] == 3
        assert_asked_again(model_server, 3 * len(AGENTS_CRITERIA), is_held)


@can_kill
def test_a_killed_server_s_rating_batch_is_completed_by_the_next_start(tmp_path: Path) -> None:
    database = fresh_database(tmp_path)

    def is_held(request: CapturedRequest) -> bool:
        return (
            request.kind == "verdict"
            and "topic2." in prompt_of(request)
            and CRITERIA[1] in prompt_of(request)
        )

    with ModelServer() as model_server:
        with started(database, model_server) as (backend, served):
            made = backend.create_experiment(rows=3, criteria=CRITERIA)
            assert backend.ended(made, backend.run(made))["status"] == "SUCCESS"
            first = ratings_of(backend, made)
            model_server.requests.clear()
            with model_server.held(is_held):
                chosen = [response["id"] for response in backend.responses(experiment_id=made["id"])]
                task_id = backend.post(
                    "ratings/batches", {"prompt_response_ids": chosen, "rating_mode": "detailed"}
                )
                model_server.wait_for_requests(1, is_held)
                # All but one are new.
                backend.wait(
                    lambda: {"same": first.items() & ratings_of(backend, made).items()},
                    lambda found: len(found["same"]) == 1,
                )
                kill(served)
                expire_leases(database)
        with started(database, model_server) as (backend, _):
            before = ratings_of(backend, made)
            assert backend.get(f"ratings/batches/{task_id}")["status"] == "STARTED"
            ended = backend.wait(
                lambda: backend.get(f"ratings/batches/{task_id}"),
                lambda status: status["status"] != "STARTED",
            )
            assert ended == {"status": "SUCCESS", "error_msg": None}
            after = ratings_of(backend, made)
            assert after.keys() == before.keys() == first.keys()
            assert len(after.items() & before.items()) == len(first) - 1
            assert not after.items() & first.items()
        assert_asked_again(model_server, len(first), is_held)


@can_kill
def test_a_killed_server_s_response_batch_is_completed_by_the_next_start(tmp_path: Path) -> None:
    database = fresh_database(tmp_path)

    def is_held(request: CapturedRequest) -> bool:
        return prompt_of(request) == "Explain topic2."

    with ModelServer() as model_server:
        with model_server.held(is_held), started(database, model_server) as (backend, served):
            made = backend.create_experiment(rows=3)
            rows = backend.get(f"collections/{made['collection']['id']}")["variables"]
            given = [{"role": "assistant", "content": "Given."}]
            orders = [
                {"experiment_id": made["id"], "template_variables_id": row["id"], "messages": messages}
                for row, messages in [(rows[0], given), *((row, []) for row in rows)]
            ]
            task_id = backend.post("responses/batches", {"prompt_response_ins": orders})
            model_server.wait_for_requests(3)
            backend.wait(
                lambda: {"stored": backend.responses(experiment_id=made["id"])},
                lambda found: len(found["stored"]) == 3,
            )
            kill(served)
            expire_leases(database)
        with started(database, model_server) as (backend, _):
            before = {r["id"]: r for r in backend.responses(experiment_id=made["id"])}
            ended = backend.wait(
                lambda: backend.get(f"responses/batches/{task_id}"),
                lambda status: status["status"] != "STARTED",
            )
            assert ended == {"status": "SUCCESS", "error_msg": None}
            after = {r["id"]: r for r in backend.responses(experiment_id=made["id"])}
            assert {i: after[i] for i in before} == before
            assert sorted(r["messages"][0]["content"] for r in after.values()) == [
                *(f"An answer to: Explain topic{number}." for number in (1, 2, 3)),
                "Given.",
            ]
        assert_asked_again(model_server, 3, is_held)


@can_kill
def test_criteria_that_a_killed_server_was_having_written_are_written_once(tmp_path: Path) -> None:
    database = fresh_database(tmp_path)
    # Whoever asks waits for the answer; a client that lost it asks again, with the same key.
    key = {"Idempotency-Key": "one-and-the-same"}
    with ModelServer() as model_server:
        with model_server.held(), started(database, model_server) as (backend, served):
            messages = [{"role": "user", "content": "Explain {{topic}}."}]
            template = backend.post("prompt_templates", {"name": "t", "messages": messages})
            wanted = {"prompt_template_id": template["id"]}
            with ThreadPoolExecutor(1) as threads:
                asking = threads.submit(backend.http.post, "criteria", json=wanted, headers=key)
                model_server.wait_for_requests(1)
                kill(served)
                expire_leases(database)
                with pytest.raises(httpx.TransportError):
                    asking.result(30)
        with started(database, model_server) as (backend, _):
            assert backend.get("criterion_sets")["items"] == []
            first, second = (backend.http.post("criteria", json=wanted, headers=key) for _ in range(2))
            assert (first.status_code, second.status_code) == (201, 201)
            assert first.json() == second.json()
            assert backend.get("criteria", prompt_template_id=template["id"])["items"] == first.json()
        assert [request.kind for request in model_server.requests] == ["criteria"] * 2


def ratings_of(backend: Backend, experiment: dict[str, Any]) -> dict[tuple[int, int], str]:
    """When each response was rated by each criterion; fails when one was twice."""
    found = [
        ((response["id"], rating["criterion"]["id"]), rating["created_at"])
        for response in backend.responses(experiment_id=experiment["id"])
        for rating in response["ratings"]
    ]
    by_place = dict(found)
    assert len(by_place) == len(found)
    return by_place


def until_rated(backend: Backend, experiment: dict[str, Any], count: int, *, at_least: bool = False) -> None:
    backend.wait(
        lambda: {"ratings": ratings_of(backend, experiment)},
        lambda found: len(found["ratings"]) == count or (at_least and len(found["ratings"]) > count),
    )


def assert_asked_again(
    model_server: ModelServer, calls: int, is_held: Callable[[CapturedRequest], bool]
) -> None:
    """The call that was in flight was made twice, and every other one once."""
    assert sum(map(is_held, model_server.requests)) == 2
    assert len(model_server.requests) == calls + 1


def test_two_processes_on_one_database_do_not_double_the_work(tmp_path: Path) -> None:
    database = fresh_database(tmp_path)
    with ModelServer() as model_server:
        environment = settings_for(model_server)
        with (
            serving(database, environment=environment) as one,
            serving(database, environment=environment) as other,
            connected(one) as http_of_one,
            connected(other) as http_of_other,
        ):
            backends = [Backend(http_of_one), Backend(http_of_other)]
            started = []
            for number in range(4):
                backend = backends[number % 2]
                experiment = backend.create_experiment(rows=5, criteria=CRITERIA, name=f"run {number}")
                started.append((experiment, backend.run(experiment)))
            for number, (experiment, task_id) in enumerate(started):
                # Asked at the process that does not run it.
                asked = backends[(number + 1) % 2]
                assert asked.ended(experiment, task_id)["status"] == "SUCCESS"
                responses = asked.responses(experiment_id=experiment["id"])
                assert len(responses) == 5
                assert all(len(response["ratings"]) == 2 for response in responses)
        assert sum(request.kind == "answer" for request in model_server.requests) == 20
        assert sum(request.kind == "verdict" for request in model_server.requests) == 40
