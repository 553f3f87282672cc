"""Experiments over the same rows: what `compare` of the SDK says of two of them, and which rows changed.

Rows are the same where their values are, and who talked with the model; criteria where their texts are. What can be
said is computed by `elluminate.statistics`, as there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate import statistics
from elluminate.statistics import Interval
from elluminate.statistics.weighing import Weighed, weigh
from elluminate_server.reading.verdicts import Verdict, load_accounts
from elluminate_server.store.rows import fetch
from elluminate_server.store.tables import (
    Criterion,
    Experiment,
    Persona,
    PersonaVersion,
    Prompt,
    Rating,
    Response,
)

__all__ = [
    "MOST_ANSWERS",
    "ChangedRow",
    "Compared",
    "Comparison",
    "Key",
    "Side",
    "compare",
    "load_side",
    "named",
]

LEVEL = 0.05
MOST_ANSWERS = 20_000
"""Of one experiment: all verdicts of both are held at a time."""

_of_response, _of_rating, _of_prompt = Response.__table__.c, Rating.__table__.c, Prompt.__table__.c
_of_version, _of_persona = PersonaVersion.__table__.c, Persona.__table__.c
_EXPERIMENT: Any = bindparam("experiment_id")
_ROWS = select(_of_prompt.entry_id, _of_prompt.input_values).where(_of_prompt.experiment_id == _EXPERIMENT)
_ANSWERS = (
    select(_of_response.id, _of_response.entry_id, _of_response.epoch, _of_response.error, _of_persona.name)
    .outerjoin(PersonaVersion.__table__, _of_version.id == _of_response.persona_version_id)
    .outerjoin(Persona.__table__, _of_persona.id == _of_version.persona_id)
    .where(_of_response.experiment_id == _EXPERIMENT)
    .order_by(_of_response.entry_id, _of_response.epoch, _of_response.id)
)
_VERDICTS = (
    select(
        _of_rating.response_id,
        Criterion.__table__.c.id,
        Criterion.__table__.c.criterion_str,
        _of_rating.rating,
    )
    .join(Response.__table__, _of_response.id == _of_rating.response_id)
    .join(Criterion.__table__, Criterion.__table__.c.id == _of_rating.criterion_id)
    .where(_of_response.experiment_id == _EXPERIMENT, _of_response.error.is_(None))
    .order_by(Criterion.__table__.c.position, Criterion.__table__.c.id)
)

Key = tuple[str, int]
"""A criterion by its text, and by its number among those of that text by which one row is judged."""


@attrs.frozen
class _Row:
    values: Mapping[str, Any]
    persona: str | None
    first_response_id: int
    verdicts: Mapping[Key, list[bool]]
    identity: str


@attrs.frozen
class Side:
    """One experiment, as it is compared with others.

    Attributes:
        rows: Its rows that have an answer.
        keys: The criteria of its run, in the order of their set.
        collection_id: Where its rows are from.
        has_unanswered: Whether its run left rows, or epochs of them, without any answer.
    """

    rows: Sequence[_Row]
    keys: Sequence[Key]
    collection_id: int
    has_unanswered: bool

    def rates(self) -> dict[Key, Interval]:
        """The share of YES by criterion, over all of its rows, whether others have them or not."""
        return {
            key: statistics.rate([row.verdicts[key] for row in self.rows if row.verdicts.get(key)])
            for key in self.keys
        }


@attrs.frozen
class ChangedRow:
    """A row that got better or worse.

    Attributes:
        values: Column name to value.
        before: Its mean in the first experiment, 0 to 1.
        after: Its mean in the second.
        response_before: The answer to open in the first.
        response_after: That in the second.
    """

    values: Mapping[str, Any]
    before: float
    after: float
    response_before: int
    response_after: int


@attrs.frozen
class Compared:
    """One criterion, or all together.

    Attributes:
        name: Its text.
        weighed: What the verdicts say.
        verdict: What can be said, among all criteria.
        p: How often chance alone makes such a difference, among all criteria; None where undefined.
        better: How many rows got better by it.
        worse: How many got worse.
    """

    name: str
    weighed: Weighed
    verdict: str
    p: float | None
    better: int
    worse: int


@attrs.frozen
class Comparison:
    """Two experiments.

    Attributes:
        rows: How many they have in common.
        only_a: How many only the first has.
        only_b: How many only the second has.
        unanswered_a: How many the second has an answer to, and the first was to answer and did not.
        unanswered_b: The same of the second.
        left_out: Rows in common that have no verdict by a criterion in common on both sides.
        criteria_only_in_a: Texts of criteria that only the first has.
        criteria_only_in_b: Those that only the second has.
        overall: All criteria together; None where nothing is in common.
        criteria: Each of them.
        better: Rows that got better by all criteria together, those with the largest change first.
        worse: Rows that got worse.
    """

    rows: int
    only_a: int
    only_b: int
    unanswered_a: int
    unanswered_b: int
    left_out: int
    criteria_only_in_a: Sequence[str]
    criteria_only_in_b: Sequence[str]
    overall: Compared | None
    criteria: Sequence[Compared]
    better: Sequence[ChangedRow]
    worse: Sequence[ChangedRow]


def compare(a: Side, b: Side) -> Comparison:
    """Weigh the second experiment against the first."""
    keys_a, keys_b = a.keys, b.keys
    pairs, only_a, only_b = _paired(a.rows, b.rows)
    is_one_collection = a.collection_id == b.collection_id
    unanswered_a = only_b if is_one_collection and a.has_unanswered else 0
    unanswered_b = only_a if is_one_collection and b.has_unanswered else 0
    shared = [key for key in keys_a if key in set(keys_b)]
    counting = _counting(pairs, shared)
    overall, criteria = None, []
    better: list[ChangedRow] = []
    worse: list[ChangedRow] = []
    if counting:
        weighed = _weighed(counting)
        overall = _compared("All criteria", weighed, weighed.verdict, weighed.difference.p)
        criteria = _among_all([(key, _weighed(_counting(pairs, [key]))) for key in shared])
        for ((old, new), _), before, after in zip(counting, weighed.means_a, weighed.means_b, strict=True):
            if _has_changed(before, after):
                row = ChangedRow(new.values, before, after, old.first_response_id, new.first_response_id)
                (better if after > before else worse).append(row)
    return Comparison(
        rows=len(pairs),
        only_a=only_a - unanswered_b,
        only_b=only_b - unanswered_a,
        unanswered_a=unanswered_a,
        unanswered_b=unanswered_b,
        left_out=len(pairs) - len(counting),
        criteria_only_in_a=[key[0] for key in keys_a if key not in shared],
        criteria_only_in_b=[key[0] for key in keys_b if key not in shared],
        overall=overall,
        criteria=criteria,
        better=sorted(better, key=lambda row: row.before - row.after),
        worse=sorted(worse, key=lambda row: row.after - row.before),
    )


Pair = tuple[_Row, _Row]


def _counting(pairs: Sequence[Pair], keys: Sequence[Key]) -> list[tuple[Pair, list[Key]]]:
    """The rows that both sides have verdicts of, with the criteria of these."""
    found = []
    for a, b in pairs:
        both = [key for key in keys if a.verdicts.get(key) and b.verdicts.get(key)]
        if both:
            found.append(((a, b), both))
    return found


def _weighed(counting: Sequence[tuple[Pair, list[Key]]]) -> Weighed:
    sides = [[[pair[side].verdicts[key] for key in keys] for pair, keys in counting] for side in (0, 1)]
    return weigh(sides[0], sides[1], LEVEL)


def _among_all(found: Sequence[tuple[Key, Weighed]]) -> list[Compared]:
    """Verdicts by p as it counts among all criteria (Holm)."""
    adjusted = iter(statistics.holm([one.difference.p for _, one in found if one.difference.p is not None]))
    compared = []
    for key, one in found:
        p = None if one.difference.p is None else next(adjusted)
        verdict = one.verdict if p is None else statistics.decide(one.difference, LEVEL, p)
        compared.append(_compared(named(key), one, verdict, p))
    return compared


def named(key: Key) -> str:
    """A criterion in words."""
    text, number = key
    return text if number == 0 else f"{text} ({number + 1})"


def _compared(name: str, weighed: Weighed, verdict: str, p: float | None) -> Compared:
    changes = [
        after - before
        for before, after in zip(weighed.means_a, weighed.means_b, strict=True)
        if _has_changed(before, after)
    ]
    better = sum(change > 0 for change in changes)
    return Compared(name, weighed, verdict, p, better, len(changes) - better)


def _has_changed(before: float, after: float) -> bool:
    return abs(after - before) > 1e-12


def _paired(a: Sequence[_Row], b: Sequence[_Row]) -> tuple[list[Pair], int, int]:
    of_b: dict[str, list[_Row]] = defaultdict(list)
    for row in reversed(b):
        of_b[row.identity].append(row)
    pairs = [(row, of_b[row.identity].pop()) for row in a if of_b[row.identity]]
    return pairs, len(a) - len(pairs), len(b) - len(pairs)


async def load_side(session: AsyncSession, experiment: Experiment) -> Side:
    """An experiment with all of its verdicts that count, and the criteria that its run has."""
    experiment_id = experiment.id
    account = (await load_accounts(session, [experiment_id]))[experiment_id]
    values = {
        row.entry_id: row.input_values for row in await fetch(session, _ROWS, experiment_id=experiment_id)
    }
    verdicts: dict[int, list[tuple[int, Verdict]]] = defaultdict(list)
    texts = dict(account.texts)
    for response_id, criterion_id, text, rating in await fetch(
        session, _VERDICTS, experiment_id=experiment_id
    ):
        verdicts[response_id].append((criterion_id, rating))
        texts.setdefault(criterion_id, text)
    answers: dict[tuple[int, str | None], list[tuple[int, str | None]]] = defaultdict(list)
    for response_id, entry_id, _, error, persona in await fetch(
        session, _ANSWERS, experiment_id=experiment_id
    ):
        answers[entry_id, persona].append((response_id, error))
    places = {criterion_id: place for place, criterion_id in enumerate(account.order)}
    rows, keys = [], dict[Key, int]()
    for (entry_id, persona), of_answers in answers.items():
        given: list[tuple[int, Verdict]] = []
        wanted: set[int] = set()
        for response_id, error in of_answers:
            counted = account.counted(response_id, entry_id, verdicts[response_id])
            lack = account.lack(response_id, entry_id, error, dict(counted))
            given += counted
            wanted.update(dict(counted), lack.pending, (one.criterion_id for one in lack.missing))
        key_of = _keys(wanted, texts)
        of_row: dict[Key, list[bool]] = defaultdict(list)
        for criterion_id, verdict in given:
            of_row[key_of[criterion_id]].append(verdict == "YES")
        for criterion_id, key in key_of.items():
            keys.setdefault(key, places.get(criterion_id, len(places)))
        row_values = values.get(entry_id, {})
        rows.append(_Row(row_values, persona, of_answers[0][0], of_row, _identity([row_values, persona])))
    in_order = sorted(keys, key=lambda key: keys[key])
    return Side(rows, in_order, experiment.collection_id, bool(account.unanswered))


def _keys(judged_by: Iterable[int], texts: Mapping[int, str]) -> dict[int, Key]:
    numbers: dict[str, int] = defaultdict(int)
    found = {}
    for criterion_id in sorted(judged_by):
        text = texts[criterion_id]
        found[criterion_id] = (text, numbers[text])
        numbers[text] += 1
    return found


def _identity(value: Any) -> str:
    """Equal for equal values: neither the order of keys nor 1 and 1.0 make a difference."""
    return msgspec.json.encode(_plain(value), order="deterministic").decode()


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
