"""Runs that have begun and are not over: who goes on with them, and what is the same suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from elluminate_api.models import CriterionIn

from elluminate.suites.begun import begun_run
from elluminate.suites.digests import digest_of_run
from elluminate.suites.suite import ModelChoice, Suite

SUITE = Suite(path=Path("suite.yaml"), name="Greetings", target="greeting:greet")
GIVEN: dict[str, Any] = {
    "rows": [{"name": "Ada"}],
    "criteria": [CriterionIn(criterion_str="Is it polite?")],
    "target": None,
    "on_the_server": (1, 2, None, "main", "c0ffee"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


def test_a_run_that_was_broken_off_is_gone_on_with_by_one_alone() -> None:
    with begun_run("aa", "first") as first, begun_run("aa", "second") as second:
        assert first is not None and not first.was_broken_off
        assert second is not None and not second.was_broken_off  # the first is under way
        second.end()
    with begun_run("bb", "other suite") as other, begun_run("aa", "new", anew=True) as new:
        assert other is not None and not other.was_broken_off
        assert new is not None and not new.was_broken_off
        other.end()
        new.end()
    with begun_run("aa", "third") as third, begun_run("aa", "fourth") as fourth:
        assert third is not None and (third.experiment, third.was_broken_off) == ("first", True)
        assert fourth is not None and (fourth.experiment, fourth.was_broken_off) == ("fourth", False)
        third.begin_anew("fifth")
        fourth.end()
    with begun_run("aa", "sixth") as sixth:
        assert sixth is not None and (sixth.experiment, sixth.was_broken_off) == ("fifth", True)
        sixth.end()
    with begun_run("aa", "seventh") as seventh:
        assert seventh is not None and not seventh.was_broken_off


def test_where_nothing_can_be_kept_there_is_nothing_to_go_on_with(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    file = folder / "file"
    file.touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(file))
    with begun_run("aa", "first") as run:
        assert run is None


@pytest.mark.parametrize(
    ("suite", "given"),
    [
        ({"name": "Farewells"}, {}),
        ({"target": "greeting:other"}, {}),
        ({"judge": "latest"}, {}),
        ({"epochs": 2}, {}),
        ({"calling": {"target_timeout": 3}}, {}),
        ({}, {"rows": [{"name": "Grace"}]}),
        ({}, {"criteria": [CriterionIn(criterion_str="Is it short?")]}),
        ({}, {"on_the_server": (1, 2, None, "main", "decade")}),
    ],
    ids=str,
)
def test_what_shapes_answers_or_verdicts_makes_another_run(suite: Any, given: Any) -> None:
    choice = ModelChoice(name="default")
    before = digest_of_run(SUITE, choice, **GIVEN)
    assert digest_of_run(evolve(SUITE, **suite), choice, **{**GIVEN, **given}) != before
    assert digest_of_run(SUITE, ModelChoice(name="small"), **GIVEN) != before


@pytest.mark.parametrize(
    "suite", [{"description": "More"}, {"timeout": 3.0}, {"calling": {"max_concurrency": 2}}], ids=str
)
def test_what_shapes_neither_does_not(suite: Any) -> None:
    choice = ModelChoice(name="default")
    assert digest_of_run(evolve(SUITE, **suite), choice, **GIVEN) == digest_of_run(SUITE, choice, **GIVEN)


def test_a_changed_program_is_another_one(tmp_path: Path) -> None:
    def digest() -> str:
        scope: dict[str, Any] = {}
        exec(compile(file.read_text("utf-8"), str(file), "exec"), scope)
        return digest_of_run(SUITE, ModelChoice(name="default"), **{**GIVEN, "target": scope["greet"]})

    file = tmp_path / "greeting.py"
    file.write_text("def greet(name):\n    return 'Hi'\n", "utf-8")
    before = digest()
    assert digest() == before
    file.write_text("def greet(name):\n    return 'Hello'\n", "utf-8")
    assert digest() != before
