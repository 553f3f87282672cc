"""One experiment: what was run, how far it is, what it came to, and its rows with their verdicts."""

from collections.abc import Collection, Mapping
from typing import Any, Literal

from sqlalchemy import select
from starlette.responses import Response

from elluminate._markup import Bar
from elluminate.statistics.judging import status_of
from elluminate.suites.origins import origin_in
from elluminate_server.execution.gaps import has_gaps
from elluminate_server.execution.progress import progress_of
from elluminate_server.http.problems import quoted
from elluminate_server.pages.charts import histogram
from elluminate_server.pages.experiments import rates_memory
from elluminate_server.pages.missing import reasons_of
from elluminate_server.pages.paging import Paging
from elluminate_server.pages.repeating import Repeated
from elluminate_server.pages.visits import Visit, form, page
from elluminate_server.reading.endings import load_ending
from elluminate_server.reading.figures import NOTHING, Rates
from elluminate_server.reading.finding import find_experiment, see_experiment
from elluminate_server.reading.kept_results import WORTH_KEEPING, ResultsKeeper
from elluminate_server.reading.labelling import has_judges, has_labels, load_judges
from elluminate_server.reading.matrices import MatrixFilter, categories_of, count_rows, load_rows
from elluminate_server.reading.offline_work import offline_work
from elluminate_server.reading.overviews import Account, Overview, load_overviews
from elluminate_server.reading.retries import load_retry
from elluminate_server.reading.run_criteria import MOST_COLUMNS, Column, columns_of, is_criterion_of
from elluminate_server.store.tables import CriterionSet, Experiment, LLMConfig, LogLine, PromptTemplate, Task
from elluminate_server.writing.runs import add_what_is_missing, cancel_run, lock_experiment, refuse_running

__all__ = ["CATEGORY", "asked_criterion", "asked_filter", "filter_query", "is_category"]

CATEGORY = "category."
"""Begins the parameter of a category column; its name follows."""

_VERDICTS: tuple[Literal["YES", "NO", "missing"], ...] = ("YES", "NO", "missing")
_SORTS = ("worst", "row")
_LONGEST_TEXT = 1000
_ROWS = 50
_LINES = 100
_BINS = 20
_SETTINGS = (
    "llm_model_name",
    "temperature",
    "top_p",
    "max_tokens",
    "reasoning_effort",
    "verbosity",
    "system_message",
)
PATH = "/projects/{project_id:int}/experiments/{experiment_id:int}"


@page(PATH, is_long=True)
async def experiment(visit: Visit) -> Response:
    """The whole page, or the part of it that moves while a run goes on."""
    session = visit.session
    row = await see_experiment(session, visit.project_id, visit.path["experiment_id"])
    progress = None if row.generation_task_id is None else await progress_of(session, row.generation_task_id)
    lines, has_more_lines = await _last_lines(visit, row.id)
    if visit.is_partial:
        moving = {"experiment": row, "progress": progress, "lines": lines, "has_more_lines": has_more_lines}
        answer = visit.show("experiment_progress.html", **moving)
        if progress is None:
            answer.headers["HX-Refresh"] = "true"
        return answer
    memory = rates_memory(visit)
    (overview,) = await load_overviews(session, [row], memory)
    is_counted = overview.account is not None or overview.totals.responses < WORTH_KEEPING
    rates = overview.rates or NOTHING
    columns = await columns_of(session, row, list(rates.by_criterion))
    categories = await categories_of(session, row)
    wanted = await asked_filter(visit, row, categories)
    count = await count_rows(session, row, wanted)
    paging = Paging(visit.asked_number("page", 1), _ROWS, count)
    config = None if row.llm_config_id is None else await session.get(LLMConfig, row.llm_config_id)
    template = (
        None if row.prompt_template_id is None else await session.get(PromptTemplate, row.prompt_template_id)
    )
    judges = await _judges(visit, row) if progress is None and rates.given else {}
    durations = [] if progress is not None else await memory.load_durations(session, row.id, _BINS)
    rows = await load_rows(session, row, wanted, offset=paging.offset, limit=_ROWS)
    ending = None if progress is not None else await load_ending(session, row.id)
    criterion_set = await session.get_one(CriterionSet, row.criterion_set_id)
    if (
        progress is None and not is_counted
    ):  # once this page has what it needs: they would be computed beside it
        visit.service(ResultsKeeper).wish_for(row.id)
    return visit.show(
        "experiment.html",
        place="experiments",
        experiment=row,
        overview=overview,
        progress=progress,
        lines=lines,
        has_more_lines=has_more_lines,
        is_counted=is_counted,
        template=template,
        description=_described(row.description),
        suite=origin_in(row.description),
        offline=await offline_work(session, row.id),
        settings=_settings(config, row),
        lacks_verdicts_alone=_lacks_verdicts_alone(overview),
        retry=None if overview.account is None else await load_retry(session, row, overview.account),
        ending=ending,
        criterion_set=criterion_set.name,
        judges=judges,
        bars=_bars(columns[:MOST_COLUMNS], rates, overview.account),
        passing=Bar.of("Answers that meet all criteria", rates.passing, rates.passing.n, None),
        repeated=Repeated.of(rates.passed),
        durations=histogram(durations),
        reasons=reasons_of(overview.account),
        columns=columns[:MOST_COLUMNS],
        has_more_columns=len(columns) > MOST_COLUMNS,
        rows=rows,
        paging=paging,
        wanted=wanted,
        categories=categories,
        carried=filter_query(wanted),
    )


