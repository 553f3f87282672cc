"""The command line itself: version, help, wrong usage, a missing extra."""

import builtins
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import elluminate
import elluminate_server
from elluminate.__main__ import main
from elluminate._distribution import DISTRIBUTION

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"elluminate {PROJECT['version']} ({PROJECT['name']})\n"


def test_the_version_is_written_down_alike_everywhere() -> None:
    assert PROJECT["version"] == elluminate.__version__ == elluminate_server.__version__
    assert PROJECT["name"] == DISTRIBUTION


@pytest.mark.parametrize("files", [["elluminate/__init__.py"], ["_editable_impl_elluminate.pth"]])
def test_the_published_client_in_the_same_place_is_told(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    published = tmp_path / "elluminate-1.5.2.dist-info"
    published.mkdir()
    (published / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: elluminate\nVersion: 1.5.2\n", encoding="utf-8"
    )
    (published / "RECORD").write_text("".join(f"{name},,\n" for name in files), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    assert main([]) == 0
    warning = capsys.readouterr().err
    if "elluminate/__init__.py" in files:
        assert "elluminate 1.5.2, the published client, is installed beside elluminate-open" in warning
        assert "`pip uninstall elluminate elluminate-open`" in warning
    else:
        assert warning == ""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["serve", "--help"], ["worker", "--help"], ["migrate", "--help"]]
)
def test_help_says_what_there_is(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "usage: elluminate" in text
    assert ("examples:" if arguments == ["--help"] else "--database") in text


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "elluminate serve" in capsys.readouterr().out


@pytest.mark.parametrize("port", ["65536", "-1", "http", "8000.5", "٣"])
def test_a_bad_port_is_wrong_usage(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", f"--port={port}"])
    assert ended.value.code == 2
    assert f"{port!r} is not a port: 0 to 65535" in capsys.readouterr().err


def test_a_key_is_not_taken_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--api-key", "secret"])
    assert ended.value.code == 2


def test_a_missing_extra_is_one_line_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    really_import = builtins.__import__

    def without_uvicorn(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "uvicorn":
            raise ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn")
        return really_import(name, *args, **kwargs)

    for name in [n for n in sys.modules if n.startswith("elluminate_server.")]:
        package, _, module = name.rpartition(".")
        # So that afterwards a package's attributes are the modules that it had before, too.
        monkeypatch.setattr(f"{package}.{module}", sys.modules[name])
    for name in [n for n in sys.modules if n.startswith("elluminate_server.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without_uvicorn)
    assert main(["serve"]) == 1
    assert capsys.readouterr().err == (
        "elluminate: The server needs uvicorn, which is not installed; "
        'install elluminate-open with its extra "server" (in a checkout: pip install ".[server]").\n'
    )


def test_a_missing_database_driver_is_one_line_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert main(["migrate", "--database", "postgresql://evals@127.0.0.1:1/evals"]) == 1
    assert capsys.readouterr().err == (
        "elluminate: PostgreSQL needs psycopg, which is not installed; "
        'install elluminate-open with its extra "scale" (in a checkout: pip install ".[scale]").\n'
    )
