"""`elluminate run`, `compare`, `report`, `list`, `export` and `init`, as people and pipelines use them."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import html
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from elluminate import Client, TaskFailedError
from elluminate.__main__ import main
from elluminate.schemas import Experiment
from elluminate_server import serving
from tests.support.model_server import ModelServer
from tests.support.serve_process import clean_environment
from tests.support.serve_process import serving as serving_process

SUITE = """\
name: Greetings
template: "Greet {{name}}."
rows: [{name: Ada}, {name: Grace}]
criteria: [Is it polite?]
thresholds: {pass_rate: 0.5}
"""


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_server: ModelServer) -> Iterator[Path]:
    """An empty folder that commands are given in, and a database of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("ELLUMINATE_API_KEY", "ELLUMINATE_OAUTH_TOKEN", "ELLUMINATE_LLM_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    database = tmp_path / "evals.db"
    monkeypatch.setenv("ELLUMINATE_BASE_URL", f"local:{database.as_posix()}")
    monkeypatch.setenv("ELLUMINATE_LLM_BASE_URL", model_server.base_url)
    monkeypatch.setenv("ELLUMINATE_LLM_MODEL", "scripted")
    yield tmp_path
    serving.stop_local_server(str(database))


def suite(text: str = SUITE) -> str:
    Path("suite.yaml").write_text(text, encoding="utf-8")
    return "suite.yaml"


def test_a_new_suite_runs_on_a_machine_with_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ELLUMINATE_BASE_URL", "ELLUMINATE_LLM_BASE_URL", "ELLUMINATE_LLM_MODEL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    try:
        assert main(["init"]) == 0
        assert main(["run", "suite.yaml"]) == 0
    finally:
        serving.stop_local_server(str(folder / "data" / "elluminate" / "local.db"))
    told = capsys.readouterr()
    assert "Support answers: passed" in told.out
    assert "evaluating on this machine (local:)" in told.err
    assert "the built-in offline model, which knows nothing" in told.err


def test_what_is_there_is_not_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    path = suite()

    assert main(["init", path]) == 2
    assert "stays as it is" in capsys.readouterr().err
    assert Path(path).read_text(encoding="utf-8") == SUITE


def test_a_run_says_how_it_went_and_writes_what_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = ["report.html", "summary.md", "junit.xml", "result.json"]

    assert main(["run", suite(), *(part for output in outputs for part in ("-o", output))]) == 0

    told = capsys.readouterr()
    database = os.environ["ELLUMINATE_BASE_URL"].removeprefix("local:")
    assert f"in a browser: {shlex.join(['elluminate', 'view', database])}" in told.err
    assert told.out.splitlines()[0] == "Greetings: passed"
    assert "Criterion 1" not in Path("summary.md").read_text(encoding="utf-8"), "a label that nobody gave"
    assert "default: 2 of 2 answered, 2 rated" in told.err
    assert all(f"Written: {output}" in told.err for output in outputs)
    assert ElementTree.parse("junit.xml").getroot().get("failures") == "0"
    assert json.loads(Path("result.json").read_text(encoding="utf-8"))["outcome"] == "passed"
    assert "✅ Greetings: passed" in Path("summary.md").read_text(encoding="utf-8")
    assert "Greet Ada." in Path("report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (SUITE, 0, "passed"),
        (SUITE.replace("0.5", "{lower_bound: 0.99}"), 2, "not enough evidence"),
        (SUITE.replace("pass_rate: 0.5", "max_cost_usd: 1"), 2, "is not known"),
        (SUITE.replace("Is it polite?", "NO! Is it polite?"), 1, "failed"),
        (SUITE.replace("Is it polite?", "UNREADABLE! Is it polite?"), 2, "2 missing"),
    ],
)
def test_exit_codes_tell_failed_from_not_measured(
    text: str, code: int, says: str, model_server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    def verdict(request: object) -> str:
        asked = str(request.json["messages"])  # type: ignore[attr-defined]
        if "UNREADABLE" in asked:
            return "I would rather not say."
        return json.dumps({"reasoning": "So.", "rating": "NO" if "NO! Is" in asked else "YES"})

    model_server.verdict = verdict

    assert main(["run", suite(text), "--quiet", "-o", "junit.xml"]) == code

    told = capsys.readouterr()
    assert says in told.out
    root = ElementTree.parse("junit.xml").getroot()
    assert [root.get("errors") != "0", root.get("failures") != "0"] == [code == 2, code == 1]


def test_a_run_on_a_server_says_where_a_browser_shows_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving_process(folder / "served.db") as served:
        for name, value in served.environment.items():
            monkeypatch.setenv(name, value)
        assert main(["run", suite()]) in (0, 1)
    assert f"{served.base_url}/projects/1/experiments/1\n" in capsys.readouterr().err


def test_a_server_that_is_away_is_not_measured_and_reports_say_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ELLUMINATE_API_KEY", "the-secret-key")

    assert (
        main(["run", suite(), "--base-url", "http://127.0.0.1:9", "-o", "junit.xml", "-o", "summary.md"]) == 2
    )

    told = capsys.readouterr()
    title, *reason = told.out.splitlines()
    assert (title, len(reason)) == ("Greetings: not measured", 1), "the reason alone, in a line"
    assert reason[0].startswith("  ") and "127.0.0.1:9" in reason[0] and "wanted" not in reason[0]
    (error,) = ElementTree.parse("junit.xml").getroot().iter("error")
    assert error.get("message") == reason[0].strip()
    assert ElementTree.parse("junit.xml").getroot().get("errors") == "1"
    assert "⚠️" in Path("summary.md").read_text(encoding="utf-8")
    assert "the-secret-key" not in told.out + told.err + Path("junit.xml").read_text(encoding="utf-8")


def test_what_a_run_waits_for_is_told_and_for_how_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    monkeypatch.setenv("ELLUMINATE_LLM_BASE_URL", f"http://127.0.0.1:{port}/v1")
    monkeypatch.setenv("ELLUMINATE_LLM_PATIENCE", "1")

    assert main(["run", suite()]) == 2

    (told,) = (line for line in capsys.readouterr().err.splitlines() if "asks again in" in line)
    assert told.startswith("default: Waits, and asks again in ")
    assert f"127.0.0.1:{port}" in told
    assert told.endswith("(It is waited for 1 s at most.)")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_nothing_can_be_written_into_is_told_first(
    folder: Path, model_server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "locked").mkdir(mode=0o500)

    assert main(["run", suite(), "-o", "locked/report.md"]) == 2

    assert "nothing can be written into" in capsys.readouterr().err
    assert model_server.requests == []


def test_a_folder_in_place_of_a_report_is_told_before_anything_is_asked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "report.md").mkdir()
    assert main(["run", suite(), "-o", "report.md"]) == 2
    told = capsys.readouterr()
    assert "'report.md' is a folder, and not a file to write" in told.err
    assert "answered" not in told.err


