"""Rows on their way to a server: sent as lines of a file, and called by their place among the rows when refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.api.template_variables import (
    create_template_variables_batch,
    put_template_variables_batch,
)
from elluminate_api.types import File, Request

from elluminate._bodies import to_json
from elluminate._session import Session
from elluminate.exceptions import APIError, NotSupportedError
from elluminate.schemas.template_variables import AddedRows, TemplateVariables

_LINE = re.compile(r"\bLine (?=\d)")


async def send_rows(
    session: Session,
    collection_id: int,
    rows: Sequence[Mapping[str, Any]],
    *,
    skip_existing: bool,
    key: Sequence[str] = (),
) -> AddedRows:
    """Add rows, all or none; with a key, update those that are there.

    Raises:
        APIError: A row does not fit the collection; it says which, from 1.
        NotSupportedError: The server knows no keys.
    """
    lines = b"\n".join(to_json(row, f"variables[{number}]") for number, row in enumerate(rows))
    file = api.EntriesBatchUpload(file=File(lines, "variables.jsonl", "application/jsonl"))
    project = await session.project_id()
    with _rows_named():
        if key:
            return await _put_rows(
                session, put_template_variables_batch.build(project, collection_id, body=file, key=list(key))
            )
        adding = create_template_variables_batch.build(
            project, collection_id, body=file, skip_existing=skip_existing
        )
        return AddedRows(await session.call(adding, list[TemplateVariables]))


@define(kw_only=True)
class _PutEntries(api.PutEntries):
    rows: list[TemplateVariables]  # type: ignore[assignment]


async def _put_rows(session: Session, request: Request[api.PutEntries]) -> AddedRows:
    try:
        put = await session.call(request, _PutEntries)
    except APIError as error:
        if error.status_code in (405, 501):
            raise NotSupportedError(
                "this server cannot tell by key=… which rows are there; change those with update_entry(), and add the "
                f"others with add_many() ({error.message})",
                error.status_code,
            ) from error
        raise
    known = {*put.added_ids, *put.updated_ids}
    unchanged = [row.id for row in put.rows if row.id not in known]
    return AddedRows(put.rows, updated=put.updated_ids, unchanged=unchanged)


@contextmanager
def _rows_named() -> Iterator[None]:
    """Say "Row 2" where the server says "Line 2": a file that rows came from has a header, or cells of many lines."""
    try:
        yield
    except APIError as error:
        error.message = _LINE.sub("Row ", error.message)
        error.args = (_LINE.sub("Row ", str(error)), *error.args[1:])
        raise
