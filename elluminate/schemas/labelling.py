"""Labels on their way to the server and back, and verdicts that later ones have replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from elluminate_api.api.labels import delete_label, list_labels
from elluminate_api.api.labels import put_labels as put_labels_operation
from elluminate_api.api.ratings import list_earlier_ratings
from elluminate_api.models import EarlierRating, Label, LabelValue, NewLabel, PutLabelsRequest
from elluminate_api.types import UNSET

from elluminate._checks import known
from elluminate._session import Session
from elluminate._showing import quoted, shown
from elluminate.exceptions import APIError, NotFoundError, NotSupportedError, ValidationError

__all__ = ["LONGEST_REASON", "earlier_ratings", "labels_of", "new_label", "put_labels", "withdraw"]

LONGEST_REASON = 10_000
"""Characters."""

AT_ONCE = 1_000
"""Labels in one request; all of them are stored, or none."""

_OF_A_THING = re.compile("There is no (?:response|criterion) [0-9]")

_UNKNOWN = (404, 405, 501)
"""What a server answers that has no such operation: the project is there, and a list may be empty."""


def new_label(
    response_id: int | None, criterion_id: int, value: LabelValue | str, reason: str | None
) -> NewLabel:
    """A label to send.

    Raises:
        ValidationError: A value cannot be used.
    """
    if response_id is None:
        raise ValidationError(
            "a rating is labelled on the response that it is of: take it from experiment.responses()"
        )
    if reason is not None and not isinstance(reason, str):
        raise ValidationError(f"reason must be a string, or None, not {shown(reason)}")
    if reason is not None and len(reason) > LONGEST_REASON:
        raise ValidationError(
            f"reason must have at most {LONGEST_REASON} characters, not {len(reason)}: {quoted(reason)}"
        )
    return NewLabel(
        response_id=response_id,
        criterion_id=criterion_id,
        value=known(LabelValue, value, "value"),
        reason=reason or UNSET,
    )


async def put_labels(session: Session, labels: Sequence[NewLabel]) -> list[Label]:
    """Store labels of this client's key, a thousand in one request.

    Raises:
        NotSupportedError: The server keeps none.
    """
    project = await session.project_id()
    stored: list[Label] = []
    for start in range(0, len(labels), AT_ONCE):
        body = PutLabelsRequest(labels=list(labels[start : start + AT_ONCE]))
        with _supported("labels", "response.annotate() writes a note on a response"):
            told: list[Label] = await session.call(put_labels_operation.build(project, body=body))
        stored += told
    return stored


async def withdraw(session: Session, label_id: int) -> None:
    """Withdraw a label."""
    await session.call(delete_label.build(await session.project_id(), label_id))


async def labels_of(
    session: Session,
    *,
    experiment_id: int | None = None,
    response_id: int | None = None,
    criterion_id: int | None = None,
    criterion_set_id: int | None = None,
    mine: bool = False,
    earlier: bool = False,
) -> list[Label]:
    """Labels in the order in which they were given.

    Raises:
        NotSupportedError: The server keeps none.
    """
    project = await session.project_id()
    with _supported("labels", "response.annotation is a note on a response"):
        return await session.pages(
            lambda page: list_labels.build(
                project,
                page=page,
                experiment_id=experiment_id,
                response_id=response_id,
                criterion_id=criterion_id,
                criterion_set_id=criterion_set_id,
                mine=mine,
                earlier=earlier,
            ),
            Label,
        )


async def earlier_ratings(
    session: Session, *, experiment_id: int | None = None, response_id: int | None = None
) -> list[EarlierRating]:
    """Verdicts that later ones have replaced, in that order.

    Raises:
        NotSupportedError: The server keeps none.
    """
    project = await session.project_id()
    with _supported("earlier verdicts", "experiment.to_jsonl() keeps those of now in a file"):
        return await session.pages(
            lambda page: list_earlier_ratings.build(
                project, page=page, experiment_id=experiment_id, response_id=response_id
            ),
            EarlierRating,
        )


@contextmanager
def _supported(what: str, instead: str) -> Iterator[None]:
    try:
        yield
    except APIError as error:
        # Of a server that keeps labels, 404 tells of a response or a criterion that is not there.
        is_of_a_thing = (
            isinstance(error, NotFoundError) and _OF_A_THING.search(str(error.message)) is not None
        )
        if error.status_code in _UNKNOWN and not is_of_a_thing:
            raise NotSupportedError(
                f"this server keeps no {what} that clients can read or give ({error.message}); {instead}",
                error.status_code,
            ) from error
        raise
