"""Programs for the published client run with it against our server, and our client sends the same requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.interop.comparison import ADDED, INTENDED, SPARED, compared
from tests.interop.expected import ASYNC_ONLY, EXPECTED, LACKING
from tests.interop.published import NEWEST, OURS, Outcome, installed, pinned, run
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


class Programs:
    """The programs with one version; `--dist loadscope` gives a class to one worker, which makes its environment."""

    version: str

    def test_its_environment_holds_what_is_pinned_and_nothing_else(
        self, interpreter: Callable[[str], Path]
    ) -> None:
        found = installed(interpreter(self.version))
        assert found.pop("elluminate") == self.version
        assert found.items() <= pinned().items()

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("program", EXPECTED)
    def test_a_program_for_the_published_client_runs_without_an_error(
        self, mode: str, program: str, ran: Ran
    ) -> None:
        lacking = LACKING[self.version]
        if program in lacking:
            pytest.skip(f"version {self.version} has nothing that {program} is about")

        outcome = ran(self.version, program, mode)

        absent = lacking | (ASYNC_ONLY if mode == "blocking" else set())
        wanted = {name: value for name, value in EXPECTED[program].items() if name not in absent}
        assert outcome.summary["version"] == self.version
        assert noted(outcome) == wanted
        assert outcome.messages == ""
        assert [str(one) for one in outcome.requests if one.status >= 500] == []


class TestVersion152(Programs):
    version = NEWEST

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("program", EXPECTED)
    def test_our_client_sends_the_same_requests(self, mode: str, program: str, ran: Ran) -> None:
        published, ours = (ran(version, program, mode) for version in (NEWEST, OURS))

        comparison = compared(program, published.requests, ours.requests)

        assert comparison.unexpected == ""
        assert comparison.compared >= 8
        assert noted(ours) == noted(published)

    def test_every_intended_difference_shows(self, ran: Ran) -> None:
        shown: set[str] = set()
        for program in EXPECTED:
            for mode in MODES:
                published, ours = (ran(version, program, mode) for version in (NEWEST, OURS))
                shown |= compared(program, published.requests, ours.requests).intended
        assert shown == {difference.reason for difference in (*INTENDED, *SPARED, *ADDED)}


class TestVersion1113(Programs):
    version = "1.1.13"


class TestVersion106(Programs):
    version = "1.0.6"
