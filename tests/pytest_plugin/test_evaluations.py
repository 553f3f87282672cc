"""Evaluations as tests: what people read when they pass, fail, and cannot be measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pytest_plugin.projects import TestProject, judge_who_dislikes
from tests.support.model_server import ModelServer

THREE = """
    import pytest

    ROWS = [{"question": "Who?"}, {"question": "How?"}]


    @pytest.fixture
    def bot():
        return lambda question: f"Rubbish. {question}" if question == "How?" else f"Well, {question}"


    @pytest.mark.evaluation(rows="questions.csv", criteria=["Is it polite?"], pass_rate=0.5)
    def test_passes(question, bot):
        return bot(question)


    @pytest.mark.evaluation(rows=ROWS, criteria=["Is it polite?", "Is it short?"], pass_rate=0.9)
    async def test_fails(bot, question):
        return bot(question)


    @pytest.mark.evaluation(rows=ROWS, criteria=["Is it polite?"])
    def test_cannot_be_measured(question):
        raise LookupError(f"nobody knows {question}")
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[TestProject]:
    with ModelServer() as model:
        (tmp_path / "questions.csv").write_text("question\nWho?\nHow?\n", encoding="utf-8")
        judge_who_dislikes(model, "Rubbish")
        yield TestProject(tmp_path, model)


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_failure_tells_row_answer_criterion_and_reasoning(
    project: TestProject, arguments: tuple[str, ...]
) -> None:
    project.write(test_bot=THREE)

    ran = project.run("--strict-markers", "-W", "error", *arguments)

    assert (ran.code, "1 failed, 1 passed, 1 error" in ran.text) == (1, True), ran.text
    failure = ran.text.partition("test_fails ____")[2].partition("=====")[0]
    assert "pass rate: wanted at least 90.0%, got 50.0%" in failure
    assert (
        "row: question = How?\n  answer: Rubbish. How?\n  NO: Is it polite?\n    reasoning: It says Rubbish.\n"
        in failure
    )
    assert "Who?" not in failure, "a row that passed is none of its failures"
    assert (
        "NOT MEASURED test_bot.py::test_cannot_be_measured - NotMeasured: every verdict is there" in ran.text
    )
    assert "no answer: LookupError: nobody knows Who?" in ran.text
    assert "Traceback" not in ran.text
    table = ran.text.partition("= evaluations =")[2]
    lines = [line.split() for line in table.splitlines() if line.startswith("test_bot.py::")]
    assert [(line[0].partition("::")[2], line[1], line[2], line[-1]) for line in lines] == [
        ("test_cannot_be_measured", "0", "-", "measured"),
        ("test_fails", "2", "50.0%", "failed"),
        ("test_passes", "2", "50.0%", "passed"),
    ]
    assert "new, empty server" in table
    assert "offline model" not in table


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_misspelt_keyword_is_refused_at_collection_with_the_nearest_name(
    project: TestProject, arguments: tuple[str, ...]
) -> None:
    project.write(test_bot=THREE.replace("pass_rate=0.5", "pas_rate=0.5"))

    ran = project.run(*arguments)

    assert ran.code != 0
    assert "evaluation(...) has no 'pas_rate'; did you mean 'pass_rate'?" in ran.text
    assert project.model.requests == []


REFUSED_AT_COLLECTION = {
    "ROWS": "takes keywords alone",
    "rows=ROWS": "needs criteria=... or criterion_set=...",
    "rows=ROWS, collection='C', criteria=['X?']": "collection excludes rows",
    "rows=ROWS, criteria=['X?'], cache=True": "cache does not go with it",
}
NOT_TO_BE_RUN = {
    ("rows=[], criteria=['X?']", "question"): "there are no rows",
    ("rows='nowhere.csv', criteria=['X?']", "question"): "nowhere.csv",
    ("rows=ROWS, criteria=['X?']", "questoin"): "'questoin', and that is neither a column nor a fixture",
    ("rows=ROWS, criteria=['X?']", "tmp_path"): "takes nothing of the rows",
    ("rows=ROWS, criteria=['X?'], pass_rate=90", "question"): "90 % is 0.9",
    ("rows=ROWS, criteria=['X?'], template='{{question}}'", "question"): "its parameters are fixtures",
    ("collection='Nowhere', criteria=['X?']", "question"): "'Nowhere'",
}


def test_all_wrong_markers_are_told_at_once(project: TestProject) -> None:
    project.write(
        test_slips="""
        import pytest

        @pytest.mark.evaluation(row=[{"question": "?"}], criterion=["X?"], pas_rate=1)
        def test_one(question): ...

        @pytest.mark.evaluation([1])
        def test_two(question): ...

        class TestMore:
            @pytest.mark.evaluation(rows=[{"question": "?"}])
            def test_three(self, question): ...
        """,
    )

    ran = project.run()

    assert ran.code == 2
    for told in (
        "test_slips.py::test_one: evaluation(...) has no 'row'; did you mean 'rows'?",
        "test_slips.py::test_one: evaluation(...) has no 'criterion'; did you mean 'criteria'?",
        "test_slips.py::test_one: evaluation(...) has no 'pas_rate'; did you mean 'pass_rate'?",
        "test_slips.py::test_two: evaluation(...) takes keywords alone",
        "test_slips.py::TestMore::test_three: evaluation(...) needs criteria=...",
    ):
        assert told in ran.text
    assert "test_one: evaluation(...) needs" not in ran.text
    assert project.model.requests == []


def marked(marker: str, signature: str) -> str:
    """A test module with an evaluation."""
    return f"""
        import pytest

        ROWS = [{{"question": "Who?"}}]

        @pytest.mark.evaluation({marker})
        def test_it({signature}):
            return "Well."
    """


