"""Comparing experiments."""

from __future__ import annotations

from elluminate._checks import checked_name
from elluminate._lookup import given_id
from elluminate._operations.experiments import ExperimentOperations
from elluminate.schemas.comparison import ExperimentComparison
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.weighing import checked_share, compared


class ComparisonOperations(ExperimentOperations):
    """Operations on two experiments."""

    async def compare(
        self, a: Experiment | int | str, b: Experiment | int | str, *, level: float = 0.05
    ) -> ExperimentComparison:
        """Whether experiment b is better than experiment a, per criterion and over all.

        Rows are paired by their values and criteria by their texts, so that templates, models, judges and ids may
        differ; what has no partner is named and left out. The unit is the row: its answers and criteria count as one.
        Equal rows of a collection are paired in order. A verdict that is missing is left out of both sides of its
        pair, and counted. It is computed here, from the responses, so that it works with every server.

        Args:
            a: The experiment to compare with, that of before: an object, its id, or its name.
            b: The experiment that the verdicts are about.
            level: How often a difference may be seen where there is none, above 0 and below 1.

        Returns:
            "better", "worse" or "not enough evidence" with the difference, its interval, p, the rows that changed, and
            the smallest difference that these rows could have shown; `print()` shows it as a table.

        Raises:
            NotComparableError: They have no row, or no criterion, in common.
            NoResultsError: One of them has not been answered yet, or is still running.
            NotFoundError: There is no experiment of a given name or id.
            ValidationError: An argument cannot be used, or both are the same experiment.

        Example:
            >>> comparison = client.compare(before, after)
            >>> comparison.verdict, comparison.rows
            ('not enough evidence', 2)
        """
        checked_share(level, "level", 0.05)
        for given, argument in ((a, "a"), (b, "b")):
            if isinstance(given, str):
                checked_name(given, argument)
            else:
                given_id(given, Experiment, argument)
        return await compared(await self._meant(a), await self._meant(b), level)

    async def _meant(self, given: Experiment | int | str) -> Experiment:
        if isinstance(given, Experiment):
            return given
        if isinstance(given, str):
            return await self.get_experiment(name=given)
        return await self.get_experiment(id=given)
