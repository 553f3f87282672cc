"""`elluminate prune`: what goes, what stays, and that nobody loses anything by mistake."""

import contextlib
import io
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from elluminate import Client, NotFoundError
from elluminate.__main__ import main
from elluminate.schemas import Experiment
from elluminate_server.execution import leases, pruning
from elluminate_server.local import LocalServer
from elluminate_server.store import pieces

AGED = {
    "experiments": ("finished_at", "created_at"),
    "responses": ("created_at",),
    "tasks": ("created_at", "started_at", "finished_at"),
    "kept_calls": ("created_at",),
    "log_cursors": ("updated_at",),
    "idempotency_keys": ("created_at",),
}
COUNTED = ("experiments", "responses", "prompts", "ratings", "work_items", "log_lines", "tasks", "kept_calls")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "evals.db"


@pytest.fixture
def client(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.delenv("ELLUMINATE_API_KEY", raising=False)
    server = LocalServer(str(database))
    server.start()
    try:
        with Client(base_url=server.address.base_url, api_key=server.address.api_key) as found:
            yield found
    finally:
        server.stop()


def run(client: Client, name: str, rows: int = 5) -> Experiment:
    template, _ = client.get_or_create_prompt_template("Tutor", messages="Explain {{topic}}.")
    collection, _ = client.get_or_create_collection(
        f"{rows} topics", defaults={"variables": [{"topic": f"t{number}"} for number in range(rows)]}
    )
    criteria, _ = client.get_or_create_criterion_set("Quality", defaults={"criteria": ["Is it short?"]})
    return client.run_experiment(
        name, prompt_template=template, collection=collection, criterion_set=criteria
    )


def keep_calls(database: Path, count: int) -> None:
    """Answers as a run with a cache keeps them; the offline model is not asked through it."""
    number = counts(database)["kept_calls"]
    for key in range(number, number + count):
        written(
            database,
            "INSERT INTO kept_calls (project_id, key, answer, created_at) "
            f"SELECT id, CAST('{key:032}' AS BLOB), x'7b7d', created_at FROM projects",
        )


def written(database: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.execute(statement)


def age(database: Path) -> None:
    """Have all that is there be of the year 2020."""
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        for table, columns in AGED.items():
            for column in columns:
                connection.execute(f"UPDATE {table} SET {column} = '2020' || substr({column}, 5)")


def counts(database: Path) -> dict[str, int]:
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in COUNTED}


def prune(database: Path, *more: str) -> int:
    return main(["prune", "--older-than", "90d", "--database", str(database), *more])


@pytest.mark.parametrize("first_size", [pieces.FIRST_SIZE, 10], ids=["at once", "in pieces"])
def test_what_is_old_goes_and_all_else_stays(
    client: Client,
    database: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    first_size: int,
) -> None:
    run(client, "Old", rows=40)
    keep_calls(database, 3)
    age(database)
    new = run(client, "New")
    keep_calls(database, 2)
    before = counts(database)
    monkeypatch.setattr(pieces, "FIRST_SIZE", first_size)

    assert prune(database, "--dry-run") == 0
    dry = capsys.readouterr().out
    assert counts(database) == before
    assert prune(database, "--yes") == 0
    told = capsys.readouterr().out

    assert "1 experiment with 40 responses" in dry
    assert "3 answers kept for runs with a cache" in dry
    assert "'Old'" in dry
    assert "'New'" not in dry
    assert told.startswith(dry)
    deleted = next(line for line in told.splitlines() if line.startswith("Deleted"))
    assert deleted.startswith("Deleted: 1 experiment, 3 answers kept for runs with a cache, ")
    assert " 0 " not in deleted
    assert "The file ha" in told
    with pytest.raises(NotFoundError):
        client.get_experiment(name="Old")
    read = client.get_experiment(name="New")
    assert [response.id for response in read.responses()] == [response.id for response in new.responses()]
    left = counts(database)
    assert left["log_lines"] > 0
    assert {**left, "tasks": 1} == {
        "experiments": 1,
        "responses": 5,
        "prompts": 5,
        "ratings": 5,
        "work_items": 5,
        "log_lines": left["log_lines"],
        "tasks": 1,
        "kept_calls": 2,
    }
    assert client.get_collection(name="40 topics").variables_count == 40


def test_an_experiment_that_got_responses_since_stays(
    client: Client, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(client, "Old")
    age(database)
    written(database, "UPDATE responses SET created_at = replace(created_at, '2020', '2999') WHERE id = 1")
    assert prune(database, "--yes") == 0
    assert "0 experiments" in capsys.readouterr().out
    assert counts(database)["responses"] == 5


def test_what_a_prune_that_was_killed_leaves_a_server_takes_away(
    client: Client, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(client, "Old", rows=40)
    age(database)
    monkeypatch.setattr(pieces, "FIRST_SIZE", 10)
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.5)

    async def killed(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(pruning, "write_in_pieces", killed)
    with pytest.raises(ZeroDivisionError):
        prune(database, "--yes")
    with pytest.raises(NotFoundError):
        client.get_experiment(name="Old")
    end = time.monotonic() + 60
    while counts(database)["experiments"]:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert counts(database)["responses"] == 0


def test_log_lines_of_an_experiment_that_stays_go(
    client: Client, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(client, "Kept")
    age(database)
    written(database, "UPDATE experiments SET finished_at = replace(finished_at, '2020', '2999')")
    before = counts(database)
    assert before["log_lines"] > 0
    assert prune(database, "--yes") == 0
    assert f"{before['log_lines']} log lines" in capsys.readouterr().out
    assert counts(database) == {**before, "log_lines": 0}
    assert len(list(client.get_experiment(name="Kept").responses())) == 5


def test_nothing_is_deleted_unless_somebody_agreed(
    client: Client, database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(client, "Old")
    age(database)
    before = counts(database)

    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert prune(database) == 1
    assert "there is nobody to ask. Say --yes" in capsys.readouterr().err
    for answer in ("", "n", "nay"):
        monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
        assert prune(database) == 1
        assert "Nothing was deleted." in capsys.readouterr().err
    assert counts(database) == before

    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert prune(database) == 0
    assert counts(database)["experiments"] == 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("given", ["90", "0d", "-1d", "d", "1.5d", "36501d", "9999999999w", "90 d", "9y"])
def test_what_is_no_age_is_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["prune", "--older-than", given])
    assert ended.value.code == 2
    said = "is longer ago than anything was made: 90d" if len(given) > 5 else "is not an age: 90d"
    assert said in capsys.readouterr().err or given.startswith("-")


def test_a_misspelt_database_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prune(tmp_path / "evlas.db", "--yes") == 1
    assert "There is no database" in capsys.readouterr().err
    assert prune(Path(":memory:"), "--yes") == 1
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_is_old_nothing_else_is_said(
    client: Client, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(client, "New")
    assert prune(database, "--yes") == 0
    assert capsys.readouterr().out.endswith("\nNothing was deleted: nothing is that old.\n")
    assert "prune" not in [line.operation for line in client.list_audit_events()]
