"""What a retry may bring of the verdicts that are missing: what a rule could not tell, it tells no other time."""

import attrs
from elluminate_api.models import MissingVerdictCause
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.checks.rules import is_for_program
from elluminate_server.domain.verdicts import NOT_ASKED, cut_reason
from elluminate_server.execution.gaps import can_generate
from elluminate_server.reading.overviews import Account
from elluminate_server.reading.verdicts import ending_of
from elluminate_server.store.tables import Criterion, Experiment, Task

__all__ = ["Retry", "load_retry"]


@attrs.frozen
class Retry:
    """What a retry may bring.

    Attributes:
        missing: Verdicts that are missing.
        possible: How many of them may come: where an answer failed that a model gives, or nobody has judged one, or a
            judge failed to. What a rule cannot tell of an answer, and what a program decides, does not.
    """

    missing: int
    possible: int

    @property
    def is_in_vain(self) -> bool:
        """Whether all that is missing stays so."""
        return self.missing > 0 and self.possible == 0


async def load_retry(session: AsyncSession, row: Experiment, account: Account) -> Retry:
    """Of an experiment that does not run."""
    rules = await session.execute(
        select(Criterion.id, Criterion.rule).where(
            Criterion.criterion_set_id == row.criterion_set_id, Criterion.rule.is_not(None)
        )
    )
    by_program = {str(criterion_id): is_for_program(rule) for criterion_id, rule in rules}
    endings = await session.execute(
        select(Task.status, Task.error_msg).where(Task.experiment_id == row.id).distinct()
    )
    not_asked = {cut_reason(ending_of(*one)) for one in endings} | {NOT_ASKED}
    possible = 0
    for criterion_id, counts in (account.verdicts_by_criterion_id or {}).items():
        in_program = by_program.get(criterion_id)
        if can_generate(row):
            possible += counts.missing_answer_failed
        if in_program:
            continue
        possible += counts.missing_not_judged
        if in_program is not None:
            possible -= sum(
                one.count
                for one in counts.reasons
                if one.cause == MissingVerdictCause.NOT_JUDGED and one.reason not in not_asked
            )
    return Retry(account.missing, possible)
