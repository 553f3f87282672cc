"""`kill -9` in the middle of a run, for real: another process, another start, nothing lost and nothing doubled."""

import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest

from elluminate_server.local import LocalAddress
from tests.execution.backend import Backend, client_of
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_server_s_run_is_completed_by_the_next_start(tmp_path: Path) -> None:
    database = tmp_path / "killed.db"
    with ModelServer() as model_server:
        model_server.latency = 0.05
        environment = settings_for(model_server)
        with serving(database, environment=environment) as served, connected(served) as http:
            backend = Backend(http)
            experiment = backend.create_experiment(rows=ROWS, criteria=CRITERIA)
            task_id = backend.run(experiment)
            status = backend.wait(
                lambda: backend.status(experiment, task_id), lambda s: s["completed_responses"] >= 4
            )
            assert status["status"] == "STARTED"
            served.process.kill()
            served.process.wait(30)
        model_server.latency = 0.0
        with serving(database, environment=environment) as served, connected(served) as http:
            backend = Backend(http)
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


def test_two_processes_on_one_database_do_not_double_the_work(tmp_path: Path) -> None:
    database = tmp_path / "shared.db"
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
