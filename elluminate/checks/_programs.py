"""Checks that a function of the caller's decides, in the caller's process."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from elluminate_api.models import Check, CheckType, CriterionIn

from elluminate._showing import shown
from elluminate.checks._wording import criterion_of
from elluminate.exceptions import ValidationError

_functions: dict[str, Callable[..., Any]] = {}
"""The functions of `python`, by name."""
_made: dict[int, tuple[weakref.ref[CriterionIn], Callable[..., Any]]] = {}
"""What `python` has made, by identity (criteria that say the same are equal), and the function of each."""


def python(
    function: Callable[..., Any],
    name: str | None = None,
    *,
    text: str | None = None,
    label: str | None = None,
) -> CriterionIn:
    """A function of yours decides, in your process: the server never runs it.

    It is called when the answers are there, by everything that waits for verdicts (`run_experiment`,
    `stream_experiment`, `evaluate`, `rerun`, `retry_failed`, `wait_until_finished`, `rate_responses`,
    `stream_batch_rate` and suites), and its verdicts are stored with the origin `program`. Its parameters are named
    `response` (the answer's text), `messages` (the whole answer), or after columns of the row. It returns True or
    False, or a pair of that and the reason. Where it raises, or returns something else, there is no verdict.
    An ordinary function is called for one answer after the other, an async one for up to 32 at a time.

    Another process that is to give verdicts calls `python` with the function and the same name first. A function given
    under the name of an earlier one takes its place.

    Args:
        function: An ordinary or async function.
        name: What the server calls it, 1 to 255 characters; None takes the function's own name.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: It is no function that can be called so, or has no name.

    Example:
        >>> def is_short(response: str, concept: str) -> bool:
        ...     return len(response) < 20 * len(concept)
        >>> checks.python(is_short).criterion_str
        'The function is_short accepts the answer.'
    """
    if not callable(function):
        raise ValidationError(
            f"python takes a function, like def is_short(response): …, not {shown(function)}"
        )
    known = name if name is not None else getattr(function, "__name__", None)
    if not isinstance(known, str) or not known.strip() or known == "<lambda>" or len(known) > 255:
        raise ValidationError(
            f"the function {shown(function)} needs a name of 1 to 255 characters, got {shown(known)}; give "
            "checks.python(function, name='is_short')"
        )
    accepts = parameters_of(function)
    if accepts is not None and not {"response", "messages"} & accepts.keys():
        raise ValidationError(
            f"the function {known} takes ({', '.join(accepts) or 'nothing'}), and so nothing of the answer; name a "
            "parameter response (the answer's text) or messages, and others after columns"
        )
    _functions[known] = function
    check = Check(type=CheckType.PYTHON, name=known)
    criterion = criterion_of(f"The function {known} accepts the answer.", check, text, label)
    key = id(criterion)
    _made[key] = weakref.ref(criterion, lambda _gone: _made.pop(key, None)), function
    return criterion


def refuse_namesakes(criteria: Iterable[CriterionIn]) -> None:
    """Refuse criteria of two functions that have one name: only the last of them would be called.

    Raises:
        ValidationError: Names it.
    """
    functions: dict[str, Callable[..., Any]] = {}
    for criterion in criteria:
        reference, function = _made.get(id(criterion), (None, None))
        if reference is None or function is None or reference() is not criterion or not criterion.check:
            continue
        name = str(criterion.check.name)
        if functions.setdefault(name, function) is not function:
            raise ValidationError(
                f"two functions are named {name!r}, of which only one would be called; give one another name, like "
                f"checks.python(function, name={name + '_2'!r})"
            )


def parameters_of(function: Callable[..., Any]) -> dict[str, bool] | None:
    """The names of a function's parameters, and whether each is needed; None where it takes any.

    Raises:
        ValidationError: It does not tell, or takes some by place alone.
    """
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        found = [inspect.Parameter("args", inspect.Parameter.POSITIONAL_ONLY)]
    if any(one.kind is one.VAR_KEYWORD for one in found):
        return None
    if any(one.kind is one.POSITIONAL_ONLY and one.default is one.empty for one in found):
        raise ValidationError(
            f"the function {shown(function)} takes arguments by place; write one around it, like "
            "def is_digit(response): return response.isdigit()"
        )
    return {
        one.name: one.default is one.empty
        for one in found
        if one.kind not in (one.VAR_POSITIONAL, one.POSITIONAL_ONLY)
    }


def function_named(name: str) -> Callable[..., Any] | None:
    """The function that `python` was given under this name, in this process."""
    return _functions.get(name)


def knows_functions() -> bool:
    """Whether `python` was given any function in this process."""
    return bool(_functions)
