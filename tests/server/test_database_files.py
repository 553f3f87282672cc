"""An SQLite database as files: who may read them, and what is said of those that are gone, damaged or read-only."""

import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from elluminate import Client, ConfigurationError
from elluminate.__main__ import main
from elluminate_server import local
from elluminate_server.local import LocalServer
from elluminate_server.settings import normalise_database_url
from elluminate_server.store.engine import Store
from elluminate_server.store.probing import DatabaseUnusableError, probe
from tests.execution.backend import client_of
from tests.server.test_database import make_version
from tests.support.serve_process import clean_environment

BOUND = 30.0

posix = pytest.mark.skipif(os.name != "posix", reason="permissions are another thing there")


@pytest.fixture(autouse=True)
def _usual_surroundings() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)
    local._stop_all()


def open_to_others(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077)


@contextlib.contextmanager
def served(path: Path) -> Iterator[httpx.Client]:
    server = LocalServer(str(path))
    server.start()
    try:
        with client_of(server.address) as client:
            yield client
    finally:
        server.stop(grace=0)


# Who may read them


@posix
def test_no_file_of_a_database_is_open_to_others(tmp_path: Path) -> None:
    path = tmp_path / "evals.db"
    with served(path) as client:
        assert client.post("collections", json={"name": "mine"}).status_code == 201
        assert {"evals.db", "evals.db-wal", "evals.db-shm"} <= {file.name for file in tmp_path.iterdir()}
        assert open_to_others(tmp_path) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix
