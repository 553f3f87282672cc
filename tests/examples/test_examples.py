"""Every example runs as its docstring says, as a process of its own, and prints what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.model_server import CapturedRequest, ModelServer, Reply, refusal
from tests.support.serve_process import clean_environment

EXAMPLES = Path(__file__).parents[2] / "examples"
IN_MEMORY = "local::memory:"
SECONDS = 120


def run(name: str, *arguments: str, base_url: str = IN_MEMORY, expected: int = 0, **environment: str) -> str:
    """Run an example; what it printed, once it has ended with the expected exit code."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        env=clean_environment(ELLUMINATE_BASE_URL=base_url, PYTHONUTF8="1", **environment),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    assert done.returncode == expected, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_example_is_tested_here() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    missing = [path.name for path in EXAMPLES.glob("*.py") if f'"{path.name}"' not in tests]
    assert not missing


def test_the_complete_example_prints_inputs_outputs_verdicts_and_the_pass_rate() -> None:
    printed = run("complete_example.py")
    for number, concept in enumerate(("recursion", "closures", "tail calls"), 1):
        assert f"{number}. Input:  concept = {concept}\n   Output: Offline answer about" in printed
    verdicts = re.findall(r"^   (YES|NO) ", printed, flags=re.MULTILINE)
    # The offline model is deterministic: five criteria, two of which ask for code, which it cannot write.
    assert sorted(verdicts) == ["NO"] * 6 + ["YES"] * 9
    assert "Pass rate: 60% (9 of 15 verdicts are YES)" in printed
    assert "measures nothing" in printed


def test_the_complete_example_can_be_run_again_on_the_same_data(tmp_path: Path) -> None:
    database = f"local:{tmp_path / 'evals.db'}"
    first = run("complete_example.py", base_url=database)
    second = run("complete_example.py", base_url=database)
    assert "proposed by the model" in first
    assert "from an earlier run" in second
    for printed in (first, second):
        assert "Test cases  3 in" in printed
        assert "Pass rate: 60% (9 of 15 verdicts are YES)" in printed


def test_every_example_can_be_run_again_on_the_same_data(tmp_path: Path) -> None:
    database = f"local:{(tmp_path / 'evals.db').as_posix()}"
    programs = sorted(path.name for path in EXAMPLES.glob("*.py") if path.name != "fastapi_app.py")
    assert len(programs) >= 5
    for _ in range(2):
        for name in programs:
            arguments = ("--at-least", "0.5") if name == "ci_gate.py" else ()
            run(name, *arguments, base_url=database)


def test_concurrent_experiments_prints_one_line_per_experiment() -> None:
    printed = run("concurrent_experiments.py")
    assert len(re.findall(r" \d+% YES over 3 answers$", printed, flags=re.MULTILINE)) == 6
    assert "6 experiments, 3 at a time" in printed


def test_streaming_progress_ends_at_a_hundred_percent_with_results() -> None:
    printed = run("streaming_progress.py")
    lines = printed.splitlines()
    assert lines[0] == "queued"
    bars = [line for line in lines if line.startswith("[")]
    assert "100 %  generated 24/24  rated 24/24  epochs 8/8 8/8 8/8" in bars[-1]
    # Log lines come each once: a response is generated once and rated once.
    assert sum(int(count) for count in re.findall(r"^ +(\d+) log lines", printed, flags=re.MULTILINE)) == 48
    assert "Rated responses: 24, failed: 0" in printed


def test_ab_test_compares_case_by_case() -> None:
    printed = run("ab_test.py")
    assert re.search(r"^A:  67% YES over 10 answers", printed, flags=re.MULTILINE)
    assert re.search(r"^B: 100% YES over 10 answers", printed, flags=re.MULTILINE)
    assert "B is better on 5, worse on 0, equal on 0 of 5 topics" in printed


@pytest.mark.parametrize(
    ("at_least", "expected", "says"), [("0.5", 0, ": passed"), ("0.95", 1, ": FAILED"), ("2", 2, "")]
)
def test_the_ci_gate_tells_by_its_exit_code(at_least: str, expected: int, says: str) -> None:
    assert says in run("ci_gate.py", "--at-least", at_least, expected=expected)


def test_the_ci_gate_does_not_take_an_outage_for_a_bad_prompt() -> None:
    assert run("ci_gate.py", base_url="http://127.0.0.1:9", expected=2) == ""  # no key for it


@pytest.mark.parametrize(
    "fails", ["Is the answer polite?", "charged twice", ""], ids=["criterion", "row", "all"]
)
@pytest.mark.parametrize("kind", ["verdict", "answer"])
def test_the_ci_gate_does_not_measure_what_is_missing(kind: str, fails: str) -> None:
    with ModelServer() as models:
        usual = {"verdict": models.verdict, "answer": models.answer}

        def reply(request: CapturedRequest) -> str | Reply:
            fails_now = request.kind == kind and fails in str(request.json)
            return refusal("scripted outage") if fails_now else usual[request.kind](request)

        models.verdict = models.answer = reply
        is_measured = kind == "answer" and fails.startswith("Is the")  # no answer is asked for by a criterion
        printed = run(
            "ci_gate.py",
            expected=0 if is_measured else 2,
            ELLUMINATE_LLM_BASE_URL=models.base_url,
            ELLUMINATE_LLM_MODEL="scripted",
        )
    assert ("pass rate" in printed) == is_measured


def test_the_fastapi_application_evaluates_what_it_is_sent() -> None:
    command = [sys.executable, str(EXAMPLES / "fastapi_app.py"), "--port", "0"]
    environment = clean_environment(ELLUMINATE_BASE_URL=IN_MEMORY, PYTHONUTF8="1")
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            address = address_in(process)
            with httpx.Client(base_url=address, timeout=SECONDS) as http:
                wanted = {
                    "prompt": "Explain {{concept}} in one sentence.",
                    "test_cases": [{"concept": "recursion"}, {"concept": "closures"}],
                    "criteria": ["Is it concise?", "Does it mention {{concept}}?"],
                }
                outcome = http.post("/evaluate", json=wanted)
                assert outcome.status_code == 200, outcome.text
                assert outcome.json()["pass_rate"] == 1.0
                assert "recursion" in outcome.json()["answers"][0]
                assert "closures" in outcome.json()["answers"][1]
                assert http.post("/evaluate", json=wanted).json()["pass_rate"] == 1.0  # again, with the same

                unfit = http.post("/evaluate", json=wanted | {"test_cases": [{"idea": "recursion"}]})
                assert unfit.status_code == 422
                assert "{{concept}}" in unfit.json()["detail"]
        finally:
            process.terminate()


def address_in(process: subprocess.Popen[str]) -> str:
    """Where a uvicorn process says that it runs."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        found = re.search(r"running on (http://[\d.:]+)", line)
        if found:
            return found[1]
    raise AssertionError("it ended before it was ready:\n" + "".join(said))
