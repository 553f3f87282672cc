"""What the models of a run are asked through: it waits where waiting helps, and ends the run where nothing will.

Waiting for an endpoint is the gate's (`llm/gates.py`), with the run's patience. A process that lacks what it takes to
ask a model, file descriptors most often, has asked nobody, so that nothing has failed: its calls wait, too, as results
wait for room on a full disk.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from elluminate_server.execution import leases
from elluminate_server.execution.plans import Plan, answering_model, judging_model
from elluminate_server.llm.gates import Caller
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import Models
from elluminate_server.llm.shortages import ShortageError
from elluminate_server.llm.types import Answer, Model, ModelAwayError, ModelError, PlaysRoles

__all__ = ["Asking", "HopelessError", "Shortages"]

logger = logging.getLogger("elluminate_server.execution")

TOLD_EVERY_SECONDS = 60.0

HOPELESS_CALLS = 3
"""Calls of one model that fail in a row for a reason that the next one fails for, too, before its run ends."""


class HopelessError(Exception):
    """No further call would get an answer: the run ends, with what it has; its message is the reason.

    Attributes:
        error_type: What it is in a word, as `ModelError.type`; None where another process found it out.
    """

    def __init__(self, message: str, error_type: str | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type


class Shortages:
    """What the runs of one process have in common while it lacks something."""

    def __init__(self) -> None:
        self._told_at = -TOLD_EVERY_SECONDS

    def tell(self, error: ShortageError) -> None:
        """Log why calls wait: once in a while, however many there are."""
        now = time.monotonic()
        if now - self._told_at >= TOLD_EVERY_SECONDS:
            self._told_at = now
            logger.warning("Calls of models wait, and their runs with them: %s", error.strerror)


class Asking:
    """The models of one run.

    Args:
        models: Those of the server.
        shortages: Those of the process.
        patience: Seconds that a call waits for an endpoint that refuses it for load, or is away.
        tell: Told when the run waits for an endpoint, and when it goes on.

    Attributes:
        ended_by: Why nothing more is asked for.
        is_ended_here: Whether that was found out by this process.
    """

    def __init__(
        self, models: Models, shortages: Shortages, *, patience: float, tell: Callable[[str], None]
    ) -> None:
        self._models = models
        self._shortages = shortages
        self._caller = Caller(patience=patience, queues_within_it=False, tell=tell)
        self._made: dict[tuple[str, int], tuple[Plan, Model]] = {}
        self._failed_in_a_row: Counter[tuple[Any, ...]] = Counter()
        self.ended_by: HopelessError | None = None
        self.is_ended_here = False

    def answering(self, plan: Plan) -> Model:
        """The model under test.

        Raises:
            ModelError: The LLM config cannot be used.
        """
        return self._made_once(answering_model, plan)

    def judging(self, plan: Plan) -> Model:
        """The judge."""
        return self._made_once(judging_model, plan)

    def playing_users(self) -> Model:
        """The model that plays personas."""
        return self._asked(self._models.model_for(None, self._caller))

    async def ask(self, model: Model, *args: Any, **kwargs: Any) -> Answer:
        """Have a model answer.

        Raises:
            ModelError: It did not.
            HopelessError: Neither did others, and none will.
        """
        began = time.perf_counter()
        while True:
            waited = time.perf_counter() - began
            try:
                answer = await model.answer(*args, **kwargs)
            except ShortageError as error:
                self._shortages.tell(error)
            except ModelError as error:
                self._take_note(model, error)
                error.usage = error.usage.after_waiting(waited)
                raise
            else:
                self._failed_in_a_row.pop(_key(model), None)
                return answer.after_waiting(waited)
            await asyncio.sleep(leases.HEARTBEAT_SECONDS)

    def _take_note(self, model: Model, error: ModelError) -> None:
        if isinstance(error, ModelAwayError):
            self._end(error)
        if error.is_hopeless:
            self._failed_in_a_row[_key(model)] += 1
            if self._failed_in_a_row[_key(model)] >= HOPELESS_CALLS:
                self._end(error)

    def end(self, reason: HopelessError) -> None:
        """Ask for nothing more: what is under way is brought to its end, and what waits is not sent."""
        if self.ended_by is None:
            self.ended_by = reason
            self._caller.end(reason)

    def _end(self, error: ModelError) -> None:
        self.is_ended_here = self.is_ended_here or self.ended_by is None
        self.end(HopelessError(str(error), error.type))
        assert self.ended_by is not None  # noqa: S101 - for the type checker
        raise self.ended_by from None

    def _made_once(self, make: Callable[[Models, Plan, Caller], Model], plan: Plan) -> Model:
        key = (make.__name__, id(plan))
        if key not in self._made:
            # With its plan, so that no other one gets its id.
            self._made[key] = plan, self._asked(make(self._models, plan, self._caller))
        return self._made[key][1]

    def _asked(self, model: Model) -> Model:
        return model if isinstance(model, PlaysRoles) else _AskedModel(model, self)


class _AskedModel:
    def __init__(self, model: Model, asking: Asking) -> None:
        self._model = model
        self._asking = asking

    @property
    def config(self) -> ModelConfig:
        return self._model.config

    async def answer(self, *args: Any, **kwargs: Any) -> Answer:
        return await self._asking.ask(self._model, *args, **kwargs)


def _key(model: Model) -> tuple[Any, ...]:
    config = model.config
    return config.config_id, config.base_url, config.model
