"""`elluminate serve` as users run it: what it prints, when it is ready, how it ends."""

import contextlib
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from elluminate import AuthenticationError, Client
from elluminate.__main__ import main
from elluminate_server.local import LocalAddress
from tests.execution.backend import Backend, client_of, events_of
from tests.support.model_server import ModelServer
from tests.support.serve_process import clean_environment, serving

BOUND = 60


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "elluminate", *arguments],
        env=clean_environment(**environment),
        capture_output=True,
        encoding="utf-8",
        timeout=BOUND,
        check=False,
    )


class Started:
    """A server process, read up to the line that says how to stop it."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "elluminate", "serve", "--port", "0", *arguments],
            env=clean_environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self.process.stdout is not None
        self.printed = ""
        for line in self.process.stdout:
            self.printed += line
            if line.startswith("Stop with"):
                break
        else:
            self.process.wait(BOUND)
            assert self.process.stderr is not None
            raise AssertionError(f"not ready: {self.printed}{self.process.stderr.read()}")

    def exported(self, name: str) -> str:
        found = re.search(rf"^export {name}=(\S+)$", self.printed, re.MULTILINE)
        assert found is not None, self.printed
        return found.group(1).strip("'")

    def projects(self, key: str | None = None) -> int:
        return httpx.get(
            f"{self.exported('ELLUMINATE_BASE_URL')}/api/v0/projects",
            headers={"X-API-Key": key or self.exported("ELLUMINATE_API_KEY")},
            trust_env=False,
        ).status_code

    def end(self, number: int) -> tuple[int, str]:
        """Exit code and standard error after the signal."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=BOUND)
        return self.process.returncode, errors

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=BOUND)


def test_it_prints_address_and_key_and_answers(tmp_path: Path) -> None:
    with Started("--database", str(tmp_path / "serve.db")) as server:
        address = server.exported("ELLUMINATE_BASE_URL")
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
        assert server.printed.startswith(f"elluminate is ready at {address}\n")
        assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
        assert server.projects() == 200
        assert server.projects("some-other-key") == 401


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_it_cleanly(tmp_path: Path, number: int) -> None:
    with Started("--database", str(tmp_path / "serve.db")) as server:
        assert server.projects() == 200
        assert server.end(number) == (0, "")


def test_a_given_key_is_the_default_project_s_and_is_kept_as_a_digest(tmp_path: Path) -> None:
    database = tmp_path / "serve.db"
    with Started("--database", str(database), ELLUMINATE_API_KEY="the-chosen-key") as server:
        assert "API key   the one in ELLUMINATE_API_KEY" in server.printed
        assert server.projects("the-chosen-key") == 200
        assert server.end(signal.SIGTERM) == (0, "")
        assert "the-chosen-key" not in server.printed
    assert all(b"the-chosen-key" not in file.read_bytes() for file in tmp_path.iterdir())


def test_the_first_key_stays_valid_and_later_ones_last_for_their_start(tmp_path: Path) -> None:
    database = str(tmp_path / "serve.db")
    with Started("--database", database) as server:
        first = server.exported("ELLUMINATE_API_KEY")
        assert "stays valid" in server.printed
        server.end(signal.SIGTERM)
    with Started("--database", database) as server:
        second = server.exported("ELLUMINATE_API_KEY")
        assert second != first
        assert "until this server stops" in server.printed
        assert (server.projects(first), server.projects(second)) == (200, 200)
        server.end(signal.SIGTERM)
    with Started("--database", database) as server:
        assert (server.projects(first), server.projects(second)) == (200, 401)


