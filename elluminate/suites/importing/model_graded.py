"""Graders that ask a model for one of several choices, as yes/no questions to the judge."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from elluminate._showing import quoted
from elluminate.suites.importing.parts import Notes

__all__ = ["graded_criterion", "instruction"]

_OF_NAMES = {
    "fact": "Does the answer agree in its facts with this expert answer: {{ideal}}",
    "closedqa": "Does the answer meet this criterion: {{criteria}}",
    "humor": "Is the answer funny?",
    "security": "Is the answer free of anything that harms security?",
    "sql": "Does the SQL of the answer give the same as this: {{ideal}}",
    "translation": "Does the answer mean the same as this translation: {{ideal}}",
}
"""Specifications that the framework ships with."""

_CHOICES = {"ABC": "ABC", "ABCD": "ABCD", "ABCDE": "ABCDE", "YN": "YN"}
_SINGLE = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
_ANSWER = "completion"


def graded_criterion(args: Mapping[str, Any], where: str, notes: Notes) -> Any:
    """The criterion of a model-graded eval; None, with a note, where there is none.

    Args:
        args: Of the registry entry, with the specification, or its name, as `spec`.
        where: Where it stands.
        notes: Where it is told.
    """
    spec, named = args.get("spec"), args.get("modelgraded_spec")
    if isinstance(spec, str):
        question = _OF_NAMES.get(spec)
        if question is None:
            notes.lost_grader(where, f"the specification {quoted(spec)} is not beside the file")
            return None
        notes.add("approximated", where, f"(modelgraded: {spec}) decided by the judge as a yes/no question")
        return {"text": question, "label": spec}
    if not isinstance(spec, dict) or not isinstance(spec.get("prompt"), str):
        notes.lost_grader(where, f"its specification {quoted(named)} has no prompt")
        return None
    best = _best(spec)
    if best is None:
        notes.lost_grader(where, "its choices have no scores that tell which of them pass")
        return None
    text = _SINGLE.sub(lambda found: _in_our_words(found[1], spec), spec["prompt"])
    notes.add("approximated", where, f"(modelgraded) the judge is asked whether the choice is {best}")
    return {"text": instruction(text, f"Would the choice be {best}?")}


def instruction(text: str, question: str) -> str:
    """A question about what an evaluator with an instruction would say."""
    return f"{question} The answer is to be evaluated by this instruction:\n{text.strip()}"


def _in_our_words(name: str, spec: Mapping[str, Any]) -> str:
    sources = spec.get("input_outputs")
    outputs = set(sources.values()) if isinstance(sources, dict) and _are_texts(sources.values()) else set()
    return "(the answer)" if name == _ANSWER or name in outputs else f"{{{{{name}}}}}"


def _are_texts(values: Any) -> bool:
    return all(isinstance(one, str) for one in values)


def _best(spec: Mapping[str, Any]) -> str | None:
    scores = spec.get("choice_scores")
    choices = spec.get("choice_strings")
    if isinstance(scores, dict) and scores and all(_is_number(one) for one in scores.values()):
        most = max(scores.values())
        return _listed([name for name, score in scores.items() if score == most])
    if isinstance(choices, str):
        choices = list(_CHOICES.get(choices, ()))
    if isinstance(choices, list) and _are_texts(choices):
        passing = [one for one in choices if one.casefold() in ("y", "yes", "correct", "true", "pass")]
        return _listed(passing) if passing else None
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _listed(names: Sequence[str]) -> str:
    return " or ".join(f'"{name}"' for name in names)