def test_markers_that_make_no_sense_are_refused_at_collection(project: TestProject) -> None:
    files = {
        f"test_{number}": marked(marker, "question") for number, marker in enumerate(REFUSED_AT_COLLECTION)
    }
    project.write(**files)

    ran = project.run()

    assert (ran.code, f"{len(files)} errors" in ran.text) == (2, True)
    for says in REFUSED_AT_COLLECTION.values():
        assert says in ran.text


def test_what_cannot_be_run_is_told_and_never_passes(project: TestProject) -> None:
    files = {f"test_{number}": marked(*given) for number, given in enumerate(NOT_TO_BE_RUN)}
    files["test_unittest"] = """
        import unittest

        import pytest

        class Test(unittest.TestCase):
            @pytest.mark.evaluation(rows=[{"question": "Who?"}], criteria=["X?"])
            def test_it(self):
                return "Well."
    """
    project.write(**files)

    ran = project.run()

    assert ran.code == 1
    assert f"{len(files)} errors in" in ran.text.splitlines()[-1].replace("=", ""), (
        "and none passed or failed"
    )
    for says in NOT_TO_BE_RUN.values():
        assert says in ran.text
    assert "does not go with methods of a unittest.TestCase" in ran.text
    assert project.model.requests == []


def test_a_dead_judge_is_not_measured(project: TestProject) -> None:
    project.write(test_bot=THREE)
    project.model.verdict = lambda request: "I would rather not say."

    ran = project.run("-k", "passes")

    assert (ran.code, "1 error" in ran.text) == (1, True), ran.text
    assert "NOT MEASURED" in ran.text


def test_tests_are_chosen_and_stopped_as_always(project: TestProject) -> None:
    project.write(test_bot=THREE)

    collected = project.run("--collect-only", "-q")
    assert "test_bot.py::test_fails" in collected.text
    assert project.model.requests == []
    assert "1 failed, 1 passed" in project.run("-x").text
    last_failed = project.run("--lf", "-q")
    assert "1 failed" in last_failed.text
    assert "passed" not in last_failed.text.splitlines()[-1]


def test_a_test_run_without_evaluations_loads_nothing_of_the_package(project: TestProject) -> None:
    project.write(
        test_other="""
        import sys

        import pytest

        def test_it():
            ours = {name for name in sys.modules if name.startswith("elluminate")}
            assert ours == {"elluminate", "elluminate.pytest_plugin"}
        """
    )
    ran = project.run("-p", "no:pytest_httpx")
    assert (ran.code, "evaluations" in ran.text) == (0, False), ran.text


def test_functions_of_many_kinds_are_evaluated(project: TestProject) -> None:
    project.write(
        test_bot="""
        import pytest

        pytestmark = pytest.mark.evaluation(criteria=["Is it polite?"], rows=[{"question": "Who?", "request": "me"}])
        seen = []


        @pytest.mark.parametrize("style", ["formal", "short"])
        def test_parameters(style, question, request):
            assert request == "me", "a column goes before a fixture of its name"
            seen.append(style)
            return f"{style}: {question}"


        class TestMethods:
            @pytest.mark.evaluation(rows=[{"n": 1, "of": {"a": [2]}}], epochs=2, max_concurrency=1, target_retries=0)
            def test_method(self, row):
                return "Well." if row == {"n": 1, "of": {"a": [2]}} else f"Rubbish: {row!r}"

            @pytest.mark.evaluation(template="Answer: {{question}}", cache=True)
            def test_model(self, tmp_path):
                seen.append(tmp_path.is_dir())

        @pytest.mark.evaluation(template="Answer: {{question}}", pass_rate=0.1)
        def test_body_fails():
            assert sorted(set(map(str, seen))) == ["True", "formal", "short"]
            assert "the body" == "has run"
        """
    )
    ran = project.run("-W", "error")
    assert "1 failed, 4 passed" in ran.text, ran.text
    assert "has run" in ran.text


def test_what_a_plain_test_has_measured_can_be_checked(project: TestProject) -> None:
    project.write(
        test_plain="""
        import pytest
        from elluminate.exceptions import ValidationError


        @pytest.fixture
        def experiment(elluminate_client):
            rows = elluminate_client.get_or_create_collection("R", {"variables": [{"q": "Rubbish"}, {"q": "Well"}]})[0]
            return elluminate_client.run_experiment("E", None, rows, criteria=["Is it?"], target=lambda q: q)


        def test_check(experiment, elluminate_check):
            with pytest.raises(ValidationError, match="no threshold 'rate'"):
                elluminate_check(experiment, rate=0.5)
            assert elluminate_check(experiment, pass_rate=0.5).outcome == "passed"
            elluminate_check(experiment)
        """
    )
    ran = project.run()
    assert "1 failed" in ran.text, ran.text
    assert "wanted at least 100.0%, got 50.0%" in ran.text
    assert "answer: Rubbish" in ran.text
    assert len([line for line in ran.text.splitlines() if line.startswith("E  ")]) == 2


def test_an_interrupt_ends_the_test_run(project: TestProject) -> None:
    project.write(
        test_bot="""
        import os
        import signal

        import pytest

        signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell has it ignored


        @pytest.mark.evaluation(rows=[{"n": number} for number in range(50)], criteria=["X?"], max_concurrency=1)
        def test_it(n):
            if n == 1:
                os.kill(os.getpid(), signal.SIGINT)
            return "Well."
        """
    )
    ran = project.run()
    assert ran.code == 2, ran.text
    assert "KeyboardInterrupt" in ran.text
    assert "INTERNALERROR" not in ran.text
