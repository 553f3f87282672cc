"""Having responses judged, in batches."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import define
from elluminate_api import models as api
from elluminate_api.api.ratings import create_ratings_batch, get_ratings_batch_status
from elluminate_api.api.responses import list_responses
from elluminate_api.models import BatchTaskStatus, RatingMode, TaskStatus
from elluminate_api.types import Request, one_line

from elluminate._checks import checked_texts, known
from elluminate._following import Ending, batch_ended
from elluminate._homes import at_home_in
from elluminate._lookup import required_id_of
from elluminate._progress import BatchProgress
from elluminate._session import Session
from elluminate.schemas.response import PromptResponse, Rating

_RESPONSE_IDS_PER_REQUEST = 200


@at_home_in("elluminate.streaming")
@define(kw_only=True, repr=False)
class BatchStatusEvent(Ending):
    """One look at a running batch.

    Attributes:
        status: PENDING, STARTED, or how it ended.
        progress: Always None: servers do not count batches.
        error_msg: Why it ended, when it did not end well.
        result: On SUCCESS of a rating batch: one list of ratings per response, in the order given.
    """

    status: TaskStatus
    progress: BatchProgress | None = None
    error_msg: str | None = None
    result: list[list[Rating]] | None = None

    __repr__ = one_line


async def rate(
    session: Session, responses: Sequence[PromptResponse], rating_mode: RatingMode, timeout: float | None
) -> list[list[Rating]]:
    """Have responses judged, and wait for the ratings: one list per response, in the order given.

    The responses take over their ratings, and what they lack now.
    """
    ids = response_ids(responses)
    task = await start_rating(session, ids, rating_mode)
    if task is not None:
        await batch_ended(session, await rating_poll(session, task), "rating", timeout)
    return await read_verdicts(session, responses)


async def read_verdicts(session: Session, responses: Sequence[PromptResponse]) -> list[list[Rating]]:
    """Have responses take over the ratings that they have now, and what they lack; the ratings, in the order given."""
    ids = response_ids(responses)
    judged = await read_again(session, ids)
    for response in responses:
        if response.id in judged:
            response.ratings = judged[response.id].ratings
            response.missing_verdicts = judged[response.id].missing_verdicts
    return ratings_in(judged, ids)


Given: TypeAlias = dict[tuple[int, int], datetime.datetime]
"""When verdicts were given, by the ids of response and criterion."""


def given_at(responses: Sequence[PromptResponse]) -> Given:
    """When the verdicts on answers were given, as the responses have them."""
    return {
        (response.id, rating.criterion.id): rating.created_at
        for response in responses
        if response.error is None
        for rating in response.ratings
    }


def not_given_anew(
    before: Given, ids: Sequence[int], ratings: Sequence[Sequence[Rating]], criteria: Collection[int] = ()
) -> list[Rating]:
    """Verdicts that still are those of before a batch: the judge gave none in their place.

    Args:
        before: What `given_at` said before the batch.
        ids: The responses that were to be judged.
        ratings: Their verdicts after it.
        criteria: Ids of those that the batch was to judge by; those that it has given a verdict on count in any case.
            A verdict on another stands because nobody was asked for one.
    """
    verdicts = [
        (rating, before.get((number, rating.criterion.id)) == rating.created_at)
        for number, of_one in dict(zip(ids, ratings, strict=True)).items()
        for rating in of_one
    ]
    asked = {*criteria, *(rating.criterion.id for rating, stands in verdicts if not stands)}
    return [rating for rating, stands in verdicts if stands and rating.criterion.id in asked]


def response_ids(responses: Sequence[PromptResponse]) -> list[int]:
    """The ids of responses.

    Raises:
        ValidationError: Something in the list is no response that a client returned.
    """
    return [
        required_id_of(response, PromptResponse, "prompt_responses")
        for response in checked_texts(responses, "prompt_responses")
    ]


async def start_rating(session: Session, ids: list[int], rating_mode: RatingMode) -> str | None:
    """Start a batch; None where there is nothing to judge."""
    if not ids:
        return None
    body = api.BatchCreateRatingRequest(
        prompt_response_ids=ids, rating_mode=known(RatingMode, rating_mode, "rating_mode")
    )
    return await session.call(create_ratings_batch.build(await session.project_id(), body=body))


async def rating_poll(session: Session, task: str) -> Callable[[], Awaitable[BatchTaskStatus]]:
    """What asks how a batch is."""
    project = await session.project_id()
    return lambda: session.call(get_ratings_batch_status.build(project, task))


def ratings_in(responses: Mapping[int, PromptResponse], ids: list[int]) -> list[list[Rating]]:
    """The ratings of responses, in the order of the ids."""
    return [responses[number].ratings if number in responses else [] for number in ids]


async def read_again(session: Session, ids: list[int]) -> dict[int, PromptResponse]:
    """Responses by their ids; read in parts, so that no URL grows too long."""
    project = await session.project_id()
    responses: dict[int, PromptResponse] = {}
    for start in range(0, len(ids), _RESPONSE_IDS_PER_REQUEST):
        part = ids[start : start + _RESPONSE_IDS_PER_REQUEST]

        def page_of(page: int, part: list[int] = part) -> Request[Any]:
            return list_responses.build(project, response_ids=part, page=page)

        for response in await session.pages(page_of, PromptResponse):
            responses[response.id] = response
    return responses
