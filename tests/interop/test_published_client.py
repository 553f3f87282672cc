"""Programs for the published client run with it against our server, and our client sends the same requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.interop.comparison import compared
from tests.interop.expected import ASYNC_ONLY, EXPECTED, LACKING
from tests.interop.published import NEWEST, OURS, VERSIONS, Outcome, installed, pinned, run
from tests.support.model_server import ModelServer

MODES = ("blocking", "async")
FAILURES = 2
FAILING = frozenset({"comparing"})
"""Programs that ask a model which fails at first, so often."""

Ran = Callable[[str, str, str], Outcome]


@pytest.fixture(scope="session")
def ran(interpreter: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Tells what came of a program, run with a version in a mode; each is run once."""

    @cache
    def outcome(version: str, program: str, mode: str) -> Outcome:
        folder = tmp_path_factory.mktemp("interop")
        if program not in FAILING:
            return run(interpreter(version), version, program, mode, folder)
        with ModelServer() as model:
            model.fail(FAILURES, status=400)
            return run(interpreter(version), version, program, mode, folder, INTEROP_MODEL_URL=model.base_url)

    return outcome


def noted(outcome: Outcome) -> dict[str, Any]:
    return {name: value for name, value in outcome.summary.items() if name not in ("version", "skipped")}


# One worker per version, so that each virtual environment is made once.
@pytest.mark.parametrize(
    "version", [pytest.param(one, marks=pytest.mark.xdist_group(one)) for one in VERSIONS]
)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("program", EXPECTED)
def test_a_program_for_the_published_client_runs_without_an_error(
    version: str, mode: str, program: str, ran: Ran
) -> None:
    if program in LACKING[version]:
        pytest.skip(f"version {version} has nothing that {program} is about")

    outcome = ran(version, program, mode)

    absent = LACKING[version] | (ASYNC_ONLY if mode == "blocking" else set())
    wanted = {name: value for name, value in EXPECTED[program].items() if name not in absent}
    assert outcome.summary["version"] == version
    assert noted(outcome) == wanted
    assert outcome.messages == ""
    assert [str(one) for one in outcome.requests if one.status >= 500] == []


@pytest.mark.parametrize(
    "version", [pytest.param(one, marks=pytest.mark.xdist_group(one)) for one in VERSIONS]
)
def test_its_environment_holds_what_is_pinned_and_nothing_else(
    version: str, interpreter: Callable[[str], Path]
) -> None:
    found = installed(interpreter(version))
    assert found.pop("elluminate") == version
    assert found.items() <= pinned().items()


@pytest.mark.xdist_group(NEWEST)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("program", EXPECTED)
def test_our_client_sends_the_same_requests(mode: str, program: str, ran: Ran) -> None:
    published, ours = (ran(version, program, mode) for version in (NEWEST, OURS))

    comparison = compared(program, published.requests, ours.requests)

    assert comparison.unexpected == ""
    assert comparison.compared >= 8
    assert noted(ours) == noted(published)
