"""What a model refuses to be told, found out by asking: it is told otherwise, or not at all, and that is remembered.

Only what nobody has set is left out. A parameter of an LLM config that a model refuses is an error in the endpoint's
words.
"""

import functools
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from elluminate_server.llm.gates import clock
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.types import ModelError

__all__ = ["Concession", "ask_with_concessions", "concessions_for", "config_as_sent"]

Request = Mapping[str, Any]
T = TypeVar("T")

_REFUSED = (400, 422)
"""Statuses of such refusals."""


@attrs.frozen
class Concession:
    """One thing that a model may refuse to be told.

    Attributes:
        parameter: Its name in the request.
        sign: What refusals of it say.
        instead: The name under which the model knows it; None to leave it out.
    """

    parameter: str
    sign: str
    instead: str | None = None

    @functools.cached_property
    def name(self) -> str:
        """What is remembered."""
        return f"{self.parameter} is refused"

    def made_in(self, request: Request) -> dict[str, Any]:
        """The request with this concession."""
        if self.instead is None:
            return {name: value for name, value in request.items() if name != self.parameter}
        return {(self.instead if name == self.parameter else name): value for name, value in request.items()}


_TEMPERATURE = Concession("temperature", "temperature")


def concessions_for(config: ModelConfig, *further: Concession) -> list[Concession]:
    """What may be left out of requests that are made as the config says, beside what a provider knows of itself."""
    is_wish = config.temperature is None and config.preferred_temperature is not None
    return [*further, _TEMPERATURE] if is_wish else [*further]


def config_as_sent(config: ModelConfig, shown: Collection[str]) -> ModelConfig:
    """The config with the temperature that is really asked for."""
    return config if _TEMPERATURE.name in shown else config.with_sent_temperature


async def ask_with_concessions(
    shown: set[str],
    request: Request,
    concessions: Sequence[Concession],
    ask: Callable[[Request], Awaitable[T]],
    after_waiting: Callable[[T, float], T],
) -> T:
    """Ask with all that the model takes.

    Args:
        shown: What the model has shown to refuse; what it shows now is added.
        request: The request as it would best be.
        concessions: What may be refused of it.
        ask: Sends it.
        after_waiting: Adds what was waited, in seconds, to what came of it.

    Raises:
        ModelError: It was refused for another reason, or failed.
    """
    for concession in concessions:
        if concession.name in shown:
            request = concession.made_in(request)
    began, waited = clock(), 0.0
    while True:
        try:
            return after_waiting(await ask(request), waited)
        except ModelError as error:
            meant = _meant_by(error, request, concessions)
            if meant is None:
                raise
            shown.add(meant.name)
            waited = clock() - began
        request = meant.made_in(request)


def _meant_by(error: ModelError, request: Request, concessions: Sequence[Concession]) -> Concession | None:
    if error.status not in _REFUSED:
        return None
    words = str(error)
    return next((each for each in concessions if each.parameter in request and each.sign in words), None)
