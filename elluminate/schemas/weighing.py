"""What an experiment tells of how sure its figures are: by itself, and as compared with another one."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Mapping

from elluminate._blocking import blocking
from elluminate._showing import shown
from elluminate.exceptions import ValidationError
from elluminate.schemas.comparing import Side, compare
from elluminate.schemas.comparison import ExperimentComparison
from elluminate.schemas.experiment_statistics import ExperimentStatistics, statistics_of
from elluminate.schemas.filters import told_filters
from elluminate.schemas.response import responses_of
from elluminate.schemas.results import VerdictCounts
from elluminate.schemas.runs import Runs
from elluminate.statistics import Interval

_FINEST = 1e-9
"""How near a share may be to 0 and to 1, where quantiles are still worth computing."""


class Weighing(Runs):
    """Mixin of experiments."""

    __slots__ = ()

    async def astatistics(self, confidence: float = 0.95) -> ExperimentStatistics:
        """How good it is, and how sure that is: rates with intervals, what is missing, repetitions, costs.

        It is computed here, from the responses, which are fetched where they were not, so that it works with every
        server. Filters that the experiment was read with do not count: it tells of all rows, and says so.

        Args:
            confidence: How often intervals made like these hold the true rate, above 0 and below 1.

        Returns:
            The figures by criterion and over all; `print()` shows them as a table.

        Raises:
            NoResultsError: Nothing has been answered yet, or it is still running.
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

    async def acompare_with(self, other: Weighing, *, level: float = 0.05) -> ExperimentComparison:
        """Whether this experiment is better than another one over the same rows; see `Client.compare`.

        The verdict is about this experiment: `after.compare_with(before)` is `client.compare(before, after)`.

        Args:
            other: What to compare with: the experiment of before.
            level: How often a difference may be seen where there is none, above 0 and below 1.

        Returns:
            The verdict on this experiment, per criterion and over all; `print()` shows it as a table.

        Raises:
            NotComparableError: They have no row, or no criterion, in common.
            NoResultsError: One of them has not been answered yet, or is still running.
            ValidationError: `other` is no experiment that a client returned, or this one itself, or `level` is not
                within.

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
        """Have all responses of a run that is over.

        Raises:
            NoResultsError: There are none, or more are to come.
        """
        if self.generation_task_id is None and not self.rated_responses:
            if self.results is None and not self._filters:
                await self._reread()  # somebody may have run it since
            else:
                self._take_responses(await responses_of(self._bound_session(), self.id))
        if self.generation_task_id is not None or not self.rated_responses:
            raise self._without_answers()

    def _counted(self) -> tuple[VerdictCounts, Mapping[int, VerdictCounts]] | None:
        """What became of the verdicts, over all and by criterion, where the server has told it of all rows."""
        if self._filters or self.results is None or self.results.verdicts is None:
            return None
        return self.results.verdicts, self.results.verdicts_by_criterion_id or {}

    def _side(self) -> Side:
        return Side(
            self.name,
            self.rated_responses,
            self._criteria(),
            self._counted(),
            self.collection.id,
            told_filters(self._filters) if self._filters else None,
        )

    def _statistics(self, confidence: float) -> ExperimentStatistics:
        ignored = told_filters(self._filters) if self._filters else None
        return statistics_of(
            self.name,
            self.rated_responses,
            self._criteria(),
            confidence,
            self._counted(),
            ignored,
            self.rating_version,
        )

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
    if a.id == b.id:
        raise ValidationError(
            f"experiment {a.name!r} cannot be compared with itself: a and b must be two experiments, like the one "
            "before a change and the one after it"
        )
    for one in (a, b):
        await one._with_responses()
    return compare(a._side(), b._side(), level)


def checked_share(value: float, argument: str, example: float) -> float:
    """A number between 0 and 1, both excluded.

    Raises:
        ValidationError: It is none.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not (_FINEST <= value <= 1.0 - _FINEST)
    ):
        raise ValidationError(
            f"{argument} must be above 0 and below 1, such as {example}, not {shown(value)}"
        )
    return value
