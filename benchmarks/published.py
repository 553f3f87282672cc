"""Compare this client with the published one, in one run against one server: `python -m benchmarks.published`."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from benchmarks.published_program import CALLS, ROWS
from elluminate import Client
from tests.interop.published import NEWEST, install
from tests.support.serve_process import Served, clean_environment, serving

_DESCRIPTION = f"""\
Compare this client with version {NEWEST} of the published one, which gets a virtual environment of its own (from
the package index), in one run against one server of ours. The two take turns, each in a new process per round, so
that whatever else the machine does slows both. The table shows the smallest and the median ratio: how many times as
much time (or memory) the published client needs. Bounds are held against the median.
"""
_PROGRAM = Path(__file__).with_name("published_program.py")
_EXPERIMENT = "Ten thousand answers"
_CRITERIA = ["Is it short?", "Is it clear?"]
_PROGRAM_SECONDS = 600


@frozen
class Taken:
    """What one process needed."""

    seconds: float
    peak_mb: float


@frozen
class Comparison:
    """One line of the table: what is done, by which measure, and the least ratio that is wanted."""

    name: str
    thing: str
    measure: Callable[[Taken], float]
    unit: str
    bound: float


COMPARISONS = (
    Comparison("import elluminate", "importing", lambda taken: taken.seconds * 1000, "ms", 8.0),
    Comparison(f"get_experiment, {ROWS:,} rated responses", "reading", lambda taken: taken.seconds, "s", 4.0),
    Comparison(f"get_experiment, {ROWS:,}: peak memory", "reading", lambda taken: taken.peak_mb, "MB", 2.0),
    Comparison(f"adding {ROWS:,} rows", "uploading", lambda taken: taken.seconds, "s", 1.0),
    Comparison(f"{CALLS:,} small concurrent calls", "calling", lambda taken: taken.seconds, "s", 1.5),
)


def main() -> int:
    """Measure; returns 0 when all bounds are met, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.published",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds per comparison (default: %(default)s)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        print(f"installing version {NEWEST} of the published client ...", flush=True)
        theirs = install(NEWEST, Path(folder) / "published")
        with serving(Path(folder) / "benchmark.db") as served:
            print(f"making an experiment with {ROWS:,} rated responses ...", flush=True)
            _prepare(served)
            taken: dict[str, list[tuple[Taken, Taken]]] = {}
            for thing in dict.fromkeys(comparison.thing for comparison in COMPARISONS):
                print(f"{thing} ...", flush=True)
                taken[thing] = [_round(number, thing, theirs, served) for number in range(rounds)]
    met = [_line(comparison, taken[comparison.thing]) for comparison in COMPARISONS]
    return 0 if all(met) else 1


def _prepare(served: Served) -> None:
    with Client(base_url=served.base_url, api_key=served.api_key) as client:
        client.create_criterion_set("Small", ["Is it short?"])
        template = client.create_prompt_template("Explain", template="Explain {{concept}} to {{reader}}.")
        rows = [{"concept": f"concept {number}", "reader": "a child"} for number in range(ROWS)]
        collection = client.create_collection("Concepts", variables=rows)
        client.run_experiment(_EXPERIMENT, template, collection, criteria=_CRITERIA)


def _round(number: int, thing: str, theirs: Path, served: Served) -> tuple[Taken, Taken]:
    """What ours and theirs needed; each round lets the other begin."""
    sides = {"ours": Path(sys.executable), "theirs": theirs}
    order = list(sides) if number % 2 else list(reversed(sides))
    results = {side: _run(sides[side], thing, served) for side in order}
    return results["ours"], results["theirs"]


def _run(python: Path, thing: str, served: Served) -> Taken:
    argument = {"reading": _EXPERIMENT, "calling": "Small"}.get(thing, f"Rows {uuid.uuid4().hex}")
    done = subprocess.run(
        [str(python), str(_PROGRAM), thing, argument],
        env=clean_environment(**served.environment),
        cwd=tempfile.gettempdir(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_PROGRAM_SECONDS,
    )
    if done.returncode != 0:
        raise SystemExit(f"{thing} failed with {python}: {done.stderr[-2000:]}")
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def _line(comparison: Comparison, rounds: list[tuple[Taken, Taken]]) -> bool:
    measured = [(comparison.measure(ours), comparison.measure(theirs)) for ours, theirs in rounds]
    ratios = [theirs / ours for ours, theirs in measured]
    met = statistics.median(ratios) >= comparison.bound
    ours, theirs = (statistics.median(side) for side in zip(*measured, strict=True))
    print(
        f"{min(ratios):6.2f}x {statistics.median(ratios):6.2f}x  at least {comparison.bound:g}x "
        f"{'ok    ' if met else 'MISSED'}  {comparison.name} "
        f"(published {theirs:.3g} {comparison.unit}, ours {ours:.3g} {comparison.unit})",
        flush=True,
    )
    return met


if __name__ == "__main__":
    sys.exit(main())
