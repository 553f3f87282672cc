"""Verdicts of the caller's own functions (`checks.python`): given here when answers are there, and uploaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from attrs import frozen
from elluminate_api import models as api
from elluminate_api.api.ratings import upload_ratings
from elluminate_api.models import CheckType, RatingValue
from elluminate_api.types import Unset

from elluminate._program_calls import Called, Calls, Job, unbroken
from elluminate._session import Session
from elluminate._showing import shown
from elluminate.checks._programs import function_named, parameters_of
from elluminate.exceptions import ValidationError
from elluminate.schemas.programs import MOST_ERROR, reason_of
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse

_LOOK_SECONDS = 0.005
_MOST_SENT = 1000
_ASYNC_AT_ONCE = 32
_OF_ANSWER = ("response", "messages")


def check_functions(
    criteria: Iterable[api.CriterionIn | api.Criterion], columns: Sequence[str], collection: str
) -> None:
    """Refuse functions whose parameters no column fills, before anything is asked.

    Args:
        criteria: What answers are to be judged by.
        columns: The names of the collection's columns.
        collection: Its name.

    Raises:
        ValidationError: Names the function, its parameter, and the columns.
    """
    for criterion in criteria:
        name = function_name(criterion)
        function = None if name is None else function_named(name)
        needed = {} if function is None else parameters_of(function) or {}
        lacking = [
            one for one, is_needed in needed.items() if is_needed and one not in (*_OF_ANSWER, *columns)
        ]
        if lacking:
            raise ValidationError(
                f"the function {name} of checks.python takes {', '.join(lacking)}, and collection {collection!r} has "
                f"no such column; it has {', '.join(columns) or 'none'}. A function's parameters are named response, "
                "messages, or after columns"
            )


def function_name(criterion: api.CriterionIn | api.Criterion) -> str | None:
    """The name of the function that decides a criterion; None where none does."""
    check = criterion.check
    if isinstance(check, Unset) or check.type != CheckType.PYTHON or isinstance(check.name, Unset):
        return None
    return check.name


async def give_verdicts(
    session: Session,
    responses: Sequence[PromptResponse],
    criteria: Sequence[Criterion],
    *,
    anew: bool = False,
) -> bool:
    """Have the functions that this process knows judge answers, and upload what they say; whether there was any.

    Args:
        session: What is sent through.
        responses: The answers.
        criteria: Those of the experiment.
        anew: Whether also what has a verdict already.
    """
    of_functions = [
        (criterion, function)
        for criterion in criteria
        if (name := function_name(criterion)) is not None and (function := function_named(name)) is not None
    ]
    was_any = False
    for criterion, function in of_functions:
        wanted = [one for one in responses if _is_wanted(one, criterion.id, anew=anew)]
        if wanted:
            was_any = True
            await _Giving(session, criterion.id, function).give(wanted)
    return was_any


def _is_wanted(response: PromptResponse, criterion: int, *, anew: bool) -> bool:
    if response.error is not None:
        return False
    if any(verdict.criterion_id == criterion for verdict in response.missing_verdicts or ()):
        return True
    return anew and any(rating.criterion.id == criterion for rating in response.ratings)


@frozen
class _Giving:
    session: Session
    criterion: int
    function: Callable[..., Any]

    async def give(self, responses: Sequence[PromptResponse]) -> None:
        called = inspect.iscoroutinefunction(self.function) or inspect.iscoroutinefunction(
            getattr(self.function, "__call__", None)  # noqa: B004  # an object with an async call
        )
        calls = Calls(
            self.function,
            [Job(key=one.id, arguments=partial(self._arguments, one)) for one in responses],
            is_async=called,
            at_once=_ASYNC_AT_ONCE if called else 1,
            retries=0,
            timeout=None,
            wait_before=lambda _: 0.0,
        )
        in_hand: dict[int, api.RatingUpload] = {}
        async with calls.under_way():
            while True:
                is_over = calls.is_over  # looked at first: what ends meanwhile is taken in the next round
                in_hand.update((one.key, self._upload_of(one)) for one in calls.come())
                calls.check()
                if is_over or len(in_hand) >= _MOST_SENT:
                    await unbroken(partial(self._send, list(in_hand.values())))
                    in_hand = {}
                if is_over:
                    return
                await self.session.transport.sleep(_LOOK_SECONDS)

    def _arguments(self, response: PromptResponse) -> tuple[tuple[Any, ...], dict[str, Any]]:
        of_answer = {"response": response.response_text, "messages": list(response.messages)}
        values = {**response.template_variables, **of_answer}
        accepts = parameters_of(self.function)
        if accepts is None:
            return (), values
        return (), {name: value for name, value in values.items() if name in accepts}

    def _upload_of(self, called: Called) -> api.RatingUpload:
        upload = api.RatingUpload(response_id=called.key, criterion_id=self.criterion)
        if called.error is not None:
            upload.reasoning = reason_of(called.error)
        else:
            upload.rating, upload.reasoning = verdict_of(called.returned)
        return upload

    async def _send(self, ratings: Sequence[api.RatingUpload]) -> None:
        project = await self.session.project_id()
        for start in range(0, len(ratings), _MOST_SENT):
            body = api.UploadRatingsRequest(ratings=list(ratings[start : start + _MOST_SENT]))
            await self.session.call(upload_ratings.build(project, body=body))


_NO_VERDICT = "which is no verdict; it returns True or False."
_COROUTINE = "The function returned a coroutine, which nobody awaits; define it with async def."
_VERDICTS: Mapping[bool, RatingValue] = {True: RatingValue.YES, False: RatingValue.NO}


def verdict_of(returned: Any) -> tuple[RatingValue | None, str | None]:
    """The verdict that a function has returned, and its reason; without a verdict, why there is none.

    >>> verdict_of((False, "too long"))
    (<RatingValue.NO: 'NO'>, 'too long')
    """
    reason: Any = None
    verdict = returned
    if isinstance(returned, tuple) and len(returned) == 2:
        verdict, reason = returned
    item = getattr(verdict, "item", None)
    if callable(item) and type(verdict).__module__ == "numpy":
        verdict = item()
    if inspect.iscoroutine(returned):
        returned.close()
        return None, _COROUTINE
    if not isinstance(verdict, bool):
        what = "None" if verdict is None else shown(verdict)
        said = f" {reason}" if isinstance(reason, str) else ""
        return None, _sendable(f"The function returned {what}, {_NO_VERDICT}{said}")
    return _VERDICTS[verdict], None if reason is None else _sendable(str(reason))


def is_no_verdict(reason: str) -> bool:
    """Whether a verdict is missing for what a function returned, and not for what it raised.

    >>> is_no_verdict(verdict_of("ja")[1]), is_no_verdict("ConnectionError: away")
    (True, False)
    """
    return reason == _COROUTINE or (reason.startswith("The function returned ") and _NO_VERDICT in reason)


def _sendable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")[:MOST_ERROR]
