"""Collections: their columns and rows, a cell edited, all rows as CSV and from it."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

import attrs
import msgspec
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from elluminate._markup import harmless
from elluminate._row_files import json_cell
from elluminate_server.http.problems import BadRequest, Conflict, Invalid, NotFound, quoted
from elluminate_server.pages.paging import Paging
from elluminate_server.pages.visits import Visit, form, page
from elluminate_server.reading.csv_files import JSON_TYPES, csv_of
from elluminate_server.reading.finding import find_entry, see_collection, see_entry
from elluminate_server.reading.loading import columns_of, load_collection, load_collections
from elluminate_server.reading.presenting import row_values
from elluminate_server.reading.rows import shown_rows
from elluminate_server.store.columns import as_stored
from elluminate_server.store.rows import fetch
from elluminate_server.store.tables import Collection, CollectionColumn, Entry
from elluminate_server.writing.changed_rows import adding_rows, find_changeable, replace_values
from elluminate_server.writing.csv_rows import rows_of_csv, value_of_cell
from elluminate_server.writing.naming import of_project
from elluminate_server.writing.prepared_rows import Source

__all__ = ["Cell"]

_SIZE = 25
_ROWS = 50
_COLLECTION = "/projects/{project_id:int}/collections/{collection_id:int}"
_SEPARATORS = {"": "what the header has", ",": "a comma", ";": "a semicolon", "\t": "a tab"}

_of_entry = Entry.__table__.c
_ALL_ROWS = (
    select(
        _of_entry.id,
        as_stored(_of_entry.input_values),
        _of_entry.environment_config,
        _of_entry.created_at,
    )
    .where(_of_entry.collection_id == bindparam("collection_id"), _of_entry.deleted_at.is_(None))
    .order_by(_of_entry.id)
)
_SOME_ROWS = _ALL_ROWS.limit(bindparam("size")).offset(bindparam("skipped"))


@attrs.frozen
class Cell:
    """One cell as a form edits it.

    Attributes:
        column: Its column.
        text: What it holds, as in a CSV file.
        digest: Of that: a form that was made for another text is refused.
        can_be_edited: Whether a browser sends the text back as it is.
    """

    column: CollectionColumn
    text: str
    digest: str
    can_be_edited: bool

    @classmethod
    def of(cls, column: CollectionColumn, value: Any) -> "Cell":
        """The cell with this value."""
        text = _text_of(value, column)
        return cls(column, text, _digest(text), harmless(text) == text and "\r" not in text)


@page("/projects/{project_id:int}/collections")
async def collections(visit: Visit) -> Response:
    """By name."""
    query = of_project(Collection, visit.project_id).where(Collection.is_scenario_set.is_(False))
    if visit.asked("q"):
        query = query.where(Collection.name.icontains(visit.asked("q"), autoescape=True))
    session = visit.session
    count = await session.scalar(query.with_only_columns(func.count())) or 0
    paging = Paging(visit.asked_number("page", 1), _SIZE, count)
    ids = query.with_only_columns(Collection.id).order_by(Collection.name, Collection.id)
    found = (await session.scalars(ids.limit(_SIZE).offset(paging.offset))).all()
    loaded = await load_collections(session, found)
    return visit.show(
        "collections.html",
        place="collections",
        collections=[loaded[identifier].shown for identifier in found],
        paging=paging,
    )


@page(_COLLECTION)
async def collection(visit: Visit) -> Response:
    """Columns, and a page of rows."""
    session = visit.session
    row = await see_collection(session, visit.project_id, visit.path["collection_id"])
    loaded = await load_collection(session, row)
    paging = Paging(visit.asked_number("page", 1), _ROWS, loaded.shown.variables_count)
    rows = await fetch(session, _SOME_ROWS, collection_id=row.id, size=_ROWS, skipped=paging.offset)
    values = [
        (found.id, row_values(msgspec.json.decode(found.input_values), loaded.columns)) for found in rows
    ]
    return visit.show(
        "collection.html",
        place="collections",
        collection=loaded.shown,
        columns=loaded.columns,
        rows=[
            (identifier, [_text_of(cells[column.name], column) for column in loaded.columns])
            for identifier, cells in values
        ],
        paging=paging,
        separators=_SEPARATORS,
        added=visit.asked("added"),
    )


@page(_COLLECTION + "/rows.csv")
async def download(visit: Visit) -> Response:
    """All rows, as the SDK writes them."""
    session = visit.session
    row = await see_collection(session, visit.project_id, visit.path["collection_id"])
    loaded = await load_collection(session, row)
    rows = await fetch(session, _ALL_ROWS, collection_id=row.id)

    def written() -> bytes:
        most = visit.settings.max_answer_bytes
        return csv_of(shown_rows(rows, loaded.columns, loaded.shown, most_bytes=most), loaded.columns)

    name = quote(f"{loaded.shown.name}.csv".encode("utf-8", "replace"), safe="")
    disposition = f"attachment; filename=\"collection-{row.id}.csv\"; filename*=UTF-8''{name}"
    return Response(
        await asyncio.to_thread(written),
        media_type="text/csv",
        headers={"Content-Disposition": disposition},
    )


@form(_COLLECTION + "/rows", does="create_template_variables_batch", takes_file=True)
async def upload(visit: Visit) -> Response:
    """Every row of a CSV file, or none."""
    content = await visit.file("file")
    delimiter = visit.field("delimiter")
    if delimiter not in _SEPARATORS:
        raise Invalid("$.delimiter: must be a comma, a semicolon or a tab, or nothing.")
    async with adding_rows(
        visit.store,
        visit.settings,
        partial(_find, visit),
        visit.write,
        partial(_rows_of, content, delimiter),
        "Line {}: $".format,
        skips_existing=visit.field("skip_existing") == "yes",
    ) as new:
        added = len(new.rows)
    return visit.go_on(_address(visit), added=str(added))


def _rows_of(content: bytes, delimiter: str, columns: Sequence[CollectionColumn]) -> Source:
    """The rows of the file.

    Raises:
        Invalid: It cannot be read, or has none.
    """
    rows = rows_of_csv(content, delimiter, columns)
    if next(iter(rows()), None) is None:
        raise Invalid("$.file: has a header and no rows below it, so that there is nothing to add.")
    return rows


@page(_COLLECTION + "/rows/{entry_id:int}")
async def row(visit: Visit) -> Response:
    """One row, each cell with a form."""
    session = visit.session
    found = await see_collection(session, visit.project_id, visit.path["collection_id"])
    entry = await see_entry(session, found.id, visit.path["entry_id"])
    loaded = await load_collection(session, found)
    values = row_values(entry.input_values, loaded.columns)
    live = (_of_entry.collection_id == found.id, _of_entry.deleted_at.is_(None))
    before = await session.scalar(select(func.max(_of_entry.id)).where(*live, _of_entry.id < entry.id))
    after = await session.scalar(select(func.min(_of_entry.id)).where(*live, _of_entry.id > entry.id))
    return visit.show(
        "collection_row.html",
        place="collections",
        collection=loaded.shown,
        entry_id=entry.id,
        before=before,
        after=after,
        cells=[Cell.of(column, values[column.name]) for column in loaded.columns],
        saved=visit.asked_number("saved", 0),
    )


@form(_COLLECTION + "/rows/{entry_id:int}", does="update_template_variables")
async def edit(visit: Visit) -> Response:
    """One cell gets another value; the others stay as they are."""
    if "value" not in visit.fields:
        raise BadRequest("The form has no value; an empty one empties the cell.")
    column_id = visit.number("column_id")
    async with visit.write() as session:
        found = await _find(visit, session)
        entry = await find_entry(session, found.id, visit.path["entry_id"])
        await session.refresh(
            entry, with_for_update=True
        )  # two cells of a row are changed one after the other
        columns = await columns_of(session, found.id)
        column = next((one for one in columns if one.id == column_id), None)
        if column is None:
            raise NotFound(f"column in collection {found.id} with id", column_id)
        values = row_values(entry.input_values, columns)
        if _digest(_text_of(values[column.name], column)) != visit.field("before"):
            raise Conflict(
                f"Meanwhile somebody else stored {quoted(_text_of(values[column.name], column), 400)} in this cell. "
                "Nothing was changed: store yours once more if it is to take the place of that."
            )
        values = {**entry.input_values, column.name: value_of_cell(visit.text("value"), column.column_type)}
        await replace_values(
            session, found, entry, values, most=max(visit.settings.max_columns, len(columns))
        )
    return visit.go_on(f"{_address(visit)}/rows/{visit.path['entry_id']}", saved=str(column_id))


async def _find(visit: Visit, session: AsyncSession) -> Collection:
    return await find_changeable(session, visit.project_id, visit.path["collection_id"])


def _address(visit: Visit) -> str:
    return f"/projects/{visit.project_id}/collections/{visit.path['collection_id']}"


def _text_of(value: Any, column: CollectionColumn) -> str:
    """A value as a CSV file has it, but for what keeps spreadsheets from running it."""
    shown = json_cell(value) if column.column_type in JSON_TYPES else value
    if shown is None:
        return ""
    if isinstance(shown, str):
        return shown
    return json.dumps(shown, ensure_ascii=False, indent=1 if isinstance(shown, dict | list) else None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
