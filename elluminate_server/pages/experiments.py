"""All experiments of a project, the newest first."""

import datetime
from typing import Any

from sqlalchemy import func, select
from starlette.responses import Response

from elluminate._markup import Bar
from elluminate_server.pages.charts import spark_line
from elluminate_server.pages.paging import Paging
from elluminate_server.pages.visits import Visit, page
from elluminate_server.reading.experiments import experiments_of_project
from elluminate_server.reading.kept_rates import RatesMemory
from elluminate_server.reading.kept_results import WORTH_KEEPING, ResultsKeeper
from elluminate_server.reading.overviews import Overview, load_overviews, load_trends
from elluminate_server.store.tables import Collection, Experiment, LLMConfig, PromptTemplate
from elluminate_server.writing.demonstrating import DEMO_ANSWERS, is_offline

__all__ = ["bar_of", "rates_memory"]

_SIZE = 25
_MOST_CHOICES = 200
_STATES = {"running": "running", "over": "over", "not-run": "not run"}


@page("/projects/{project_id:int}/experiments", is_long=True)
async def experiments(visit: Visit) -> Response:
    """Filters are parameters of the address."""
    session = visit.session
    asked: dict[str, Any] = {
        "experiment_name_search": visit.asked("q") or None,
        "prompt_template_name": visit.asked("template") or None,
        "collection_id": visit.asked_number("collection", 0) or None,
        "llm_config_id": visit.asked_number("model", 0) or None,
        "date_from": _moment(visit.asked_day("from"), datetime.time.min),
        "date_to": _moment(visit.asked_day("to"), datetime.time.max),
    }
    query = experiments_of_project(visit.project_id, asked)
    state = visit.asked_choice("status", _STATES, None)
    if state == "running":
        query = query.where(Experiment.generation_task_id.is_not(None))
    elif state == "over":
        query = query.where(Experiment.generation_task_id.is_(None), Experiment.started_at.is_not(None))
    elif state == "not-run":
        query = query.where(Experiment.generation_task_id.is_(None), Experiment.started_at.is_(None))
    count = await session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    paging = Paging(visit.asked_number("page", 1), _SIZE, count)
    rows = (
        await session.scalars(query.order_by(Experiment.id.desc()).limit(_SIZE).offset(paging.offset))
    ).all()
    memory = rates_memory(visit)
    overviews = await load_overviews(session, rows, memory)
    names = {one.template for one in overviews if one.template is not None}
    trends = await load_trends(session, visit.project_id, names, memory)
    for one in overviews:
        if one.account is None and one.state != "running" and one.totals.responses >= WORTH_KEEPING:
            visit.service(ResultsKeeper).wish_for(one.id)
    shown = {
        "place": "experiments",
        "overviews": [(one, bar_of(one)) for one in overviews],
        "trends": {
            name: (spark_line([share for _, share in found]), found)
            for name, found in trends.items()
            if len(found) > 1
        },
        "paging": paging,
        "is_running": any(one.state == "running" for one in overviews),
        "answers": DEMO_ANSWERS,
        "is_offline": is_offline(visit.models),
        "is_filtered": any(asked.values()) or state is not None,
    }
    if visit.is_partial:
        return visit.show("experiments_table.html", **shown)
    return visit.show("experiments.html", **shown, states=_STATES, choices=await _choices(visit))


def rates_memory(visit: Visit) -> RatesMemory:
    """The rates that this process remembers."""
    services = visit.request.app.state.services
    memory: RatesMemory = services.setdefault(RatesMemory, RatesMemory())
    return memory


def bar_of(one: Overview) -> Bar:
    """Its share of YES."""
    missing = None if one.account is None else one.account.missing
    return Bar.of("All criteria", one.rates.overall, sum(one.rates.given.values()), missing)


async def _choices(visit: Visit) -> dict[str, list[tuple[str, str]]]:
    """What the filters offer: (value, text) pairs."""
    session, project_id = visit.session, visit.project_id
    templates = await session.scalars(
        select(PromptTemplate.name)
        .where(PromptTemplate.project_id == project_id, PromptTemplate.deleted_at.is_(None))
        .distinct()
        .order_by(PromptTemplate.name)
        .limit(_MOST_CHOICES)
    )
    found = {"template": [(name, name) for name in templates]}
    for name, table in (("collection", Collection), ("model", LLMConfig)):
        things: Any = table
        rows = await session.execute(
            select(things.id, things.name)
            .where(things.project_id == project_id, things.deleted_at.is_(None))
            .order_by(things.name)
            .limit(_MOST_CHOICES)
        )
        found[name] = [(str(row.id), row.name) for row in rows]
    return found


def _moment(day: datetime.date | None, time: datetime.time) -> datetime.datetime | None:
    """That time of the day in UTC."""
    return None if day is None else datetime.datetime.combine(day, time, datetime.UTC)
