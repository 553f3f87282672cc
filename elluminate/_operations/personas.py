"""Creating, reading, changing and deleting personas and persona groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from elluminate_api import models as api
from elluminate_api.api.personas import (
    create_persona,
    create_persona_group,
    delete_persona,
    delete_persona_group,
    get_persona,
    get_persona_group,
    list_persona_groups,
    list_personas,
    update_persona,
    update_persona_group,
)
from elluminate_api.types import UNSET

from elluminate._checks import checked_name, checked_name_or_id, checked_texts, checked_whole
from elluminate._lookup import found, get_or_create, naming_conflicts, required_id_of
from elluminate._operations.base import Operations, defaults_of
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError
from elluminate.schemas.by_name import persona_group_named
from elluminate.schemas.persona import Persona, PersonaGroup


class PersonaDefaults(TypedDict, total=False):
    """What `get_or_create_persona` creates a persona with; see `create_persona`."""

    description: str
    domain_knowledge: str | None


class PersonaGroupDefaults(TypedDict, total=False):
    """What `get_or_create_persona_group` creates a group with; see `create_persona_group`."""

    personas: Sequence[Persona]
    description: str


class PersonaOperations(Operations):
    """Operations on personas and persona groups, which the hosted platform does not offer to clients."""

    async def create_persona(
        self, name: str, description: str, domain_knowledge: str | None = None
    ) -> Persona:
        """Create a simulated user.

        Args:
            name: 1 to 255 characters.
            description: What the persona is like and how it talks, 1 to 10,000 characters.
            domain_knowledge: What it knows of the subject, at most 100,000 characters.

        Returns:
            The persona in its first version.

        Raises:
            ConflictError: The name is taken; `update_persona` makes the next version.
            ValidationError: Name or description are empty.

        Example:
            >>> ada = client.create_persona("Ada", "Ten years old, asks until she has understood.")
        """
        body = api.CreatePersonaRequest(
            name=checked_name(name, "persona"),
            description=_checked_description(description),
            domain_knowledge=domain_knowledge,
        )
        project = await self.session.project_id()
        with naming_conflicts("persona", name):
            return await self.session.call(create_persona.build(project, body=body), Persona)

    async def get_persona(
        self, *, name: str | None = None, id: int | None = None, version: int | None = None
    ) -> Persona:
        """Read a persona, by name or by id.

        Args:
            name: Its name.
            id: Its id.
            version: Counted from 1; None reads the newest.

        Returns:
            The persona in that version.

        Raises:
            NotFoundError: There is none, or not in that version.
            ValidationError: Not exactly one of `name` and `id`.

        Example:
            >>> client.get_persona(name="Ada").version
            1
        """
        checked_name_or_id("get_persona", "persona", name, id)
        if version is not None:
            checked_whole(version, "version", low=1)
        project = await self.session.project_id()
        identifier = id
        if identifier is None:
            item = await self.session.first(list_personas.build(project, name=name), Persona)
            newest = found(item, f"persona named {name!r}")
            if version is None or version == newest.version:
                return newest
            identifier = newest.id
        return await self.session.call(get_persona.build(project, identifier, version=version), Persona)

    async def get_or_create_persona(
        self, name: str, defaults: PersonaDefaults | None = None
    ) -> tuple[Persona, bool]:
        """The persona of this name in its newest version, created with `defaults` if it does not exist.

        Args:
            name: 1 to 255 characters.
            defaults: Arguments of `create_persona`; used when it does not exist.

        Returns:
            The persona, and whether it was created.
            An ExistingDiffersWarning names what of `defaults` it has not, or has otherwise.

        Raises:
            ValidationError: `defaults` has no description, and the persona would have to be created.

        Example:
            >>> ada, created = client.get_or_create_persona("Ada", {"description": "Curious."})
            >>> created
            False
        """
        given = defaults_of(defaults, PersonaDefaults)
        wanted: dict[str, Any] = {"description": "", **given}
        return await get_or_create(
            "persona",
            name,
            get=lambda: self.get_persona(name=name),
            create=lambda: self.create_persona(name, **wanted),
            given=given,
        )

    async def list_personas(self) -> list[Persona]:
        """All personas, each in its newest version.

        Returns:
            Personas in order of creation.

        Example:
            >>> [persona.name for persona in client.list_personas()]
            ['Ada']
        """
        project = await self.session.project_id()
        return await self.session.pages(lambda page: list_personas.build(project, page=page), Persona)

    async def update_persona(
        self,
        persona: Persona,
        name: str | None = None,
        description: str | None = None,
        domain_knowledge: str | None = None,
    ) -> Persona:
        """Change a persona; what is None stays as it is.

        Another description or other knowledge makes its next version. Conversations that were held keep theirs.

        Args:
            persona: The persona, in any version.
            name: New name.
            description: What it is like from now on.
            domain_knowledge: What it knows from now on; an empty text takes all of it away.

        Returns:
            The newest version; the object that was given stays as it is.

        Raises:
            ConflictError: Another persona has that name.
            ValidationError: There is nothing to change.

        Example:
            >>> client.update_persona(ada, domain_knowledge="Has read a book on tides.").version
            2
        """
        identifier = required_id_of(persona, Persona, "persona")
        _require_change(name=name, description=description, domain_knowledge=domain_knowledge)
        body = api.UpdatePersonaRequest(
            name=UNSET if name is None else checked_name(name, "persona"),
            description=UNSET if description is None else _checked_description(description),
            domain_knowledge=UNSET if domain_knowledge is None else domain_knowledge or None,
        )
        project = await self.session.project_id()
        with naming_conflicts("persona", name or persona.name):
            return await self.session.call(update_persona.build(project, identifier, body=body), Persona)

    async def delete_persona(self, persona: Persona) -> None:
        """Delete a persona with all its versions; conversations that it held stay.

        Args:
            persona: The persona, in any version.

        Raises:
            ConflictError: It is in a persona group.
            NotFoundError: The project has no such persona, or no longer.
            ValidationError: It is no Persona that a client returned.

        Example:
            >>> client.delete_persona(client.create_persona("Kurt", "Impatient."))
        """
        await self._delete(delete_persona.build, persona, Persona)

    async def create_persona_group(
        self, name: str, personas: Sequence[Persona], description: str = ""
    ) -> PersonaGroup:
        """Create a group of personas for multi-turn experiments.

        Args:
            name: 1 to 255 characters.
            personas: Who talks, each once, 1 to 1000.
            description: What the group is for, at most 10,000 characters.

        Returns:
            The group with its personas.

        Raises:
            ConflictError: The name is taken.
            ValidationError: The name or the list is empty.

        Example:
            >>> group = client.create_persona_group("Pupils", [ada])
            >>> experiment = client.create_experiment(
            ...     "Lessons",
            ...     None,
            ...     evaluation_mode="MULTI_TURN",
            ...     persona_group_id=group.id,
            ...     scenario_set=scenarios,
            ... )
        """
        body = api.CreatePersonaGroupRequest(
            name=checked_name(name, "persona group"), description=description, persona_ids=_ids(personas)
        )
        project = await self.session.project_id()
        with naming_conflicts("persona_group", name):
            return await self.session.call(create_persona_group.build(project, body=body), PersonaGroup)

    async def get_persona_group(self, *, name: str | None = None, id: int | None = None) -> PersonaGroup:
        """Read a persona group with its personas, by name or by id.

        Args:
            name: Its name, exactly.
            id: Its id.

        Returns:
            The group with its personas, each in its newest version.

        Raises:
            NotFoundError: There is none.
            ValidationError: Not exactly one of `name` and `id`.

        Example:
            >>> [persona.name for persona in client.get_persona_group(name="Pupils").personas]
            ['Ada']
        """
        meant = checked_name_or_id("get_persona_group", "persona group", name, id)
        if isinstance(meant, str):
            return await persona_group_named(self.session, meant)
        project = await self.session.project_id()
        return await self.session.call(get_persona_group.build(project, meant), PersonaGroup)

    async def get_or_create_persona_group(
        self, name: str, defaults: PersonaGroupDefaults | None = None
    ) -> tuple[PersonaGroup, bool]:
        """The persona group of this name, created with `defaults` if it does not exist.

        Args:
            name: 1 to 255 characters.
            defaults: Arguments of `create_persona_group`; used when it does not exist.

        Returns:
            The group, and whether it was created.
            An ExistingDiffersWarning names what of `defaults` it has not, or has otherwise.

        Raises:
            ValidationError: `defaults` has no personas, and the group would have to be created.

        Example:
            >>> group, created = client.get_or_create_persona_group("Pupils", {"personas": [ada]})
            >>> created
            False
        """
        given = defaults_of(defaults, PersonaGroupDefaults)
        wanted: dict[str, Any] = {"personas": [], **given}
        return await get_or_create(
            "persona group",
            name,
            get=lambda: self.get_persona_group(name=name),
            create=lambda: self.create_persona_group(name, **wanted),
            given=given,
        )

    async def list_persona_groups(self) -> list[PersonaGroup]:
        """All persona groups with their personas.

        Returns:
            Groups in order of creation.

        Example:
            >>> [group.name for group in client.list_persona_groups()]
            ['Pupils']
        """
        project = await self.session.project_id()
        return await self.session.pages(
            lambda page: list_persona_groups.build(project, page=page), PersonaGroup
        )

    async def update_persona_group(
        self,
        persona_group: PersonaGroup,
        name: str | None = None,
        description: str | None = None,
        personas: Sequence[Persona] | None = None,
    ) -> PersonaGroup:
        """Change a persona group; what is None stays as it is.

        Args:
            persona_group: The group.
            name: New name.
            description: New description.
            personas: All personas that it has from now on.

        Returns:
            The group as it is now; the object that was given keeps its former values.

        Raises:
            ConflictError: Another group has that name.
            ValidationError: There is nothing to change, or the list is empty.

        Example:
            >>> client.update_persona_group(group, description="Who asks").description
            'Who asks'
        """
        identifier = required_id_of(persona_group, PersonaGroup, "persona_group")
        _require_change(name=name, description=description, personas=personas)
        body = api.UpdatePersonaGroupRequest(
            name=UNSET if name is None else checked_name(name, "persona group"),
            description=UNSET if description is None else description,
            persona_ids=UNSET if personas is None else _ids(personas),
        )
        project = await self.session.project_id()
        with naming_conflicts("persona_group", name or persona_group.name):
            return await self.session.call(
                update_persona_group.build(project, identifier, body=body), PersonaGroup
            )

    async def delete_persona_group(self, persona_group: PersonaGroup) -> None:
        """Delete a persona group; its personas stay, and so do experiments that used it.

        Args:
            persona_group: As a client returned it.

        Raises:
            NotFoundError: The project has no such persona group, or no longer.
            ValidationError: It is no PersonaGroup that a client returned.

        Example:
            >>> client.delete_persona_group(group)
        """
        await self._delete(delete_persona_group.build, persona_group, PersonaGroup)


def _checked_description(description: str) -> str:
    if not isinstance(description, str) or not description.strip():
        raise ValidationError(
            f"the description of a persona must say what it is like, got {quoted(description)}"
        )
    return description


def _ids(personas: Sequence[Persona]) -> list[int]:
    ids = [
        required_id_of(persona, Persona, f"personas[{number}]")
        for number, persona in enumerate(checked_texts(personas, "personas"))
    ]
    if not ids:
        raise ValidationError("a persona group needs at least one persona; give personas=[…]")
    return ids


def _require_change(**changes: Any) -> None:
    if all(value is None for value in changes.values()):
        raise ValidationError(
            f"there is nothing to change; give {' or '.join(f'{name}=…' for name in changes)}"
        )
