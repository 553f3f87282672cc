"""Answers and verdicts as rows: many at a time, by a few statements that are built once.

Everything here runs on a connection and blocks: a run's results go through `Commits`, which gathers those that arrive
together; a request's go through `run_sync` of its session.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from elluminate_server.execution.kept_calls import keep_calls
from elluminate_server.execution.rating import Rated
from elluminate_server.execution.records import (
    Closed,
    Given,
    NewResponse,
    NotStored,
    OfItem,
    Record,
    Stored,
    Told,
)
from elluminate_server.execution.shares import Claim, ItemLostError, claim, keep_while_writing
from elluminate_server.execution.storing_prompts import store_prompts
from elluminate_server.execution.tally import Tally
from elluminate_server.llm.prices import price_of_tokens
from elluminate_server.store.columns import Id, utc_now
from elluminate_server.store.ids import next_ids
from elluminate_server.store.prepared import execute, execute_many
from elluminate_server.store.states import ANSWERED, DONE, PENDING
from elluminate_server.store.tables import Base, Criterion, LogLine, Prompt, Rating, Response, WorkItem
from elluminate_server.store.upserts import upsert

__all__ = ["keep_shares", "store_ratings", "store_records", "store_responses"]

_TABLES = Base.metadata.tables
_PROMPTS = _TABLES[Prompt.__tablename__]
_RESPONSES = _TABLES[Response.__tablename__]
_RATINGS = _TABLES[Rating.__tablename__]
_CRITERIA = _TABLES[Criterion.__tablename__]
_ITEMS = _TABLES[WorkItem.__tablename__]
_LINES = _TABLES[LogLine.__tablename__]


def keep_shares(owner: str, connection: Connection, records: Sequence[tuple[str, Record]]) -> set[str]:
    """Renew the shares of a process in the tasks that the records are for; those of them that still go on."""
    results: dict[str, bool] = {}
    for task_id, record in records:
        results[task_id] = results.get(task_id, False) or isinstance(record, OfItem)
    return keep_while_writing(connection, owner, results)


def store_records(owner: str, connection: Connection, records: Sequence[tuple[str, Record]]) -> list[Any]:
    """Store what the runs of a process have produced, each record with the id of its task; what comes of each.

    Of a record for an item that another process has taken, that is an `ItemLostError`, and nothing is stored.

    May be done again with the same records when the transaction broke, and it is not known whether it was committed.
    """
    results: list[Any] = [None] * len(records)
    log = _Log()
    known = _known_items(connection, [record.item_id for _, record in records if isinstance(record, OfItem)])
    stored, given, closed = [], [], []
    for place, (task, record) in enumerate(records):
        item = known.get(record.item_id) if isinstance(record, OfItem) else None
        if isinstance(record, Stored) and not _is_lost(item, owner):
            stored.append((place, task, record))
        elif item is not None and item.state == DONE:
            # Written by the commit whose connection broke, or by the process that took the item over.
            continue
        elif _is_lost(item, owner):
            results[place] = ItemLostError("The work item is another process's.")
        elif isinstance(record, Given):
            given.append(record)
        elif isinstance(record, Closed):
            closed.append((task, record))
    for place, response_id in _store_answers(connection, owner, stored, known, log):
        results[place] = response_id
    store_ratings(connection, [(record.response_id, record.rated) for record in given])
    answers = [(record.response.plan.project_id, record.response.kept) for *_, record in stored]
    keep_calls(connection, answers + [(record.project_id, record.rated.kept) for record in given])
    survived = sorted({record.item_id for record in given if known[record.item_id].attempts})
    execute_many(connection, _FORGET_DEATHS, [{"item": item_id} for item_id in survived])
    _close_items(connection, closed, log)
    for place, (task, record) in enumerate(records):
        if isinstance(record, Told):
            log.add(task, record.line)
        elif isinstance(record, Claim):
            results[place] = claim(connection, owner, task, record)
    execute_many(connection, _ADD_LINES, log.lines())
    return results


def _known_items(connection: Connection, item_ids: Sequence[int]) -> Mapping[int, Any]:
    if not item_ids:
        return {}
    return {row.id: row for row in execute(connection, _STATES, {"ids": sorted(set(item_ids))})}


def _is_lost(known: Any, owner: str) -> bool:
    return known is not None and known.state != DONE and known.holder != owner


class _Log:
    """Lines for the logs of tasks, in the order of what they tell."""

    def __init__(self) -> None:
        self._lines: list[dict[str, Any]] = []
        self._counts: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, task_id: str, line: str) -> None:
        self._lines.append({"task_id": task_id, "line": line})

    def count(self, task_id: str, kind: str, tally: Tally, line: str) -> None:
        """A line that only says how far a task is: of a long one the last such line is enough."""
        if tally.is_brief:
            self._counts[task_id, kind] = {"task_id": task_id, "line": line}
        else:
            self.add(task_id, line)

    def lines(self) -> list[dict[str, Any]]:
        now = utc_now()
        return [{**line, "created_at": now} for line in (*self._lines, *self._counts.values())]


def _store_answers(
    connection: Connection,
    owner: str,
    stored: Sequence[tuple[int, str, Stored]],
    known: Mapping[int, Any],
    log: _Log,
) -> Iterable[tuple[int, int | NotStored | None]]:
    if not stored:
        return []
    # Of the others the row is gone, or they were written by the commit whose connection broke.
    new = [
        entry for entry in stored if entry[2].item_id in known and known[entry[2].item_id].state == PENDING
    ]
    stored_ids = store_responses(connection, [record.response for *_, record in new])
    ids = {place: new_id for (place, *_), new_id in zip(new, stored_ids, strict=True) if new_id is not None}
    refused = {place for place, *_ in new} - ids.keys()
    new = [entry for entry in new if entry[0] in ids]
    execute_many(
        connection,
        _ANSWER,
        [
            {
                "item": record.item_id,
                "new_state": DONE if record.is_over else ANSWERED,
                "new_holder": None if record.is_over else owner,
                "new_error": record.response.generated.error,
                "new_response": ids[place],
            }
            for place, _, record in new
        ],
    )
    for _, task_id, record in new:
        line = record.tally.count_answered(record.item_id)
        response = record.response
        if response.generated.error is None:
            log.count(task_id, "answered", record.tally, line)
        else:
            where = f"row {response.subject.entry_id}, epoch {response.epoch}"
            log.add(task_id, f"{line}: {where} failed: {response.generated.error}")
        if record.is_over:
            record.tally.count_rated(record.item_id)
    return [
        (
            place,
            NotStored.OTHER_PROMPT
            if place in refused
            else _outcome(record, known.get(record.item_id), ids.get(place)),
        )
        for place, _, record in stored
    ]


def _outcome(record: Stored, known: Any, new_id: int | None) -> int | None:
    if record.is_over or known is None:
        return None
    if new_id is not None:
        return new_id
    earlier: int | None = known.response_id if known.state == ANSWERED else None
    return earlier


def _close_items(connection: Connection, closed: Sequence[tuple[str, Closed]], log: _Log) -> None:
    execute_many(
        connection,
        _CLOSE,
        [{"item": record.item_id, "new_problems": dict(record.problems) or None} for _, record in closed],
    )
    # What other tasks could not judge of this answer was tried again: their reasons hold no longer.
    execute_many(
        connection,
        _FORGET_PROBLEMS,
        [
            {"item": record.item_id, "of_response": record.response_id}
            for _, record in closed
            if record.response_id is not None
        ],
    )
    for task_id, record in closed:
        line = record.tally.count_rated(record.item_id)
        for criterion_id, problem in record.problems.items():
            log.add(task_id, f"{record.place}: criterion {criterion_id} was not judged: {problem}")
        log.count(task_id, "rated", record.tally, line)


def store_responses(connection: Connection, responses: Sequence[NewResponse]) -> list[int | None]:
    """Add responses, and those of their prompts that are new.

    Returns:
        The ids, in the same order; None where the row has got another prompt meanwhile than the response answers.
    """
    prompts = store_prompts(connection, [(response.plan, response.subject) for response in responses])
    new = [
        (response, prompt_id)
        for response, prompt_id in zip(responses, prompts, strict=True)
        if prompt_id is not None
    ]
    ids = next_ids(connection, _RESPONSES, len(new)) if new else ()
    now = utc_now()
    rows = [
        {**_response_row(response, prompt_id), "id": new_id, "created_at": now}
        for new_id, (response, prompt_id) in zip(ids, new, strict=True)
    ]
    execute_many(connection, _ADD_RESPONSES, rows)
    left = iter(ids)
    return [None if prompt_id is None else next(left) for prompt_id in prompts]


def _response_row(response: NewResponse, prompt_id: int) -> dict[str, Any]:
    generated = response.generated
    config, usage = generated.config, generated.usage
    metadata = None if config is None else usage.metadata(config)
    return {
        "experiment_id": response.plan.experiment_id,
        "prompt_id": prompt_id,
        "entry_id": response.subject.entry_id,
        "epoch": response.epoch,
        "messages": [dict(message) for message in generated.messages],
        "annotation": "",
        "error": generated.error,
        "judged_as_of": response.judged_as_of,
        "termination_reason": generated.termination_reason,
        "persona_version_id": generated.persona_version_id,
        "generation_metadata": metadata,
        "flaw": generated.flaw,
        "cached": usage.cached or None,
        "llm_model_name": None if config is None else config.model,
        "duration_seconds": None if config is None else usage.duration_seconds,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "input_price_per_mtok": price_of_tokens(usage.estimated_input_cost_usd, usage.input_tokens),
        "output_price_per_mtok": price_of_tokens(usage.estimated_output_cost_usd, usage.output_tokens),
    }


def store_ratings(connection: Connection, ratings: Sequence[tuple[int, Rated]]) -> None:
    """Store verdicts by their responses' ids, each in place of an older one, which a trigger keeps.

    One whose response or criterion is gone is dropped.
    """
    rows = [
        {
            "of_response": response_id,
            "of_criterion": rated.criterion.id,
            "new_rating": rated.verdict.rating,
            "new_reasoning": rated.verdict.reasoning,
            "new_generation_metadata": rated.metadata,
            "new_input_tokens": rated.verdict.input_tokens,
            "new_output_tokens": rated.verdict.output_tokens,
            "new_cost_usd": 0.0 if rated.verdict.cached else rated.verdict.estimated_cost_usd,
            "new_origin": rated.origin,
            "new_created_at": rated.at,
        }
        for response_id, rated in ratings
    ]
    execute_many(connection, _put_ratings(connection.dialect.name), rows)


# Built once: building a statement costs more than running it.

_STATES = (
    select(_ITEMS.c.id, _ITEMS.c.state, _ITEMS.c.response_id, _ITEMS.c.holder, _ITEMS.c.attempts)
    .where(_ITEMS.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_ITEMS.c.id)
    .with_for_update()
)

_ANSWER = (
    update(_ITEMS)
    .where(_ITEMS.c.id == bindparam("item"))
    .values(
        state=bindparam("new_state"),
        attempts=0,
        holder=bindparam("new_holder"),
        error=bindparam("new_error"),
        response_id=bindparam("new_response"),
    )
)

_CLOSE = (
    update(_ITEMS)
    .where(_ITEMS.c.id == bindparam("item"))
    .values(state=DONE, holder=None, rating_errors=bindparam("new_problems"))
)

_FORGET_DEATHS = update(_ITEMS).where(_ITEMS.c.id == bindparam("item")).values(attempts=0)

_FORGET_PROBLEMS = (
    update(_ITEMS)
    .where(
        _ITEMS.c.response_id == bindparam("of_response"),
        _ITEMS.c.id != bindparam("item"),
        _ITEMS.c.rating_errors.is_not(None),
    )
    .values(rating_errors=None)
)

_ADD_LINES = insert(_LINES)

_ADD_RESPONSES = insert(_RESPONSES)


@functools.cache
def _put_ratings(dialect: str) -> Any:
    costs = ("input_tokens", "output_tokens", "cost_usd")
    names = ("rating", "reasoning", "generation_metadata", "origin", "created_at", *costs)
    values = [bindparam(f"new_{name}", type_=_RATINGS.c[name].type) for name in names]
    response_is_there = select(_RESPONSES.c.id).where(_RESPONSES.c.id == bindparam("of_response")).exists()
    row = select(bindparam("of_response", type_=Id), _CRITERIA.c.id, *values).where(
        _CRITERIA.c.id == bindparam("of_criterion"), response_is_there
    )
    statement = upsert(dialect, _RATINGS).from_select(["response_id", "criterion_id", *names], row)
    return statement.on_conflict_do_update(
        index_elements=["response_id", "criterion_id"],
        set_={name: statement.excluded[name] for name in names},
    )
