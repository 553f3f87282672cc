"""How a model that a client has returned knows its client."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import field

from elluminate.exceptions import ModelNotBoundError

if TYPE_CHECKING:
    from elluminate.async_client import AsyncClient

M = TypeVar("M")

decoding_for: contextvars.ContextVar[AsyncClient | None] = contextvars.ContextVar(
    "elluminate_client", default=None
)
"""The client whose answer is being decoded: every model made meanwhile, nested ones included, is bound to it."""


def unbound() -> Any:
    """The private field that holds a model's client: not an argument, not compared, not shown, not sent."""
    return field(default=None, init=False, repr=False, eq=False)


class Bound:
    """Mixin of the models that have methods; a model made by hand has none to talk through."""

    __slots__ = ()
    _client: Any

    def __attrs_post_init__(self) -> None:
        self._client = decoding_for.get()

    def _bound_client(self) -> AsyncClient:
        """The client that returned this model.

        Raises:
            ModelNotBoundError: The model was made by hand.
        """
        client: AsyncClient | None = self._client
        if client is None:
            name = type(self).__name__
            raise ModelNotBoundError(name, f"use the {name} that a method of Client or AsyncClient returns")
        return client
