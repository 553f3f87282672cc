"""Runs wait where this process lacks what it takes to ask a model, as they wait for room on a full disk.

That is file descriptors most often. Nothing was asked, so that nothing has failed; a worker that waits keeps its place
among the calls, so that its run asks for nothing more meanwhile.
"""

import asyncio
import logging
import time
from typing import Any

from elluminate_server.execution import leases
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.shortages import ShortageError
from elluminate_server.llm.types import Answer, Model, PlaysRoles

__all__ = ["Patience"]

logger = logging.getLogger("elluminate_server.execution")

TOLD_EVERY_SECONDS = 60.0


class Patience:
    """What the models of one process have in common while it lacks something."""

    def __init__(self) -> None:
        self._told_at = -TOLD_EVERY_SECONDS

    def with_model(self, model: Model) -> Model:
        """The model, asked until this process has what that takes."""
        return model if isinstance(model, PlaysRoles) else _PatientModel(model, self)

    def tell(self, error: ShortageError) -> None:
        """Log why calls wait: once in a while, however many there are."""
        now = time.monotonic()
        if now - self._told_at >= TOLD_EVERY_SECONDS:
            self._told_at = now
            logger.warning("Calls of models wait, and their runs with them: %s", error.strerror)


class _PatientModel:
    def __init__(self, model: Model, patience: Patience) -> None:
        self._model = model
        self._patience = patience

    @property
    def config(self) -> ModelConfig:
        return self._model.config

    async def answer(self, *args: Any, **kwargs: Any) -> Answer:
        began = time.perf_counter()
        while True:
            waited = time.perf_counter() - began
            try:
                return (await self._model.answer(*args, **kwargs)).after_waiting(waited)
            except ShortageError as error:
                self._patience.tell(error)
            await asyncio.sleep(leases.HEARTBEAT_SECONDS)
