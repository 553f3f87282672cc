"""Rows of a collection: one by one, many from a file, or written by a model."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from elluminate_api import models
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, Overtaken, operation
from elluminate_server.http.problems import BadRequest, Invalid, quoted
from elluminate_server.llm.roles import propose_row
from elluminate_server.reading.finding import (
    find_entry,
    see_collection,
    see_entry,
    see_prompt_template,
)
from elluminate_server.reading.loading import columns_of, load_collection
from elluminate_server.reading.presenting import present_entry, row_values
from elluminate_server.reading.rows import present_entries, present_rows
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import (
    Collection,
    Entry,
)
from elluminate_server.writing.cells import stored_values
from elluminate_server.writing.changed_rows import (
    add_missing_columns,
    adding_rows,
    check_tasks,
    find_changeable,
    live_rows,
    only_row,
    replace_values,
)
from elluminate_server.writing.entries import add_entries, delete_entries
from elluminate_server.writing.keyed_rows import match_rows
from elluminate_server.writing.prepared_rows import RowBounds, prepare_rows, rows_of_lines
from elluminate_server.writing.row_uploads import add_new_columns, uploading
from elluminate_server.writing.stored_rows import load_stored_rows, update_rows

EXAMPLES = 20
"""Present rows that a model is shown when it writes another: the newest ones."""


@operation("list_template_variables")
async def list_template_variables(call: Call) -> Answer:
    """In order of creation."""
    async with call.read() as session:
        collection = await see_collection(session, call.project_id, call.path["collection_id"])
        rows, count = await page_of(call, session, live_rows(collection), Entry.id)
        loaded = await load_collection(session, collection)
    return call.answer(paged(present_entries(rows, loaded.columns, loaded.shown), count))


@operation("get_template_variables")
async def get_template_variables(call: Call) -> Answer:
    """One row."""
    async with call.read() as session:
        collection = await see_collection(session, call.project_id, call.path["collection_id"])
        entry = await see_entry(session, collection.id, call.path["entry_id"])
        loaded = await load_collection(session, collection)
    return call.answer(present_entry(entry, loaded.columns, loaded.shown))


@operation("create_template_variables")
async def create_template_variables(call: Call) -> Answer:
    """A row as given, or one that a model writes for a template."""
    request = call.decode(models.CreateTemplateVariablesRequest)
    if (request.input_values is None) == (request.prompt_template_id is None):
        raise Invalid(
            "Give exactly one of input_values (a row as it is) and prompt_template_id (have one written)."
        )
    values: Mapping[str, Any]
    if request.input_values is not None:
        values = request.input_values
    else:
        values = await _propose_row(call, request.prompt_template_id or 0)
    async with call.write() as session:
        collection = await _find_changeable(call, session)
        most = call.settings.max_columns
        columns = await add_missing_columns(session, collection, values, most=most)
        stored = stored_values(values, columns, only_row(0))
        await check_tasks(session, collection, [stored], only_row)
        (entry,) = await add_entries(session, collection.id, [(stored, request.environment_config)])
        collection.updated_at = utc_now()
        loaded = await load_collection(session, collection)
        return call.answer(present_entry(entry, loaded.columns, loaded.shown))


async def _propose_row(call: Call, template_id: int) -> Mapping[str, Any]:
    async with call.read() as session:
        template = await see_prompt_template(session, call.project_id, template_id)
        collection = await _find_changeable(call, session)
        columns = await columns_of(session, collection.id)
        newest = await session.scalars(live_rows(collection).order_by(Entry.id.desc()).limit(EXAMPLES))
        examples = [row_values(entry.input_values, columns) for entry in newest]
    if not template.placeholders:
        raise Invalid(
            f"Prompt template {template.name!r} (id {template.id}) has no placeholders to write values for."
        )
    return await propose_row(
        call.models.model_for(None), template.messages, template.placeholders, list(reversed(examples))
    )


async def _find_changeable(call: Call, session: AsyncSession) -> Collection:
    return await find_changeable(session, call.project_id, call.path["collection_id"])


@operation("update_template_variables")
async def update_template_variables(call: Call) -> Answer:
    """Replace a row's values."""
    request = call.decode(models.UpdateTemplateVariablesRequest)
    async with call.write() as session:
        collection = await _find_changeable(call, session)
        entry = await find_entry(session, collection.id, call.path["entry_id"])
        if request.environment_config is not UNSET:
            entry.environment_config = request.environment_config
        most = call.settings.max_columns
        await replace_values(session, collection, entry, request.input_values, most=most)
        await session.flush()
        loaded = await load_collection(session, collection)
        return call.answer(present_entry(entry, loaded.columns, loaded.shown))


