"""Run the benchmarks, print a table, and fail when a bound is missed: `python -m benchmarks`."""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
from contextlib import closing
from importlib.metadata import version

from attrs import frozen

from benchmarks import calls, crowds, decoding, engine, fixed_server, importing, pages, programs, sharing
from benchmarks.interleaving import Ratio
from benchmarks.responses_page import RATINGS, RESPONSES, page_of_responses, without_nulls
from tests.support.services import PostgreSQL

_DESCRIPTION = """\
Compare this client with what it could have been built on, in one run on this machine.

Every comparison takes its two sides in turns, so that whatever else the machine does slows both. A ratio is taken
per round; the table shows the smallest and the median one, and the bounds are held against the median. The times
are medians, for orientation only: they differ from machine to machine. The bounds in milliseconds, on importing and
on pages, are held against the best times.
"""
_EXIT = "exit code: 0 all bounds are met, 1 a bound is missed"

DECODING_BOUND = 3.0
CALL_BOUND = 1.3
IMPORT_BOUND_MS = 50.0
CPU_PER_CALL_BOUND = 0.001
OFFLINE_BOUND = 1_000
POSTGRESQL_BOUND = 600
COMPARING_BOUND = 1.1
ENDING_BOUND = 0.2
ENGINE_ROUNDS = 3
LOOKS_BOUND = 0.01
AT_ONCE_MEMORY_BOUND_MB = 400
TARGET_BOUND = 1.15
PAGE_BOUND = 0.1
MEMORY_SLOPE_BOUND_MB = 5.0
"""Megabytes a minute."""
SOAK_SECONDS = 300.0
SHARING_BOUND = 0.55
PLACES_BOUND = 7
SHARING_ROUNDS = 1
"""Each takes half a minute."""


@frozen
class Line:
    """One line of the table.

    Attributes:
        name: What is compared.
        ratio: How the two sides compare.
        first: What the first side is, with its median time.
        second: The same of the second side.
        bound: The stated bound in words, empty when there is none.
        met: Whether it is met.
    """

    name: str
    ratio: Ratio
    first: str
    second: str
    bound: str = ""
    met: bool = True


