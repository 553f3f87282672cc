"""`elluminate view` as users run it: the link that it prints, what it refuses, how it ends."""

import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from elluminate.__main__ import main
from tests.cli.test_serve import Started
from tests.support.serve_process import clean_environment

BOUND = 60


def test_a_demo_is_shown_to_who_has_the_link_and_gone_afterwards() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "elluminate", "view", "--demo", "--no-browser"],
        env=clean_environment(
            ELLUMINATE_PAGES="false",
            ELLUMINATE_DATABASE_URL="postgresql://not-this-one/x",
            PYTHONUNBUFFERED="",  # what a pipe is given is held back unless it is flushed
        ),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    link = process.stdout.readline().split()[-1]
    with httpx.Client(follow_redirects=True, trust_env=False) as http:
        page = http.get(link)
        assert page.status_code == 200
        assert re.findall(r"(Explain like a tutor, version \d)</a>", page.text) == [
            "Explain like a tutor, version 2",
            "Explain like a tutor, version 1",
        ]
    assert httpx.get(link, trust_env=False).status_code == 401
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=BOUND)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.db"], r"There is no database .*nothing\.db\. Check the path\."),
        (["local:nothing.db"], r"There is no database .*nothing\.db\."),
        (["local::memory:"], "A database in memory is its process's own."),
        (["local:memory:"], "is not a local address"),
    ],
    ids=str,
)
def test_what_cannot_be_shown_is_said_in_one_line(
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["view", "--no-browser", *arguments]) == 1
    printed = capsys.readouterr()
    assert re.fullmatch(rf"elluminate: .*{said}.*\n", printed.err)
    assert list(tmp_path.iterdir()) == []


def test_a_demo_has_a_database_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["view", "--demo", "evals.db"])
    assert "--demo has a database of its own" in capsys.readouterr().err


@pytest.mark.parametrize("goes_on", [True, False], ids=["goes on", "Ctrl-C"])
@pytest.mark.parametrize("command", ["view", "serve"])
def test_what_it_waits_for_is_said_and_ends(command: str, goes_on: bool, tmp_path: Path) -> None:
    database = tmp_path / "evals.db"
    arguments = [str(database), "--no-browser"] if command == "view" else ["--database", str(database)]
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        process = subprocess.Popen(
            [sys.executable, "-m", "elluminate", command, "--port", "0", *arguments],
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert process.stdout is not None
        assert process.stderr is not None
        said = (process.stdout if command == "view" else process.stderr).readline()
        assert said.startswith(
            f"elluminate waits for the database {database}, which another program has locked"
        )
        if goes_on:
            other.execute("ROLLBACK")
            first = "elluminate shows its pages at http://" if command == "view" else "elluminate is ready at"
            assert process.stdout.readline().startswith(first)
        process.send_signal(signal.SIGINT)
        _, complained = process.communicate(timeout=BOUND)
    if goes_on:
        assert process.returncode == 0
    else:
        assert complained == "elluminate: The wait was ended. Nothing was changed.\n"
        assert process.returncode == 1


def test_a_server_prints_a_link_unless_it_has_no_pages(tmp_path: Path) -> None:
    database = str(tmp_path / "evals.db")
    with Started("--database", database) as server:
        link = re.search(r"http://\S+/login\?code=\S+", server.printed)
        assert link is not None
        answer = httpx.get(link[0], trust_env=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        with sqlite3.connect(database) as connection:
            ((operation, key_name),) = connection.execute(
                "SELECT operation, key_name FROM audit_events WHERE operation = 'login'"
            ).fetchall()
        assert (operation, key_name) == ("login", "first start")
    for arguments, environment in ((["--no-pages"], {}), ([], {"ELLUMINATE_PAGES": "false"})):
        with Started("--database", database, *arguments, **environment) as server:
            assert "/login" not in server.printed
            address = server.exported("ELLUMINATE_BASE_URL")
            assert httpx.get(f"{address}/login", trust_env=False).status_code == 404


def test_nothing_of_the_pages_is_imported_by_a_server_that_nobody_looks_at() -> None:
    program = (
        "import sys, elluminate; assert 'jinja2' not in sys.modules; "
        "from elluminate_server.app import create_app; from elluminate_server.settings import Settings; "
        "create_app(Settings(database_url=':memory:')); "
        "print(sorted(name for name in sys.modules if name == 'jinja2' or name.startswith('elluminate_server.pages.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=BOUND,
        check=True,
    )
    assert done.stdout.strip() == "['elluminate_server.pages.codes']"
