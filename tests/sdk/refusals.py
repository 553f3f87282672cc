"""A call with something wrong in it, and how it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import frozen

from tests.sdk.both_ways import BothWays, Things, Way

__all__ = ["CONFIG", "GOAL", "Call", "Refusal", "by_name", "calling", "of", "refused"]

CONFIG = {"name": "New", "llm_model_name": "small", "api_key": "not-a-key"}
GOAL = {"goal": "x", "expected_conversation_outcome": "y"}


@frozen
class Call:
    """A method of the client, or of one of its things, with arguments.

    Attributes:
        owner: `client`, or the name of a thing.
        args: The positional arguments; one that is a function is called with the things of the client.
        kwargs: The keywords, likewise.
    """

    owner: str
    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def make(self, way: Way) -> Any:
        target = way.client if self.owner == "client" else getattr(way.things, self.owner)
        args = [_meant(value, way.things) for value in self.args]
        kwargs = {name: _meant(value, way.things) for name, value in self.kwargs.items()}
        return way.call(target, self.method, *args, **kwargs)


def calling(method: str, /, *args: Any, **kwargs: Any) -> Call:
    """A call of `owner.method`."""
    owner, _, name = method.partition(".")
    return Call(owner, name, args, kwargs)


def of(name: str) -> Callable[[Things], Any]:
    """That thing of the client."""

    def found(things: Things) -> Any:
        return getattr(things, name)

    return found


def _meant(value: Any, things: Things) -> Any:
    if isinstance(value, list):
        return [_meant(one, things) for one in value]
    return value(things) if callable(value) else value


@frozen
class Refusal:
    """How a call is refused: by which error, in which words."""

    call: Call
    raises: type[Exception]
    says: str


def by_name(families: dict[str, list[Refusal]]) -> dict[str, Refusal]:
    """The refusals under names for the tests."""
    return {
        f"{family}: {refusal.call.method} {refusal.says[:40]}": refusal
        for family, refusals in families.items()
        for refusal in refusals
    }


def refused(refusal: Refusal, way: Way, both: BothWays) -> list[str]:
    """Make the call: it is refused, and nothing is stored. Returns what was sent for it."""
    before = both.stored()
    way.sent.clear()
    with pytest.raises(refusal.raises, match=refusal.says):
        refusal.call.make(way)
    assert both.stored() == before
    return list(way.sent)