def main() -> int:
    """Run what was asked for; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=_DESCRIPTION,
        epilog=_EXIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--rounds", type=_rounds, default=15, help="rounds per comparison (default: %(default)s)"
    )
    parser.add_argument(
        "--only",
        choices=sorted(_PARTS | _LONG_PARTS),
        action="append",
        help="run this part only; may be repeated; those that take minutes or other programs are run in no other way: "
        + ", ".join(_LONG_PARTS),
    )
    options = parser.parse_args()
    names = ("attrs", "msgspec", "pydantic", "httpx")
    libraries = ", ".join(f"{name} {version(name)}" for name in names)
    print(f"{platform.python_implementation()} {platform.python_version()}, {libraries}\n", flush=True)
    lines = [line for name in options.only or _PARTS for line in (_PARTS | _LONG_PARTS)[name](options.rounds)]
    _print_table(lines)
    missed = [line for line in lines if not line.met]
    for line in missed:
        print(
            f"missed: {line.name}: {line.bound}, got {line.ratio.median:.2f}x ({line.first}; {line.second})"
        )
    return 1 if missed else 0


def _decoding(rounds: int) -> list[Line]:
    full = page_of_responses()
    lines = []
    for content, what in ((full, "all fields"), (without_nulls(full), "nulls left out")):
        decoding.check(content)
        page = f"{RESPONSES} responses x {RATINGS} ratings, {what}, {len(content) / 1e6:.1f} MB"
        per_item = decoding.against(decoding.pydantic_per_item, content, rounds)
        whole = decoding.against(decoding.pydantic_whole_page, content, rounds)
        lines += [
            Line(
                f"{page}: pydantic per item / elluminate",
                per_item,
                f"elluminate {_ms(per_item.first_typical)}",
                f"pydantic {_ms(per_item.second_typical)}",
                f"at least {DECODING_BOUND:.1f}x",
                per_item.median >= DECODING_BOUND,
            ),
            Line(
                f"{page}: pydantic whole page / elluminate",
                whole,
                f"elluminate {_ms(whole.first_typical)}",
                f"pydantic {_ms(whole.second_typical)}",
            ),
        ]
    return lines


def _calls(rounds: int) -> list[Line]:
    lines = []
    with fixed_server.running() as base_url:
        for name, measure in (("blocking", calls.blocking_calls), ("async", calls.async_calls)):
            ratio = measure(base_url, rounds)
            lines.append(
                Line(
                    f"one GET over loopback, {name}: elluminate / bare httpx",
                    ratio,
                    f"httpx {_ms(ratio.first_typical / calls.CALLS_PER_ROUND)}",
                    f"elluminate {_ms(ratio.second_typical / calls.CALLS_PER_ROUND)}",
                    f"at most {CALL_BOUND:.1f}x",
                    ratio.median <= CALL_BOUND,
                )
            )
    return lines


def _importing(rounds: int) -> list[Line]:
    loaded = importing.http_libraries_imported()
    ratio = importing.import_time(rounds)
    above = ratio.least_difference * 1_000
    return [
        Line(
            f"import elluminate: {above:.0f} ms above the interpreter, HTTP libraries loaded: "
            f"{', '.join(loaded) or 'none'}",
            ratio,
            f"interpreter {_ms(ratio.first_typical)}",
            f"with import {_ms(ratio.second_typical)}",
            f"at most {IMPORT_BOUND_MS:.0f} ms above",
            above <= IMPORT_BOUND_MS and not loaded,
        )
    ]


def _engine(rounds: int) -> list[Line]:
    rounds = min(rounds, ENGINE_ROUNDS)
    lines = []
    for load in engine.MEASURED:
        taken = engine.model_bound(load, rounds)
        per_call, polls = taken.cpu_per_call, taken.slowest_polls
        lines.append(
            Line(
                f"{engine.ROWS} rows x {len(engine.CRITERIA)} criteria, {load.latency * 1_000:.0f} ms a call, "
                f"{load.at_once} at a time: run / the least that it can take",
                taken.ratio,
                f"least {taken.ratio.first_typical:.1f} s",
                f"run {taken.ratio.second_typical:.1f} s, {_ms(per_call)} of computing a call, requests meanwhile "
                f"{_ms(polls)} at the 99th percentile",
                f"at most {load.bound:.1f}x, 1 ms",
                taken.ratio.median <= load.bound and per_call <= CPU_PER_CALL_BOUND,
            )
        )
    looks = engine.watched()
    lines.append(
        Line(
            f"looks at the status of a run of {engine.WATCHED_ROWS} rows, {engine.WATCHED_LATENCY:g} s a call, default "
            "settings, 99th percentile: while it runs / at rest",
            looks,
            f"at rest {_ms(looks.first_typical)}",
            f"while it runs {_ms(looks.second_typical)}",
            f"at most {_ms(LOOKS_BOUND)}",
            looks.second_typical <= LOOKS_BOUND,
        )
    )
    ratio, added = engine.comparing_at_defaults(rounds)
    lines.append(
        Line(
            f"three experiments of {engine.GUIDES_ROWS} rows at once / one, {engine.GUIDES_LATENCY:g} s a call, "
            f"default settings; one ends {added * 1_000:.0f} ms after its models",
            ratio,
            f"one {ratio.first_typical:.2f} s",
            f"three {ratio.second_typical:.2f} s",
            f"at most {COMPARING_BOUND:.1f}x, {ENDING_BOUND:g} s",
            ratio.median <= COMPARING_BOUND and added <= ENDING_BOUND,
        )
    )
    rows = engine.offline(rounds)
    wanted = Ratio([1 / OFFLINE_BOUND], [1 / rows])
    lines.append(
        Line(
            f"offline model, {len(engine.OFFLINE_CRITERIA)} criteria, SQLite, {OFFLINE_BOUND} rows: taken / wanted",
            wanted,
            f"{OFFLINE_BOUND} rows a second",
            f"{rows:.0f} rows a second",
            "at most 1.0x the time",
            rows >= OFFLINE_BOUND,
        )
    )
    return lines


def _sharing(rounds: int) -> list[Line]:
    ratio = sharing.one_worker_and_two(min(rounds, SHARING_ROUNDS))
    used, most = sharing.places_used()
    return [
        Line(
            f"a run of {sharing.ROWS} rows, {sharing.LATENCY:g} s a call, {sharing.CONCURRENCY} rows at a time in each "
            "worker: two workers / one",
            ratio,
            f"one {ratio.first_typical:.1f} s",
            f"two {ratio.second_typical:.1f} s",
            f"at most {SHARING_BOUND:.2f}x",
            ratio.median <= SHARING_BOUND,
        ),
        Line(
            f"{sharing.WORKERS} workers at an endpoint with {sharing.PLACES} places, {sharing.LATENCY:g} s a call: "
            "places used on average / there",
            Ratio([sharing.PLACES], [used]),
            f"{sharing.PLACES} places",
            f"{used:.2f} used on average, {most} at most",
            f"at least {PLACES_BOUND / sharing.PLACES:.2f}x, never more",
            used >= PLACES_BOUND and most <= sharing.PLACES,
        ),
    ]


def _postgresql(rounds: int) -> list[Line]:
    with closing(PostgreSQL()) as postgresql:
        postgresql.start()
        rows = engine.offline(min(rounds, ENGINE_ROUNDS), postgresql.url)
    return [
        Line(
            f"offline model, {len(engine.OFFLINE_CRITERIA)} criteria, PostgreSQL, {POSTGRESQL_BOUND} rows: "
            "taken / wanted",
            Ratio([1 / POSTGRESQL_BOUND], [1 / rows]),
            f"{POSTGRESQL_BOUND} rows a second",
            f"{rows:.0f} rows a second",
            "at most 1.0x the time",
            rows >= POSTGRESQL_BOUND,
        )
    ]


def _at_once(rounds: int) -> list[Line]:
    del rounds  # it is not about time
    took, memory = crowds.experiments_on_one_client()
    return [
        Line(
            f"{crowds.EXPERIMENTS_AT_ONCE} experiments of {crowds.THEIR_ROWS} rows at once on one AsyncClient, "
            f"{crowds.LATENCY:g} s a call: the server's most memory / allowed",
            Ratio([AT_ONCE_MEMORY_BOUND_MB], [memory]),
            f"{AT_ONCE_MEMORY_BOUND_MB} MB",
            f"{memory:.0f} MB, all in {took:.1f} s",
            "at most 1.0x",
            memory <= AT_ONCE_MEMORY_BOUND_MB,
        )
    ]


def _page(rounds: int) -> list[Line]:
    took = crowds.page_of_experiments(rounds)
    return [
        Line(
            f"a page of {crowds.EXPERIMENTS_ON_A_PAGE} experiments with {crowds.RESPONSES_EACH} responses each: "
            "taken / wanted",
            Ratio([PAGE_BOUND], [took]),
            f"wanted {_ms(PAGE_BOUND)}",
            f"taken {_ms(took)}",
            "at most 1.0x",
            took <= PAGE_BOUND,
        )
    ]


def _pages(rounds: int) -> list[Line]:
    looked, waited = pages.look(rounds, min(rounds, ENGINE_ROUNDS))
    lines = [
        Line(
            f"page of {one.name}, of {pages.MANY} answers / of {pages.FEW}",
            one.ratio,
            f"few {_ms(one.ratio.first_typical)}",
            f"many {_ms(one.ratio.second_typical)}, at best {_ms(min(one.ratio.second))}, "
            f"{_ms(one.computing)} of computing",
            f"at most {_ms(one.bound)}",
            min(one.ratio.second) <= one.bound,
        )
        for one in looked
    ]
    lines.append(
        Line(
            "what others wait for something small while those pages are made, 99th percentile / allowed",
            Ratio([pages.WAIT_BOUND], [waited]),
            f"allowed {_ms(pages.WAIT_BOUND)}",
            f"waited {_ms(waited)}",
            "at most 1.0x",
            waited <= pages.WAIT_BOUND,
        )
    )
    return lines


def _soak(rounds: int) -> list[Line]:
    del rounds  # it has a time of its own
    soaked = crowds.soak(SOAK_SECONDS)
    slope = soaked.slope_mb_per_minute
    failed = ", ".join(f"{count} x {kind}" for kind, count in soaked.failures.items()) or "none"
    return [
        Line(
            f"{crowds.CLIENTS} clients for {SOAK_SECONDS:.0f} s, {soaked.calls} calls; failures: {failed}; lost "
            f"writes: {soaked.lost}: growth of the server's memory / allowed",
            Ratio([MEMORY_SLOPE_BOUND_MB], [slope]),
            f"{MEMORY_SLOPE_BOUND_MB:g} MB a minute",
            f"{slope:.2f} MB a minute, from {soaked.memory_mb[0]:.0f} to {soaked.memory_mb[-1]:.0f} MB",
            "at most 1.0x, no failure",
            slope <= MEMORY_SLOPE_BOUND_MB and not soaked.failures and not soaked.lost,
        )
    ]


def _target(rounds: int) -> list[Line]:
    lines = []
    for way in programs.WAYS:
        taken = programs.answering(way, min(rounds, ENGINE_ROUNDS))
        lines.append(
            Line(
                f"{programs.ROWS} rows answered by a program that takes {programs.LATENCY * 1_000:.0f} ms, "
                f"{programs.AT_ONCE} at a time, {way}: answering / the least that it can take",
                taken.answering,
                f"least {taken.answering.first_typical:.2f} s",
                f"answering {taken.answering.second_typical:.2f} s, the whole call "
                f"{statistics.median(taken.whole):.2f} s",
                f"at most {TARGET_BOUND:.2f}x",
                taken.answering.median <= TARGET_BOUND,
            )
        )
    return lines


_PARTS = {
    "decoding": _decoding,
    "calls": _calls,
    "import": _importing,
    "engine": _engine,
    "sharing": _sharing,
    "at-once": _at_once,
    "pages": _pages,
    "target": _target,
}
_LONG_PARTS = {"page": _page, "postgresql": _postgresql, "soak": _soak}
"""Parts that take minutes, or need Debian's package postgresql, and are run where they are asked for by name."""


def _print_table(lines: list[Line]) -> None:
    print(f"{'min':>7} {'median':>7}  {'bound':<25} comparison")
    for line in lines:
        verdict = f"{line.bound} {'ok' if line.met else 'MISSED'}" if line.bound else "-"
        print(f"{line.ratio.minimum:>6.2f}x {line.ratio.median:>6.2f}x  {verdict:<25} {line.name}")
        print(f"{'':>43}({line.first}, {line.second})")


def _ms(seconds: float) -> str:
    return f"{seconds * 1_000:.3g} ms"


def _rounds(text: str) -> int:
    rounds = int(text)
    if not 1 <= rounds <= 1_000:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 1000")
    return rounds


if __name__ == "__main__":
    sys.exit(main())
