"""What an experiment tells of how sure its figures are: by itself, and as compared with another one."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from elluminate._blocking import blocking
from elluminate._showing import shown
from elluminate.exceptions import ValidationError
from elluminate.schemas.comparing import Side, compare
from elluminate.schemas.comparison import ExperimentComparison
from elluminate.schemas.experiment_statistics import ExperimentStatistics, statistics_of
from elluminate.schemas.response import responses_of
from elluminate.schemas.runs import Runs
from elluminate.statistics import Interval


class Weighing(Runs):
    """Mixin of experiments."""

    __slots__ = ()

    async def astatistics(self, confidence: float = 0.95) -> ExperimentStatistics:
        """How good it is, and how sure that is: rates with intervals, what is missing, repetitions, costs.

        It is computed here, from the responses, which are fetched where they were not, so that it works with every
        server. Filters that the experiment was read with do not count: it tells of all rows.

        Args:
            confidence: How often intervals made like these hold the true rate, above 0 and below 1.

        Returns:
            The figures by criterion and over all; `print()` shows them as a table.

        Raises:
            NoResultsError: Nothing has been answered yet.
            ValidationError: `confidence` is not within.

        Example:
            >>> found = experiment.statistics()
            >>> found.overall.rate.n, len(found.criteria)
            (2, 2)
            >>> print(found)
            Experiment: First try
            ...
        """
        checked_share(confidence, "confidence", 0.95)
        await self._with_responses()
        return self._statistics(confidence)

    async def acompare_with(self, other: Weighing, level: float = 0.05) -> ExperimentComparison:
        """Whether this experiment is better than another one over the same rows; see `Client.compare`.

        Args:
            other: What to compare with: the experiment of before.
            level: How often a difference may be seen where there is none, above 0 and below 1.

        Returns:
            The verdict on this experiment, per criterion and over all; `print()` shows it as a table.

        Raises:
            NotComparableError: They have no row, or no criterion, in common.
            NoResultsError: One of them has not been answered yet.
            ValidationError: `other` is no experiment that a client returned, or `level` is not within.

        Example:
            >>> after.compare_with(before).verdict
            'not enough evidence'
        """
        if not isinstance(other, Weighing):
            raise ValidationError(
                f"other must be an Experiment as a client returns it, got {shown(other)}; "
                "client.compare(a, b) takes names and ids, too"
            )
        return await compared(other, self, level)

    async def _with_responses(self) -> None:
        if not self.rated_responses:
            self._take_responses(await responses_of(self._bound_session(), self.id))
        if not self.rated_responses:
            raise self._without_answers()

    def _statistics(self, confidence: float) -> ExperimentStatistics:
        results, counted = self.results, None
        if not self._filters and results is not None and results.verdicts is not None:
            counted = (results.verdicts, results.verdicts_by_criterion_id or {})
        return statistics_of(self.name, self.rated_responses, self._criteria(), confidence, counted)

    def _intervals(self) -> dict[int | None, Interval]:
        """Intervals of the rates in `results`, by the criterion's id, and of all under None.

        None of them where the responses were not fetched, or the results are those of some rows.
        """
        if self._filters or not self.rated_responses:
            return {}
        found = self._statistics(0.95)
        return {None: found.overall.rate, **{one.criterion_id: one.rate for one in found.criteria}}

    statistics = blocking(astatistics)
    compare_with = blocking(acompare_with)


async def compared(a: Weighing, b: Weighing, level: float) -> ExperimentComparison:
    """b as compared with a, with the responses of both, which are fetched where they were not."""
    checked_share(level, "level", 0.05)
    sides = []
    for one in (a, b):
        await one._with_responses()
        sides.append(Side(one.name, one.rated_responses, one._criteria()))
    return compare(sides[0], sides[1], level)


def checked_share(value: float, argument: str, example: float) -> float:
    """A number between 0 and 1, both excluded.

    Raises:
        ValidationError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < 1.0:
        raise ValidationError(
            f"{argument} must be above 0 and below 1, such as {example}, not {shown(value)}"
        )
    return value
