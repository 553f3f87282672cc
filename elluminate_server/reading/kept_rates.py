"""Rates that are read again and again, remembered for as long as the results that are kept of the same experiment."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Any

import attrs
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.reading.figures import (
    Bin,
    Rates,
    Totals,
    counted_in,
    load_durations,
    load_rates,
    load_totals,
)
from elluminate_server.store.rows import fetch_by_ids
from elluminate_server.store.tables import KeptResults

__all__ = ["RatesMemory"]

_MOST = 2000
_of_kept = KeptResults.__table__.c
_IDS: Any = bindparam("ids", expanding=True)
_TOKENS = select(_of_kept.experiment_id, _of_kept.token).where(
    _of_kept.experiment_id.in_(_IDS), _of_kept.body.is_not(None)
)


@attrs.define
class _Remembered:
    rates: Rates
    totals: Totals
    durations: list[Bin] | None = None


class RatesMemory:
    """Figures of experiments whose results are kept (`kept_results`): these are dropped when something changes."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, str], _Remembered] = OrderedDict()

    async def load(
        self, session: AsyncSession, experiment_ids: Collection[int]
    ) -> tuple[dict[int, Rates], dict[int, Totals]]:
        """What `load_rates` and `load_totals` say of experiments."""
        tokens = await self._tokens(session, experiment_ids)
        known = {one: self._known[one, token] for one, token in tokens.items() if (one, token) in self._known}
        others = [one for one in experiment_ids if one not in known]
        rates, totals = await load_rates(session, others), await load_totals(session, others)
        found = known | {one: _Remembered(rates[one], totals.get(one, Totals())) for one in others}
        for experiment_id, token in tokens.items():
            self._known[experiment_id, token] = found[experiment_id]
            self._known.move_to_end((experiment_id, token))
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return {one: all_.rates for one, all_ in found.items()}, {
            one: all_.totals for one, all_ in found.items()
        }

    async def load_durations(self, session: AsyncSession, experiment_id: int, columns: int) -> list[Bin]:
        """How long the answers of an experiment took, counted in columns of equal width."""
        tokens = await self._tokens(session, [experiment_id])
        known = self._known.get((experiment_id, tokens.get(experiment_id, "")))
        if known is not None and known.durations is not None:
            return known.durations
        counted = counted_in(await load_durations(session, experiment_id), columns)
        if known is not None:
            known.durations = counted
        return counted

    async def _tokens(self, session: AsyncSession, experiment_ids: Collection[int]) -> dict[int, str]:
        return {row.experiment_id: row.token for row in await fetch_by_ids(session, _TOKENS, experiment_ids)}
