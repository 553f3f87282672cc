"""Results of experiments that still run: computed again only so often that it costs little.

Whoever watches a run asks again and again, and each time all of its responses would be counted anew. So what was
computed is given again until twenty times as long has passed as it took.
"""

import time
from collections.abc import Mapping, Sequence

import attrs
from elluminate_api import models
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.reading.results import LONG, load_results
from elluminate_server.store.tables import Experiment

__all__ = ["ResultsSoFar"]

_SHARE = 0.05
"""Of the time that passes, at most this much goes into the results of one experiment."""
_LONGEST = 5.0
"""Seconds that results are behind at most."""


@attrs.define
class _Computed:
    results: models.ExperimentResults
    good_until: float
    is_renewed: bool = False


@attrs.define
class ResultsSoFar:
    """The latest results of large experiments that run, in the memory of this process."""

    _computed: dict[int, _Computed] = attrs.field(factory=dict, init=False)

    async def load(
        self, session: AsyncSession, experiments: Sequence[Experiment], row_counts: Mapping[int, int]
    ) -> dict[int, models.ExperimentResults]:
        """As `load_results`; those of running experiments with many responses may be some seconds old.

        What one caller computes, others do not wait for: they get what there was.
        """
        now = time.monotonic()
        self._forget(now)
        found = {}
        wanted = []
        for experiment in experiments:
            known = self._computed.get(experiment.id)
            if experiment.generation_task_id is None:
                self._computed.pop(experiment.id, None)
                wanted.append(experiment)
            elif known is not None and (now < known.good_until or known.is_renewed):
                found[experiment.id] = known.results
            else:
                wanted.append(experiment)
        if not wanted:
            return found
        renewed = [self._computed[experiment.id] for experiment in wanted if experiment.id in self._computed]
        for known in renewed:
            known.is_renewed = True
        try:
            loaded = await load_results(session, wanted, row_counts)
        finally:
            for known in renewed:
                known.is_renewed = False
        done = time.monotonic()
        good_until = done + min(_LONGEST, (done - now) / _SHARE)
        for experiment in wanted:
            results = loaded.get(experiment.id)
            if experiment.generation_task_id is not None and results is not None and _is_large(results):
                self._computed[experiment.id] = _Computed(results, good_until)
        return {**found, **loaded}

    def _forget(self, now: float) -> None:
        """What nobody has asked for of late: its run may be over, or nobody looks on."""
        old = [key for key, known in self._computed.items() if now > known.good_until + 60]
        for key in old:
            if not self._computed[key].is_renewed:
                del self._computed[key]


def _is_large(results: models.ExperimentResults) -> bool:
    answered = len(results.duration_seconds_per_response) + results.num_failed_responses
    return max(answered, results.num_rated_responses) >= LONG