@operation("delete_template_variables")
async def delete_template_variables(call: Call) -> Answer:
    """One row; responses to it stay readable."""
    async with call.write() as session:
        collection = await _find_changeable(call, session)
        entry = await find_entry(session, collection.id, call.path["entry_id"])
        await delete_entries(session, Entry.id == entry.id)
        return call.answer()


@operation("delete_all_template_variables")
async def delete_all_template_variables(call: Call) -> Answer:
    """Every row; the collection and its columns stay."""
    async with call.write() as session:
        collection = await _find_changeable(call, session)
        await delete_entries(session, Entry.collection_id == collection.id)
        return call.answer()


@operation("create_template_variables_batch")
async def create_template_variables_batch(call: Call) -> Answer:
    """Every row of a JSON Lines file, or none."""
    content = await _read_file(call)
    async with adding_rows(
        call.store,
        call.settings,
        partial(_find_changeable, call),
        call.write,
        lambda _: partial(rows_of_lines, content),
        "Line {}: $".format,
        skips_existing=call.query["skip_existing"],
    ) as new:
        loaded = await load_collection(new.session, new.collection)
        return call.answer(present_rows(new.rows, loaded.shown))


@operation("put_template_variables_batch")
async def put_template_variables_batch(call: Call) -> Answer:
    """Every row of a JSON Lines file added, or updating the one with the same key; or none."""
    content = await _read_file(call)
    key = list(dict.fromkeys(call.query["key"]))
    where = "Line {}: $".format
    async with call.read() as session:
        collection = await _find_changeable(call, session)
        columns = await columns_of(session, collection.id)
        stored = await load_stored_rows(session, collection.id)
    is_agentic = collection.collection_type == models.CollectionType.AGENTIC
    prepared = await asyncio.to_thread(
        prepare_rows,
        partial(rows_of_lines, content),
        columns,
        RowBounds.of(call.settings),
        where,
        is_agentic=is_agentic,
        key=key,
    )
    matched = await asyncio.to_thread(match_rows, stored, prepared, key, where, is_agentic=is_agentic)
    async with uploading(call.store, collection, matched.new) as upload, call.write() as session:
        collection = await _find_changeable(call, session)
        await session.execute(select(Collection.id).where(Collection.id == collection.id).with_for_update())
        add_new_columns(session, collection.id, await columns_of(session, collection.id), prepared)
        if not await stored.are_current(session, collection.id):
            raise Overtaken
        await update_rows(session, matched.changes)
        added = await upload.show(session, collection.id)
        if added or matched.changes:
            collection.updated_at = utc_now()
        loaded = await load_collection(session, collection)
        return call.answer(
            models.PutEntries(
                rows=present_rows(matched.in_order(added), loaded.shown),
                added_ids=[row.id for row in added],
                updated_ids=[change.id for change in matched.changes],
            )
        )


async def _read_file(call: Call) -> bytes:
    """The content of the form's one field `file`."""
    form = await call.form()
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            fields = ", ".join(quoted(name) for name in form) or "none"
            raise BadRequest(
                f"The form has no file in its field 'file': send JSON Lines there. Its fields are: {fields}."
            )
        for name in form:
            if name != "file":
                raise Invalid(f"The form has an unknown field {quoted(name)}. It takes 'file' alone.")
        return await file.read()
    finally:
        await form.close()
