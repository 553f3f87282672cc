"""Results as they are asked for while others wait: those of many responses beside the event loop, and not each time.

Whoever watches a run asks again and again, and each time all of its responses would be counted anew. So what was
computed of a run that goes on is given again until twenty times as long has passed as it took.
"""

import time
from collections.abc import Mapping, Sequence

import attrs
from elluminate_api import models
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.reading.results import LONG, load_results
from elluminate_server.store.engine import Store
from elluminate_server.store.rows import fetch
from elluminate_server.store.tables import Experiment, Response

__all__ = ["ResultsSoFar"]

_SHARE = 0.05
"""Of the time that passes, at most this much goes into the results of one experiment that runs."""
_LONGEST = 5.0
"""Seconds that results are behind at most."""

_of_response = Response.__table__.c
_HAS_MANY = (
    select(_of_response.id)
    .where(_of_response.experiment_id == bindparam("experiment_id"))
    .limit(1)
    .offset(bindparam("most"))
)


@attrs.define
class _Computed:
    results: models.ExperimentResults
    good_until: float
    is_renewed: bool = False


@attrs.define
class ResultsSoFar:
    """The latest results of large experiments that run, in the memory of this process."""

    _store: Store
    _computed: dict[int, _Computed] = attrs.field(factory=dict, init=False)

    async def load(
        self, session: AsyncSession, experiments: Sequence[Experiment], row_counts: Mapping[int, int]
    ) -> dict[int, models.ExperimentResults]:
        """As `load_results`; those of running experiments with many responses may be some seconds old.

        What one caller computes, others do not wait for: they get what there was. Results of many responses are of a
        moment after that which the session sees.
        """
        found = {}
        few: list[Experiment] = []
        many: list[Experiment] = []
        now = time.monotonic()
        self._forget(now)
        for experiment in experiments:
            known = self._computed.get(experiment.id)
            if experiment.generation_task_id is None:
                self._computed.pop(experiment.id, None)
            elif known is not None and (now < known.good_until or known.is_renewed):
                found[experiment.id] = known.results
                continue
            has_many = await fetch(session, _HAS_MANY, experiment_id=experiment.id, most=LONG)
            (many if has_many else few).append(experiment)
        if few:
            found |= await load_results(session, few, row_counts)
        for experiment in many:
            found |= await self._beside(experiment, row_counts)
        return found

    async def _beside(
        self, experiment: Experiment, row_counts: Mapping[int, int]
    ) -> dict[int, models.ExperimentResults]:
        known = self._computed.get(experiment.id)
        if known is not None:
            known.is_renewed = True
        began = time.monotonic()
        try:
            async with self._store.read(is_long=True) as session:
                loaded = await load_results(session, [experiment], row_counts)
        finally:
            if known is not None:
                known.is_renewed = False
        if experiment.generation_task_id is not None and experiment.id in loaded:
            now = time.monotonic()
            good_until = now + min(_LONGEST, (now - began) / _SHARE)
            self._computed[experiment.id] = _Computed(loaded[experiment.id], good_until)
        return loaded

    def _forget(self, now: float) -> None:
        """What nobody has asked for of late: its run may be over, or nobody looks on."""
        for key, known in list(self._computed.items()):
            if now > known.good_until + 60 and not known.is_renewed:
                del self._computed[key]
