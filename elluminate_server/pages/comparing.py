"""Two to four experiments over the same rows: is one better than another, and which rows changed how."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import attrs
import msgspec
from starlette.responses import Response

from elluminate._markup import Bar
from elluminate_server.domain.messages import response_text
from elluminate_server.http.problems import BadRequest, NotFound
from elluminate_server.pages.differences import Piece, sides_of, word_diff
from elluminate_server.pages.experiments import bar_of, rates_memory
from elluminate_server.pages.missing import Reason, reasons_of
from elluminate_server.pages.visits import Visit, page
from elluminate_server.reading.comparisons import (
    MOST_ANSWERS,
    ChangedRow,
    Compared,
    Comparison,
    Key,
    Side,
    compare,
    load_side,
    named,
)
from elluminate_server.reading.endings import load_ending
from elluminate_server.reading.figures import load_totals
from elluminate_server.reading.finding import see_experiment
from elluminate_server.reading.matrices import label_of
from elluminate_server.reading.overviews import Overview, load_overviews
from elluminate_server.reading.responses import load_responses

_MOST = 4
"""Experiments that are compared at a time."""

_ROWS = 20
"""Rows that got worse, and as many that got better, on a page."""


@attrs.frozen
class _Compared:
    """An experiment on the page.

    Attributes:
        letter: What it is called there.
        overview: What it came to.
        bar: Its share of YES.
        side: Its rows.
        bars: Its rate by criterion.
        why_not: Why it cannot be compared; None where it can.
        reasons: Why verdicts are missing.
    """

    letter: str
    overview: Overview
    bar: Bar
    side: Side
    bars: Mapping[Key, Bar]
    why_not: str | None
    reasons: Sequence[Reason]


@attrs.frozen
class _Pair:
    """One experiment beside that which all are compared with."""

    other: _Compared
    found: Comparison
    compared: Sequence[tuple[Compared, Bar, Bar]]


@page("/projects/{project_id:int}/compare", is_long=True)
async def comparison(visit: Visit) -> Response:
    """`ids` in the address: what is compared. `base`: with which of them, the oldest where nothing is said.

    `changed`: whose rows are shown beside those of the base, the first of the others where nothing is said.
    """
    ids = sorted({_id(text) for text in visit.asked_all("ids")})
    if not 2 <= len(ids) <= _MOST:
        raise BadRequest(f"Tick 2 to {_MOST} experiments to compare them.")
    default = ids[-1] if visit.asked("swap") else ids[0]
    base = visit.asked_choice("base", ids, default)
    ids.sort(key=lambda one: (one != base, one))
    first, *others = await _load(visit, ids)
    pairs = [
        _Pair(other, found, [(one, *_bars(first, other, one)) for one in _all_of(found)])
        for other in others
        if first.why_not is None and other.why_not is None
        for found in [compare(first.side, other.side)]
    ]
    chosen = visit.asked_choice("changed", ids[1:], ids[1])
    changed = next((pair for pair in pairs if pair.other.overview.id == chosen), None)
    return visit.show(
        "compare.html",
        place="experiments",
        base=first,
        all=[first, *others],
        criteria=[
            (named(key), key) for key in dict.fromkeys(k for one in (first, *others) for k in one.side.keys)
        ],
        pairs=pairs,
        changed=changed,
        rows=[]
        if changed is None
        else [
            (title, found, await _sides(visit, found))
            for title, found in (("worse", changed.found.worse), ("better", changed.found.better))
        ],
        swapped=_address(visit, ids, base=ids[1]),
    )


async def _load(visit: Visit, ids: Sequence[int]) -> list[_Compared]:
    """The experiments in this order."""
    session = visit.session
    rows = [await see_experiment(session, visit.project_id, one) for one in ids]
    totals = await load_totals(session, ids)
    if max((one.responses for one in totals.values()), default=0) > MOST_ANSWERS:
        raise BadRequest(
            f"One of the experiments has more than {MOST_ANSWERS} answers. elluminate compare, on the command line, "
            "compares them."
        )
    found = []
    overviews = await load_overviews(session, rows, rates_memory(visit))
    for letter, row, overview in zip("ABCD", rows, overviews, strict=False):
        side = await load_side(session, row)
        counts = {} if overview.account is None else overview.account.verdicts_by_criterion_id or {}
        missing: Counter[str] = Counter()
        for one in counts.values():
            missing[one.criterion_str or ""] += one.missing_answer_failed + one.missing_not_judged
        rates = {} if overview.state == "running" else side.rates()
        found.append(
            _Compared(
                letter=letter,
                overview=overview,
                bar=bar_of(overview),
                side=side,
                bars={
                    key: Bar.of(
                        named(key), rate, rate.n, None if overview.account is None else missing[key[0]]
                    )
                    for key, rate in rates.items()
                },
                why_not=await _why_not(visit, overview),
                reasons=reasons_of(overview.account),
            )
        )
    return found


async def _why_not(visit: Visit, one: Overview) -> str | None:
    """Why an experiment has nothing to compare; None where it has."""
    if one.state == "running":
        return "still runs: what is answered first is no fair part of the whole, so that nothing is said before its end"
    if one.totals.responses > one.totals.failed:
        return None
    if one.totals.responses:
        return "has no answer: every one failed"
    if one.state == "not run":
        return "has not been run"
    ending = await load_ending(visit.session, one.id)
    return f"ended before its first answer{'' if ending is None else f': {ending}'}"


def _all_of(found: Comparison) -> list[Compared]:
    return ([found.overall] if found.overall is not None else []) + [*found.criteria]


def _address(visit: Visit, ids: Sequence[int], **changed: int) -> str:
    """This page with these experiments."""
    return f"{visit.request.url.path}?{urlencode([*(('ids', one) for one in ids), *changed.items()])}"


@attrs.frozen
class _Side:
    response_id: int
    pieces: Sequence[Piece]
    verdicts: Sequence[dict[str, Any]]


@attrs.frozen
class _ShownRow:
    label: str
    before: float
    after: float
    sides: Sequence[_Side]


async def _sides(visit: Visit, rows: Sequence[ChangedRow]) -> list[_ShownRow]:
    """The first rows, side by side."""
    rows = rows[:_ROWS]
    ids = [one for row in rows for one in (row.response_before, row.response_after)]
    loaded = msgspec.json.decode(msgspec.json.encode(await load_responses(visit.session, ids)))
    answers = {one["id"]: one for one in loaded}
    shown = []
    for row in rows:
        pair = answers[row.response_before], answers[row.response_after]
        texts = [one["error"] or response_text(one["messages"]) for one in pair]
        sides = [
            _Side(one["id"], pieces, one.get("ratings") or [])
            for one, pieces in zip(pair, sides_of(word_diff(*texts)), strict=True)
        ]
        shown.append(_ShownRow(label_of(row.values), row.before, row.after, sides))
    return shown


def _bars(a: _Compared, b: _Compared, one: Compared) -> tuple[Bar, Bar]:
    weighed = one.weighed
    return (
        Bar.of(a.letter, weighed.rate_a, weighed.rate_a.n, None),
        Bar.of(b.letter, weighed.rate_b, weighed.rate_b.n, None),
    )


def _id(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    raise NotFound("experiment", repr(text[:40]))
