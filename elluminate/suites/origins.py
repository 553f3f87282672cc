"""Where a run of a suite comes from: kept with its experiment, so that a later run finds the last one on a branch."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from attrs import asdict, fields, frozen

__all__ = ["Origin", "branch_and_commit", "described", "origin_in"]

_MARK = "elluminate suite: "
_GIT_SECONDS = 5.0


@frozen(kw_only=True)
class Origin:
    """Of which suite and model an experiment is, on which branch.

    Attributes:
        suite: The suite's name.
        model: What the model is called there.
        branch: The branch; None where that is not known.
        commit: The commit; None where that is not known.
        digest: Of all that shapes its answers and verdicts, as far as that is known; None where it was not told.
    """

    suite: str
    model: str
    branch: str | None = None
    commit: str | None = None
    digest: str | None = None


_NAMES = tuple(one.name for one in fields(Origin))


def described(description: str, origin: Origin) -> str:
    """The description of an experiment, with where it comes from in its last line."""
    return f"{description}\n\n{_MARK}{json.dumps(asdict(origin), ensure_ascii=False)}".strip()


def origin_in(description: str) -> Origin | None:
    """Where an experiment with this description comes from; None where it does not say so."""
    last = description.rpartition("\n")[2]
    if not last.startswith(_MARK):
        return None
    try:
        said = json.loads(last.removeprefix(_MARK))
        names = {name: said.get(name) for name in _NAMES}
    except (ValueError, AttributeError, RecursionError):
        return None
    if not (isinstance(names["suite"], str) and isinstance(names["model"], str)):
        return None
    return Origin(**names)


def branch_and_commit(
    folder: Path, environment: Mapping[str, str] = os.environ
) -> tuple[str | None, str | None]:
    """The branch and the commit that are being worked on: by CI's variables, otherwise by git.

    A pull request's branch is told apart from a branch of the repository, whose name it may have: the baseline is what
    was merged.

    Args:
        folder: Of the suite.
        environment: The variables.

    Returns:
        Both; None for what is not known.
    """
    proposed = environment.get("GITHUB_HEAD_REF") or environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")
    branch = (
        environment.get("ELLUMINATE_BRANCH")
        or (f"pull request {proposed}" if proposed else None)
        or environment.get("GITHUB_REF_NAME")
        or environment.get("CI_COMMIT_BRANCH")
        or environment.get("BRANCH_NAME")
        or _git(folder, "symbolic-ref", "--short", "-q", "HEAD")
    )
    commit = (
        environment.get("GITHUB_SHA") or environment.get("CI_COMMIT_SHA") or _git(folder, "rev-parse", "HEAD")
    )
    return branch, commit


def _git(folder: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(folder), *arguments]
    try:
        ran = subprocess.run(  # noqa: S603
            command, capture_output=True, timeout=_GIT_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.decode("utf-8", "replace").strip() or None
