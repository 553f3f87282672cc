"""Creating, reading and deleting criterion sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

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
from elluminate._lookup import get_or_create, naming_conflicts
from elluminate._operations.base import Operations, defaults_of
from elluminate.schemas.by_name import criterion_set_named
from elluminate.schemas.criterion_set import CriterionSet, criteria_in, warn_of_repeated, with_checks


class CriterionSetDefaults(TypedDict, total=False):
    """What `get_or_create_criterion_set` creates a set with; see `create_criterion_set`."""

    criteria: list[str | CriterionIn | Mapping[str, Any]]


class CriterionSetOperations(Operations):
    """Operations on criterion sets."""

    async def create_criterion_set(
        self, name: str, criteria: Sequence[str | CriterionIn | Mapping[str, Any]] | None = None
    ) -> CriterionSet:
        """Create a set of criteria.

        Args:
            name: 1 to 255 characters.
            criteria: Yes/no questions to begin with, and checks (`elluminate.checks`), also as mappings. What has the
                same text is one criterion, which a RepeatedCriteriaWarning tells.

        Returns:
            The set with its criteria.

        Raises:
            ConflictError: The name is taken.
            NotSupportedError: There are checks among the criteria, and the server knows none.
            ValidationError: The name or a question is empty, or a check cannot be used.

        Example:
            >>> criterion_set = client.create_criterion_set(
            ...     "Tone", ["Is it polite?", CriterionIn(criterion_str="Does it name {{concept}}?", label="topic")]
            ... )
            >>> [criterion.label for criterion in criterion_set.criteria]
            ['Criterion 1', 'topic']
        """
        wanted = [] if criteria is None else criteria_in(criteria)
        warn_of_repeated(wanted)
        return await self._store_criterion_set(name, wanted)

    async def _store_criterion_set(self, name: str, criteria: list[CriterionIn]) -> CriterionSet:
        body = api.CreateCriterionSetRequest(
            name=checked_name(name, "criterion set"), criteria=criteria or None
        )
        project = await self.session.project_id()
        with naming_conflicts("criterion_set", name):
            return await with_checks(
                self.session,
                criteria,
                lambda: self.session.call(create_criterion_set.build(project, body=body), CriterionSet),
                lambda made: made.criteria or [],
                self.delete_criterion_set,
            )

    async def get_criterion_set(self, *, name: str | None = None, id: int | None = None) -> CriterionSet:
        """Read a criterion set with its criteria, by name or by id.

        Args:
            name: Its name, exactly.
            id: Its id.

        Returns:
            The set with its criteria and the templates that it is linked to.

        Raises:
            NotFoundError: There is none.
            ValidationError: Not exactly one of `name` and `id`.

        Example:
            >>> len(client.get_criterion_set(name="Quality").criteria)
            2
        """
        meant = checked_name_or_id("get_criterion_set", "criterion set", name, id)
        if isinstance(meant, str):
            return await criterion_set_named(self.session, meant)
        project = await self.session.project_id()
        return await self.session.call(get_criterion_set.build(project, meant), CriterionSet)

    async def get_or_create_criterion_set(
        self, name: str, defaults: CriterionSetDefaults | None = None
    ) -> tuple[CriterionSet, bool]:
        """The criterion set of this name, created with `defaults` if it does not exist.

        Args:
            name: 1 to 255 characters.
            defaults: Arguments of `create_criterion_set`; used when it does not exist.

        Returns:
            The set with its criteria, and whether it was created.
            An ExistingDiffersWarning names what of `defaults` it has not, or has otherwise.

        Raises:
            ValidationError: The name is empty, or `defaults` has a key that is no such argument.

        Example:
            >>> criterion_set, created = client.get_or_create_criterion_set(
            ...     "Tone", {"criteria": ["Is it polite?"]}
            ... )
        """
        wanted = defaults_of(defaults, CriterionSetDefaults)
        return await get_or_create(
            "criterion set",
            name,
            get=lambda: self.get_criterion_set(name=name),
            create=lambda: self.create_criterion_set(name, **wanted),
            given=wanted,
        )

    async def list_criterion_sets(self) -> list[CriterionSet]:
        """All criterion sets.

        Returns:
            Sets with their criteria, in order of creation.

        Example:
            >>> {each.name: len(each.criteria) for each in client.list_criterion_sets()}
            {'Quality': 2}
        """
        project = await self.session.project_id()
        return await self.session.pages(
            lambda page: list_criterion_sets.build(project, page=page), CriterionSet
        )

    async def delete_criterion_set(self, criterion_set: CriterionSet) -> None:
        """Delete a criterion set and its criteria; ratings made with them stay.

        Args:
            criterion_set: As a client returned it.

        Raises:
            NotFoundError: The project has no such criterion set, or no longer.
            ValidationError: It is no CriterionSet that a client returned.

        Example:
            >>> client.delete_criterion_set(criterion_set)
        """
        await self._delete(delete_criterion_set.build, criterion_set, CriterionSet)
