"""Rates that are read again and again, remembered for as long as the results that are kept of the same experiment."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.reading.figures import Rates, load_rates
from elluminate_server.store.rows import fetch_by_ids
from elluminate_server.store.tables import KeptResults

__all__ = ["RatesMemory"]

_MOST = 2000
_of_kept = KeptResults.__table__.c
_IDS: Any = bindparam("ids", expanding=True)
_TOKENS = select(_of_kept.experiment_id, _of_kept.token).where(
    _of_kept.experiment_id.in_(_IDS), _of_kept.body.is_not(None)
)


class RatesMemory:
    """Rates of experiments whose results are kept (`kept_results`): these are dropped when something changes."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, str], Rates] = OrderedDict()

    async def load(self, session: AsyncSession, experiment_ids: Collection[int]) -> dict[int, Rates]:
        """Rates by experiment, as `load_rates`."""
        tokens = {
            row.experiment_id: row.token for row in await fetch_by_ids(session, _TOKENS, experiment_ids)
        }
        found = {one: self._known[one, token] for one, token in tokens.items() if (one, token) in self._known}
        found |= await load_rates(session, [one for one in experiment_ids if one not in found])
        for experiment_id, token in tokens.items():
            self._known[experiment_id, token] = found[experiment_id]
            self._known.move_to_end((experiment_id, token))
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found