def test_a_report_that_cannot_be_written_costs_nothing_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    path = suite()
    monkeypatch.setattr(Path, "replace", is_full)
    assert main(["run", path, "-o", "lost.md"]) == 2

    told = capsys.readouterr()
    assert "Greetings: passed" in told.out
    assert "lost.md could not be written: No space left on device" in told.err
    assert not list(Path().glob(".lost.md*"))


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_change_no_exit_code(closed: str, folder: Path, model_server: ModelServer) -> None:
    environment = clean_environment(
        ELLUMINATE_BASE_URL=os.environ["ELLUMINATE_BASE_URL"],
        ELLUMINATE_LLM_BASE_URL=model_server.base_url,
        ELLUMINATE_LLM_MODEL="scripted",
    )
    command = f'"{sys.executable}" -m elluminate run {suite()} {closed}'
    ran = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, timeout=60)

    assert ran.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "none.yaml"], "there is no file 'none.yaml' in the folder"),
        (["run", "none.yaml"], "'elluminate init' writes a suite that runs as it is"),
        (["run", "suit.yaml"], "did you mean 'suite.yaml'?"),
        (["import", "none.json"], "there is no file 'none.json' in the folder"),
        (["export", "1", "-o", "none/x.csv"], "'none/x.csv': there is no folder"),
        (["report", "1", "-o", "none/x.md"], "; make it first"),
        (
            ["run", "suite.yaml", "-o", "report.pdf"],
            "a report ends in .html, .md (Markdown), .xml (JUnit) or .json",
        ),
        (["run", "suite.yaml", "-o", "none/report.md"], "there is no folder"),
        (["run", "suite.yaml", "--model", "large"], "has no model 'large'"),
        (["compare", "1", "Nobody"], "There is no experiment 1"),
        (["report", "Nobody", "-o", "x.md"], "no experiment named 'Nobody'"),
        (["export", "Nobody", "-o", "x.pdf"], "an export ends in .csv or .jsonl"),
        (["export", "Nobody", "-o", "x.csv"], "no experiment named 'Nobody'"),
    ],
)
def test_mistakes_are_told_in_a_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], model_server: ModelServer
) -> None:
    suite()

    assert main(arguments) == 2

    told = capsys.readouterr()
    assert says in told.err
    assert told.err.startswith("elluminate: ") and "Traceback" not in told.err
    assert model_server.requests == []


