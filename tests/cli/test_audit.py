"""`elluminate audit`: who changed what, shown to whoever has the database; and what commands add to it."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elluminate import Client
from elluminate.__main__ import main
from elluminate_server import audit_commands, backup_commands
from elluminate_server.local import LocalServer
from elluminate_server.settings import data_folder
from tests.support.serve_process import clean_environment


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("ELLUMINATE_API_KEY", "ELLUMINATE_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "evals.db"
    path.touch(0o600)
    assert main(["migrate", "--database", str(path)]) == 0
    return str(path)


@pytest.fixture
def client(database: str) -> Iterator[Client]:
    server = LocalServer(database)
    server.start()
    try:
        with Client(base_url=server.address.base_url, api_key=server.address.api_key) as found:
            yield found
    finally:
        server.stop()


def done(capsys: pytest.CaptureFixture[str], database: str, *command: str) -> str:
    assert main([*command, "--database", database]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def lines(capsys: pytest.CaptureFixture[str], database: str, *more: str) -> list[dict[str, Any]]:
    told = done(capsys, database, "audit", "--format", "json", *more)
    return [json.loads(line) for line in told.splitlines()]


def written(database: str, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.execute(statement)


def test_what_clients_and_commands_did_is_shown(
    client: Client, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = done(capsys, database, "keys", "create", "Pipeline", "--role", "editor").strip()
    with Client(base_url=client.base_url, api_key=key) as editor:
        editor.create_collection("Topics")
    table = done(capsys, database, "audit").splitlines()
    assert table[0].split("  ")[0] == "time (UTC)"
    assert len(table) == 3
    assert "command line" in table[1]
    assert "keys create" in table[1]
    assert "api_key:1 'Pipeline'" in table[1]
    assert all(word in table[2] for word in ("Pipeline (1)", "editor", "127.0.0.1", "create_collection"))
    assert "collection:1 'Topics'" in table[2]
    assert table[2].endswith("201")
    assert key not in "".join(table)

    (line,) = lines(capsys, database, "--key", "Pipeline")
    assert (line["operation"], line["object_name"], line["project_id"]) == ("create_collection", "Topics", 1)
    (line,) = lines(capsys, database, "--object", "api_key:1")
    assert (line["operation"], line["key_name"], line["status"]) == ("keys create", "command line", None)
    assert len(lines(capsys, database, "--object", "collection")) == 1
    assert lines(capsys, database, "--object", "collection:2") == []
    assert "no such lines" in done(capsys, database, "audit", "--object", "persona")


def test_lines_are_shown_by_their_age(
    client: Client, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client.create_collection("Old")
    written(database, "UPDATE audit_events SET created_at = '2020' || substr(created_at, 5)")
    client.create_collection("New")
    assert [line["object_name"] for line in lines(capsys, database)] == ["Old", "New"]
    for age in ("30m", "36h", "7d", "1w"):
        assert [line["object_name"] for line in lines(capsys, database, "--since", age)] == ["New"]


def test_many_lines_are_shown_in_pieces(
    client: Client, database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_commands, "_AT_ONCE", 2)
    names = [f"Topics {number}" for number in range(4)]
    for name in names:
        client.create_collection(name)
    assert [line["object_name"] for line in lines(capsys, database)] == names
    assert len(done(capsys, database, "audit").splitlines()) == 2 + len(names)
    for limit in range(1, 7):
        newest = lines(capsys, database, "--limit", str(limit))
        assert [line["object_name"] for line in newest] == names[-limit:]


def test_names_do_nothing_to_the_terminal(
    client: Client, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = client.create_api_key("two\nlines \x1b[2J")
    with Client(base_url=client.base_url, api_key=made.key) as other:
        other.create_collection("turned \u202eround\n")
    table = done(capsys, database, "audit").splitlines()
    assert len(table) == 3
    assert all(line.isprintable() for line in table)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--object", "experimant:1"], "'experimant' is no kind of thing: "),
        (["--object", "experiment:x"], "'x' is not the id of a thing"),
        (["--object", "experiment:"], "'' is not the id of a thing"),
        (["--since", "yesterday"], "is not an age"),
        (["--limit", "0"], "is not a number of lines"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(
    database: str, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["audit", "--database", database, *arguments])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("given", "words"), [("away.db", "There is no database"), (":memory:", "in memory")])
def test_a_database_that_is_not_there_is_not_made(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    given: str,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["audit", "--database", given]) == 1
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_each_command_that_changes_something_writes_a_line(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done(capsys, database, "keys", "create", "Pipeline")
    for _ in range(2):  # the second changes nothing
        done(capsys, database, "keys", "revoke", "1")
    done(capsys, database, "keys", "list")
    done(capsys, database, "keys", "rotate-secret")
    done(capsys, database, "prune", "--older-than", "90d", "--dry-run")
    done(capsys, database, "prune", "--older-than", "90d", "--yes")
    done(capsys, database, "backup", str(tmp_path / "copy.db"))
    found = lines(capsys, database)
    assert [(line["operation"], line["object_kind"], line["object_id"]) for line in found] == [
        ("keys create", "api_key", 1),
        ("keys revoke", "api_key", 1),
        ("keys rotate-secret", None, None),
        ("backup", None, None),
    ]
    assert {line["key_name"] for line in found} == {"command line"}


def test_a_secret_key_that_was_not_changed_is_no_line(
    database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done(capsys, database, "keys", "rotate-secret")  # there are no secrets yet
    assert lines(capsys, database) == []


def test_a_pruned_experiment_is_named(
    client: Client, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    template, _ = client.get_or_create_prompt_template("Tutor", messages="Explain {{topic}}.")
    collection = client.create_collection("Topics", variables=[{"topic": "tides"}])
    experiment = client.run_experiment("Old", template, collection, criteria=["Is it short?"])
    written(database, "UPDATE experiments SET finished_at = '2020' || substr(finished_at, 5)")
    for column in ("created_at", "finished_at"):
        written(database, f"UPDATE tasks SET {column} = '2020' || substr({column}, 5)")
    written(database, "UPDATE responses SET created_at = '2020' || substr(created_at, 5)")
    done(capsys, database, "prune", "--older-than", "90d", "--yes")
    last = lines(capsys, database, "--object", f"experiment:{experiment.id}")[-1]
    assert (last["operation"], last["object_name"], last["project_id"]) == ("prune", "Old", 1)


def test_lines_of_the_log_go_by_an_age_of_their_own(
    client: Client, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client.create_collection("Old")
    written(database, "UPDATE audit_events SET created_at = '2020' || substr(created_at, 5)")
    client.create_collection("New")
    done(capsys, database, "prune", "--older-than", "1h", "--yes")
    assert [line["object_name"] for line in lines(capsys, database, "--object", "collection")] == [
        "Old",
        "New",
    ]
    dry = done(capsys, database, "prune", "--audit-older-than", "90d", "--dry-run")
    assert dry.endswith("\n  1 line of the audit log\n")
    assert main(["prune", "--audit-older-than", "90d", "--database", database]) == 1
    assert "nobody to ask" in capsys.readouterr().err
    done(capsys, database, "prune", "--audit-older-than", "90d", "--yes")
    found = lines(capsys, database)
    assert [line["object_name"] for line in found if line["object_kind"]] == ["New"]
    assert [line["operation"] for line in found] == ["create_collection", "prune"]
    assert client.get_collection(name="Old").name == "Old"


def test_a_prune_of_nothing_is_refused(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["prune", "--yes", "--database", database])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "--older-than, --audit-older-than, or both" in said
    assert said.startswith("usage: elluminate prune ")


def test_a_copy_of_an_older_database_is_made_without_a_line(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(database, "DROP TABLE audit_events")
    told = done(capsys, database, "backup", str(tmp_path / "copy.db"))
    assert "audit log" not in told


def test_a_copy_whose_line_cannot_be_written_says_so(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_commands, "LOG_SECONDS", 0.1)
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        told = done(capsys, database, "backup", str(tmp_path / "copy.db"))
        writer.execute("ROLLBACK")
    assert "The audit log of the database has no line of this" in told
    assert (tmp_path / "copy.db").exists()
    assert lines(capsys, database) == []


def test_a_key_s_role_is_listed(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    for role in ("reader", "editor", "admin"):
        assert main(["keys", "create", f"the {role}", "--role", role, "--database", database]) == 0
        assert f"It is {'an' if role != 'reader' else 'a'} {role}." in capsys.readouterr().err
    done(capsys, database, "keys", "create", "any")
    head, *rows = done(capsys, database, "keys", "list").splitlines()
    place = head.index("role")
    assert [row[place:].split()[0] for row in rows] == ["reader", "editor", "admin", "admin"]


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("lines", [2, 3000])
def test_a_reader_that_has_enough_ends_a_command_quietly(database: str, lines: int, unbuffered: str) -> None:
    rows = ", ".join(f"({number}, 'n', 'backup', '2026-01-01 00:00:00.000000')" for number in range(lines))
    written(database, f"INSERT INTO audit_events (id, key_name, operation, created_at) VALUES {rows}")
    arguments = ["audit", "--database", database]
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "elluminate", *arguments],
            stdout=theirs,
            stderr=subprocess.PIPE,
            timeout=120,
            env=clean_environment(PYTHONUNBUFFERED=unbuffered),
        )
    finally:
        os.close(theirs)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_the_database_of_programs_is_named_where_the_server_has_none(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ELLUMINATE_DATABASE_URL", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = data_folder()
    folder.mkdir(parents=True)
    shutil.move(database, folder / "local.db")
    assert main(["audit"]) == 1
    said = capsys.readouterr().err
    assert f"--database {folder / 'local.db'}" in said
    assert main(["audit", "--database", str(folder / "local.db")]) == 0


def test_a_name_can_neither_move_a_terminal_s_cursor_nor_break_a_line(
    client: Client, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client.create_collection("\x9b31m \u202egnp.exe \u2028 Ü")
    told = done(capsys, database, "audit", "--format", "json")
    assert told.isascii()
    named = [json.loads(line)["object_name"] for line in told.splitlines()]
    assert "\x9b31m \u202egnp.exe \u2028 Ü" in named


def test_a_terminal_without_some_letters_shows_the_others(client: Client, database: str) -> None:
    client.create_collection("Größe")
    shown = subprocess.run(
        [sys.executable, "-m", "elluminate", "audit", "--database", database],
        env=clean_environment(PYTHONIOENCODING="ascii"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.returncode == 0, shown.stderr
    assert "Gr\\xf6\\xdfe" in shown.stdout
