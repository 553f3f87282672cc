"""How a model that a client has returned knows the conversation it came from."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Self

from attrs import field, fields

from elluminate._calls import Explained
from elluminate._session import Session, decoding_for
from elluminate.exceptions import ModelNotBoundError


def unbound() -> Any:
    """The private field that holds a model's session: not an argument, not compared, not shown, not sent."""
    return field(default=None, init=False, repr=False, eq=False)


class Bound(Explained):
    """Mixin of the models that have methods; a model made by hand has none to talk through."""

    __slots__ = ()
    _session: Any

    def __attrs_post_init__(self) -> None:
        self._session = decoding_for.get()

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle holds everything but the session, which has connections and a credential."""
        kind = type(self)
        return _unpickled, (kind, {n: getattr(self, n) for n in _field_names(kind) if n != "_session"})

    def __copy__(self) -> Self:
        return self._twin(lambda value: value)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._twin(lambda value: copy.deepcopy(value, memo), memo)

    def _twin(self, copied: Callable[[Any], Any], memo: dict[int, Any] | None = None) -> Self:
        """A copy that talks through the same session."""
        twin = object.__new__(type(self))
        if memo is not None:
            memo[id(self)] = twin
        for name in _field_names(type(self)):
            value = getattr(self, name)
            setattr(twin, name, value if name == "_session" else copied(value))
        return twin

    def _take_over(self, fresh: Any) -> None:
        """Have the values that `fresh`, the same thing read again, has; further fields of this class stay."""
        for attribute in fields(type(fresh)):
            if attribute.init:
                setattr(self, attribute.name, getattr(fresh, attribute.name))

    def _bound_session(self) -> Session:
        """The session of the client that returned this model.

        Raises:
            ModelNotBoundError: The model was made by hand.
        """
        session: Session | None = self._session
        if session is None:
            name = type(self).__name__
            raise ModelNotBoundError(name, f"use the {name} that a method of Client or AsyncClient returns")
        return session


def _field_names(kind: type[Any]) -> list[str]:
    return [attribute.name for attribute in fields(kind)]


def _unpickled(kind: type[Any], values: dict[str, Any]) -> Any:
    model = object.__new__(kind)
    for name in _field_names(kind):
        setattr(model, name, values.get(name))
    return model
