"""Where evaluations run, and what they are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pytest_plugin.projects import TestProject, judge_who_dislikes
from tests.support.model_server import ModelServer

TWELVE = """
    import pytest

    ROWS = [{"number": number} for number in range(12)]


    @pytest.mark.evaluation(rows=ROWS, criteria=["Is it polite?"], pass_rate=0)
    def test_answers(number):
        return f"Number {number}."
"""
KEPT = "--elluminate-server=local:evals.db"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[TestProject]:
    with ModelServer() as model:
        yield TestProject(tmp_path, model)


def test_evaluations_run_on_a_server_of_their_own_unless_told_otherwise(project: TestProject) -> None:
    project.write(test_bot=TWELVE)
    somewhere = "local:somewhere.db"

    assert project.run(ELLUMINATE_BASE_URL=somewhere).code == 0
    assert not (project.folder / "somewhere.db").exists()

    assert project.run("--elluminate-server=env", ELLUMINATE_BASE_URL=somewhere).code == 0
    assert (project.folder / "somewhere.db").exists()

    (project.folder / "pytest.ini").write_text(
        "[pytest]\nelluminate_server = local:kept.db\n", encoding="utf-8"
    )
    ran = project.run()
    assert (ran.code, "empty server" in ran.text) == (0, False)
    assert (project.folder / "kept.db").exists()


def test_a_server_that_cannot_be_used_is_an_error_of_each_test(project: TestProject) -> None:
    project.write(test_bot=TWELVE)

    ran = project.run("--elluminate-server=https://evals.example")

    assert (ran.code, "1 error" in ran.text) == (1, True)
    assert "no credentials for https://evals.example" in ran.text
    assert "During handling" not in ran.text, "told once"


def test_why_nothing_was_run_is_told_alone(project: TestProject) -> None:
    project.write(
        test_bot="""
            import pytest

            @pytest.mark.evaluation(rows="none.csv", criteria=["Is it polite?"])
            def test_without_rows(number):
                return "Hi."

            @pytest.mark.evaluation(rows=[{"number": 1}], criteria=["Is it {{z}}?"])
            def test_without_column(number):
                return "Hi."
        """
    )

    ran = project.run()

    assert (ran.code, ran.text.count("NOT MEASURED"), "wanted it ends" in ran.text) == (1, 2, False), ran.text
    assert "the rows cannot be read: there is no file '" in ran.text
    assert "their path begins at the test's folder" in ran.text
    assert "\nthe criterion 'Is it {{z}}?' has {{z}}, and collection" in ran.text
    assert "\nexperiment: " not in ran.text, "there is none"


def test_a_baseline_needs_a_server_that_keeps_it(project: TestProject) -> None:
    project.write(test_bot=TWELVE)

    ran = project.run("--elluminate-baseline=main")

    assert ran.code == 4
    assert "--elluminate-server=local:evals.db" in ran.text


def test_what_got_worse_than_on_a_branch_fails(project: TestProject) -> None:
    project.write(test_bot=TWELVE)
    misspelt = project.run(KEPT, "--elluminate-baseline=main", ELLUMINATE_BRANCH="main")
    assert (misspelt.code, "NOT MEASURED" in misspelt.text) == (1, True), "no evaluation has run on it"
    assert project.run(KEPT, ELLUMINATE_BRANCH="main").code == 0

    against_main = (KEPT, "--elluminate-baseline=main")
    project.write(test_new=TWELVE.replace("Number", "New"))
    same = project.run(*against_main, ELLUMINATE_BRANCH="mine")
    assert same.code == 0, f"neither worse, nor lacking what is new: {same.text}"

    judge_who_dislikes(project.model, "Number")
    worse = project.run(*against_main, "-n", "2", ELLUMINATE_BRANCH="mine")
    assert (worse.code, "1 failed, 1 passed" in worse.text) == (1, True), worse.text
    assert "no regression against 'test_bot.py::test_answers" in worse.text
    assert "reasoning: It says Number." in worse.text
