"""Creating, reading and deleting criterion sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from elluminate_api import models as api
from elluminate_api.api.criterion_sets import (
    create_criterion_set,
    delete_criterion_set,
    get_criterion_set,
    list_criterion_sets,
)
from elluminate_api.models import (
    CriterionIn,
)

from elluminate._checks import (
    checked_name,
    checked_name_or_id,
)
from elluminate._lookup import found, get_or_create, naming_conflicts
from elluminate._operations.base import Operations, defaults_of
from elluminate.schemas.criterion_set import CriterionSet, criteria_in


class CriterionSetDefaults(TypedDict, total=False):
    """What `get_or_create_criterion_set` creates a set with; see `create_criterion_set`."""

    criteria: list[str | CriterionIn]


class CriterionSetOperations(Operations):
    """Operations on criterion sets."""

    async def create_criterion_set(
        self, name: str, criteria: Sequence[str | CriterionIn] | None = None
    ) -> CriterionSet:
        """Create a set of criteria.

        Args:
            name: 1 to 255 characters.
            criteria: Yes/no questions to begin with.

        Raises:
            ConflictError: The name is taken.
            ValidationError: The name or a question is empty.
        """
        body = api.CreateCriterionSetRequest(
            name=checked_name(name, "criterion set"),
            criteria=(criteria_in(criteria) or None) if criteria is not None else None,
        )
        project = await self.session.project_id()
        with naming_conflicts("criterion_set", name):
            return await self.session.call(create_criterion_set.build(project, body=body), CriterionSet)

    async def get_criterion_set(self, *, name: str | None = None, id: int | None = None) -> CriterionSet:
        """Read a criterion set with its criteria, by name or by id.

        Raises:
            NotFoundError: There is none.
            ValidationError: Not exactly one of `name` and `id`.
        """
        checked_name_or_id("get_criterion_set", "criterion set", name, id)
        project = await self.session.project_id()
        if id is not None:
            return await self.session.call(get_criterion_set.build(project, id), CriterionSet)
        item = await self.session.first(list_criterion_sets.build(project, name=name), CriterionSet)
        return found(item, f"criterion set named {name!r}")

    async def get_or_create_criterion_set(
        self, name: str, defaults: CriterionSetDefaults | None = None
    ) -> tuple[CriterionSet, bool]:
        """The criterion set of this name, created with `defaults` if it does not exist.

        Returns:
            The set with its criteria, and whether it was created.
        """
        return await get_or_create(
            "criterion set",
            name,
            get=lambda: self.get_criterion_set(name=name),
            create=lambda: self.create_criterion_set(name, **defaults_of(defaults, CriterionSetDefaults)),
        )

    async def list_criterion_sets(self) -> list[CriterionSet]:
        """All criterion sets."""
        project = await self.session.project_id()
        return await self.session.pages(
            lambda page: list_criterion_sets.build(project, page=page), CriterionSet
        )

    async def delete_criterion_set(self, criterion_set: CriterionSet) -> None:
        """Delete a criterion set and its criteria; ratings made with them stay."""
        await self._delete(delete_criterion_set.build, criterion_set, CriterionSet)
