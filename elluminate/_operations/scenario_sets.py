"""Creating, reading, changing and deleting scenario sets."""

from __future__ import annotations

from typing import TypedDict

from elluminate_api import models as api
from elluminate_api.api.scenario_sets import (
    create_scenario_set,
    delete_scenario_set,
    get_scenario_set,
    list_scenario_sets,
    update_scenario_set,
)
from elluminate_api.types import UNSET

from elluminate._checks import checked_name, checked_name_or_id, checked_texts
from elluminate._existing import warn_of_differences
from elluminate._lookup import required_id_of
from elluminate._operations.base import Operations, defaults_of
from elluminate.exceptions import APIError, NotFoundError, ValidationError
from elluminate.schemas.by_name import scenario_set_named
from elluminate.schemas.scenario_set import ScenarioSet

_NAME_TAKEN = 400


class ScenarioSetDefaults(TypedDict, total=False):
    """What `get_or_create_scenario_set` creates a set with; see `create_scenario_set`."""

    description: str
    fields: list[str]


class ScenarioSetOperations(Operations):
    """Operations on scenario sets."""

    async def create_scenario_set(
        self, name: str | None = None, description: str = "", fields: list[str] | None = None
    ) -> ScenarioSet:
        """Create a set of scenarios, for simulated users in multi-turn experiments.

        Args:
            name: 1 to 255 characters, shared with collections; None lets the server invent one.
            description: What it is for, at most 10,000 characters.
            fields: Names of fields that the scenarios have besides `goal` and
                `expected_conversation_outcome`: a letter or an underscore, then letters, digits and
                underscores, at most 100 characters.

        Returns:
            The set with its fields.

        Raises:
            APIError: A scenario set or a collection has that name (400), or a field's name cannot be used (422).
            ValidationError: The name is empty.

        Example:
            >>> pupils = client.create_scenario_set("Pupils", fields=["school_year"])
        """
        body = api.CreateScenarioSetRequest(
            name=UNSET if name is None else checked_name(name, "scenario set"),
            description=description,
            fields=[
                checked_name(field, "scenario field")
                for field in checked_texts([] if fields is None else fields, "fields")
            ],
        )
        project = await self.session.project_id()
        return await self.session.call(create_scenario_set.build(project, body=body), ScenarioSet)

    async def get_scenario_set(self, *, name: str | None = None, id: int | None = None) -> ScenarioSet:
        """Read a scenario set with its fields, by name or by id.

        Args:
            name: Its name, exactly.
            id: Its id.

        Returns:
            The set without its scenarios.

        Raises:
            NotFoundError: There is none.
            ValidationError: Not exactly one of `name` and `id`.

        Example:
            >>> client.get_scenario_set(name="Lessons").scenarios_count
            1
        """
        meant = checked_name_or_id("get_scenario_set", "scenario set", name, id)
        if isinstance(meant, str):
            return await scenario_set_named(self.session, meant)
        project = await self.session.project_id()
        return await self.session.call(get_scenario_set.build(project, meant), ScenarioSet)

    async def get_or_create_scenario_set(
        self, name: str, defaults: ScenarioSetDefaults | None = None
    ) -> tuple[ScenarioSet, bool]:
        """The scenario set of this name, created with `defaults` if it does not exist.

        Args:
            name: 1 to 255 characters.
            defaults: Arguments of `create_scenario_set`; used when it does not exist.

        Returns:
            The set, and whether it was created.
            An ExistingDiffersWarning names what of `defaults` it has not, or has otherwise.

        Raises:
            APIError: A collection has that name (400).

        Example:
            >>> scenarios, created = client.get_or_create_scenario_set("Lessons")
            >>> created
            False
        """
        checked_name(name, "scenario set")
        wanted = defaults_of(defaults, ScenarioSetDefaults)
        try:
            existing = await self.get_scenario_set(name=name)
        except NotFoundError:
            try:
                return await self.create_scenario_set(name, **wanted), True
            except APIError as error:
                if error.status_code != _NAME_TAKEN:
                    raise
                refused = error
            try:
                existing = await self.get_scenario_set(name=name)  # somebody else made it meanwhile
            except NotFoundError:
                raise refused from None
        warn_of_differences("scenario set", name, wanted, existing)
        return existing, False

    async def list_scenario_sets(self, name_search: str | None = None) -> list[ScenarioSet]:
        """All scenario sets without their scenarios, or those whose name contains a text.

        Args:
            name_search: Only those with this text in their name.

        Returns:
            Sets in order of creation, with their fields.

        Example:
            >>> [scenarios.name for scenarios in client.list_scenario_sets(name_search="less")]
            ['Lessons']
        """
        if name_search is not None:
            checked_name(name_search, "scenario set")
        project = await self.session.project_id()
        return await self.session.pages(
            lambda page: list_scenario_sets.build(project, name_search=name_search, page=page), ScenarioSet
        )

    async def update_scenario_set(
        self, scenario_set: ScenarioSet, name: str | None = None, description: str | None = None
    ) -> ScenarioSet:
        """Rename or describe a scenario set; what is None stays as it is.

        Args:
            scenario_set: As a client returned it.
            name: 1 to 255 characters.
            description: At most 10,000 characters.

        Returns:
            The set as it is now; the one that was given keeps its former values.

        Raises:
            APIError: A scenario set or a collection has that name (400).
            ConflictError: The set is read-only.
            ValidationError: There is nothing to change.

        Example:
            >>> client.update_scenario_set(scenarios, description="What pupils ask").description
            'What pupils ask'
        """
        identifier = required_id_of(scenario_set, ScenarioSet, "scenario_set")
        if name is None and description is None:
            raise ValidationError("there is nothing to change; give name=… or description=…")
        body = api.UpdateScenarioSetRequest(
            name=UNSET if name is None else checked_name(name, "scenario set"),
            description=UNSET if description is None else description,
        )
        project = await self.session.project_id()
        return await self.session.call(update_scenario_set.build(project, identifier, body=body), ScenarioSet)

    async def delete_scenario_set(self, scenario_set: ScenarioSet) -> None:
        """Delete a scenario set and its scenarios; experiments that used it keep them.

        Args:
            scenario_set: As a client returned it.

        Raises:
            ConflictError: The set is read-only.
            NotFoundError: The project has no such scenario set, or no longer.
            ValidationError: It is no ScenarioSet that a client returned.

        Example:
            >>> client.delete_scenario_set(scenarios)
        """
        await self._delete(delete_scenario_set.build, scenario_set, ScenarioSet)
