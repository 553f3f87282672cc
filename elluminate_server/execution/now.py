"""One answer, or the ratings of one response, while the caller waits for them: nothing is stored here."""

import attrs

from elluminate_server.domain.errors import DomainError
from elluminate_server.execution.generation import from_column, generate, load_subject
from elluminate_server.execution.judging import Judging
from elluminate_server.execution.plans import CriterionPlan, Plan, answering_model, judging_model, load_plan
from elluminate_server.execution.rating import Judged, Rated, load_judged
from elluminate_server.execution.records import NewResponse
from elluminate_server.llm.gates import Caller
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import ModelError, RatingMode
from elluminate_server.store.engine import Store

__all__ = ["answer_now", "rate_now"]


async def answer_now(
    store: Store,
    models: Models,
    *,
    experiment_id: int,
    entry_id: int,
    epoch: int,
    llm_config_id: int | None,
) -> NewResponse:
    """Ask the experiment's model, or another one, about one row.

    Args:
        store: The database.
        models: The models.
        experiment_id: An experiment that is there.
        entry_id: A row of its collection.
        epoch: Which of the row's answers it is.
        llm_config_id: Another LLM config than the experiment's.

    Raises:
        DomainError: Experiment or row are gone.
        ModelError: The LLM config cannot be used. (That a call failed is part of the answer.)
    """
    async with store.read() as session:
        plan = await load_plan(session, experiment_id, llm_config_id=llm_config_id)
        subject = None if plan is None else await load_subject(session, plan, entry_id)
    if plan is None or subject is None:
        raise DomainError(f"Experiment {experiment_id} or its row {entry_id} was deleted.")
    if plan.response_column is not None:
        generated = from_column(plan, subject)
    else:
        generated = await generate(subject, answering_model(models, plan, Caller()))
    return NewResponse(plan=plan, subject=subject, generated=generated, epoch=epoch)


async def rate_now(store: Store, models: Models, *, response_id: int, mode: RatingMode) -> list[Rated]:
    """Judge one response by every criterion that the set of its experiment has now, in their order.

    Raises:
        DomainError: There is nothing to judge: no criteria, or a failed response.
        ModelError: The judge could not judge a criterion; there is no partial result.
    """
    async with store.read() as session:
        judged = await load_judged(session, response_id)
        if judged is not None:
            judged = attrs.evolve(judged, moment=None)
        plan = None if judged is None else await load_plan(session, judged.experiment_id)
    if judged is None or plan is None:
        raise DomainError(f"Response {response_id} was deleted.")
    check_ratable(plan, judged)
    criteria = judged.criteria(plan)
    given: dict[CriterionPlan, Rated] = {}

    async def keep(_: Judged, rated: Rated) -> None:
        given[rated.criterion] = rated

    judging = Judging(mode, models.nonce_of, keep)
    missing = await judging.judge(judged, criteria, lambda: judging_model(models, plan, Caller()))
    problems = [
        f"criterion {criterion.id} ({criterion.label}): {problem}"
        for criterion, problem in missing.items()
        if criterion.rule is None  # a rule that cannot tell would not the next time, either
    ]
    if problems:
        raise ModelError(
            f"Response {response_id} was not rated. Not judged: {'; '.join(problems)}", retryable=True
        )
    return [given[criterion] for criterion in criteria if criterion in given]


def check_ratable(plan: Plan, judged: Judged) -> None:
    """Refuse a response that cannot be rated.

    Raises:
        DomainError: No criteria, or a failed response.
    """
    if not judged.criteria(plan):
        raise DomainError(
            f"Experiment {plan.experiment_id} has no criteria to rate response {judged.response_id} by. "
            "Add criteria to its criterion set."
        )
    if judged.failed:
        raise DomainError(
            f"Response {judged.response_id} failed: there is no answer to rate. Generate it again."
        )