@form(f"{PATH}/cancel", does="cancel_experiment")
async def cancel(visit: Visit) -> Response:
    """What was done until then is kept."""
    experiment_id = visit.path["experiment_id"]
    async with visit.write() as session:
        task_id = await cancel_run(session, visit.project_id, experiment_id)
    if task_id is not None:
        visit.executor.stop_run(task_id)
    return visit.go_on(_path(visit))


@form(f"{PATH}/retry-failed", does="retry_failed_experiment")
async def retry_failed(visit: Visit) -> Response:
    """Bring what is missing, answers and verdicts."""
    experiment_id = visit.path["experiment_id"]
    async with visit.store.read() as session:
        found = await find_experiment(session, visit.project_id, experiment_id)
    refuse_running(found)
    is_incomplete = await has_gaps(visit.store, found)
    async with visit.write() as session:
        row = await lock_experiment(session, visit.project_id, experiment_id)
        is_queued = await add_what_is_missing(
            session, visit.executor.process, visit.settings, row, is_incomplete=is_incomplete
        )
    if is_queued:
        visit.executor.wake()
    return visit.go_on(_path(visit))


async def asked_filter(
    visit: Visit, row: Experiment, categories: Mapping[str, Collection[str]]
) -> MatrixFilter:
    """What the address says of the rows that are wanted.

    Args:
        visit: Who asks.
        row: The experiment.
        categories: Category columns with their values.
    """
    text = visit.asked("q")
    if len(text) > _LONGEST_TEXT:
        visit.leave_out("q", f"It may have {_LONGEST_TEXT} characters.")
        text = ""
    chosen = {}
    asked = dict.fromkeys(one for one in visit.request.query_params if is_category(one))
    for name in asked:
        column = name.removeprefix(CATEGORY)
        if not name.startswith(CATEGORY) or column not in categories:
            for value in visit.asked_all(name):
                visit.leave_out(name, _columns_there(name, list(categories)), value)
        elif values := visit.asked_choices(name, categories[column]):
            chosen[column] = values
    return MatrixFilter(
        criterion_id=await asked_criterion(visit, row),
        verdict=visit.asked_choice("verdict", _VERDICTS, None),
        text=text,
        categories=chosen,
        sort="row" if visit.asked_choice("sort", _SORTS, "worst") == "row" else "worst",
    )


