"""Commands where the machine lacks something: room for what they print, a home, the folder that they were begun in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.serve_process import clean_environment

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")

# As where a container runs as a number that /etc/passwd does not have.
WITHOUT_HOME = "import os.path\nos.path.expanduser = lambda path: path\n"
MAIN = "import sys\nfrom elluminate.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"


def ran(
    *arguments: str,
    before: str = "",
    folder: Path | None = None,
    prints_to: Path | None = None,
    data: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    environment = clean_environment(ELLUMINATE_BASE_URL="local:")
    if data is not None:
        environment["XDG_DATA_HOME"] = str(data)
    if before:
        environment = {
            name: value for name, value in environment.items() if name not in ("HOME", "XDG_DATA_HOME")
        }
    with Path(prints_to or os.devnull).open("w", encoding="utf-8") as full:
        return subprocess.run(
            [sys.executable, "-c", before + MAIN, *arguments],
            stdout=full if prints_to else subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
            encoding="utf-8",
            timeout=60,
            check=False,
        )


@needs_full
def test_where_nothing_can_be_printed_a_line_says_so(tmp_path: Path) -> None:
    assert ran("init", folder=tmp_path, data=tmp_path).returncode == 0
    assert ran("keys", "create", "Mine", data=tmp_path).returncode == 0
    for command, code in (
        ("keys list", 1),
        ("audit", 1),
        ("prune --older-than 1h --dry-run", 1),
        ("run suite.yaml", 2),
        ("list", 2),
    ):
        told = ran(*command.split(), folder=tmp_path, prints_to=FULL, data=tmp_path)
        assert told.stderr.endswith(
            "elluminate: what was to be written could not be, in whole (No space left on device): make room, or write "
            "it elsewhere\n"
        )
        assert "Traceback" not in told.stderr
        assert told.returncode == code


@needs_full
def test_a_key_that_nobody_could_read_is_revoked(tmp_path: Path) -> None:
    told = ran("keys", "create", "Mine", prints_to=FULL, data=tmp_path)
    assert told.returncode == 1
    assert told.stderr.endswith(
        "elluminate: The key could not be written (No space left on device), and was revoked.\n"
    )
    (line,) = (line for line in ran("keys", "list", data=tmp_path).stdout.splitlines() if "Mine" in line)
    assert line.endswith("revoked")


@needs_full
def test_a_key_that_can_be_neither_written_nor_revoked_is_told_to_be_valid(tmp_path: Path) -> None:
    assert ran("keys", "create", "First", data=tmp_path).returncode == 0
    fails = (
        "import os\n"
        f"os.environ['XDG_DATA_HOME'] = {str(tmp_path)!r}\n"
        "from elluminate_server import key_commands\n"
        "def revoke(row): raise MemoryError\n"
        "key_commands.revoke = revoke\n"
    )
    told = ran("keys", "create", "Mine", before=fails, prints_to=FULL)
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert told.stderr.startswith("API key 2 ('Mine')")
    assert "so that it is valid: `elluminate keys revoke` with its number" in told.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a folder that a program is in")
@pytest.mark.parametrize("command", ["backup copy.db", "list --base-url local:evals.db", "run suite.yaml"])
def test_in_a_folder_that_is_gone_a_line_says_so(command: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    made = ran("keys", "create", "Mine", data=tmp_path)
    assert made.returncode == 0
    before = f"import os\nos.rmdir({str(gone)!r})\nos.environ['XDG_DATA_HOME'] = {str(tmp_path)!r}\n"
    told = ran(*command.split(), before=before, folder=gone)
    assert told.stderr.endswith(
        "elluminate: the current folder is not there any more: change to another one, and try again\n"
    )
    assert told.returncode == (1 if command.startswith("backup") else 2)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows the folder of every user")
def test_a_user_without_a_home_is_told_what_to_set_and_needs_none_for_a_database_with_a_path(
    tmp_path: Path,
) -> None:
    database = tmp_path / "evals.db"
    for command, code in (("keys list", 1), ("serve --port 0", 1), ("list", 2)):
        told = ran(*command.split(), before=WITHOUT_HOME)
        assert told.returncode == code
        assert told.stderr.startswith("elluminate: HOME is not set and this user has no home folder")
        assert "XDG_DATA_HOME" in told.stderr
        assert "--database" in told.stderr
    made = ran("keys", "create", "Mine", "--database", str(database), before=WITHOUT_HOME)
    assert (made.returncode, made.stdout[:4]) == (0, "elm_")
    assert "Mine" in ran("keys", "list", "--database", str(database), before=WITHOUT_HOME).stdout
