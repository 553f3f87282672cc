"""Creating, reading and deleting collections of test cases."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Literal, TypedDict

from elluminate_api import models as api
from elluminate_api.api.collections import (
    create_collection,
    delete_collection,
    get_collection,
    list_collections,
)
from elluminate_api.models import (
    CollectionColumn,
    CollectionType,
)
from elluminate_api.types import UNSET, Unset

from elluminate._checks import (
    checked_name,
    checked_name_or_id,
    checked_rows,
    known,
)
from elluminate._columns import check_columns
from elluminate._lookup import get_or_create, id_of, naming_conflicts
from elluminate._operations.base import Operations, defaults_of
from elluminate.schemas.by_name import collection_named
from elluminate.schemas.collection import (
    TemplateVariablesCollection,
    TemplateVariablesCollectionWithEntries,
    change_collection,
)
from elluminate.schemas.columns import columns_in
from elluminate.schemas.filters import TemplateVariablesCollectionFilter, query_of
from elluminate.schemas.prompt_template import PromptTemplate


class CollectionDefaults(TypedDict, total=False):
    """What `get_or_create_collection` creates a collection with; see `create_collection`."""

    description: str
    variables: list[dict[str, Any]]
    columns: list[str | CollectionColumn]
    read_only: bool
    collection_type: Literal["STANDARD", "AGENTIC", "PERSONA"]
    environment_config: dict[str, Any]


class CollectionOperations(Operations):
    """Operations on collections."""

    async def create_collection(
        self,
        name: str,
        description: str = "",
        variables: Sequence[Mapping[str, Any]] | None = None,
        columns: Sequence[str | CollectionColumn] | None = None,
        read_only: bool = False,
        collection_type: Literal["STANDARD", "AGENTIC", "PERSONA"] = "STANDARD",
        environment_config: dict[str, Any] | None = None,
    ) -> TemplateVariablesCollectionWithEntries:
        """Create a collection of test cases.

        Args:
            name: 1 to 255 characters.
            description: What it is for.
            variables: Rows to begin with: one mapping per row, from column name to value.
            columns: Columns in their order, as names or with types; None takes them from the rows.
            read_only: Refuse changes of rows.
            collection_type: STANDARD for prompts, AGENTIC for tasks of agents, PERSONA for simulated users.
            environment_config: What agents' tasks need.

        Returns:
            The collection with its rows, in `variables`.

        Raises:
            ConflictError: The name is taken.
            ValidationError: The name is empty, a row is no mapping, has none of the declared columns, or one that
                differs from another one by case or blanks alone.
            APIError: A row's value does not fit its column (422); it says which row.

        Example:
            >>> collection = client.create_collection(
            ...     "Tickets",
            ...     columns=[
            ...         "question",
            ...         CollectionColumn(
            ...             name="area", column_type="category", categorical_values=["billing", "login"]
            ...         ),
            ...     ],
            ...     variables=[{"question": "Where is my invoice?", "area": "billing"}],
            ... )
            >>> [(column.name, column.column_type.value) for column in collection.columns]
            [('question', 'text'), ('area', 'category')]
        """
        checked_name(name, "collection")
        rows, declared = checked_rows(variables or ()), columns_in(columns)
        names = [] if isinstance(declared, Unset) else [column.name for column in declared if column.name]
        check_columns(rows, names, f"collection {name!r}", way_out="declare it in columns=[...], too")
        body = api.CreateCollectionRequest(
            name=name,
            description=description,
            variables=UNSET if variables is None else rows,
            columns=declared,
            read_only=read_only,
            collection_type=known(CollectionType, collection_type, "collection_type"),
            environment_config=UNSET if environment_config is None else environment_config,
        )
        project = await self.session.project_id()
        with naming_conflicts("collection", name):
            return await self.session.call(
                create_collection.build(project, body=body), TemplateVariablesCollectionWithEntries
            )

    async def get_collection(
        self, *, name: str | None = None, id: int | None = None
    ) -> TemplateVariablesCollectionWithEntries:
        """Read a collection with all its rows, by name or by id.

        Args:
            name: Its name, exactly.
            id: Its id.

        Returns:
            The collection; `variables` holds its rows in their order.

        Raises:
            NotFoundError: There is none.
            ValidationError: Not exactly one of `name` and `id`.

        Example:
            >>> len(client.get_collection(name="Concepts").variables)
            2
        """
        meant = checked_name_or_id("get_collection", "collection", name, id)
        identifier = (await collection_named(self.session, meant)).id if isinstance(meant, str) else meant
        project = await self.session.project_id()
        return await self.session.call(
            get_collection.build(project, identifier), TemplateVariablesCollectionWithEntries
        )

    async def get_or_create_collection(
        self, name: str, defaults: CollectionDefaults | None = None
    ) -> tuple[TemplateVariablesCollectionWithEntries, bool]:
        """The collection of this name, created with `defaults` if it does not exist.

        Args:
            name: 1 to 255 characters.
            defaults: Arguments of `create_collection`; used when it does not exist.

        Returns:
            The collection with its rows, and whether it was created.
            An ExistingDiffersWarning names what of `defaults` it has not, or has otherwise.

        Raises:
            ValidationError: The name is empty, or `defaults` has a key that is no such argument.

        Example:
            >>> collection, created = client.get_or_create_collection("Concepts")
            >>> created, collection.variables_count
            (False, 2)
        """
        wanted = defaults_of(defaults, CollectionDefaults)
        return await get_or_create(
            "collection",
            name,
            get=lambda: self.get_collection(name=name),
            create=lambda: self.create_collection(name, **wanted),
            given=wanted,
            create_first=True,
        )

    async def list_collections(
        self, compatible_prompt_template: PromptTemplate | None = None
    ) -> list[TemplateVariablesCollection]:
        """All collections without their rows, or those that cover a template's placeholders.

        Args:
            compatible_prompt_template: Only those that have a column for each of its placeholders.

        Returns:
            Collections in order of creation; `variables_count` says how many rows each has.

        Raises:
            ValidationError: It is no PromptTemplate that a client returned.

        Example:
            >>> [collection.name for collection in client.list_collections(template)]
            ['Concepts']
        """
        project = await self.session.project_id()
        template_id = id_of(compatible_prompt_template, PromptTemplate, "compatible_prompt_template")
        return await self.session.pages(
            lambda page: list_collections.build(
                project, compatible_prompt_template_id=template_id, page=page
            ),
            TemplateVariablesCollection,
        )

    async def iter_collections(
        self, filter: TemplateVariablesCollectionFilter | None = None
    ) -> AsyncGenerator[TemplateVariablesCollection]:
        """Collections without their rows, read page by page.

        Args:
            filter: Which; None takes all.

        Yields:
            Collections; a page of them is read when the one before is used up.

        Raises:
            ValidationError: The filter is one for something else.

        Example:
            >>> for collection in client.iter_collections(TemplateVariablesCollectionFilter(has_entries=True)):
            ...     print(collection.name, collection.variables_count)
            Concepts 2
        """
        wanted = query_of(filter, TemplateVariablesCollectionFilter)
        part, has_rows = wanted.get("name_search"), wanted.get("has_entries")
        project = await self.session.project_id()
        collections = self.session.iterate(
            lambda page: list_collections.build(project, name=wanted.get("name"), page=page),
            TemplateVariablesCollection,
        )
        async with aclosing(collections):
            async for collection in collections:
                if part is not None and part.casefold() not in collection.name.casefold():
                    continue
                if has_rows is None or has_rows == (collection.variables_count > 0):
                    yield collection

    async def update_collection(
        self,
        collection: TemplateVariablesCollection,
        *,
        name: str | None = None,
        description: str | None = None,
        read_only: bool | None = None,
        columns: Sequence[str | CollectionColumn] | None = None,
        environment_config: dict[str, Any] | Unset | None = UNSET,
    ) -> TemplateVariablesCollection:
        """Change a collection; what is not given stays.

        Args:
            collection: Which.
            name: Another name, 1 to 255 characters.
            description: What it is for.
            read_only: Whether rows and columns are locked.
            columns: All columns in their order. One that is listed is kept, an unknown one is added, one that is
                left out is removed with its values.
            environment_config: What agents' tasks need; None clears it, left out it stays.

        Returns:
            The collection as it is now, without its rows. `collection.update()` changes the object itself.

        Raises:
            ConflictError: The name is taken, or columns of a read-only collection were to change.
            APIError: Columns do not go together, or a row's value does not fit its column's new type (422).

        Example:
            >>> client.update_collection(collection, name="Ideas", read_only=True).name
            'Ideas'
        """
        return await change_collection(
            self.session,
            collection,
            name=name,
            description=description,
            read_only=read_only,
            columns=columns,
            environment_config=environment_config,
        )

    async def delete_collection(self, collection: TemplateVariablesCollection) -> None:
        """Delete a collection and its rows; experiments that used it keep them.

        Args:
            collection: As a client returned it.

        Raises:
            NotFoundError: The project has no such collection, or no longer.
            ValidationError: It is no TemplateVariablesCollection that a client returned.

        Example:
            >>> client.delete_collection(collection)
        """
        await self._delete(delete_collection.build, collection, TemplateVariablesCollection)