def test_the_first_key_is_the_stored_one_from_the_beginning(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    with serving(database) as served, Client(base_url=served.base_url, api_key=served.api_key) as client:
        client.create_collection("Topics")
        (made, used) = client.list_audit_events()
        assert (made.operation, made.object_name) == ("serve", "first start")
        assert (used.key_name, used.key_id) == ("first start", made.object_id)
        assert main(["keys", "revoke", str(made.object_id), "--database", str(database)]) == 0
        with pytest.raises(AuthenticationError, match="'first start' was revoked"):
            client.list_collections()


def test_a_port_in_use_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port), "--database", str(tmp_path / "serve.db"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"elluminate: Port {port} on 127.0.0.1 is in use by another program. "
        "Choose another one with --port, or --port 0 for any free port.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["migrate"]])
def test_a_database_that_cannot_be_opened_is_one_line(tmp_path: Path, command: list[str]) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Not a database, and longer than the header of one." * 10, encoding="utf-8")
    for path, reason in ((tmp_path, "unable to open database file"), (notes, "file is not a database")):
        ended = run(*command, "--database", str(path))
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith(f"elluminate: The database {path} cannot be opened: {reason}. ")
        assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ELLUMINATE_PAGE_SIZE", "many"),
        ("ELLUMINATE_API_KEY", "short"),
        ("ELLUMINATE_LLM_MODEL", "alone"),
        ("ELLUMINATE_LLM_BASE_URL", "zzz"),
        ("ELLUMINATE_JUDGE_API_KEY", "two words"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(tmp_path: Path, variable: str, value: str) -> None:
    ended = run("serve", "--port", "0", "--database", str(tmp_path / "serve.db"), **{variable: value})
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert variable.rpartition("_")[0] in ended.stderr


def test_a_database_that_is_not_reachable_is_one_line_without_its_password() -> None:
    ended = run("serve", "--port", "0", "--database", "postgresql://evals:secret@127.0.0.1:1/evals")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert "secret" not in ended.stderr
    assert "psycopg" in ended.stderr or "Connection refused" in ended.stderr


def test_a_host_that_is_not_loopback_is_warned_about(tmp_path: Path) -> None:
    with Started("--host", "0.0.0.0", "--database", str(tmp_path / "serve.db")) as server:
        code, errors = server.end(signal.SIGTERM)
    if sys.platform != "win32":
        assert code == 0
    assert "reachable from the network" in errors


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux changes the limits of another process")
def test_descriptors_that_run_out_are_told_once(tmp_path: Path) -> None:
    import resource

    with Started("--database", str(tmp_path / "serve.db")) as server, contextlib.ExitStack() as stack:
        assert server.projects() == 200
        in_use = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (in_use + 20, in_use + 20))
        host, port = server.exported("ELLUMINATE_BASE_URL").removeprefix("http://").split(":")
        for _ in range(100):
            stack.enter_context(socket.create_connection((host, int(port)), timeout=BOUND))
        assert server.process.stderr is not None
        told = server.process.stderr.readline()
        assert "No connection can be accepted for the moment: Too many open files" in told
        stack.close()
        assert server.projects() == 200  # once those in the queue were seen to be gone
        assert server.end(signal.SIGTERM) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
def test_it_ends_in_the_middle_of_a_run_and_of_a_stream(tmp_path: Path) -> None:
    with ModelServer() as model_server, model_server.held():
        settings = {
            "ELLUMINATE_LLM_BASE_URL": model_server.base_url,
            "ELLUMINATE_LLM_MODEL": "scripted",
            "ELLUMINATE_LLM_API_KEY": "key-of-the-tests",
        }
        with Started("--database", str(tmp_path / "serve.db"), **settings) as server:
            address = LocalAddress(
                server.exported("ELLUMINATE_BASE_URL"), server.exported("ELLUMINATE_API_KEY")
            )
            with client_of(address) as http:
                backend = Backend(http)
                experiment = backend.create_experiment(rows=2)
                task_id = backend.run(experiment)
                model_server.wait_for_requests(2)
                path = f"experiments/{experiment['id']}/generation/{task_id}/stream"
                with http.stream("GET", path) as response:
                    chunks = response.iter_raw()
                    first = next(chunks)
                    assert server.end(signal.SIGTERM) == (0, "")
                    events = events_of(first + b"".join(chunks))
    assert {event["status"] for event in events} == {"STARTED"}


def test_migrate_makes_an_empty_database_and_leaves_a_current_one(tmp_path: Path) -> None:
    database = str(tmp_path / "migrate.db")
    Path(database).touch(0o600)
    first, second = run("migrate", "--database", database), run("migrate", "--database", database)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("The database was empty; it has version ")
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout.endswith("already; nothing was changed.\n")


def test_a_database_that_is_not_ours_is_refused_and_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    for command in (["serve", "--port", "0"], ["migrate"]):
        ended = run(*command, "--database", str(database))
        assert ended.returncode == 1
        assert "theirs" in ended.stderr
        assert ended.stderr.count("\n") == 1
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


@pytest.mark.parametrize(
    ("host", "allowed", "status"),
    [
        ("127.0.0.1", "", 201),
        ("127.0.0.1", "false", 422),
        ("0.0.0.0", "", 422),
        ("0.0.0.0", "127.0.0.1", 201),
    ],
)
def test_who_listens_beyond_this_machine_asks_no_endpoint_on_it_unless_it_is_named(
    host: str, allowed: str, status: int
) -> None:
    key = "key-of-the-operator"
    with Started(
        *("--host", host, "--database", ":memory:"),
        ELLUMINATE_API_KEY=key,
        ELLUMINATE_ALLOW_PRIVATE_ENDPOINTS=allowed,
    ) as server:
        port = server.exported("ELLUMINATE_BASE_URL").rpartition(":")[2]
        answer = httpx.post(
            f"http://127.0.0.1:{port}/api/v0/projects/1/llm_configs",
            headers={"X-API-Key": key},
            json={
                "name": "c",
                "llm_model_name": "m",
                "api_key": "k",
                "llm_base_url": "http://127.0.0.1:1/v1",
            },
            trust_env=False,
        )
    assert answer.status_code == status, answer.text


def test_json_logs_are_an_object_a_line_and_name_the_request(tmp_path: Path) -> None:
    options = ("--database", str(tmp_path / "serve.db"), "--log-format", "json", "--log-level", "debug")
    with Started(*options) as server:
        key, address = server.exported("ELLUMINATE_API_KEY"), server.exported("ELLUMINATE_BASE_URL")
        answered = httpx.get(
            f"{address}/api/v0/projects",
            headers={"X-API-Key": key, "X-Request-ID": "nightly-7"},
            trust_env=False,
        )
        code, errors = server.end(signal.SIGTERM)
    assert (answered.status_code, answered.headers["x-request-id"], code) == (200, "nightly-7", 0)
    lines = [json.loads(line) for line in errors.splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*(set(line) for line in lines))
    told = [line for line in lines if line.get("request_id") == "nightly-7"]
    assert any(
        line["logger"] == "elluminate_server.http" and "/projects -> 200" in line["message"] for line in told
    )
    assert key not in errors


def test_metrics_are_told_where_they_are_asked_for(tmp_path: Path) -> None:
    with Started("--database", str(tmp_path / "serve.db"), "--metrics") as server:
        assert server.projects() == 200
        told = httpx.get(f"{server.exported('ELLUMINATE_BASE_URL')}/metrics", trust_env=False)
        key = server.exported("ELLUMINATE_API_KEY")
        assert server.end(signal.SIGTERM) == (0, "")
    assert told.status_code == 200
    assert 'route="/api/v0/projects",status="200"} 1.0' in told.text
    assert key not in told.text
