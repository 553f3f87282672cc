"""Compare a run with the same job in other tools, in one run on this machine: `python -m benchmarks.peers`."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import frozen

from benchmarks import model_endpoint
from tests.support.serve_process import clean_environment

ROWS, AT_ONCE, LATENCY = 1_000, 50, 0.05
CRITERIA = ("Is it short?", "Is it true?", "Is it kind?")
BOUND = 5.0
PROMPTFOO, INSPECT_AI = "0.121.20", "0.3.285"
_LONGEST_SECONDS = 1_800

_DESCRIPTION = f"""\
Have {ROWS:,} rows answered and judged by {len(CRITERIA)} criteria, {AT_ONCE} calls at a time, by a model that answers \
after {LATENCY * 1000:.0f} ms: by this project (local:, as a new process), by promptfoo {PROMPTFOO} (llm-rubric) and \
by inspect_ai {INSPECT_AI} (model_graded_qa), which are installed from their package indexes into a folder that is
removed afterwards. They take turns. The times are those of whole processes, from nothing to a stored result. Needs
npm for promptfoo.
"""

_OURS = """
import sys
from elluminate import Client
rows, *criteria = sys.argv[1:]
with Client() as client:
    template = client.create_prompt_template("Explain", template="Explain {{topic}}.")
    topics = [{"topic": f"topic {number}"} for number in range(int(rows))]
    collection = client.create_collection("Topics", variables=topics)
    experiment = client.run_experiment("Run", template, collection, criteria=criteria)
    print(experiment.results.verdicts.given)
"""

_INSPECT = """
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import model_graded_qa
from inspect_ai.solver import generate
rows, at_once, folder, *criteria = sys.argv[1:]
samples = [Sample(input=f"Explain topic {number}.", target="yes") for number in range(int(rows))]
asked = " {question} {answer} {criterion} {instructions}"
task = Task(dataset=samples, solver=generate(), scorer=[model_graded_qa(template=text + asked) for text in criteria])
(log,) = eval(
    task,
    model="openai/fixed",
    model_args={"responses_api": False},
    max_connections=int(at_once),
    max_samples=int(at_once),
    display="none",
    log_dir=folder,
)
assert log.status == "success", log.error
print(sum(len(sample.scores) for sample in log.samples))
"""


@frozen
class Side:
    """A tool that does the job.

    Attributes:
        name: How it is called.
        run: Does the job with the model at a base URL, in a folder of its own; the verdicts that it gave.
    """

    name: str
    run: Callable[[str, Path], int]


def main() -> int:
    """Measure; returns 0 when the bound is met for both, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=_DESCRIPTION)
    parser.add_argument("--rounds", type=int, default=1, help="rounds (default: %(default)s)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as home, model_endpoint.running(LATENCY) as base_url:
        sides = [Side("elluminate", _ours), *_installed(Path(home))]
        taken: dict[str, list[float]] = {side.name: [] for side in sides}
        for _ in range(rounds):
            for side in sides:
                with tempfile.TemporaryDirectory() as folder:
                    began = time.perf_counter()
                    verdicts = side.run(base_url, Path(folder))
                    taken[side.name].append(time.perf_counter() - began)
                if verdicts != ROWS * len(CRITERIA):
                    raise SystemExit(f"{side.name} gave {verdicts} verdicts of {ROWS * len(CRITERIA)}")
    ideal = ROWS * (1 + len(CRITERIA)) * LATENCY / AT_ONCE
    print(f"the least that the model allows: {ideal:.1f} s")
    is_met = True
    for name, seconds in taken.items():
        ratios = [theirs / ours for theirs, ours in zip(seconds, taken["elluminate"], strict=True)]
        ratio = statistics.median(ratios)
        is_peer = name != "elluminate"
        is_met &= not is_peer or ratio >= BOUND
        verdict = f"at least {BOUND:.0f}x {'ok' if ratio >= BOUND else 'MISSED'}" if is_peer else ""
        print(f"{name:<12} {statistics.median(seconds):>7.1f} s {ratio:>6.2f}x  {verdict}", flush=True)
    return 0 if is_met else 1


def _installed(home: Path) -> list[Side]:
    print("installing inspect_ai ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(home / "inspect")], check=True)
    python = home / "inspect" / "bin" / "python"
    packages = [f"inspect_ai=={INSPECT_AI}", "openai"]
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
    sides = [Side("inspect_ai", lambda base_url, folder: _inspect(python, base_url, folder))]
    npm = shutil.which("npm")
    if npm is None:
        print("promptfoo is left out: there is no npm here", flush=True)
        return sides
    print("installing promptfoo ...", flush=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", f"promptfoo@{PROMPTFOO}"]
    subprocess.run(command, cwd=_folder(home / "promptfoo"), check=True)
    program = home / "promptfoo" / "node_modules" / ".bin" / "promptfoo"
    return [*sides, Side("promptfoo", lambda base_url, folder: _promptfoo(program, base_url, folder))]


def _ours(base_url: str, folder: Path) -> int:
    environment = {
        "ELLUMINATE_BASE_URL": f"local:{folder / 'runs.db'}",
        "ELLUMINATE_LLM_BASE_URL": base_url,
        "ELLUMINATE_LLM_MODEL": "fixed",
        "ELLUMINATE_MAX_CONCURRENT_CALLS": str(AT_ONCE),
        "ELLUMINATE_LLM_MAX_CONNECTIONS": str(AT_ONCE),
    }
    return int(_output([sys.executable, "-c", _OURS, str(ROWS), *CRITERIA], environment))


def _inspect(python: Path, base_url: str, folder: Path) -> int:
    environment = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": "none-is-needed"}
    arguments = [str(ROWS), str(AT_ONCE), str(folder), *CRITERIA]
    return int(_output([str(python), "-c", _INSPECT, *arguments], environment).splitlines()[-1])


def _promptfoo(program: Path, base_url: str, folder: Path) -> int:
    provider = {
        "id": "openai:chat:fixed",
        "config": {"apiBaseUrl": base_url, "apiKey": "none-is-needed"},
    }
    config = {
        "prompts": ["Explain {{topic}}."],
        "providers": [provider],
        "defaultTest": {
            "options": {"provider": provider},
            "assert": [{"type": "llm-rubric", "value": text} for text in CRITERIA],
        },
        "tests": [{"vars": {"topic": f"topic {number}"}} for number in range(ROWS)],
    }
    written, results = folder / "promptfooconfig.json", folder / "results.json"
    written.write_text(json.dumps(config), encoding="utf-8")
    environment = {
        "PROMPTFOO_CONFIG_DIR": str(folder),
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_FAILED_TEST_EXIT_CODE": "0",
    }
    options = ["--no-cache", "--no-table", "--no-progress-bar", "-j", str(AT_ONCE), "-o", str(results)]
    _output([str(program), "eval", "-c", str(written), *options], environment)
    found = json.loads(results.read_text(encoding="utf-8"))["results"]["results"]
    return sum(len(each["gradingResult"]["componentResults"]) for each in found)


def _output(command: list[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command,
        env={**clean_environment(), **environment},
        cwd=tempfile.gettempdir(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_LONGEST_SECONDS,
    )
    if done.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


if __name__ == "__main__":
    sys.exit(main())
