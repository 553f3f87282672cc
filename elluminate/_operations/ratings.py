"""Having responses judged, in batches."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from elluminate_api import models as api
from elluminate_api.api.ratings import (
    create_ratings_batch,
    get_ratings_batch_status,
    list_rating_versions,
)
from elluminate_api.api.responses import list_responses
from elluminate_api.models import (
    BatchTaskStatus,
    RatingMode,
    RatingVersion,
)
from elluminate_api.types import Request

from elluminate._checks import (
    checked_polling_interval,
    checked_texts,
    known,
)
from elluminate._lookup import id_of
from elluminate._operations.base import Operations
from elluminate.exceptions import TaskFailedError, ValidationError
from elluminate.schemas.response import PromptResponse, Rating
from elluminate.streaming import (
    BatchStatusEvent,
    TaskStatus,
    final_status,
    follow_batch,
)

_RESPONSE_IDS_PER_REQUEST = 200


class RatingOperations(Operations):
    """Operations on ratings."""

    async def list_rating_versions(self) -> list[RatingVersion]:
        """The judges that `rating_version=` can name, the default first.

        Returns:
            Judges; `key` is what `rating_version=` takes.

        Example:
            >>> [judge.key for judge in client.list_rating_versions()]
            ['offline', 'mock']
        """
        return await self.session.call(list_rating_versions.build(await self.session.project_id()))

    async def stream_batch_rate(
        self,
        prompt_responses: Sequence[PromptResponse],
        rating_mode: RatingMode = RatingMode.DETAILED,
        polling_interval: float = 0.5,
    ) -> AsyncGenerator[BatchStatusEvent]:
        """Have responses judged, and tell how that gets on, until it ends.

        Args:
            prompt_responses: Responses of experiments.
            rating_mode: How much effort the judge spends.
            polling_interval: Seconds between two looks, 0.1 to 10.

        Yields:
            Events; the last is terminal and carries one list of ratings per response on SUCCESS.

        Raises:
            ValidationError: Something in the list is no response that a client returned.

        Example:
            >>> for event in client.stream_batch_rate(experiment.rated_responses):
            ...     if event.is_success:
            ...         print([len(ratings) for ratings in event.result])
            [2, 2]
        """
        interval = checked_polling_interval(polling_interval)
        ids = _response_ids(prompt_responses)
        task = await self._start_rating(ids, rating_mode)
        yield BatchStatusEvent(status=TaskStatus.PENDING)
        if task is None:
            yield BatchStatusEvent(status=TaskStatus.SUCCESS, result=await self._ratings_of(ids))
            return
        statuses = follow_batch(self.session, await self._rating_poll(task), polling_interval=interval)
        try:
            async for status in statuses:
                done = status.status == TaskStatus.SUCCESS
                yield BatchStatusEvent(
                    status=status.status,
                    error_msg=status.error_msg,
                    result=await self._ratings_of(ids) if done else None,
                )
        finally:
            await statuses.aclose()

    async def rate_batch(
        self,
        prompt_responses: Sequence[PromptResponse],
        rating_mode: RatingMode = RatingMode.DETAILED,
        timeout: float | None = None,
    ) -> list[list[Rating]]:
        """Have responses judged, and wait for the ratings: one list per response, in the order given."""
        ids = _response_ids(prompt_responses)
        task = await self._start_rating(ids, rating_mode)
        if task is not None:
            await self.await_batch(await self._rating_poll(task), "rating", timeout)
        return await self._ratings_of(ids)

    async def await_batch(
        self, poll: Callable[[], Awaitable[BatchTaskStatus]], what: str, timeout: float | None
    ) -> None:
        """Wait until a batch task has ended well.

        Raises:
            TaskFailedError: It ended otherwise.
            WaitTimeoutError: It did not end in time.
        """
        last = await final_status(follow_batch(self.session, poll, timeout=timeout))
        if last.status != TaskStatus.SUCCESS:
            raise TaskFailedError(
                f"{what} ended {last.status}: {last.error_msg or 'the server gave no reason'}",
                status=last.status,
                error_msg=last.error_msg,
            )

    async def _start_rating(self, ids: list[int], rating_mode: RatingMode) -> str | None:
        if not ids:
            return None
        body = api.BatchCreateRatingRequest(
            prompt_response_ids=ids, rating_mode=known(RatingMode, rating_mode, "rating_mode")
        )
        return await self.session.call(create_ratings_batch.build(await self.session.project_id(), body=body))

    async def _rating_poll(self, task: str) -> Callable[[], Awaitable[BatchTaskStatus]]:
        project = await self.session.project_id()
        return lambda: self.session.call(get_ratings_batch_status.build(project, task))

    async def _ratings_of(self, ids: list[int]) -> list[list[Rating]]:
        """The ratings of responses, in the order of their ids; read in parts, so that no URL grows too long."""
        project = await self.session.project_id()
        ratings: dict[int, list[Rating]] = {}
        for start in range(0, len(ids), _RESPONSE_IDS_PER_REQUEST):
            part = ids[start : start + _RESPONSE_IDS_PER_REQUEST]

            def page_of(page: int, part: list[int] = part) -> Request[Any]:
                return list_responses.build(project, response_ids=part, page=page)

            for response in await self.session.pages(page_of, PromptResponse):
                ratings[response.id] = response.ratings
        return [ratings.get(response_id, []) for response_id in ids]


def _response_ids(responses: Sequence[PromptResponse]) -> list[int]:
    ids = [
        id_of(response, PromptResponse, "prompt_responses")
        for response in checked_texts(responses, "prompt_responses")
    ]
    if None in ids:
        raise ValidationError("prompt_responses holds None; pass responses of an experiment")
    return [identifier for identifier in ids if identifier is not None]
