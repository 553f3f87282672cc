"""What is missing of an experiment's verdicts: told in words, and counted where the server does not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve
from elluminate_api import models as api
from elluminate_api.models import MissingVerdict, MissingVerdictCause, MissingVerdictReason

from elluminate._tables import shortened
from elluminate._warnings import warn_caller
from elluminate.exceptions import ExperimentFailedWarning, IncompleteResultsWarning
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse, Rating
from elluminate.schemas.results import ExperimentResults, VerdictCounts
from elluminate.schemas.ways_out import NOT_TOLD, ways_out

MAX_REASONS = 20
_TOLD = 3
"""Most criteria, and most reasons, that a warning names."""


def account_for(
    results: ExperimentResults | None,
    responses: Sequence[PromptResponse],
    criteria: Sequence[Criterion],
    *,
    is_running: bool,
) -> None:
    """Have responses tell what they lack, and results count it, where the server has not told.

    Expected is one verdict for each response and each criterion of the set that is for its row and was there when the
    response was made; as by a server that counts itself. Responses that were to be made and are not there are unknown.

    Args:
        results: The results; None before a run.
        responses: All responses of the experiment.
        criteria: Those of its set.
        is_running: Whether what is missing may still come.
    """
    lacks = {
        response.id: _lack(response, criteria) for response in responses if response.missing_verdicts is None
    }
    for response in responses:
        if response.missing_verdicts is None:
            response.missing_verdicts = [] if is_running else lacks[response.id]
    if results is not None and results.verdicts is None:
        missing = [
            verdict
            for response in responses
            for verdict in lacks.get(response.id, response.missing_verdicts or [])
        ]
        results.verdicts, results.verdicts_by_criterion_id = tally(responses, missing, criteria, is_running)


def tally(
    responses: Iterable[PromptResponse],
    missing: Sequence[MissingVerdict],
    criteria: Sequence[Criterion],
    is_running: bool = False,
) -> tuple[VerdictCounts, dict[int, VerdictCounts]]:
    """Counts over all criteria, and by criterion in the order of the set.

    Args:
        responses: What was judged, or was to be.
        missing: The verdicts that they lack.
        criteria: Those of the set.
        is_running: Whether what is missing may still come.
    """
    given = Counter(
        rating.criterion.id for response in responses if response.error is None for rating in response.ratings
    )
    lacking = {verdict.criterion_id for verdict in missing}
    in_order = [criterion.id for criterion in criteria if criterion.id in given or criterion.id in lacking]
    return _counts(given.total(), missing, is_running), {
        number: _counts(
            given[number], [verdict for verdict in missing if verdict.criterion_id == number], is_running
        )
        for number in dict.fromkeys([*in_order, *sorted(given.keys() | lacking)])
    }


def _lack(response: PromptResponse, criteria: Sequence[Criterion]) -> list[MissingVerdict]:
    row = response.prompt.template_variables.id
    given = {rating.criterion.id for rating in response.ratings}
    cause = MissingVerdictCause.NOT_JUDGED if response.error is None else MissingVerdictCause.ANSWER_FAILED
    return [
        MissingVerdict(criterion_id=criterion.id, cause=cause, reason=response.error or NOT_TOLD)
        for criterion in criteria
        if criterion.id not in given
        and (criterion.template_variables is None or criterion.template_variables.id == row)
        and criterion.created_at <= response.created_at
    ]


def _counts(given: int, missing: Sequence[MissingVerdict], is_running: bool) -> VerdictCounts:
    if is_running:
        pending, missing = len(missing), []
    else:
        pending = 0
    causes = Counter(verdict.cause for verdict in missing)
    told = Counter((verdict.cause, verdict.reason) for verdict in missing).most_common(MAX_REASONS)
    return VerdictCounts(
        expected=given + pending + len(missing),
        given=given,
        pending=pending,
        missing_answer_failed=causes[MissingVerdictCause.ANSWER_FAILED],
        missing_not_judged=causes[MissingVerdictCause.NOT_JUDGED],
        reasons=[
            MissingVerdictReason(cause=cause, reason=reason, count=count) for (cause, reason), count in told
        ],
        missing_for_other_reasons=len(missing) - sum(count for _, count in told),
    )


def add_unanswered(
    results: ExperimentResults | None,
    reasons: Mapping[int, Sequence[str]],
    criteria: Sequence[Criterion],
) -> ExperimentResults:
    """Count answers that a server could not store as failures, with what they lack.

    Args:
        results: The results; None where nothing was stored. Their verdicts are counted already.
        reasons: Why there is no answer, for each of them, by the row's id.
        criteria: Those of the set.

    Returns:
        The results.
    """
    results = results or _no_results()
    results.num_failed_responses += sum(map(len, reasons.values()))
    missing = [
        MissingVerdict(criterion_id=criterion.id, cause=MissingVerdictCause.ANSWER_FAILED, reason=reason)
        for row, of_row in reasons.items()
        for reason in of_row
        for criterion in criteria
        if criterion.template_variables is None or criterion.template_variables.id == row
    ]
    by_criterion = dict(results.verdicts_by_criterion_id or {})
    for number in dict.fromkeys(verdict.criterion_id for verdict in missing):
        lacking = [verdict for verdict in missing if verdict.criterion_id == number]
        by_criterion[number] = _sum_of(by_criterion.get(number), _counts(0, lacking, is_running=False))
    results.verdicts = _sum_of(results.verdicts, _counts(0, missing, is_running=False))
    results.verdicts_by_criterion_id = by_criterion
    return results


def _no_results() -> ExperimentResults:
    return ExperimentResults(
        mean_all_ratings=api.MeanRating(yes=0.0, no=0.0),
        mean_rating_by_criterion_id={},
        input_tokens_per_response=[],
        output_tokens_per_response=[],
        duration_seconds_per_response=[],
        num_rated_responses=0,
        num_failed_responses=0,
        completed_epochs=0,
    )


def _sum_of(counts: VerdictCounts | None, more: VerdictCounts) -> VerdictCounts:
    if counts is None:
        return more
    often = Counter({(reason.cause, reason.reason): reason.count for reason in counts.reasons})
    often.update({(reason.cause, reason.reason): reason.count for reason in more.reasons})
    told = often.most_common(MAX_REASONS)
    return evolve(
        counts,
        expected=counts.expected + more.expected,
        missing_answer_failed=counts.missing_answer_failed + more.missing_answer_failed,
        reasons=[
            MissingVerdictReason(cause=cause, reason=reason, count=count) for (cause, reason), count in told
        ],
        missing_for_other_reasons=counts.missing_for_other_reasons
        + more.missing_for_other_reasons
        + often.total()
        - sum(count for _, count in told),
    )


def warn_of_missing(
    experiment: api.Experiment,
    results: ExperimentResults | None,
    criteria: Sequence[Criterion],
    failure: str | None = None,
) -> None:
    """Warn once of a run that is over: that it failed, why, and all that is missing.

    Args:
        experiment: The experiment.
        results: Its results.
        criteria: What it was judged by.
        failure: Why the run failed as a whole; None where it did not.
    """
    missing = None
    if results is not None and results.verdicts is not None:
        missing = _missing(experiment, results.verdicts, results.verdicts_by_criterion_id or {}, criteria)
    name = experiment.name
    if failure is not None:
        more = f". {missing}" if missing else ""
        warn_caller(f"experiment {name!r} failed: {failure.rstrip('.')}{more}", ExperimentFailedWarning)
    elif missing:
        warn_caller(f"experiment {name!r}: {missing}", IncompleteResultsWarning)


def warn_of_unjudged(
    experiment: api.Experiment,
    responses: Sequence[PromptResponse],
    criteria: Sequence[Criterion],
    standing: Sequence[Rating],
) -> None:
    """Warn once of responses that were to be judged: of all that is missing, and of older verdicts that stand."""
    lacking = [verdict for response in responses for verdict in response.missing_verdicts or []]
    counts, by_criterion = tally(responses, lacking, criteria)
    told = [
        _missing(experiment, counts, by_criterion, criteria),
        _not_given_anew(standing, counts.given),
    ]
    if any(told):
        warn_caller(
            f"experiment {experiment.name!r}: {'. '.join(filter(None, told))}", IncompleteResultsWarning
        )


def warn_of_standing(standing: Sequence[Rating], given: int) -> None:
    """Warn of older verdicts that stand after a batch, because the judge gave none in their place.

    Args:
        standing: Those.
        given: How many verdicts there are.
    """
    if told := _not_given_anew(standing, given):
        warn_caller(told, IncompleteResultsWarning)


def _not_given_anew(standing: Sequence[Rating], given: int) -> str | None:
    if not standing:
        return None
    names = {rating.criterion.id: rating.criterion.criterion_str for rating in standing}
    often = Counter(rating.criterion.id for rating in standing)
    of_criteria = [f"{count} for {shortened(names[number], 100)!r}" for number, count in often.items()]
    return (
        f"{len(standing)} of {given} verdicts could not be given anew, so that older ones stand: {_some(of_criteria)}. "
        "The judge gave nothing usable in their place; rate_responses() asks it again"
    )


def _missing(
    experiment: api.Experiment,
    counts: VerdictCounts,
    by_criterion: Mapping[int, VerdictCounts],
    criteria: Sequence[Criterion],
) -> str | None:
    """What is missing, in words; None where nothing is."""
    if not counts.missing:
        return None
    names = {
        **{number: counts.criterion_str for number, counts in by_criterion.items() if counts.criterion_str},
        **{criterion.id: criterion.criterion_str for criterion in criteria},
    }
    of_criteria = [
        f"{of_one.missing} of {of_one.expected} for {shortened(names.get(number, f'criterion {number}'), 100)!r}"
        for number, of_one in by_criterion.items()
        if of_one.missing
    ]
    reasons = [f"{shortened(reason.reason, 200)} ({reason.count})" for reason in counts.reasons]
    return (
        f"{counts.missing} of {counts.expected} verdicts are missing: {_some(of_criteria)}. "
        f"The reasons: {_some(reasons)}. {ways_out(experiment, counts, by_criterion, criteria)}"
    )


def _some(items: Sequence[str]) -> str:
    more = f" and {len(items) - _TOLD} more" if len(items) > _TOLD else ""
    return "; ".join(items[:_TOLD]) + more
