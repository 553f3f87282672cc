"""What all operations share: the session they go through, and deleting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from elluminate_api.types import Request

from elluminate._calls import Explained
from elluminate._lookup import required_id_of
from elluminate._session import Session
from elluminate._showing import shown
from elluminate.exceptions import ValidationError


class Operations(Explained):
    """Base of the operations of a client."""

    session: Session

    async def _delete(self, build: Callable[[int, int], Request[None]], target: Any, kind: type[Any]) -> None:
        identifier = required_id_of(target, kind, "what is to be deleted")
        await self.session.call(build(await self.session.project_id(), identifier))


def defaults_of(defaults: Mapping[str, Any] | None, kind: type[Any]) -> dict[str, Any]:
    """What to create with, if there is nothing of that name.

    Raises:
        ValidationError: A key that `kind`, a TypedDict, does not have.
    """
    if not isinstance(defaults, Mapping | None):
        raise ValidationError(
            f"defaults must be a mapping, or None, not {shown(defaults)}; for example {{'description': '…'}}"
        )
    given = dict(defaults or {})
    known = kind.__annotations__
    unknown = [key for key in given if key not in known]
    if unknown:
        raise ValidationError(
            f"defaults has no {', '.join(map(repr, unknown))}; it may hold {', '.join(known)}"
        )
    return given
