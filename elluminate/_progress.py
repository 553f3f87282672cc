"""How far a run is, and telling it: to a function of the caller's, or to a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import define, field
from elluminate_api.models import ExperimentGenerationStatus
from elluminate_api.types import one_line

from elluminate._homes import at_home_in
from elluminate._progress_bars import Bar, bar_for
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError

_WAITS, _GOES_ON = "Waits, and asks again in ", "Goes on: "
"""How lines of a run's log begin where it waits for a model, and where it does so no longer."""


@at_home_in("elluminate.streaming")
@define(repr=False)
class EpochProgress:
    """How far one epoch of an experiment is.

    Attributes:
        epoch: Its number, from 1.
        responses_generated: Responses that the model has given, or failed to give.
        responses_rated: Responses whose judging is over. Verdicts that could not be given do not come any more: the
            results tell which (`results.verdicts`).
        total_responses: Responses there will be.
    """

    epoch: int
    responses_generated: int
    responses_rated: int
    total_responses: int

    __repr__ = one_line


@at_home_in("elluminate.streaming")
@define(repr=False)
class ExperimentProgress:
    """How far an experiment is, over all epochs.

    Attributes:
        responses_generated: Responses that the model has given, or failed to give.
        responses_rated: Responses whose judging is over. Verdicts that could not be given do not come any more: the
            results tell which (`results.verdicts`).
        total_responses: Responses there will be.
        epochs: The same per epoch; empty when the server does not tell.
        responses_failed: Those of `responses_generated` that have no answer; 0 when the server does not tell.
        responses_unjudged: Those that have an answer and lack a verdict; 0 when the server does not tell.
        waits: What it waits for and how long, in the server's words; "" while it goes on, or when nobody asked for
            the log.
    """

    responses_generated: int
    responses_rated: int
    total_responses: int
    epochs: list[EpochProgress] = field(factory=list)
    responses_failed: int = 0
    responses_unjudged: int = 0
    waits: str = ""

    __repr__ = one_line

    @property
    def percent_complete(self) -> float:
        """Share of responses whose judging is over, 0 to 100."""
        return _percent(self.responses_rated, self.total_responses)

    @property
    def told(self) -> str:
        """The counts in words, with what went wrong, like "3 of 4 answered, 2 rated, 1 failed"."""
        wrong = self.responses_failed + self.responses_unjudged
        counts = {
            "failed": self.responses_failed,
            "not judged by every criterion": self.responses_unjudged,
        }
        return ", ".join(
            [
                f"{self.responses_generated - self.responses_failed} of {self.total_responses} answered",
                f"{max(0, self.responses_rated - wrong)} rated",
                *(f"{count} {what}" for what, count in counts.items() if count),
            ]
        )

    @property
    def generation_complete(self) -> bool:
        """Whether every response has been given, or has failed."""
        return self.responses_generated >= self.total_responses

    @property
    def rating_complete(self) -> bool:
        """Whether the judging of every response is over."""
        return self.responses_rated >= self.total_responses


@at_home_in("elluminate.streaming")
@define(repr=False)
class BatchProgress:
    """How far a batch is; servers do not tell yet, so events carry None.

    Attributes:
        processed: Items done, failed ones included.
        total: Items in all.
        failed: Items that could not be done.
    """

    processed: int
    total: int
    failed: int = 0

    __repr__ = one_line

    @property
    def percent_complete(self) -> float:
        """Share of items that are done, 0 to 100."""
        return _percent(self.processed, self.total)

    @property
    def is_complete(self) -> bool:
        """Whether every item is done."""
        return self.processed >= self.total


def _percent(done: int, total: int) -> float:
    return min(100.0, 100.0 * done / total) if total > 0 else 0.0


def waits_by(log: str | None, before: str = "") -> str:
    """What a run waits for, by the new lines of its log; "" where it goes on.

    Args:
        log: The lines; None for none.
        before: What it waited for before them.
    """
    for line in (log or "").splitlines():
        if line.startswith(_WAITS):
            before = line
        elif line.startswith(_GOES_ON):
            before = ""
    return before


def progress_of(status: ExperimentGenerationStatus, waits: str = "") -> ExperimentProgress | None:
    """The progress that a poll tells, None when it tells none.

    Args:
        status: What the poll has told.
        waits: What the run waits for, which the log alone tells.
    """
    if status.completed_responses is None:
        return None
    return ExperimentProgress(
        responses_generated=status.completed_responses,
        responses_rated=status.completed_ratings or 0,
        total_responses=status.total_responses or 0,
        epochs=[
            EpochProgress(
                epoch=epoch.epoch,
                responses_generated=epoch.completed_responses,
                responses_rated=epoch.completed_ratings,
                total_responses=epoch.total_responses,
            )
            for epoch in status.epochs or []
        ],
        responses_failed=status.failed_responses or 0,
        responses_unjudged=status.unjudged_responses or 0,
        waits=waits,
    )


Progress: TypeAlias = bool | Callable[[ExperimentProgress], object]
"""False tells nothing, True shows a bar in a notebook, else a line on stderr; a function gets every change."""

Report: TypeAlias = Callable[[ExperimentProgress | None], None] | None
"""What is to be called with each progress, and with None in the end; None where nobody asked."""


def reporter(progress: Progress, name: str) -> Report:
    """The report of a run named `name` that a caller's `progress` asks for.

    Raises:
        ValidationError: `progress` is neither a bool nor a function.
    """
    if progress is False:
        return None
    if progress is not True and not callable(progress):
        raise ValidationError(f"progress must be True, False or a function, not {quoted(progress)}")
    bar: Bar | None = bar_for(str(name)) if progress is True else None
    last: ExperimentProgress | None = None

    def report(now: ExperimentProgress | None) -> None:
        nonlocal last
        if now is None:
            if bar is not None:
                bar.end()
        elif now != last:
            is_news = now.waits and (last is None or now.waits != last.waits)
            last = now
            if bar is not None:
                if is_news:
                    bar.say(now.waits)
                bar.show(now.percent_complete, now.told, now.responses_failed + now.responses_unjudged)
            elif callable(progress):
                progress(now)

    return report