async def asked_criterion(visit: Visit, row: Experiment) -> int | None:
    """The criterion that the address names; None for none, or one that is not of the experiment."""
    criterion_id = visit.asked_number("criterion", 0)
    if not criterion_id:
        return None
    if await is_criterion_of(visit.session, row, criterion_id):
        return criterion_id
    visit.leave_out("criterion", "The experiment is not judged by a criterion of that id.")
    return None


def is_category(name: str) -> bool:
    """Whether a parameter names a category column, in whatever case."""
    return name.casefold().startswith(CATEGORY)


def filter_query(wanted: MatrixFilter) -> dict[str, Any]:
    """The parameters that say it."""
    return {
        "criterion": wanted.criterion_id,
        "verdict": wanted.verdict,
        "q": wanted.text,
        **{f"{CATEGORY}{name}": values for name, values in wanted.categories.items()},
        "sort": "row" if wanted.sort == "row" else None,
    }


def _path(visit: Visit) -> str:
    return f"/projects/{visit.project_id}/experiments/{visit.path['experiment_id']}"


async def _last_lines(visit: Visit, experiment_id: int) -> tuple[list[str], bool]:
    """The end of the log, and whether there is more before it."""
    found = await visit.session.scalars(
        select(LogLine.line)
        .join(Task, Task.id == LogLine.task_id)
        .where(Task.experiment_id == experiment_id)
        .order_by(LogLine.id.desc())
        .limit(_LINES + 1)
    )
    lines = found.all()
    return list(reversed(lines[:_LINES])), len(lines) > _LINES


def _lacks_verdicts_alone(overview: Overview) -> bool:
    """Whether every answer is there, so that what is missing takes a judge and nothing else."""
    counts = None if overview.account is None else overview.account.verdicts
    return counts is not None and not counts.missing_answer_failed and overview.totals.failed == 0


async def _judges(visit: Visit, row: Experiment) -> dict[int | None, list[str]]:
    """Why judges are not validated, by criterion; under None what holds for all, where nobody has labelled anything."""
    if not await has_labels(visit.session, row.id):
        return {None: [status_of("no labels")]} if await has_judges(visit.session, row.id) else {}
    found: dict[int | None, list[str]] = {}
    for one in await load_judges(visit.session, row, with_earlier=False) or ():
        if one.figures.problem is not None:
            found.setdefault(one.criterion_id, []).append(one.status)
    return found


def _described(description: str) -> str:
    """What it is for, without the line of a suite's run, which is for programs: the page tells it in words."""
    return description if origin_in(description) is None else description.rpartition("\n")[0].strip()


def _settings(config: LLMConfig | None, row: Experiment) -> list[tuple[str, Any]]:
    """How the model was asked, where it differs from its own ways."""
    given: dict[str, Any] = {}
    if config is not None:
        given = {name: getattr(config, name) for name in _SETTINGS if getattr(config, name) is not None}
    given |= {name: value for name, value in (row.generation_params or {}).items() if value is not None}
    return [(name.replace("_", " "), value) for name, value in given.items()]


def _bars(columns: list[Column], rates: Rates, account: Account | None) -> list[Bar]:
    nothing = NOTHING.overall
    counts = {} if account is None else account.verdicts_by_criterion_id or {}

    def missing(criterion_id: int) -> int | None:
        if account is None:
            return None
        one = counts.get(str(criterion_id))
        return 0 if one is None else one.missing_answer_failed + one.missing_not_judged

    whole = Bar.of(
        "All criteria", rates.overall, sum(rates.given.values()), None if account is None else account.missing
    )
    return [
        whole,
        *(
            Bar.of(
                one.text, rates.by_criterion.get(one.id, nothing), rates.given.get(one.id, 0), missing(one.id)
            )
            for one in columns
        ),
    ]


def _columns_there(name: str, names: list[str]) -> str:
    if not names:
        return "The collection has no category columns."
    alike = [f"{CATEGORY}{one}" for one in names if f"{CATEGORY}{one}".casefold() == name.casefold()]
    if alike:
        return f"Capital and small letters count: it is {alike[0]}."
    return f"The collection's category columns are {', '.join(map(quoted, names))}."
