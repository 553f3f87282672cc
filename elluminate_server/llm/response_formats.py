"""Which response formats a model at an endpoint takes, found out by asking.

A judge is asked for JSON of a schema. OpenAI-compatible endpoints that do not know JSON schemas refuse them in their
own ways: with 400 or 422 and prose, with 404, 501 or 500. So what was refused in a way that may be meant for the
format is asked again with less: the schema inside a `json_object` (which some take where they do not know
`json_schema`), then no format at all. The prompt states the shape, too. What was found out is remembered for the life
of the process.
"""

import functools
import json
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

import attrs

from elluminate_server.llm.types import Answer, ModelError, ObjectShape

__all__ = ["Form", "FormatSupport", "ask_in_steps", "steps_of"]

REFUSALS = frozenset({400, 404, 405, 415, 422, 500, 501})
"""Statuses by which endpoints refuse a response format."""

PLAIN_REFUSALS = frozenset({400, 422})
"""Those of them that mean the request also when the format was taken before: another machine may answer now."""

AMBIGUOUS_REFUSALS = frozenset({500})
"""Those of them that a fault of the moment has as well."""

CALLS_TO_BE_SURE = 2
"""Calls, one after the other, that an ambiguous refusal has to show in before it is remembered."""


@attrs.frozen(eq=False)
class Form:
    """What an answer is asked for in.

    Attributes:
        sent: As an endpoint is told: a response format, say.
    """

    sent: Mapping[str, Any]

    @functools.cached_property
    def key(self) -> str:
        """The same for what endpoints are told alike."""
        return json.dumps(self.sent, sort_keys=True)


@functools.lru_cache(256)
def steps_of(shape: ObjectShape) -> Sequence[Form | None]:
    """The formats to ask for, one after the other, when an object is wanted.

    >>> [step and step.sent["type"] for step in steps_of(ObjectShape("point", {"x": {"type": "number"}}))]
    ['json_schema', 'json_object', None]
    """
    return [
        Form(shape.response_format()),
        Form({"type": "json_object", "schema": shape.schema(limited=True)}),
        None,
    ]


@attrs.define
class FormatSupport:
    """What one model at one endpoint has shown to take.

    Attributes:
        first_step: The step to begin with; those before it are refused.
        doubts: How many calls in a row were refused in a way that may have been a fault of the moment.
    """

    first_step: int = 0
    doubts: int = 0
    _lowest_taken: int = 2
    _taken: set[str] = attrs.field(factory=set)

    def refusals(self, form: Form | None) -> Collection[int]:
        """Statuses that may be meant for the form; none without one."""
        if form is None:
            return ()
        return PLAIN_REFUSALS if form.key in self._taken else REFUSALS

    def remember(
        self, step: int, form: Form | None, refused_with: Collection[int], doubts_before: int
    ) -> None:
        """Remember that a step was taken, and what the steps before it were refused with.

        Nothing is given up that any format was taken with.

        Args:
            step: The step that was taken.
            form: Its form.
            refused_with: Statuses that this call was refused with before.
            doubts_before: `doubts` when the call began, so that calls at the same time count as one.
        """
        self._lowest_taken = min(self._lowest_taken, step)
        if form is not None:
            self._taken.add(form.key)
        if not refused_with:
            self.doubts = 0
        elif AMBIGUOUS_REFUSALS.isdisjoint(refused_with) or doubts_before + 1 >= CALLS_TO_BE_SURE:
            self.first_step = max(self.first_step, self._lowest_taken)
        else:
            self.doubts = max(self.doubts, doubts_before + 1)


async def ask_in_steps(
    support: FormatSupport,
    steps: Sequence[Form | None],
    ask: Callable[[Mapping[str, Any] | None, Collection[int]], Awaitable[Answer]],
) -> Answer:
    """Ask for a form, or for as much of it as the endpoint takes; at most once for each step.

    Args:
        support: What the model has shown to take; what this call shows is remembered there.
        steps: The forms, each asking for less than the one before; the last one None or one that has to be taken.
        ask: Asks for one of them; statuses that may be meant for the form are not to be tried again.

    Raises:
        ModelError: The last step failed, or an earlier one in a way that is not meant for its form.
    """
    doubts = support.doubts
    refused_with: list[int] = []
    began, waited = time.perf_counter(), 0.0
    for step in range(min(support.first_step, len(steps) - 1), len(steps)):
        form = steps[step]
        refusals = support.refusals(form) if step < len(steps) - 1 else ()
        try:
            answer = await ask(None if form is None else form.sent, refusals)
        except ModelError as error:
            if error.status is None or error.status not in refusals or error.is_hopeless:
                raise
            refused_with.append(error.status)
            waited = time.perf_counter() - began
        else:
            support.remember(step, form, refused_with, doubts)
            return answer.after_waiting(waited)
    raise AssertionError("the last step has no form that could be refused")
