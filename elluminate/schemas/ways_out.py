"""What brings the verdicts that an experiment lacks, and what mends those that trying again never brings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attrs import frozen
from elluminate_api import models as api
from elluminate_api.models import EvaluationMode, MissingVerdictCause
from elluminate_api.types import Unset

from elluminate._tables import shortened
from elluminate.schemas.program_verdicts import function_name, is_no_verdict
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.results import VerdictCounts

__all__ = ["NOT_TOLD", "endings_in", "ways_out"]

NOT_TOLD = "The server does not tell why."
_NOT_ASKED = (NOT_TOLD, "No judge was asked.", "The run ended ")
"""How reasons begin why nobody, a check included, has looked at an answer yet."""

_ENDED_BADLY = re.compile(r"^(?:FAILURE|REVOKED|REJECTED|TIMEOUT): (.+)", re.MULTILINE)
"""The line of an experiment's logs that says why a run of it did not end well."""

_OF_CHECKS = (
    "A check says the same of the same row and answer, however often it is tried: fill the row's cell, or mend the "
    "check or leave it out for that row, and create another experiment"
)
_OF_FUNCTIONS = (
    "A function of checks.python that returns no verdict returns none when it is tried again: mend it, give it to "
    "checks.python() once more, and experiment.retry_failed() calls it"
)


def ways_out(
    experiment: api.Experiment,
    counts: VerdictCounts,
    by_criterion: Mapping[int, VerdictCounts],
    criteria: Sequence[Criterion],
) -> str:
    """What to do about the verdicts that are missing, for each kind of reason that there is.

    Args:
        experiment: The experiment.
        counts: Of all criteria; some are missing.
        by_criterion: By the criterion's id.
        criteria: What it was judged by.
    """
    lasting = _lasting(by_criterion, criteria, endings_in(experiment.logs))
    not_judged = counts.missing_not_judged - lasting.of_checks - lasting.of_functions
    ways = _retries(
        experiment, counts.missing_answer_failed, not_judged, is_all=not_judged == counts.missing_not_judged
    )
    ways += [_OF_CHECKS] if lasting.of_checks else []
    ways += [_OF_FUNCTIONS] if lasting.of_functions else []
    return ". ".join(ways)


def endings_in(logs: str | None) -> list[str]:
    """Why runs of an experiment did not end well, by its logs.

    >>> endings_in("Generated 1/2\\nREVOKED: The run was cancelled.")
    ['The run was cancelled.']
    """
    return _ENDED_BADLY.findall(logs or "")


@frozen
class _Lasting:
    """Verdicts that are missing and that no retry brings by itself.

    Attributes:
        of_checks: Those that the server's checks could not tell.
        of_functions: Those where a function of `checks.python` returned something else.
    """

    of_checks: int
    of_functions: int


def _lasting(
    by_criterion: Mapping[int, VerdictCounts], criteria: Sequence[Criterion], endings: Sequence[str]
) -> _Lasting:
    checks = {one.id: one for one in criteria if not isinstance(one.check, Unset)}
    of_checks = of_functions = 0
    for number in checks.keys() & by_criterion.keys():
        counts = by_criterion[number]
        said = [
            why
            for why in counts.reasons
            if why.cause == MissingVerdictCause.NOT_JUDGED
            and not why.reason.startswith(_NOT_ASKED)
            and not any(ending.startswith(why.reason.removesuffix("…")) for ending in endings)
        ]
        if function_name(checks[number]) is not None:
            of_functions += sum(why.count for why in said if is_no_verdict(why.reason))
        elif said:
            # A check's reasons name what stands in rows, so that they may be more than are told.
            of_checks += sum(why.count for why in said) + counts.missing_for_other_reasons
    return _Lasting(of_checks, of_functions)


def _retries(experiment: api.Experiment, answer_failed: int, not_judged: int, *, is_all: bool) -> list[str]:
    """What brings what is missing for other reasons, by where the experiment has its answers from."""
    if experiment.evaluation_mode == EvaluationMode.AGENTIC:
        of_answers = "experiment.upload_agent_results() brings results of tasks"
    elif experiment.response_column_id is not None:
        of_answers = (
            "The answers come from a column: correct the rows of collection "
            f"{shortened(experiment.collection.name, 100)!r} that have none, and create another experiment"
        )
    elif experiment.answers_from_elsewhere:
        of_answers = (
            "The same call of run_experiment(…, target=…) asks the program again for what it did not answer"
        )
    else:
        what = "what is missing" if is_all else "what else is missing"
        return [f"experiment.retry_failed() brings {what}"] if answer_failed or not_judged > 0 else []
    of_verdicts = "experiment.retry_failed() has the answers judged that are there"
    if experiment.evaluation_mode == EvaluationMode.AGENTIC:
        of_verdicts += ", but for results without trajectory and messages, which are to be uploaded again"
    ways = [of_answers] if answer_failed else []
    return [*ways, of_verdicts] if not_judged > 0 else ways
