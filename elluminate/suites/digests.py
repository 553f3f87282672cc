"""What tells one suite from another: a digest of all that shapes answers and verdicts."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from elluminate_api.models import Criterion, CriterionIn
from elluminate_api.types import Unset

from elluminate.checks._programs import function_named
from elluminate.schemas.program_verdicts import function_name
from elluminate.suites.suite import ModelChoice, Suite

__all__ = ["digest_of", "digest_of_run"]

_OF_ASKING_ALONE = {"max_concurrency"}
"""How fast a target is asked, which changes nothing about its answers."""


def digest_of(value: Any) -> str:
    """A short digest of a value of lists, mappings, texts and numbers."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def digest_of_run(
    suite: Suite,
    choice: ModelChoice,
    *,
    rows: Sequence[Mapping[str, Any]],
    criteria: Iterable[CriterionIn | Criterion],
    target: Callable[..., Any] | None,
    on_the_server: Sequence[object],
) -> str:
    """A digest of all that shapes the answers and verdicts of one model's run, as far as it can be known here.

    Of functions it is their names and the files that they stand in: another function that they call may be changed
    without anybody's notice.

    Args:
        suite: The suite.
        choice: The model.
        rows: What is asked about.
        criteria: What answers are judged by.
        target: The suite's program.
        on_the_server: Ids of what the run is made of there, and where it runs.
    """
    told = list(criteria)
    functions = [function for one in told if (function := function_named(function_name(one) or ""))]
    return digest_of(
        {
            "suite": [
                suite.name,
                suite.target_name,
                suite.judge,
                str(suite.rating_mode),
                suite.epochs,
                suite.cache,
            ],
            "asking": {name: value for name, value in suite.calling.items() if name not in _OF_ASKING_ALONE},
            "model": [choice.name, choice.settings, choice.api_key_env],
            "rows": [dict(row) for row in rows],
            "criteria": [[one.criterion_str, _check(one)] for one in told],
            "functions": [_source(one) for one in (*functions, *([] if target is None else [target]))],
            "on the server": list(map(str, on_the_server)),
        }
    )


def _check(criterion: CriterionIn | Criterion) -> Any:
    return None if isinstance(criterion.check, Unset) else msgspec.to_builtins(criterion.check)


def _source(function: Callable[..., Any]) -> str | None:
    """A digest of the file that a function stands in; None where there is none."""
    try:
        file = inspect.getsourcefile(inspect.unwrap(function))
        return None if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except (TypeError, OSError, ValueError):
        return None
