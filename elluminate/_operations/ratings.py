"""Having responses judged, in batches."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from elluminate_api.api.criteria import get_criterion
from elluminate_api.api.ratings import list_rating_versions
from elluminate_api.models import RatingMode, RatingVersion

from elluminate._checks import checked_polling_interval
from elluminate._following import follow_batch
from elluminate._operations.base import Operations
from elluminate.checks._programs import knows_functions
from elluminate.schemas.judging import (
    given_at,
    not_given_anew,
    rating_poll,
    ratings_in,
    read_again,
    response_ids,
    start_rating,
)
from elluminate.schemas.program_verdicts import give_verdicts
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse, Rating
from elluminate.schemas.verdicts import warn_of_standing
from elluminate.streaming import BatchStatusEvent, TaskStatus


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
            Events; the last is terminal and carries one list of ratings per response on SUCCESS. With it an
            IncompleteResultsWarning tells how many older verdicts stand because the judge gave none in their place.

        Raises:
            ValidationError: Something in the list is no response that a client returned.

        Example:
            >>> for event in client.stream_batch_rate(experiment.rated_responses):
            ...     if event.is_success:
            ...         print([len(ratings) for ratings in event.result])
            [2, 2]
        """
        interval = checked_polling_interval(polling_interval)
        ids, before = response_ids(prompt_responses), given_at(prompt_responses)
        task = await start_rating(self.session, ids, rating_mode)
        yield BatchStatusEvent(status=TaskStatus.PENDING)
        if task is None:
            yield BatchStatusEvent(status=TaskStatus.SUCCESS, result=await self._judged(ids))
            return
        statuses = follow_batch(
            self.session, await rating_poll(self.session, task), polling_interval=interval
        )
        try:
            async for status in statuses:
                result: list[list[Rating]] | None = None
                if status.status == TaskStatus.SUCCESS:
                    result = await self._judged(ids)
                    warn_of_standing(not_given_anew(before, ids, result), sum(map(len, result)))
                yield BatchStatusEvent(status=status.status, error_msg=status.error_msg, result=result)
        finally:
            await statuses.aclose()

    async def _judged(self, ids: list[int]) -> list[list[Rating]]:
        """The ratings of responses that a batch has judged, with those of the functions that this process knows."""
        responses = await read_again(self.session, ids)
        if knows_functions():
            criteria = await self._criteria_of(list(responses.values()))
            if await give_verdicts(self.session, list(responses.values()), criteria, anew=True):
                responses = await read_again(self.session, ids)
        return ratings_in(responses, ids)

    async def _criteria_of(self, responses: Sequence[PromptResponse]) -> list[Criterion]:
        """What responses are judged by: they may be of several experiments, and do not tell which."""
        project = await self.session.project_id()
        criteria = {rating.criterion.id: rating.criterion for one in responses for rating in one.ratings}
        missing = {verdict.criterion_id for one in responses for verdict in one.missing_verdicts or ()}
        for number in sorted(missing - criteria.keys()):
            criteria[number] = await self.session.call(get_criterion.build(project, number), Criterion)
        return list(criteria.values())
