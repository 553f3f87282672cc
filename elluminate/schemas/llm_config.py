"""The models that answer, as a project has configured them."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from typing import Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.types import one_line

from elluminate._binding import Bound, unbound


@define(kw_only=True, repr=False)
class LLMConfig(Bound, api.LLMConfig):
    """A model and how it is asked, without the provider's key.

    Example:
        >>> client.get_llm_config(name="Small").llm_model_name
        'some-model'
    """

    _session: Any = unbound()

    __repr__ = one_line


@define(kw_only=True, repr=False)
class GenerationMetadata(api.GenerationMetadata):
    """How a response or a rating came about; None where it is not known."""

    llm_model_config: LLMConfig | None = None

    __repr__ = one_line
