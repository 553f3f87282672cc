"""Where a run comes from: found out, kept in the experiment's description, and read from it again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from elluminate.suites.origins import Origin, branch_and_commit, described, origin_in

ORIGIN = Origin(suite='A "quoted"\nname', model="größe", branch="main", commit="abc")


@pytest.mark.parametrize("description", ["", "What it is for.", "Two\nlines"])
def test_an_origin_is_read_as_it_was_written(description: str) -> None:
    text = described(description, ORIGIN)

    assert origin_in(text) == ORIGIN
    assert text.startswith(description)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "What it is for.",
        "elluminate suite: ",
        "elluminate suite: [1]",
        'elluminate suite: {"suite": 1, "model": "a"}',
    ],
)
def test_other_descriptions_say_nothing_of_it(text: str) -> None:
    assert origin_in(text) is None


@pytest.mark.parametrize(
    ("environment", "branch"),
    [
        ({"GITHUB_REF_NAME": "main"}, "main"),
        ({"GITHUB_REF_NAME": "12/merge", "GITHUB_HEAD_REF": "main"}, "pull request main"),
        ({"CI_COMMIT_BRANCH": "main"}, "main"),
        ({"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "main"}, "pull request main"),
        ({"ELLUMINATE_BRANCH": "mine", "GITHUB_REF_NAME": "main"}, "mine"),
        ({}, None),
    ],
)
def test_the_branch_is_what_ci_says(environment: dict[str, str], branch: str | None, tmp_path: Path) -> None:
    assert branch_and_commit(tmp_path, environment)[0] == branch


def test_without_ci_it_is_what_git_says(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        told = subprocess.run(
            ["git", "-C", str(tmp_path), *arguments], capture_output=True, check=True, text=True
        )
        return told.stdout.strip()

    git("init", "-q", "-b", "trunk")
    assert branch_and_commit(tmp_path, {}) == ("trunk", None)
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "first")
    assert branch_and_commit(tmp_path, {}) == ("trunk", git("rev-parse", "HEAD"))
    git("checkout", "-q", "--detach")
    assert branch_and_commit(tmp_path, {})[0] is None
