"""Two experiments over the same rows: is the second better, and which rows changed how."""

import difflib
import re
from collections.abc import Sequence
from typing import Any

import attrs
import msgspec
from starlette.responses import Response

from elluminate._markup import Bar
from elluminate_server.domain.messages import response_text
from elluminate_server.http.problems import BadRequest, NotFound
from elluminate_server.pages.visits import Visit, page
from elluminate_server.reading.comparisons import MOST_ANSWERS, ChangedRow, Compared, compare
from elluminate_server.reading.figures import load_totals
from elluminate_server.reading.finding import see_experiment
from elluminate_server.reading.matrices import label_of
from elluminate_server.reading.responses import load_responses

__all__ = ["word_diff"]

_ROWS = 20
"""Rows that got worse, and as many that got better, on a page."""

_MOST_WORDS = 2_000
"""Of an answer: what is longer is shown without its differences."""


@page("/projects/{project_id:int}/compare", is_long=True)
async def comparison(visit: Visit) -> Response:
    """`ids` in the address: the first is what the second is compared with; the older one, as ticked in the list."""
    session = visit.session
    ids = sorted({_id(text) for text in visit.request.query_params.getlist("ids")})
    if len(ids) != 2:
        raise BadRequest("Tick two experiments to compare them.")
    if visit.asked("swap"):
        ids.reverse()
    a, b = [await see_experiment(session, visit.project_id, one) for one in ids]
    totals = await load_totals(session, ids)
    if max((one.responses for one in totals.values()), default=0) > MOST_ANSWERS:
        raise BadRequest(
            f"One of the experiments has more than {MOST_ANSWERS} answers. elluminate compare, on the command line, "
            "compares them."
        )
    found = await compare(session, a.id, b.id)
    shown = {"worse": await _sides(visit, found.worse), "better": await _sides(visit, found.better)}
    return visit.show(
        "compare.html",
        place="experiments",
        a=a,
        b=b,
        found=found,
        compared=[
            (one, *_bars(one))
            for one in ([found.overall] if found.overall is not None else []) + [*found.criteria]
        ],
        changed=[
            (title, found_rows, shown[title])
            for title, found_rows in (("worse", found.worse), ("better", found.better))
        ],
        swapped=f"{visit.request.url.path}?ids={a.id}&ids={b.id}{'' if visit.asked('swap') else '&swap=1'}",
    )


@attrs.frozen
class Piece:
    """Some words of an answer.

    Attributes:
        kind: `same`, `gone` or `new`.
        text: The words.
    """

    kind: str
    text: str


def word_diff(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """Two texts, each in pieces: what the other has, too, and what it has not.

    >>> [piece.kind for piece in word_diff("a b c", "a x c")[1]]
    ['same', 'new', 'same']
    """
    a, b = re.findall(r"\s+|\S+", before), re.findall(r"\s+|\S+", after)
    if max(len(a), len(b)) > 2 * _MOST_WORDS:
        return [Piece("same", before)], [Piece("same", after)]
    left, right = [], []
    for kind, a_low, a_high, b_low, b_high in difflib.SequenceMatcher(
        None, a, b, autojunk=False
    ).get_opcodes():
        gone, new = "".join(a[a_low:a_high]), "".join(b[b_low:b_high])
        if gone:
            left.append(Piece("same" if kind == "equal" else "gone", gone))
        if new:
            right.append(Piece("same" if kind == "equal" else "new", new))
    return left, right


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
        pieces = word_diff(*texts)
        sides = [
            _Side(one["id"], piece, one.get("ratings") or []) for one, piece in zip(pair, pieces, strict=True)
        ]
        shown.append(_ShownRow(label_of(row.values), row.before, row.after, sides))
    return shown


def _bars(one: Compared) -> tuple[Bar, Bar]:
    weighed = one.weighed
    return (
        Bar.of("first", weighed.rate_a, weighed.rate_a.n, None),
        Bar.of("second", weighed.rate_b, weighed.rate_b.n, None),
    )


def _id(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    raise NotFound("experiment", repr(text[:40]))
