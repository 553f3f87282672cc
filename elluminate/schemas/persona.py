"""Simulated users, and the groups of them that talk in an experiment."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from typing import Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.types import one_line

from elluminate._binding import Bound, unbound


@define(kw_only=True, repr=False)
class Persona(Bound, api.Persona):
    """A simulated user, in one version."""

    _session: Any = unbound()

    __repr__ = one_line


@define(kw_only=True, repr=False)
class PersonaGroup(Bound, api.PersonaGroup):
    """Personas that talk in the same experiments."""

    personas: list[Persona]  # type: ignore[assignment]
    _session: Any = unbound()

    __repr__ = one_line
