"""What an experiment does with what people say: drawing what to label, and weighing its judge by it."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from elluminate._blocking import blocking
from elluminate._checks import checked_whole
from elluminate._lookup import given_id
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError
from elluminate.schemas.agreement import Agreement, agreement_of
from elluminate.schemas.label_draws import LabelDraw, draw
from elluminate.schemas.labelling import earlier_ratings, labels_of
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.weighing import Weighing, checked_share
from elluminate.statistics.judging import THRESHOLD

_MOST_DRAWN = 10_000


class Labelled(Weighing):
    """Mixin of experiments."""

    __slots__ = ()

    async def anext_to_label(self, n: int = 10, criterion: Criterion | int | str | None = None) -> LabelDraw:
        """What to label next: answers with a criterion, without the judge's verdict.

        Half of them are those that the judge calls YES, half those that it calls NO, as far as they reach, in an order
        that tells neither; of each the least certain first, where several epochs tell. What this client's key has
        labelled is left out. For the same state it is the same.

        Args:
            n: How many, 1 to 10000; fewer where there are no more.
            criterion: By this criterion alone: the object, its id, its text, or a label that is no other's text; None
                for all, in turn.

        Returns:
            Items with `prompt`, `answer`, `question` and `label()`; `to_csv()` writes them for a spreadsheet.

        Raises:
            NoResultsError: Nothing has been answered yet, or it is still running.
            ValidationError: An argument cannot be used.
            NotSupportedError: The server keeps no labels: only `elluminate_server` does.

        Example:
            >>> for item in experiment.next_to_label(2):
            ...     print(item.prompt, item.answer, item.question, sep="\\n")
        """
        checked_whole(n, "n", low=1, high=_MOST_DRAWN)
        await self._with_responses()
        wanted = None if criterion is None else self._criterion_id(criterion)
        labels = await labels_of(self._bound_session(), experiment_id=self.id, mine=True)
        labelled = {(label.response_id, label.criterion_id) for label in labels}
        return draw(
            self.rated_responses, n, seed=f"experiment {self.id}", labelled=labelled, criterion_id=wanted
        )

    async def aagreement(self, confidence: float = 0.95, threshold: float = THRESHOLD) -> Agreement:
        """How far the judge agrees with people, by criterion, and what the pass rate is without the judge's errors.

        Of each criterion every judge (rating version and model) is weighed by itself, those before a new rating too.
        Where several people label the same, the majority counts. All labels count, whoever gave them; they are read
        anew. The rates are those over all verdicts of the judge, however the labels were drawn by its verdicts.

        Args:
            confidence: How often intervals made like these hold the true rate, above 0 and below 1.
            threshold: What the lower bounds of both rates of a validated judge reach, above 0 and below 1.

        Returns:
            Rates with their intervals, kappa, the base rate, the corrected pass rate, and whether the judge is
            validated; `print()` shows them as a table.

        Raises:
            NoResultsError: Nothing has been answered yet, or it is still running.
            ValidationError: An argument is not within.
            NotSupportedError: The server keeps no labels: only `elluminate_server` does.

        Example:
            >>> for one in experiment.agreement().judges:
            ...     print(one.criterion, one.n, one.status)
            Is it right? 0 judge not validated: no labels; ...
            Is it short? 0 judge not validated: no labels; ...
        """
        checked_share(confidence, "confidence", 0.95)
        checked_share(threshold, "threshold", THRESHOLD)
        await self._with_responses()
        session = self._bound_session()
        labels = await labels_of(session, experiment_id=self.id)
        earlier = await earlier_ratings(session, experiment_id=self.id) if labels else []
        return agreement_of(
            self.name,
            self.rating_version,
            self.rated_responses,
            labels,
            earlier,
            confidence=confidence,
            threshold=threshold,
        )

    def _criterion_id(self, criterion: Criterion | int | str) -> int:
        if not isinstance(criterion, str):
            return given_id(criterion, Criterion, "criterion")
        there = {
            rating.criterion.id: rating.criterion for one in self.rated_responses for rating in one.ratings
        }
        # A label may be another criterion's text.
        found = [one for one in there.values() if one.criterion_str == criterion]
        found = found or [one for one in there.values() if one.label == criterion]
        if not found and criterion.isascii() and criterion.isdigit() and int(criterion) in there:
            return int(criterion)
        if len(found) != 1:
            told = ", ".join(f"{quoted(one.criterion_str)} (id {one.id})" for one in found or there.values())
            raise ValidationError(
                f"criterion: {'none' if not found else 'more than one'} of experiment {self.name!r} is "
                f"{quoted(criterion)}; give the id of one of {told or 'none'}"
            )
        return found[0].id

    next_to_label = blocking(anext_to_label)
    agreement = blocking(aagreement)
