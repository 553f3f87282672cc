"""What a collection does with its rows: adding, generating, reading, changing and removing them."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from elluminate_api import models as api
from elluminate_api.api.template_variables import (
    create_template_variables,
    delete_all_template_variables,
    delete_template_variables,
    list_template_variables,
    update_template_variables,
)
from elluminate_api.models import ColumnType
from elluminate_api.types import UNSET, Unset

from elluminate._binding import Bound
from elluminate._blocking import blocking, iterating
from elluminate._checks import checked_choice, checked_key, checked_rows
from elluminate._columns import check_columns, without_outer_blanks
from elluminate._lookup import required_id_of
from elluminate._row_files import FilePath, rows_from_csv, rows_from_dataframe, rows_from_jsonl, some_of_file
from elluminate.exceptions import ValidationError
from elluminate.schemas.row_uploads import send_rows
from elluminate.schemas.template_variables import AddedRows, TemplateVariables, share_collection

if TYPE_CHECKING:
    from elluminate.schemas.prompt_template import PromptTemplate


class Rows(Bound, api.TemplateVariablesCollection):
    """Mixin of collections."""

    __slots__ = ()

    async def aadd_many(
        self,
        variables: Iterable[Mapping[str, Any]],
        skip_existing: bool = False,
        *,
        add_columns: bool = False,
        key: str | Sequence[str] | None = None,
    ) -> AddedRows:
        """Add rows, all or none; with a key, update those that are there.

        Args:
            variables: One mapping per row, from column name to value.
            skip_existing: Leave out rows that are in the collection, or earlier in this list.
            add_columns: Whether columns that the collection does not have are meant, however near they are to those
                that it has.
            key: Columns that make a row the same. A row that is in the collection already gets the values given here,
                and keeps its id and its other columns; answers that were made from it keep what they were made from.

        Returns:
            The rows that were added and, with a key, those that were there, as they are now; `added` and `updated` tell
            them apart. They are also in `variables` from now on, where the object has its rows.

        Raises:
            ValidationError: Something in the list is not a row, a column differs from one of the collection by case or
                blanks alone, or a row has none of its columns. Or a row lacks a column of the key.
            NotSupportedError: The server knows no keys: only `elluminate_server` does.
            APIError: A value does not fit its column (422); it says which row. Or the rows are more than the server
                takes at once (413); it says how many it would take. They are not sent in pieces, because then they
                would not be all or none.
            ConflictError: The collection is read-only.

        Example:
            >>> added = collection.add_many([{"concept": "recursion"}, {"concept": "tides"}], skip_existing=True)
            >>> [row.input_values for row in added]
            [{'concept': 'tides'}]
            >>> rows = collection.add_many([{"concept": "tides", "level": "easy"}], key="concept", add_columns=True)
            >>> len(rows.updated), collection.variables_count
            (1, 3)
        """
        rows = checked_rows(variables)
        names = checked_key(key, rows)
        if names and skip_existing:
            raise ValidationError(
                "skip_existing=True leaves rows as they are that are there, and key=… updates them; give one of the two"
            )
        if not rows:
            return AddedRows()
        if not checked_choice(add_columns, "add_columns"):
            self._check_columns(rows, "pass add_columns=True to have it as a column of its own")
        session = self._bound_session()
        result = await send_rows(session, self.id, rows, skip_existing=bool(skip_existing), key=names)
        share_collection(result)
        self._take_in(result.added)
        for row in result.updated:
            self._replace_row(row.id, row)
        if result:
            self.columns = result[0].collection.columns
        return result

    async def aclear(self) -> Self:
        """Remove all rows; answers that were made from them stay.

        Returns:
            This collection, which is empty now.

        Raises:
            ConflictError: The collection is read-only.

        Example:
            >>> collection.clear().variables_count
            0
        """
        session = self._bound_session()
        await session.call(delete_all_template_variables.build(await session.project_id(), self.id))
        self._forget_rows()
        return self

    async def agenerate_variables(self, prompt_template: PromptTemplate) -> TemplateVariables:
        """Let the project's model write one more row that fits the template, and add it.

        Args:
            prompt_template: The template whose placeholders the row is to fill.

        Returns:
            The row. It is also in `variables` from now on, where the object has its rows.

        Raises:
            ConflictError: The collection is read-only.
            ServerError: The model cannot be reached at the moment (503).
            APIError: The template has no placeholders (422), or the model gave no usable row (400).

        Example:
            >>> row = collection.generate_variables(template)
        """
        from elluminate.schemas.prompt_template import PromptTemplate

        session = self._bound_session()
        body = api.CreateTemplateVariablesRequest(
            prompt_template_id=required_id_of(prompt_template, PromptTemplate, "prompt_template")
        )
        row = await session.call(
            create_template_variables.build(await session.project_id(), self.id, body=body),
            TemplateVariables,
        )
        self._take_in([row])
        return row

    async def aadd_from_csv(
        self,
        path: FilePath,
        skip_existing: bool = False,
        *,
        delimiter: str = ",",
        encoding: str = "utf-8",
        add_columns: bool = False,
        key: str | Sequence[str] | None = None,
    ) -> AddedRows:
        """Add the rows of a CSV file (with a header that names the columns), all or none.

        Cells are text, but for those of the collection's json columns: they are read as JSON, an empty one as null, and
        what is no JSON as text.

        Args:
            path: The file.
            skip_existing: Leave out rows that are in the collection, or earlier in the file.
            delimiter: What separates cells.
            encoding: How the file writes its characters: "utf-8", with or without a byte order mark, "latin-1",
                "cp1252", or another one that Python knows.
            add_columns: Whether columns that the collection does not have are meant; see `add_many`.
            key: Columns that make a row the same; those that are there are updated, see `add_many`.

        Returns:
            The rows that were added and, with a key, those that were there; see `add_many`. Blanks at the ends of
            columns' names are left out, which a StrippedColumnsWarning tells.

        Raises:
            ValidationError: `path` is no path, the file is not in the encoding, the header is missing, or a row has
                another number of cells; the line is named, and nothing is sent. Or the file has no rows, or the columns
                do not fit the collection; see `add_many`.
            OSError: The file cannot be read.

        Example:
            >>> len(collection.add_from_csv("rows.csv"))
            2
        """
        return await self._add_rows_of(
            lambda: some_of_file(path, rows_from_csv(path, delimiter, self._json_columns(), encoding)),
            skip_existing,
            add_columns,
            key,
        )

    async def aadd_from_jsonl(
        self,
        path: FilePath,
        skip_existing: bool = False,
        *,
        add_columns: bool = False,
        key: str | Sequence[str] | None = None,
    ) -> AddedRows:
        """Add the rows of a JSON Lines file (UTF-8, an object from column name to value per line), all or none.

        Args:
            path: The file.
            skip_existing: Leave out rows that are in the collection, or earlier in the file.
            add_columns: Whether columns that the collection does not have are meant; see `add_many`.
            key: Columns that make a row the same; those that are there are updated, see `add_many`.

        Returns:
            The rows that were added and, with a key, those that were there; see `add_many`. Blanks at the ends of
            columns' names are left out, which a StrippedColumnsWarning tells.

        Raises:
            ValidationError: `path` is no path, or a line no JSON object, or one with a key twice; its number is named,
                and nothing is sent. Or the file has no rows, or the columns do not fit the collection; see `add_many`.
            OSError: The file cannot be read.

        Example:
            >>> len(collection.add_from_jsonl("rows.jsonl"))
            2
        """
        return await self._add_rows_of(
            lambda: some_of_file(path, rows_from_jsonl(path)), skip_existing, add_columns, key
        )

    async def aadd_from_dataframe(
        self,
        dataframe: Any,
        skip_existing: bool = False,
        *,
        add_columns: bool = False,
        key: str | Sequence[str] | None = None,
    ) -> AddedRows:
        """Add the rows of a pandas data frame, all or none; missing values become null, dates ISO 8601 text.

        Args:
            dataframe: A `pandas.DataFrame` whose columns are named by text. Its index is left out.
            skip_existing: Leave out rows that are in the collection, or earlier in the frame.
            add_columns: Whether columns that the collection does not have are meant; see `add_many`.
            key: Columns that make a row the same; those that are there are updated, see `add_many`.

        Returns:
            The rows that were added and, with a key, those that were there; see `add_many`. Blanks at the ends of
            columns' names are left out, which a StrippedColumnsWarning tells.

        Raises:
            ValidationError: It is no data frame, a column's name cannot be used, or the columns do not fit the
                collection; see `add_many`.
        """
        return await self._add_rows_of(
            partial(rows_from_dataframe, dataframe), skip_existing, add_columns, key
        )

    async def _add_rows_of(
        self,
        read: Callable[[], list[dict[str, Any]]],
        skip_existing: bool,
        add_columns: bool,
        key: str | Sequence[str] | None,
    ) -> AddedRows:
        checked_choice(add_columns, "add_columns")
        checked_key(key)
        session = self._bound_session()
        await session.start()
        rows = without_outer_blanks(await session.transport.in_thread(read), self._column_names())
        return await self.aadd_many(rows, skip_existing, add_columns=add_columns, key=key)

    def _check_columns(self, rows: Sequence[Mapping[str, Any]], way_out: str) -> None:
        # Where there are no rows yet, the first ones decide, unless the columns were declared.
        check_columns(rows, self._column_names(), f"collection {self.name!r}", way_out=way_out)

    def _column_names(self) -> list[str]:
        return [column.name for column in self.columns or [] if column.name]

    def _json_columns(self) -> frozenset[str]:
        of_json = [column.name for column in self.columns or [] if column.column_type == ColumnType.JSON]
        return frozenset(filter(None, of_json))

    async def aiter_entries(self) -> AsyncGenerator[TemplateVariables]:
        """The rows in their order, read page by page: no more than a few pages are held at a time.

        Yields:
            Rows.

        Example:
            >>> for row in collection.iter_entries():
            ...     print(row.input_values)
        """
        session = self._bound_session()
        project = await session.project_id()
        pages = session.iterate_pages(
            lambda page: list_template_variables.build(project, self.id, page=page), TemplateVariables
        )
        async with aclosing(pages):
            async for page in pages:
                share_collection(page)
                for row in page:
                    yield row

    async def aupdate_entry(
        self,
        entry: TemplateVariables,
        input_values: Mapping[str, Any],
        environment_config: dict[str, Any] | Unset = UNSET,
    ) -> TemplateVariables:
        """Replace the values of a row; responses that were made from it keep what they were made from.

        Args:
            entry: A row of this collection.
            input_values: All its values; a column that is left out gets its default.
            environment_config: What an agent's task needs; left out, it stays.

        Returns:
            The changed row. It takes the old one's place in `variables`.

        Raises:
            ConflictError: The collection is read-only.
            ValidationError: A column differs from one of the collection by case or blanks alone, or there is none of
                its columns.
            APIError: A value does not fit its column (422).

        Example:
            >>> row = collection.update_entry(collection.variables[0], {"concept": "iteration"})
            >>> row.input_values
            {'concept': 'iteration'}
        """
        session = self._bound_session()
        entry_id = required_id_of(entry, TemplateVariables, "entry")
        rows = checked_rows([input_values])
        self._check_columns(rows, "add it with collection.update(columns=[...]) first")
        body = api.UpdateTemplateVariablesRequest(input_values=rows[0], environment_config=environment_config)
        project = await session.project_id()
        changed = await session.call(
            update_template_variables.build(project, self.id, entry_id, body=body), TemplateVariables
        )
        self._replace_row(entry_id, changed)
        return changed

    async def adelete_entry(self, entry: TemplateVariables) -> None:
        """Remove a row; responses that were made from it stay.

        Args:
            entry: A row of this collection.

        Raises:
            ConflictError: The collection is read-only.

        Example:
            >>> collection.delete_entry(collection.variables[0])
            >>> len(collection.variables)
            1
        """
        session = self._bound_session()
        entry_id = required_id_of(entry, TemplateVariables, "entry")
        await session.call(delete_template_variables.build(await session.project_id(), self.id, entry_id))
        self.variables_count = max(0, self.variables_count - 1)
        self._replace_row(entry_id, None)

    def _take_in(self, added: list[TemplateVariables]) -> None:
        self.variables_count += len(added)
        if added:
            self.columns = added[-1].collection.columns

    def _forget_rows(self) -> None:
        self.variables_count = 0

    def _replace_row(self, entry_id: int, by: TemplateVariables | None) -> None:
        """Take a changed row's new values, or a removed row out; there is none to change without rows."""

    add_many = blocking(aadd_many)
    add_from_csv = blocking(aadd_from_csv)
    add_from_jsonl = blocking(aadd_from_jsonl)
    add_from_dataframe = blocking(aadd_from_dataframe)
    generate_variables = blocking(agenerate_variables)
    iter_entries = iterating(aiter_entries)
    update_entry = blocking(aupdate_entry)
    delete_entry = blocking(adelete_entry)
    clear = blocking(aclear)