def test_a_bad_suite_names_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", suite("name: A\ntempalte: x\nepochs: 0\n")]) == 2

    told = capsys.readouterr().err
    assert "suite.yaml:2:1: unknown key 'tempalte'; did you mean 'template'?" in told
    assert "suite.yaml:3:1: epochs: must be at least 1" in told


def test_what_there_is_is_listed_compared_and_exported(
    model_server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["run", suite()])
    model_server.verdict = lambda request: '{"reasoning": "So.", "rating": "NO"}'
    main(["run", suite(), "--quiet"])
    capsys.readouterr()

    assert main(["list", "--format", "json"]) == 0
    after, before = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (before["pass_rate"], after["pass_rate"], after["state"]) == (1.0, 0.0, "over")
    for what in ("templates", "collections", "criteria", "models"):
        assert main(["list", what, "--search", "no such name"]) == 0
        assert f"There are no {what} with this in their names." in capsys.readouterr().err
    assert main(["list", "--limit", "1"]) == 0
    assert before["name"] not in capsys.readouterr().out

    assert main(["compare", str(before["id"]), after["name"]]) == 0
    assert "not enough evidence" in capsys.readouterr().out
    assert main(["compare", str(before["id"]), str(after["id"]), "--fail-if-worse"]) == 0
    assert main(["compare", str(before["id"]), str(after["id"]), "--margin", "0.1"]) == 2
    capsys.readouterr()
    assert main(["compare", str(before["id"]), str(after["id"]), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["rate_b"] == 0.0

    assert main(["export", str(after["id"]), "-o", "answers.csv"]) == 0
    with Path("answers.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 2
    assert main(["report", after["name"], "-o", "after.html", "-o", "after.xml"]) == 0
    assert ElementTree.parse("after.xml").getroot().get("failures") == "0", "no threshold was asked for"


def test_a_criterion_goes_by_its_label_and_a_long_one_is_shortened(
    model_server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    model_server.verdict = lambda request: '{"reasoning": "It is not.", "rating": "NO"}'
    text = f"Is it polite, {'and so on, ' * 30}to the very end?"
    given = f"[{{text: '{text}', label: polite}}, {{max_words: 500, label: short}}]"
    outputs = ["report.html", "summary.md", "junit.xml"]
    path = suite(
        SUITE.replace("[Is it polite?]", given).replace(
            "{pass_rate: 0.5}", "{criteria: {polite: 1, short: 1}}"
        )
    )
    assert main(["run", path, *(part for output in outputs for part in ("-o", output))]) == 1

    told = capsys.readouterr().out
    assert "failed        criterion 'polite' (Is it polite, and so on, " in told
    assert "passed        criterion 'short' (The answer has at most 500 words.)" in told
    assert "to the very end" not in told
    names = [case.get("name") or "" for case in ElementTree.parse("junit.xml").getroot().iter("testcase")]
    assert names[1].startswith("criterion 'polite' (Is it polite, ") and len(names[1]) < 110
    summary = html.unescape(Path("summary.md").read_text(encoding="utf-8"))
    assert "criterion 'polite' (Is it polite, " in summary and "to the very end" not in summary
    assert "<code>short: The answer has at most 500 words.</code>" in summary
    assert "NO: polite: It is not." in summary
    page = html.unescape(Path("report.html").read_text(encoding="utf-8"))
    assert '<th scope="row">polite: Is it polite, ' in page
    assert page.count("to the very end?") == 2, "in full with each answer alone"

    with Client() as client:
        (experiment,) = client.iter_experiments()
        figures = client.get_experiment(id=experiment.id).statistics()
    assert [one.label for one in figures.criteria] == ["polite", "short"]
    assert "polite: Is it polite, and so on" in str(figures)


def test_a_rate_is_the_same_figure_everywhere(
    model_server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    given = iter(["YES"] * 70 + ["NO"] * 135)
    model_server.verdict = lambda request: json.dumps({"reasoning": "So.", "rating": next(given)})
    rows = ", ".join(f"{{name: n{number}}}" for number in range(205))
    main(["run", suite(SUITE.replace("{name: Ada}, {name: Grace}", rows))])
    assert "pass rate 34.1%" in capsys.readouterr().out, "70 of 205, which are 34.146 %"

    assert main(["list"]) == 0
    assert " 34.1% " in capsys.readouterr().out


def test_help_says_which_exit_codes_a_command_has(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("run", "compare", "report", "list", "cancel", "export", "init", "import", "label"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        told = capsys.readouterr().out
        assert "\nExit codes: 0 " in told, command
        assert ("suite cannot be used" in told) == (command == "run"), command


def _revoked(experiment: Experiment) -> None:
    with pytest.raises(TaskFailedError, match="REVOKED"):
        experiment.run()


def test_a_run_is_cancelled_and_what_is_there_stays(
    model_server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["run", suite()])
    asked, release = threading.Event(), threading.Event()

    def late(request: Any) -> Any:
        asked.set()
        release.wait(60)
        return "Well."

    model_server.answer = late
    with Client() as client:
        (over,) = client.iter_experiments()
        capsys.readouterr()
        assert main(["cancel", over.name]) == 0
        assert "is running, so that nothing was cancelled" in capsys.readouterr().err

        collection = client.create_collection("C", variables=[{"name": "Ada"}, {"name": "Bo"}])
        template = client.create_prompt_template("T", template="Greet {{name}}.")
        running = client.create_experiment("Long", template, collection)
        started = threading.Thread(target=_revoked, args=(running,))
        started.start()
        try:
            assert asked.wait(60)
            assert main(["cancel", "Long"]) == 0
            assert "Cancelled: experiment 'Long' stands still" in capsys.readouterr().err
        finally:
            release.set()
            started.join(60)
        assert client.get_experiment(name="Long").generation_task_id is None


def test_a_name_that_no_experiment_has_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["run", suite()])
    main(["run", suite(SUITE.replace("name: Greetings", "name: Sums"))])
    with Client() as client:
        names = [one.name for one in client.iter_experiments()]
    capsys.readouterr()

    for command in (
        ["report", "greet", "-o", "x.md"],
        ["export", "greet", "-o", "x.csv"],
        ["compare", "greet", "1"],
    ):
        assert main(command) == 2
        told = capsys.readouterr().err
        assert f"no experiment named 'greet' in this project; did you mean {names[1]!r}?" in told
    slip = names[0].replace("Sums", "Susm")
    assert main(["export", slip, "-o", "x.csv"]) == 2
    assert f"did you mean {names[0]!r}" in capsys.readouterr().err
    assert main(["export", "entirely else", "-o", "x.csv"]) == 2
    assert "elluminate list experiments names them" in capsys.readouterr().err


def test_warnings_are_lines_and_stand_once(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", suite(SUITE.replace("{{name}}", "{name}").replace("rows:", "epochs: 1\nrows:"))])

    told = capsys.readouterr().err
    assert told.count("warning: ") == told.count("warning: the prompt has {name} and no placeholder") == 1
    assert ".py:" not in told


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_leaves_a_run_that_can_go_on(folder: Path, model_server: ModelServer) -> None:
    suite()
    environment = clean_environment(
        ELLUMINATE_BASE_URL=os.environ["ELLUMINATE_BASE_URL"],
        ELLUMINATE_LLM_BASE_URL=model_server.base_url,
        ELLUMINATE_LLM_MODEL="scripted",
    )
    with model_server.held():
        process = subprocess.Popen(
            [sys.executable, "-m", "elluminate", "run", "suite.yaml"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        model_server.wait_for_requests(1)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert "stands still" in told
    with Client() as client:
        (experiment,) = client.list_experiments()
        experiment.retry_failed()
        assert experiment.results is not None and experiment.results.verdicts is not None
        assert experiment.results.verdicts.is_complete


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_pressed_on_and_on_ends_without_a_word_of_python(
    folder: Path, model_server: ModelServer
) -> None:
    suite()
    environment = clean_environment(
        ELLUMINATE_BASE_URL=os.environ["ELLUMINATE_BASE_URL"],
        ELLUMINATE_LLM_BASE_URL=model_server.base_url,
        ELLUMINATE_LLM_MODEL="scripted",
    )
    with model_server.held():
        process = subprocess.Popen(
            [sys.executable, "-m", "elluminate", "run", "suite.yaml"],
            cwd=folder,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        model_server.wait_for_requests(1)
        ended, end = False, time.monotonic() + 60
        while not ended and time.monotonic() < end:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
                ended = True
        _, told = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)  # the latter where Python was nearly gone
    assert "Exception ignored" not in told and "Traceback" not in told


def test_commands_work_from_a_thread_beside_a_running_loop(capsys: pytest.CaptureFixture[str]) -> None:
    suite()
    codes: list[int] = []

    async def beside() -> None:
        thread = threading.Thread(target=lambda: codes.append(main(["run", "suite.yaml", "--quiet"])))
        thread.start()
        await asyncio.to_thread(thread.join)

    asyncio.run(beside())
    assert codes == [0]
