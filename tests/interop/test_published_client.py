"""Programs for the published client run with it against our server, and our client sends the same requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.comparison import compared
from tests.interop.expected import ASYNC_ONLY, EXPECTED, LACKING
from tests.interop.published import NEWEST, OURS, VERSIONS, Outcome, run
from tests.support.model_server import ModelServer

MODES = ("blocking", "async")
FAILURES = 2


@pytest.fixture
def environment(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Further variables for a program: where a model answers that fails at first, if the program asks one."""
    if request.node.callspec.params["program"] != "comparing":
        yield {}
        return
    with ModelServer() as model:
        model.fail(FAILURES, status=400)
        yield {"INTEROP_MODEL_URL": model.base_url}


def noted(outcome: Outcome) -> dict[str, Any]:
    return {name: value for name, value in outcome.summary.items() if name not in ("version", "skipped")}


# One worker per version, so that each virtual environment is made once.
@pytest.mark.parametrize(
    "version", [pytest.param(one, marks=pytest.mark.xdist_group(one)) for one in VERSIONS]
)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("program", EXPECTED)
def test_a_program_for_the_published_client_runs_without_an_error(
    version: str,
    mode: str,
    program: str,
    interpreter: Callable[[str], Path],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    if program in LACKING[version]:
        pytest.skip(f"version {version} has nothing that {program} is about")

    outcome = run(interpreter(version), version, program, mode, tmp_path, **environment)

    absent = LACKING[version] | (ASYNC_ONLY if mode == "blocking" else set())
    wanted = {name: value for name, value in EXPECTED[program].items() if name not in absent}
    assert outcome.summary["version"] == version
    assert noted(outcome) == wanted
    assert outcome.messages == ""
    assert [str(one) for one in outcome.requests if one.status >= 500] == []


@pytest.mark.xdist_group(NEWEST)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("program", EXPECTED)
def test_our_client_sends_the_same_requests(
    mode: str, program: str, interpreter: Callable[[str], Path], tmp_path: Path
) -> None:
    outcomes = []
    for version in (NEWEST, OURS):
        with ModelServer() as model:
            model.fail(FAILURES, status=400)
            variables = {"INTEROP_MODEL_URL": model.base_url}
            outcomes.append(run(interpreter(version), version, program, mode, tmp_path, **variables))
    published, ours = outcomes

    comparison = compared(program, published.requests, ours.requests)

    assert comparison.unexpected == ""
    assert comparison.compared >= 8
    assert noted(ours) == noted(published)
