"""What `@pytest.mark.evaluation(...)` says, looked at while tests are collected. Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

__all__ = ["ASKING", "KEYWORDS", "THRESHOLDS", "said_by", "wrong_with"]

THRESHOLDS = ("pass_rate", "lower_bound", "passing", "max_cost_usd", "confidence", "thresholds")
ASKING = ("max_concurrency", "target_retries", "target_timeout")
"""How the function is called: arguments of `run_experiment`."""
_OF_MODELS = ("llm_config", "cache")
KEYWORDS = (
    *("rows", "collection", "criteria", "criterion_set", "template", "name", "description"),
    *("epochs", "judge", "rating_mode", "timeout", "margin"),
    *(*THRESHOLDS, *ASKING, *_OF_MODELS),
)
_OFTEN_MEANT = {
    "prompt": "template",
    "cases": "rows",
    "dataset": "rows",
    "criterion": "criteria",
    "threshold": "pass_rate",
    "at_least": "pass_rate",
    "min_pass_rate": "pass_rate",
    "n_epochs": "epochs",
    "rating_version": "judge",
    "model": "llm_config",
}
"""What it is called elsewhere."""


def said_by(node: pytest.Item) -> dict[str, Any]:
    """The keywords of all its markers: those of a class or a module are what its own may change."""
    said: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("evaluation"))):
        said.update(marker.kwargs)
    return said


def wrong_with(node: pytest.Item) -> Iterator[str]:
    """All that is wrong with a test's markers, each with the way out."""
    if any(marker.args for marker in node.iter_markers("evaluation")):
        yield "evaluation(...) takes keywords alone, such as rows=[...], criteria=[...], pass_rate=0.9"
        return  # what they were meant as is not known
    said = said_by(node)
    unknown = [name for name in said if name not in KEYWORDS]
    for name in unknown:
        yield f"evaluation(...) has no {name!r}; {_hint(name)}"
    meant = {_meant(name) for name in unknown}
    for one, other in (("rows", "collection"), ("criteria", "criterion_set")):
        if one in said and other in said:
            yield f"evaluation(...): {other} excludes {one}; give one of them"
        if not {one, other} & (said.keys() | meant):
            yield f"evaluation(...) needs {one}=... or {other}=..."
    if "thresholds" in said:
        twice = [name for name in THRESHOLDS[:-1] if name in said]
        if twice:
            yield f"evaluation(...): thresholds says all that is asked for, and excludes {', '.join(twice)}"
    needless = [name for name in (ASKING if "template" in said else _OF_MODELS) if name in said]
    if needless and "template" not in meant:
        what = "a function is asked" if "template" not in said else "a model is asked"
        yield f"evaluation(...): {', '.join(needless)} does not go with it: here {what}"


def _hint(name: str) -> str:
    meant = _meant(name)
    return f"did you mean {meant!r}?" if meant else f"there is {', '.join(KEYWORDS)}"


def _meant(name: str) -> str | None:
    import difflib

    near = difflib.get_close_matches(name, KEYWORDS, n=1)
    return _OFTEN_MEANT.get(name) or (near[0] if near else None)
