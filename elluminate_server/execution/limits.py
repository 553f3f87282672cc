"""Keeps the number of simultaneous calls to one model within its bound, over all runs of the process."""

import asyncio

from elluminate_server.llm.model_config import ModelConfig

__all__ = ["Limits"]

MAX_READERS = 6


class Limits:
    """One bound for each LLM config, and one for the judge.

    Args:
        default: Most calls at a time to the server's own models.
    """

    def __init__(self, default: int) -> None:
        self.default = default
        self.reading = asyncio.Semaphore(MAX_READERS)
        """Slots for the runs' reading transactions, so that requests find free connections."""
        self._slots: dict[tuple[str, int | None, int], asyncio.Semaphore] = {}

    def answering(self, config: ModelConfig | None, override: int | None) -> asyncio.Semaphore:
        """Slots for answering calls.

        Args:
            config: The LLM config; None for the server's default model.
            override: An experiment's own `max_connections`.
        """
        config_id = None if config is None else config.config_id
        return self._slots_for("answer", config_id, self.answering_size(config, override))

    def answering_size(self, config: ModelConfig | None, override: int | None) -> int:
        """How many answering calls go on at a time."""
        return override or (self.default if config is None else config.max_connections)

    def judging(self) -> asyncio.Semaphore:
        """Slots for the judge's calls."""
        return self._slots_for("judge", None, self.default)

    def _slots_for(self, kind: str, config_id: int | None, size: int) -> asyncio.Semaphore:
        return self._slots.setdefault((kind, config_id, size), asyncio.Semaphore(size))
