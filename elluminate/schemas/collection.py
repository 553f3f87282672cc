"""Collections of test cases, with their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.api.collections import update_collection
from elluminate_api.models import CollectionColumn
from elluminate_api.types import UNSET, Unset

from elluminate._binding import Bound, unbound
from elluminate._blocking import blocking
from elluminate._checks import checked_name
from elluminate._exports import Exports
from elluminate._lookup import naming_conflicts, required_id_of
from elluminate._notebooks import MOST_SHOWN, ShownInNotebooks
from elluminate._session import Session
from elluminate._tables import html_table
from elluminate.exceptions import NotFetchedError
from elluminate.schemas.collection_rows import Rows
from elluminate.schemas.columns import columns_in
from elluminate.schemas.template_variables import TemplateVariables, rows_table, share_collection

_WITH_ROWS = {"variables", "items", "to_dicts", "to_csv", "to_jsonl", "to_pandas"}


@define(kw_only=True, repr=False)
class TemplateVariablesCollection(ShownInNotebooks, Rows):
    """A named set of test cases, without its rows; `get_collection` gives it with them."""

    _session: Any = unbound()

    async def aupdate(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        read_only: bool | None = None,
        columns: Sequence[str | CollectionColumn] | None = None,
        environment_config: dict[str, Any] | Unset | None = UNSET,
    ) -> TemplateVariablesCollection:
        """Change the collection; what is not given stays.

        Args:
            name: Another name, 1 to 255 characters.
            description: What it is for.
            read_only: Whether rows and columns are locked.
            columns: All columns in their order. One that is listed is kept, an unknown one is added, one that
                is left out is removed with its values.
            environment_config: What agents' tasks need; None clears it, left out it stays.

        Returns:
            This collection, as it is now. Rows in `variables` stay as they were read.

        Raises:
            ConflictError: The name is taken, or columns of a read-only collection were to change.

        Example:
            >>> collection.update(read_only=True).read_only
            True
        """
        fresh = await change_collection(
            self._bound_session(),
            self,
            name=name,
            description=description,
            read_only=read_only,
            columns=columns,
            environment_config=environment_config,
        )
        self._take_over(fresh)
        return self

    def _tables(self) -> Iterator[str]:
        columns = [
            [column.name or "", column.column_type or "", column.default_value or ""]
            for column in self.columns[:MOST_SHOWN]
        ]
        yield html_table(
            self._title(), ["column", "type", "default"], columns, most=MOST_SHOWN, total=len(self.columns)
        )

    def _title(self) -> str:
        rows = "1 row" if self.variables_count == 1 else f"{self.variables_count} rows"
        return f"Collection: {self.name} ({rows}{', read-only' if self.read_only else ''})"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in _WITH_ROWS:
                raise NotFetchedError(
                    f"the rows of collection {self.name!r} were not fetched; get_collection(id={self.id}) reads them, "
                    "iter_entries() page by page"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    update = blocking(aupdate)


@define(kw_only=True, repr=False)
class TemplateVariablesCollectionWithEntries(Exports, TemplateVariablesCollection):
    """A named set of test cases, with its rows.

    Example:
        >>> collection = client.create_collection("Concepts")
        >>> collection.add_many([{"concept": "recursion"}, {"concept": "closures"}])
        >>> len(collection.variables)
        2
    """

    variables: list[TemplateVariables]

    def __attrs_post_init__(self) -> None:
        Bound.__attrs_post_init__(self)
        share_collection(self.variables)

    def items(self) -> Iterator[TemplateVariables]:
        """The rows, in their order.

        Returns:
            An iterator over `variables`; it asks no server.

        Example:
            >>> [row.input_values["concept"] for row in collection.items()]
            ['recursion', 'closures']
        """
        return iter(self.variables)

    def _take_in(self, added: list[TemplateVariables]) -> None:
        self.variables.extend(added)
        TemplateVariablesCollection._take_in(self, added)

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows' values, from column name to value: what `add_many` takes.

        Returns:
            One dict per row.

        Example:
            >>> collection.to_dicts()
            [{'concept': 'recursion'}, {'concept': 'closures'}]
        """
        return [dict(row.input_values) for row in self.variables]

    def _tables(self) -> Iterator[str]:
        yield rows_table(self._title(), self.variables, [column.name or "" for column in self.columns])

    def _of_json(self) -> frozenset[str]:
        return self._json_columns()

    def _forget_rows(self) -> None:
        self.variables.clear()
        TemplateVariablesCollection._forget_rows(self)

    def _replace_row(self, entry_id: int, by: TemplateVariables | None) -> None:
        replaced = [by if row.id == entry_id else row for row in self.variables]
        self.variables = [row for row in replaced if row is not None]


async def change_collection(
    session: Session,
    collection: TemplateVariablesCollection,
    *,
    name: str | None,
    description: str | None,
    read_only: bool | None,
    columns: Sequence[str | CollectionColumn] | None,
    environment_config: dict[str, Any] | Unset | None,
) -> TemplateVariablesCollection:
    """The one request behind the ways to change a collection; see `update_collection`."""
    identifier = required_id_of(collection, TemplateVariablesCollection, "collection")
    body = api.UpdateCollectionRequest(
        name=checked_name(collection.name if name is None else name, "collection"),
        description=UNSET if description is None else description,
        read_only=UNSET if read_only is None else read_only,
        columns=columns_in(columns),
        environment_config=environment_config,
    )
    project = await session.project_id()
    with naming_conflicts("collection", body.name):
        return await session.call(
            update_collection.build(project, identifier, body=body), TemplateVariablesCollection
        )
