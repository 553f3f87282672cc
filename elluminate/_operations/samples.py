"""Samples of experiments, the experiment map, and usage statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from elluminate_api import models as api
from elluminate_api.api.experiments import get_experiment_map
from elluminate_api.api.responses import get_response_stats, list_comparison_samples, list_response_samples
from elluminate_api.models import (
    ComparisonFilter,
    ExperimentMap,
    LLMConfig,
    ResponsesSample,
    ResponsesSampleSortBy,
    ResponsesStats,
)
from elluminate_api.types import UNSET

from elluminate._checks import (
    checked_choice,
    checked_filters,
    checked_id,
    checked_number,
    checked_whole,
    known,
)
from elluminate._lookup import id_of, required_id_of
from elluminate._operations.base import Operations
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError
from elluminate.schemas.experiment import Experiment

_MAX_DAYS = 90


class SampleOperations(Operations):
    """Operations on samples: the responses to one row of one experiment."""

    async def list_response_samples(
        self,
        experiment: Experiment,
        *,
        exclude_perfect_responses: bool = False,
        show_only_annotated_responses: bool = False,
        sort_by: ResponsesSampleSortBy | str | None = None,
        duration_seconds_min: float | None = None,
        duration_seconds_max: float | None = None,
        input_tokens_min: int | None = None,
        input_tokens_max: int | None = None,
        output_tokens_min: int | None = None,
        output_tokens_max: int | None = None,
    ) -> list[ResponsesSample]:
        """The samples of an experiment, one per row, each with the ids of all its responses.

        Bounds let a sample through when one of its responses is within all of them.

        Args:
            experiment: The experiment.
            exclude_perfect_responses: Leave out rows whose every response met every criterion.
            show_only_annotated_responses: Only rows with a response that somebody left a note on.
            sort_by: "rating", "duration", "input-tokens" or "output-tokens" with "-asc" or "-desc": the mean
                over the row's responses. None keeps the order of the rows.
            duration_seconds_min: Shortest time to answer, in seconds.
            duration_seconds_max: Longest time to answer, in seconds.
            input_tokens_min: Fewest tokens of the prompt.
            input_tokens_max: Most tokens of the prompt.
            output_tokens_min: Fewest tokens of the answer.
            output_tokens_max: Most tokens of the answer.

        Returns:
            Samples: the id of the row, and the ids of its responses.

        Raises:
            ValidationError: `sort_by` is none of the orders, or it is no Experiment that a client returned.

        Example:
            >>> worst = client.list_response_samples(experiment, sort_by="rating-asc")[0]
        """
        return await self.session.call(
            list_response_samples.build(
                await self.session.project_id(),
                experiment_id=required_id_of(experiment, Experiment, "experiment"),
                exclude_perfect_responses=checked_choice(
                    exclude_perfect_responses, "exclude_perfect_responses"
                )
                or UNSET,
                show_only_annotated_responses=checked_choice(
                    show_only_annotated_responses, "show_only_annotated_responses"
                )
                or UNSET,
                sort_by=None if sort_by is None else known(ResponsesSampleSortBy, sort_by, "sort_by"),
                duration_seconds_min=checked_number(duration_seconds_min, "duration_seconds_min"),
                duration_seconds_max=checked_number(duration_seconds_max, "duration_seconds_max"),
                input_tokens_min=checked_number(input_tokens_min, "input_tokens_min", whole=True),
                input_tokens_max=checked_number(input_tokens_max, "input_tokens_max", whole=True),
                output_tokens_min=checked_number(output_tokens_min, "output_tokens_min", whole=True),
                output_tokens_max=checked_number(output_tokens_max, "output_tokens_max", whole=True),
            )
        )

    async def list_comparison_samples(
        self,
        experiment_a: Experiment,
        experiment_b: Experiment,
        filter_samples_by: Literal["improved", "regressed"] | None = None,
        criterion_ids: Sequence[int] | None = None,
        categorical_filters: Mapping[str, Sequence[str]] | None = None,
    ) -> list[ResponsesSample]:
        """The samples of two experiments, those of the same row next to each other.

        Args:
            experiment_a: The experiment to compare with.
            experiment_b: The experiment that is looked at.
            filter_samples_by: Only rows where B is better ("improved") or worse ("regressed") than A.
            criterion_ids: Only these criteria count; None counts all.
            categorical_filters: Column name to values: only rows with one of the values in each column.

        Returns:
            Two samples for each row, that of A before that of B, so that there are twice as many as rows.

        Raises:
            ValidationError: `filter_samples_by` is another word, or `criterion_ids` is empty.

        Example:
            >>> worse = client.list_comparison_samples(before, after, filter_samples_by="regressed")
        """
        wanted = None
        if filter_samples_by is not None:
            wanted = known(ComparisonFilter, filter_samples_by, "filter_samples_by")
        return await self.session.call(
            list_comparison_samples.build(
                await self.session.project_id(),
                experiment_a_id=required_id_of(experiment_a, Experiment, "experiment_a"),
                experiment_b_id=required_id_of(experiment_b, Experiment, "experiment_b"),
                filter_samples_by=wanted,
                criterion_ids=None if criterion_ids is None else _criterion_ids(criterion_ids),
                categorical_filters=checked_filters(categorical_filters),
            )
        )

    async def get_experiment_map(
        self, experiment: Experiment, page: int = 1, limit: int = 50
    ) -> ExperimentMap:
        """An experiment at a glance: row by row, which responses there are and how many criteria they met.

        Args:
            experiment: The experiment.
            page: Page of samples, from 1.
            limit: Samples per page, from 1.

        Returns:
            The page's rows, each with its responses.

        Raises:
            ValidationError: `page` or `limit` is not a positive integer.

        Example:
            >>> glance = client.get_experiment_map(experiment, limit=100)
        """
        return await self.session.call(
            get_experiment_map.build(
                await self.session.project_id(),
                required_id_of(experiment, Experiment, "experiment"),
                page=checked_whole(page, "page", low=1),
                limit=checked_whole(limit, "limit", low=1),
            )
        )

    async def get_response_stats(self, days: int = 30, llm_config: LLMConfig | None = None) -> ResponsesStats:
        """Responses, tokens and ratings of the project over the last days, with a sum for each day in UTC.

        Args:
            days: How many, today included: 1 to 90.
            llm_config: Only responses of this model; None counts all.

        Returns:
            Sums over the days, and one for each day.

        Raises:
            ValidationError: `days` is not 1 to 90.

        Example:
            >>> stats = client.get_response_stats(days=7)
        """
        return await self.session.call(
            get_response_stats.build(
                await self.session.project_id(),
                days=checked_whole(days, "days", low=1, high=_MAX_DAYS),
                llm_config_id=id_of(llm_config, api.LLMConfig, "llm_config"),
            )
        )


def _criterion_ids(ids: Sequence[int]) -> list[int]:
    if isinstance(ids, str | bytes) or not isinstance(ids, Sequence):
        raise ValidationError(f"criterion_ids must be a list of ids, got {quoted(ids)}")
    if not ids:
        raise ValidationError(
            "criterion_ids is empty, so that nothing could count; leave it out to count all"
        )
    return [checked_id(identifier, f"criterion_ids[{number}]") for number, identifier in enumerate(ids)]
