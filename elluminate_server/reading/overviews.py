"""Experiments in a line each: what they are made of, how they stand, what they came to."""

import datetime
from collections.abc import Collection, Sequence
from typing import Any, Literal

import attrs
import msgspec
from elluminate_api import models
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.reading.figures import NOTHING, Rates, Totals, load_totals
from elluminate_server.reading.kept_rates import RatesMemory
from elluminate_server.reading.kept_results import WORTH_KEEPING, load_kept_results
from elluminate_server.reading.results import load_results
from elluminate_server.store.rows import fetch, fetch_by_ids
from elluminate_server.store.tables import Collection as CollectionTable
from elluminate_server.store.tables import Experiment, LLMConfig, PromptTemplate

__all__ = ["Account", "Overview", "State", "load_accounts_of_verdicts", "load_overviews", "load_trends"]

State = Literal["running", "done", "incomplete", "not run", "failed"]

_IDS: Any = bindparam("ids", expanding=True)
_of_experiment, _of_template = Experiment.__table__.c, PromptTemplate.__table__.c
_NAMES = (
    select(
        _of_experiment.id,
        _of_template.name.label("template"),
        _of_template.version,
        CollectionTable.__table__.c.name.label("collection"),
        LLMConfig.__table__.c.name.label("model"),
    )
    .join(CollectionTable.__table__, CollectionTable.__table__.c.id == _of_experiment.collection_id)
    .outerjoin(PromptTemplate.__table__, _of_template.id == _of_experiment.prompt_template_id)
    .outerjoin(LLMConfig.__table__, LLMConfig.__table__.c.id == _of_experiment.llm_config_id)
    .where(_of_experiment.id.in_(_IDS))
)
_RECENT = (
    select(
        _of_experiment.id,
        _of_template.name,
        func.row_number()
        .over(partition_by=_of_template.name, order_by=_of_experiment.id.desc())
        .label("place"),
    )
    .join(PromptTemplate.__table__, _of_template.id == _of_experiment.prompt_template_id)
    .where(
        _of_experiment.project_id == bindparam("project_id"),
        _of_experiment.deleted_at.is_(None),
        _of_template.name.in_(bindparam("names", expanding=True)),
    )
    .subquery()
)
_TRENDS = (
    select(_RECENT.c.id, _RECENT.c.name)
    .where(_RECENT.c.place <= bindparam("most"))
    .order_by(_RECENT.c.name, _RECENT.c.id)
)


class Account(msgspec.Struct):
    """What became of the verdicts of an experiment; a part of the contract's `ExperimentResults`."""

    verdicts: models.VerdictCounts | None = None
    verdicts_by_criterion_id: dict[str, models.VerdictCounts] | None = None
    judge_costs: models.ModelCosts | None = None
    num_truncated_responses: int | None = None
    num_refused_responses: int | None = None
    num_empty_responses: int | None = None
    num_cached_responses: int | None = None

    @property
    def missing(self) -> int:
        """Verdicts that were to be given, and will not be."""
        counts = self.verdicts
        return 0 if counts is None else counts.missing_answer_failed + counts.missing_not_judged


@attrs.frozen
class Overview:
    """One experiment, in a line.

    Attributes:
        id: Its id.
        name: Its name.
        template: Name of its template; None without one.
        version: The template's version.
        collection: Name of its collection.
        model: Name of its LLM config, or that its answers came from elsewhere; None for the server's default model.
        state: How it stands.
        created_at: When it was made.
        rates: What it came to.
        totals: What its answers took.
        account: What became of its verdicts; None where that is not counted yet, or there are none.
        seconds: From the start of the run to its end.
    """

    id: int
    name: str
    template: str | None
    version: int | None
    collection: str
    model: str | None
    state: State
    created_at: datetime.datetime
    rates: Rates
    totals: Totals
    account: Account | None
    seconds: float | None


async def load_overviews(
    session: AsyncSession, rows: Sequence[Experiment], memory: RatesMemory
) -> list[Overview]:
    """The experiments in the same order."""
    ids = [row.id for row in rows]
    names = {row.id: row for row in await fetch_by_ids(session, _NAMES, ids)}
    # While a run goes on there are no rates: what is there first is no fair part of what will be.
    running = [row.id for row in rows if row.generation_task_id is not None]
    rates, totals = await memory.load(session, [one for one in ids if one not in running])
    totals |= await load_totals(session, running)
    accounts = await load_accounts_of_verdicts(session, rows, totals)
    shown = []
    for row in rows:
        named, total, account = names[row.id], totals.get(row.id, Totals()), accounts.get(row.id)
        seconds = None
        if row.started_at is not None and row.finished_at is not None:
            seconds = (row.finished_at - row.started_at).total_seconds()
        shown.append(
            Overview(
                id=row.id,
                name=row.name,
                template=named.template,
                version=named.version,
                collection=named.collection,
                model="a program" if row.answers_from_elsewhere else named.model,
                state=_state(row, total, account),
                created_at=row.created_at,
                rates=rates.get(row.id, NOTHING),
                totals=total,
                account=account,
                seconds=seconds,
            )
        )
    return shown


async def load_accounts_of_verdicts(
    session: AsyncSession, rows: Sequence[Experiment], totals: dict[int, Totals]
) -> dict[int, Account]:
    """What became of the verdicts, by experiment: of those that are over, and whose results are kept or soon made."""
    over = [row for row in rows if row.generation_task_id is None]
    kept = await load_kept_results(session, [row.id for row in over])
    found = {one: msgspec.json.decode(raw, type=Account) for one, raw in kept.items()}
    few = [
        row
        for row in over
        if row.id not in found and 0 < totals.get(row.id, Totals()).responses < WORTH_KEEPING
    ]
    for one, results in (await load_results(session, few, {})).items():
        found[one] = msgspec.convert(results, Account, from_attributes=True)
    return found


async def load_trends(
    session: AsyncSession, project_id: int, templates: Collection[str], memory: RatesMemory, *, most: int = 12
) -> dict[str, list[tuple[int, float]]]:
    """The last experiments of templates by the templates' names, oldest first: their ids and shares of YES."""
    if not templates:
        return {}
    recent = await fetch(session, _TRENDS, project_id=project_id, names=sorted(templates), most=most)
    rates, _ = await memory.load(session, [row.id for row in recent])
    trends: dict[str, list[tuple[int, float]]] = {}
    for row in recent:
        share = rates[row.id].overall.estimate
        if share is not None:
            trends.setdefault(row.name, []).append((row.id, share))
    return trends


def _state(row: Experiment, totals: Totals, account: Account | None) -> State:
    if row.generation_task_id is not None:
        return "running"
    if not totals.responses:
        return "failed" if row.has_internal_error or row.started_at is not None else "not run"
    is_incomplete = totals.failed > 0 or (account is not None and account.missing > 0)
    return "incomplete" if is_incomplete or row.has_internal_error else "done"
