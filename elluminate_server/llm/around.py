"""What stands around a model, and sees each of its calls: it is asked as the model is."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import attrs

from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.types import Answer, Model, ObjectShape

__all__ = ["ModelAround"]


@attrs.frozen
class ModelAround(ABC):
    """A model with something around it.

    Attributes:
        model: The model that is asked.
    """

    model: Model

    @property
    def config(self) -> ModelConfig:
        """The model's own."""
        return self.model.config

    async def answer(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
        preferred_shape: ObjectShape | None = None,
    ) -> Answer:
        """Answer messages; see `Model.answer`."""

        def call() -> Awaitable[Answer]:
            return self.model.answer(
                messages,
                tools=tools,
                tool_choice=tool_choice,
                response_format=response_format,
                preferred_shape=preferred_shape,
            )

        return await self._around(call, is_object=preferred_shape is not None or response_format is not None)

    @abstractmethod
    async def _around(self, call: Callable[[], Awaitable[Answer]], *, is_object: bool) -> Answer:
        """Make the call, once.

        Args:
            call: Makes it.
            is_object: Whether the answer is to be a JSON object.
        """
