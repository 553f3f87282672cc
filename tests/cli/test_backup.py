"""`elluminate backup`: copies of a database that is in use, whole, for their owner alone, and nothing overwritten."""

import contextlib
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from elluminate import Client
from elluminate.__main__ import main
from elluminate.async_client import LLMConfigDefaults
from elluminate_server.listening import ServingError
from elluminate_server.local import LocalServer
from elluminate_server.store import backups

CONFIG: LLMConfigDefaults = {
    "llm_model_name": "m",
    "api_key": "sk-0123456789abcdef",
    "llm_base_url": "https://llm.example/v1",
}


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("ELLUMINATE_API_KEY", "ELLUMINATE_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "evals.db"


def backed_up(capsys: pytest.CaptureFixture[str], database: Path, target: Path) -> str:
    assert main(["backup", str(target), "--database", str(database)]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["backup", *arguments]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def test_a_copy_of_a_database_in_use_serves_what_was_there(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "copies" / "evals-1.db"
    target.parent.mkdir()
    with Client(base_url=f"local:{database}") as client:
        client.create_collection("Topics", variables=[{"topic": "tides"}])
        client.get_or_create_llm_config("Hosted", CONFIG)
        told = backed_up(capsys, database, target)
        client.create_collection("Later")

    key = database.with_name("evals.db.secret-key")
    assert f"A copy of {database} is in {target} (" in told
    assert f"sealed with the key in {key}, which is not in the copy" in told
    assert [file.name for file in target.parent.iterdir()] == [target.name]
    if os.name == "posix":
        assert target.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ServingError, match="secret-key"):
        LocalServer(str(target)).start()
    target.with_name("evals-1.db.secret-key").write_bytes(key.read_bytes())
    with Client(base_url=f"local:{target}") as client:
        assert [one.name for one in client.list_collections()] == ["Topics"]


def test_a_database_without_secrets_needs_no_key(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["migrate", "--database", "sqlite:///" + database.as_posix()]) == 1
    )  # misspelt: it is not there
    database.touch(0o600)
    assert main(["migrate", "--database", str(database)]) == 0
    capsys.readouterr()
    assert len(backed_up(capsys, database, tmp_path / "copy.db").splitlines()) == 1


def test_a_copy_is_one_moment_s_and_ends_whoever_writes_meanwhile(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "PAGES_AT_ONCE", 1)
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.executescript("CREATE TABLE a (x); CREATE TABLE b (x)")
        made.executemany("INSERT INTO a VALUES (?)", [("x" * 1000,)] * 2000)
        made.executemany("INSERT INTO b VALUES (?)", [("x" * 1000,)] * 2000)
    is_over, has_begun = threading.Event(), threading.Event()

    def write() -> None:
        with contextlib.closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as writer:
            while not is_over.is_set():
                writer.execute("BEGIN IMMEDIATE")
                writer.execute("INSERT INTO a VALUES (1)")
                writer.execute("INSERT INTO b VALUES (1)")
                writer.execute("COMMIT")
                has_begun.set()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        assert has_begun.wait(30)
        backups.back_up(database, tmp_path / "copy.db")
    finally:
        is_over.set()
        writing.join(30)
    with contextlib.closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (a,), (b,) = (copy.execute(f"SELECT count(*) FROM {table}").fetchone() for table in "ab")
    assert a == b > 2000


def test_nothing_is_overwritten_and_nothing_left_behind(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database.touch(0o600)
    assert main(["migrate", "--database", str(database)]) == 0
    there, folder, dangling = tmp_path / "there.db", tmp_path / "folder", tmp_path / "dangling.db"
    there.write_text("mine")
    folder.mkdir()
    dangling.symlink_to(tmp_path / "nowhere.db")
    capsys.readouterr()
    before = sorted(tmp_path.rglob("*"))
    options = ("--database", str(database))
    assert "There is a file" in refused(capsys, str(there), *options)
    assert "There is a file" in refused(capsys, str(dangling), *options)
    assert "There is a folder" in refused(capsys, str(folder), *options)
    assert "There is no folder" in refused(capsys, str(tmp_path / "away" / "x.db"), *options)
    assert "There is no database" in refused(
        capsys, str(tmp_path / "x.db"), "--database", str(tmp_path / "y.db")
    )
    assert "in memory" in refused(capsys, str(tmp_path / "x.db"), "--database", ":memory:")
    said = refused(capsys, "x.dump", "--database", "postgresql://me:hunter2@db.example/evals")
    assert "pg_dump --format=custom --file=x.dump evals" in said
    assert "hunter2" not in said
    assert there.read_text() == "mine"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_damaged_database_makes_no_copy(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as made:
        made.execute("CREATE TABLE a (x)")
        made.executemany("INSERT INTO a VALUES (?)", [("x" * 1000,)] * 200)
    with database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 5))
    assert "was not copied" in refused(capsys, str(tmp_path / "copy.db"), "--database", str(database))
    assert [file.name for file in tmp_path.iterdir()] == [database.name]
