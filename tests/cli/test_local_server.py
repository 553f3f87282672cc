"""The server that `local:` addresses name, under every caller: scripts, threads, forks, notebooks, exits."""

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from elluminate import AsyncClient, Client, ClientClosedError, ConfigurationError
from elluminate_server import local
from elluminate_server.serving import LocalAddress, ServingError, local_server, parse_local_url
from tests.execution.backend import client_of
from tests.support.serve_process import clean_environment

pytestmark = pytest.mark.anyio

BOUND = 60


@pytest.fixture(autouse=True)
def _stop_servers() -> Iterator[None]:
    yield
    local._stop_all()


def answers(address: LocalAddress) -> bool:
    health = httpx.get(f"{address.base_url}/healthz", trust_env=False)
    with client_of(address) as client:
        return health.status_code == 200 and client.get("experiments").status_code == 200


def run_script(source: str, directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program of its own, with warnings about what was left open on."""
    warned_about = ["-W", "default::ResourceWarning", "-W", "default::RuntimeWarning"]
    return subprocess.run(
        [sys.executable, *warned_about, "-c", textwrap.dedent(source)],
        cwd=directory,
        env=clean_environment(PYTHONPATH=os.pathsep.join(map(str, sys.path)), **environment),
        capture_output=True,
        encoding="utf-8",
        timeout=BOUND,
        check=False,
    )


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("local:", None),
        (" LOCAL: ", None),
        ("local:evals.db", "evals.db"),
        ("local:/data/evals.db", "/data/evals.db"),
        ("local:C:\\data\\evals.db", "C:\\data\\evals.db"),
        ("local::memory:", ":memory:"),
        ("local::memory:tutors-2", ":memory:tutors-2"),
        ("local:./:memory:x.db", "./:memory:x.db"),
    ],
)
def test_addresses_name_a_database(url: str, database: str | None) -> None:
    assert parse_local_url(url) == database


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1",
        "",
        "localhost:8000",
        "local://evals.db",
        "local::memory",
        "local:memory:",
        "local::Memory:",
        "local::memory:a/b",
        "local::memory:evals.db",
        "local::memory: x",
        "local::memory:..",
        "local::evals.db",
    ],
)
def test_other_addresses_are_refused_with_their_text(url: str) -> None:
    with pytest.raises(ValueError, match="is not a local address") as refused:
        parse_local_url(url)
    assert repr(url) in str(refused.value)


def test_it_answers_when_it_is_returned_and_is_one_per_database(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "evals.db"
    path.parent.mkdir()
    first = local_server(str(path))
    assert answers(first)
    assert path.exists()
    assert local_server(str(path.parent / ".." / "new folder" / "evals.db")) == first
    other = local_server(":memory:")
    assert other.base_url != first.base_url
    assert answers(other)
    assert first.api_key not in repr(first)


def test_a_relative_path_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert local_server("evals.db") == local_server(str(tmp_path / "evals.db"))


def collections_of(client: Client) -> list[str]:
    return [collection.name for collection in client.list_collections()]


def test_clients_that_are_open_at_the_same_time_share_a_database_in_memory() -> None:
    with Client(base_url="local::memory:") as first:
        first.create_collection("shared")
        with Client(base_url="local::memory:") as second:
            assert collections_of(second) == ["shared"]
        second.close()  # once more is no other's end
        third = Client(base_url="local::memory:")
        first.with_options(timeout=5).close()
        assert collections_of(first) == ["shared"]
    assert collections_of(third) == ["shared"]
    third.close()
    with Client(base_url="local::memory:") as fourth:
        assert collections_of(fourth) == []


def test_a_name_makes_a_database_in_memory_one_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        Client(base_url="local::memory:") as unnamed,
        Client(base_url="local::memory:a") as first,
        Client(base_url="local::memory:b") as second,
        Client(base_url="local::memory:a") as again,
    ):
        first.create_collection("of a")
        assert [collections_of(client) for client in (unnamed, second, again)] == [[], [], ["of a"]]
    assert list(tmp_path.iterdir()) == []


def test_async_clients_share_it_too() -> None:
    async def names(url: str, add: str | None = None) -> list[str]:
        async with AsyncClient(base_url=url) as client:
            if add:
                await client.create_collection(add)
            async with AsyncClient(base_url=url) as other:
                return [collection.name for collection in await other.list_collections()]

    assert asyncio.run(names("local::memory:", "shared")) == ["shared"]
    assert asyncio.run(names("local::memory:")) == []


def test_clients_that_begin_at_once_are_counted_once_each() -> None:
    client = AsyncClient(base_url="local::memory:")
    barrier = threading.Barrier(8)

    def use() -> None:
        barrier.wait(BOUND)
        asyncio.run(client.list_collections())

    with ThreadPoolExecutor(8) as threads:
        for future in [threads.submit(use) for _ in range(8)]:
            future.result(BOUND)
    assert [server.users for server in local._servers.values()] == [1]
    asyncio.run(client.close())
    assert local._servers == {}


async def test_a_client_that_was_closed_before_its_first_use_starts_nothing() -> None:
    client = AsyncClient(base_url="local::memory:")
    await client.close()
    with pytest.raises(ClientClosedError):
        await client.list_collections()
    assert local._servers == {}


def test_a_file_s_server_stays_when_its_last_client_is_closed(tmp_path: Path) -> None:
    with Client(base_url=f"local:{tmp_path / 'evals.db'}"):
        first = local_server(str(tmp_path / "evals.db"))
    assert local_server(str(tmp_path / "evals.db")) == first
    assert answers(first)


def test_many_threads_that_start_at_once_get_one_server(tmp_path: Path) -> None:
    barrier = threading.Barrier(16)

    def start() -> LocalAddress:
        barrier.wait(BOUND)
        return local_server(str(tmp_path / "evals.db"))

    with ThreadPoolExecutor(16) as threads:
        addresses = {future.result(BOUND) for future in [threads.submit(start) for _ in range(16)]}
    assert len(addresses) == 1


def test_another_server_s_key_and_database_in_the_environment_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELLUMINATE_API_KEY", "key-of-the-hosted-platform")
    monkeypatch.setenv("ELLUMINATE_DATABASE_URL", "postgresql://nowhere.example/evals")
    address = local_server(str(tmp_path / "evals.db"))
    assert answers(address)
    refused = httpx.get(
        f"{address.base_url}/api/v0/projects",
        headers={"X-API-Key": "key-of-the-hosted-platform"},
        trust_env=False,
    )
    assert refused.status_code == 401


def test_a_start_that_fails_is_raised_where_it_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(ServingError, match=r"folder\.db could not be started: .*unable to open"):
        local_server(str(tmp_path / "folder.db"))


def test_a_bad_setting_is_raised_where_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELLUMINATE_PAGE_SIZE", "many")
    with pytest.raises(ServingError, match="ELLUMINATE_PAGE_SIZE is 'many'"):
        local_server(str(tmp_path / "evals.db"))
    monkeypatch.delenv("ELLUMINATE_PAGE_SIZE")
    assert answers(local_server(str(tmp_path / "evals.db")))


def test_a_model_s_address_that_cannot_be_asked_is_told_to_who_makes_the_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ELLUMINATE_LLM_BASE_URL", "http://user:hunter2@llm.example/v1")
    monkeypatch.setenv("ELLUMINATE_LLM_MODEL", "m")
    with pytest.raises(ConfigurationError, match="ELLUMINATE_LLM_BASE_URL cannot be used") as caught:
        Client(base_url="local::memory:unusable")
    assert "hunter2" not in str(caught.value)
    assert "http://llm.example/v1" in str(caught.value)


def test_a_memory_database_leaves_nothing_behind(tmp_path: Path) -> None:
    script = """
        from elluminate_server.serving import local_server
        from tests.cli.test_local_server import answers
        assert answers(local_server(":memory:"))
        """
    ended = run_script(script, tmp_path, TMPDIR=str(tmp_path), TEMP=str(tmp_path))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_the_default_database_is_in_the_user_s_data_folder(tmp_path: Path) -> None:
    script = """
        from elluminate_server.serving import local_server
        from tests.cli.test_local_server import answers
        assert answers(local_server())
        """
    ended = run_script(script, tmp_path, XDG_DATA_HOME=str(tmp_path), HOME=str(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [path.name for path in tmp_path.rglob("local.db")] == ["local.db"]


def test_leaving_in_the_middle_of_a_run_prints_nothing_and_the_next_start_says_that_it_goes_on(
    tmp_path: Path,
) -> None:
    begin = """
        import sys
        from elluminate_server.serving import local_server
        from tests.execution.backend import Backend, client_of
        with client_of(local_server("evals.db")) as http:
            backend = Backend(http)
            experiment = backend.create_experiment(rows=2000)
            print(experiment["id"], backend.run(experiment))
        """
    begun = run_script(begin, tmp_path)
    assert (begun.returncode, begun.stderr) == (0, "")
    experiment_id, task_id = begun.stdout.split()
    go_on = f"""
        from elluminate_server.serving import local_server
        from tests.execution.backend import Backend, client_of
        with client_of(local_server("evals.db")) as http:
            backend = Backend(http)
            experiment = {{"id": {experiment_id}}}
            assert backend.ended(experiment, "{task_id}")["status"] == "SUCCESS"
            responses = backend.responses(experiment_id={experiment_id})
            rows = [response["prompt"]["template_variables"]["id"] for response in responses]
            assert len(rows) == len(set(rows)) == 2000
            assert all(len(response["ratings"]) == 1 for response in responses)
        """
    finished = run_script(go_on, tmp_path)
    assert (finished.returncode, finished.stdout) == (0, "")
    assert finished.stderr.count("\n") == 1  # that the run goes on, and how to cancel it
    assert "cancel()" in finished.stderr


def test_it_works_in_a_notebook_with_nest_asyncio(tmp_path: Path) -> None:
    script = """
        import asyncio
        import nest_asyncio
        from elluminate_server.serving import local_server
        from tests.execution.backend import Backend, client_of, events_of

        def use(name):
            with client_of(local_server(":memory:")) as http:
                backend = Backend(http)
                experiment = backend.create_experiment(name=name)
                task_id = backend.run(experiment)
                stream = backend.stream(f"experiments/{experiment['id']}/generation/{task_id}/stream")
                assert events_of(stream)[-1]["status"] == "SUCCESS"

        async def cell(name):
            await asyncio.sleep(0)
            use(name)
            return name

        async def notebook():
            if BEFORE:
                use("before")
            nest_asyncio.apply()
            assert asyncio.run(cell("nested")) == "nested"
            assert await cell("awaited") == "awaited"
            use("blocking")

        asyncio.run(notebook())
        """
    for before in (True, False):
        ended = run_script(f"BEFORE = {before}\n" + textwrap.dedent(script), tmp_path)
        # nest_asyncio itself leaves its first loop open, which development mode reports at the exit.
        errors = [line for line in ended.stderr.splitlines() if "elluminate" in line]
        assert (ended.returncode, errors) == (0, []), ended.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_gets_a_server_of_its_own(tmp_path: Path) -> None:
    script = """
        import os, sys, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads is what this is about
        from elluminate_server.serving import local_server
        from tests.cli.test_local_server import answers
        parent = local_server("evals.db")
        assert answers(parent)
        child = os.fork()
        if child == 0:
            own = local_server("evals.db")
            assert own.base_url != parent.base_url and own.api_key != parent.api_key
            assert answers(own)
            sys.exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert local_server("evals.db") == parent and answers(parent)
        """
    ended = run_script(script, tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_that_ends_takes_nothing_from_its_parent(tmp_path: Path) -> None:
    script = """
        import os, sys, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads is what this is about
        from elluminate import Client
        with Client(base_url="local::memory:") as client:
            client.create_collection("before")
            child = os.fork()
            if child == 0:
                sys.exit(0)
            os.waitpid(child, 0)
            client.create_collection("after")
            print([collection.name for collection in client.list_collections()])
        """
    ended = run_script(script, tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "before" in ended.stdout and "after" in ended.stdout


def test_the_host_program_s_logging_is_left_alone(tmp_path: Path) -> None:
    script = """
        import logging
        logging.basicConfig(level=logging.INFO, format="%(name)s")
        names = ["uvicorn", "uvicorn.error", "uvicorn.access"]
        before = [(l.level, l.handlers[:], l.propagate) for l in map(logging.getLogger, names)]
        from elluminate_server.serving import local_server
        from tests.cli.test_local_server import answers
        logging.getLogger("httpx").setLevel(logging.WARNING)
        assert answers(local_server(":memory:"))
        assert before == [(l.level, l.handlers[:], l.propagate) for l in map(logging.getLogger, names)]
        """
    ended = run_script(script, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "uvicorn.access" not in ended.stderr


def test_what_seals_secrets_is_loaded_when_there_is_one(tmp_path: Path) -> None:
    program = f"""
import sys
from elluminate import Client
with Client(base_url="local:{(tmp_path / "x.db").as_posix()}") as client:
    client.get_or_create_collection("C")
    print("cryptography" in sys.modules)
    client.create_llm_config("Paid", "m", api_key="sk-0123456789abcdef")
    print("cryptography" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