@pytest.mark.parametrize("command", [["keys", "list"], ["migrate"]])
def test_the_folder_of_a_user_s_databases_is_the_user_s_alone(tmp_path: Path, command: list[str]) -> None:
    environment = clean_environment(XDG_DATA_HOME=str(tmp_path / "data"), HOME=str(tmp_path))
    ended = subprocess.run(
        [sys.executable, "-m", "elluminate", *command], env=environment, capture_output=True, timeout=BOUND
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    (database,) = tmp_path.rglob("elluminate.db")
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700
    assert open_to_others(database.parent) == []


@posix
def test_a_database_that_is_open_to_others_is_mended_and_that_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, copy = tmp_path / "evals.db", tmp_path / "evals.db.0001-20260101T000000000000Z.backup"
    with served(path):
        pass
    shutil.copy(path, copy)
    for file in (path, copy):
        file.chmod(0o644)
    (tmp_path / "other.txt").touch(0o644)
    with served(path) as client:
        assert client.get("collections").status_code == 200
        assert open_to_others(tmp_path) == ["other.txt"]
    told = [record.message for record in caplog.records if "open to other users" in record.message]
    assert [
        message.split(" was open ")[0] for message in told if "-wal" not in message and "-shm" not in message
    ] == [
        str(path),
        str(copy),
    ]


@posix
@pytest.mark.anyio
async def test_the_copy_of_an_older_database_is_not_open_to_others(tmp_path: Path) -> None:
    path = tmp_path / "evals.db"
    async with Store(normalise_database_url(str(path))) as store:
        await make_version(store, "0001")
    path.chmod(0o644)
    with served(path):
        assert [file.name for file in tmp_path.glob("*.backup")] != []
        assert open_to_others(tmp_path) == []


@posix
def test_somebody_else_s_database_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "theirs.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    assert main(["keys", "list", "--database", str(path)]) == 1
    assert "theirs" in capsys.readouterr().err
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


# Gone


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be deleted there")
@pytest.mark.parametrize("way", ["deleted", "replaced"])
def test_nothing_is_written_to_a_database_that_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    path, aside = tmp_path / "evals.db", tmp_path / "aside.db"
    with served(path) as client:
        assert client.post("collections", json={"name": "before"}).status_code == 201
        path.rename(aside)
        if way == "replaced":
            path.touch(0o600)
        for number in range(10):
            refused = client.post("collections", json={"name": f"after {number}"})
            assert refused.status_code == 503
            assert "deleted or replaced" in refused.json()["detail"]
        assert client.get("collections").status_code == 503  # known now, for reading too
        told = [record for record in caplog.records if "was deleted or replaced" in record.message]
        assert [record.levelname for record in told] == ["ERROR"]
        assert str(path) in told[0].message

        aside.replace(path)
        assert client.post("collections", json={"name": "after"}).status_code == 201
        assert [one["name"] for one in client.get("collections").json()["items"]] == ["before", "after"]


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be deleted there")
def test_a_server_that_nobody_writes_to_notices_at_its_next_heartbeat(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "evals.db"
    with served(path) as client:
        path.unlink()
        end = time.monotonic() + BOUND
        while not any("was deleted or replaced" in record.message for record in caplog.records):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert client.get("collections").status_code == 503


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be deleted there")
def test_a_client_after_the_deletion_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "evals.db"
    with Client(base_url=f"local:{path}") as client:
        client.create_collection("before")
    for file in tmp_path.iterdir():
        file.unlink()
    with Client(base_url=f"local:{path}") as client:
        assert client.list_collections() == []
        client.create_collection("after")
    assert path.exists()


# Not to be used


@contextlib.contextmanager
def without_privileges() -> Iterator[Path]:
    """A folder of one's own, and no right to do more than others may, which root has."""
    folder = Path(tempfile.mkdtemp())
    user = os.geteuid()
    try:
        if user == 0:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        yield folder
    finally:
        os.seteuid(user)
        shutil.rmtree(folder)


@posix
def test_a_file_that_is_read_only_is_refused_at_the_start() -> None:
    with without_privileges() as folder:
        path = folder / "evals.db"
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE some (id INTEGER)")
        path.chmod(0o400)
        with pytest.raises(DatabaseUnusableError, match=r"evals\.db is not this user's to write.*chmod u\+w"):
            probe(normalise_database_url(str(path)))
        path.chmod(0o600)
        probe(normalise_database_url(str(path)))


def test_a_writer_that_is_at_it_does_not_keep_others_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "evals.db"
    probe(normalise_database_url(str(path)))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        probe(normalise_database_url(str(path)))


@pytest.mark.parametrize("name", ["nope/x/evals.db", "nope/evals.db"])
def test_no_folder_is_made_for_a_path_that_was_misspelt(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    with pytest.raises(ConfigurationError, match=r"evals\.db cannot be made: there is no folder .*nope"):
        Client(base_url=f"local:{path}")
    assert main(["serve", "--port", "0", "--database", str(path)]) == 1
    assert f"there is no folder {path.parent}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# Damaged


def damage(path: Path, table: str) -> None:
    """Overwrite the page where a table begins."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def test_a_damaged_page_is_told_to_who_meets_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "evals.db"
    with served(path) as client:
        assert client.post("collections", json={"name": "one"}).status_code == 201
        assert client.post("criterion_sets", json={"name": "two"}).status_code == 201
    damage(path, "collections")
    with served(path) as client:
        for _ in range(3):
            for refused in (client.get("collections"), client.post("collections", json={"name": "more"})):
                assert refused.status_code == 500
                assert "database is damaged: database disk image is malformed" in refused.json()["detail"]
                assert str(tmp_path) not in refused.text
        assert client.get("criterion_sets").json()["count"] == 1
    told = [record for record in caplog.records if "is damaged" in record.message]
    assert len(told) == 1
    assert f"sqlite3 {path}" in told[0].message
    assert told[0].exc_info is None


@pytest.mark.parametrize("table", ["sqlite_schema", "api_keys", "projects"])
def test_a_damaged_database_is_one_line_of_a_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str
) -> None:
    path = tmp_path / "evals.db"
    assert main(["keys", "create", "Pipeline", "--database", str(path)]) == 0
    capsys.readouterr()
    if table == "sqlite_schema":
        with path.open("r+b") as file:  # past the header, which says that it is a database
            file.seek(100)
            file.write(b"\xff" * 900)
    else:
        damage(path, table)
    assert main(["keys", "list", "--database", str(path)]) == 1
    said = capsys.readouterr()
    assert f"The database {path} is damaged: database disk image is malformed." in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("command", [["keys", "list"], ["keys", "revoke", "1"]])
def test_a_misspelt_database_is_not_made_to_look_at_its_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    path = tmp_path / "misspelt.db"
    assert main([*command, "--database", str(path)]) == 1
    assert f"There is no database {path}. Correct the path" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
