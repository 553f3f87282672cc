"""How answers are sampled: what excludes what, and what is stored of it."""

from typing import Any

import msgspec
from elluminate_api import models

from elluminate_server.http.problems import Invalid

__all__ = ["checked_params", "refuse_both"]


def checked_params(params: models.GenerationParams | None) -> dict[str, Any] | None:
    """Sampling overrides as they are stored: what is null is left out.

    Raises:
        Invalid: Temperature and reasoning effort are both given.
    """
    if params is None:
        return None
    refuse_both(params.temperature, params.reasoning_effort, "$.generation_params: ")
    stored: dict[str, Any] = msgspec.to_builtins(params)
    return {name: value for name, value in stored.items() if value is not None}


def refuse_both(temperature: float | None, reasoning_effort: str | None, where: str = "") -> None:
    """Refuse a temperature together with a reasoning effort: no model takes both.

    Args:
        temperature: As it was given.
        reasoning_effort: As it was given.
        where: What stands before the message.

    Raises:
        Invalid: Both are given.
    """
    if temperature is not None and reasoning_effort is not None:
        raise Invalid(
            f"{where}temperature ({temperature:g}) and reasoning_effort ({str(reasoning_effort)!r}) exclude each "
            "other; give one of them."
        )
