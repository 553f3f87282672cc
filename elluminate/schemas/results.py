"""Aggregated results of an experiment."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Mapping

from attrs import define
from elluminate_api import models as api
from elluminate_api.models import MeanRating

from elluminate._calls import Explained


@define(kw_only=True, repr=False)
class ExperimentResults(Explained, api.ExperimentResults):
    """What an experiment came to: shares of YES, tokens, durations, costs.

    `mean_all_ratings.yes` is the pass rate: YES ratings / all ratings, 0 to 1.
    """

    mean_rating_by_criterion_id: dict[int, MeanRating]  # type: ignore[assignment]

    def get_criterion_summary(self, criterion_id: int) -> str:
        """One criterion's shares as a line of text.

        Args:
            criterion_id: Id of a criterion that was rated.

        Returns:
            The line; "no ratings" for any other id.

        Example:
            >>> results.get_criterion_summary(criterion.id)
            '...% yes, ...% no'
        """
        mean = self.mean_rating_by_criterion_id.get(criterion_id)
        return "no ratings" if mean is None else f"{mean.yes:.1%} yes, {mean.no:.1%} no"

    def summary(self, criterion_names: Mapping[int, str] | None = None) -> str:
        """The results as text, one line per criterion.

        Args:
            criterion_names: What to call the criteria; their ids otherwise.

        Returns:
            Several lines, without a line break at the end.

        Example:
            >>> print(results.summary({criterion.id: criterion.criterion_str for criterion in criterion_set.criteria}))
            Pass rate: ...
        """
        names = criterion_names or {}
        lines = [
            f"Pass rate: {self.mean_all_ratings.yes:.1%}",
            f"Rated responses: {self.num_rated_responses}, failed: {self.num_failed_responses}",
        ]
        lines += [
            f"  {names.get(criterion, f'criterion {criterion}')}: {self.get_criterion_summary(criterion)}"
            for criterion in self.mean_rating_by_criterion_id
        ]
        if self.mean_duration_seconds is not None:
            lines.append(f"Mean duration: {self.mean_duration_seconds:.2f} s")
        if self.mean_input_tokens is not None and self.mean_output_tokens is not None:
            lines.append(f"Mean tokens: {self.mean_input_tokens:.0f} in, {self.mean_output_tokens:.0f} out")
        if self.estimated_total_cost_usd:
            lines.append(f"Estimated cost: {self.estimated_total_cost_usd:.4f} USD")
        return "\n".join(lines)

    def print_summary(self, criterion_names: Mapping[int, str] | None = None) -> None:
        """Print :meth:`summary`.

        Args:
            criterion_names: What to call the criteria; their ids otherwise.

        Example:
            >>> results.print_summary()
            Pass rate: ...
        """
        print(self.summary(criterion_names))  # noqa: T201  # printing is what it is for
