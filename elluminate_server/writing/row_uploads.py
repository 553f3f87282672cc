"""Many rows added to a collection: in pieces that let others write in between, and yet all at once for who reads.

Up to `pieces.FIRST_SIZE` rows are inserted in the transaction that shows them. More are inserted before it, in
transactions of their own, hidden, and noted as an upload; that last transaction only shows them. An upload
that never gets there is taken away again: by its own process when it fails, and by whoever finds that its time is over
when that process is gone.
"""

import contextlib
import datetime
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import attrs
import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.pipeline import Overtaken
from elluminate_server.http.problems import Unavailable
from elluminate_server.reading.rows import ShownRow
from elluminate_server.store import pieces
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.rows import fetch
from elluminate_server.store.tables import Collection, CollectionColumn, Entry, RowUpload
from elluminate_server.writing.cells import rules_of
from elluminate_server.writing.prepared_rows import PreparedRow, PreparedRows

__all__ = [
    "Upload",
    "add_new_columns",
    "discard_abandoned_uploads",
    "uploading",
]

_logger = logging.getLogger("elluminate_server.store")

PATIENCE = datetime.timedelta(minutes=5)
"""How long after its last piece an upload counts as abandoned: a piece waits 30 seconds at most."""

_entries: Any = Entry.__table__
_of_entry = _entries.c
_UPLOADED = (
    select(_of_entry.id, _of_entry.created_at)
    .where(_of_entry.upload_id == bindparam("upload_id"))
    .order_by(_of_entry.id)
)


@attrs.define
class Upload:
    """Rows on their way into a collection; made by `uploading`."""

    rows: Sequence[PreparedRow]
    _id: int | None = None
    _shown: list[ShownRow] = attrs.field(factory=list)

    async def show(
        self, session: AsyncSession, collection_id: int, *, unless_present: bool = False
    ) -> list[ShownRow]:
        """Have all rows be part of the collection, once the transaction commits.

        Args:
            session: The request's write transaction.
            collection_id: The collection.
            unless_present: Leave out rows that the collection has by now.

        Raises:
            Unavailable: The rows are not there any more, because another process took the upload for abandoned.
        """
        upload_id, shown = self._id, self._shown
        if upload_id is None:
            upload_id = await _begin(session, collection_id)
            await _insert(session, collection_id, upload_id, self.rows)
            shown = await _shown(session, upload_id, self.rows)
        mine = _of_entry.upload_id == upload_id
        repeated = await _drop_repeated(session, mine) if unless_present else set()
        if repeated:
            shown = [row for row in shown if row.id not in repeated]
        now_seen: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
            update(_entries).where(mine).values(upload_id=None, deleted_at=None)
        )
        wanted = len(self.rows) - len(repeated)
        if now_seen.rowcount != wanted:
            raise Unavailable(
                f"Of {wanted} rows {now_seen.rowcount} are left: the upload stood still for so long that it was taken "
                "for abandoned. Nothing was stored; send it again."
            )
        await session.execute(delete(RowUpload).where(RowUpload.id == upload_id))
        return shown


@contextlib.asynccontextmanager
async def uploading(
    store: Store, collection: Collection, rows: Sequence[PreparedRow]
) -> AsyncIterator[Upload]:
    """Bring rows to the database, unseen where they are many; `Upload.show` makes them part of the collection.

    Args:
        store: The database.
        collection: Where to. One that is not stored yet is, unseen (`deleted_at`), where the rows are many.
        rows: The rows, in order.
    """
    if len(rows) <= pieces.FIRST_SIZE:
        yield Upload(rows)
        return
    async with store.write() as session:
        is_new = collection.id is None
        if is_new:
            collection.deleted_at = utc_now()
            session.add(collection)
            await session.flush()
        upload_id = await _begin(session, collection.id, is_new_collection=is_new)
    try:
        await _insert_in_pieces(store, collection.id, upload_id, rows)
        async with store.read() as session:
            shown = await _shown(session, upload_id, rows)
        yield Upload(rows, upload_id, shown)
    except Exception:
        await _discard(store, upload_id)
        raise


async def _shown(session: AsyncSession, upload_id: int, rows: Sequence[PreparedRow]) -> list[ShownRow]:
    stored = await fetch(session, _UPLOADED, upload_id=upload_id)
    # None are left of an upload that was taken for abandoned.
    return [
        ShownRow(row.id, prepared.shown, None, row.created_at)
        for row, prepared in zip(stored, rows, strict=bool(stored))
    ]


async def _drop_repeated(session: AsyncSession, mine: ColumnElement[bool]) -> set[int]:
    """Delete those of an upload's rows that others have added meanwhile; their ids."""
    present = _entries.alias()
    is_repeated = (
        select(present.c.id)
        .where(
            present.c.collection_id == _of_entry.collection_id,
            present.c.identity == _of_entry.identity,
            present.c.deleted_at.is_(None),
        )
        .exists()
    )
    repeated = set(await session.scalars(select(_of_entry.id).where(mine, is_repeated)))
    if repeated:
        await session.execute(delete(_entries).where(mine, is_repeated))
    return repeated


def add_new_columns(
    session: AsyncSession, collection_id: int, present: Sequence[CollectionColumn], prepared: PreparedRows
) -> None:
    """Add the columns that rows bring along.

    Args:
        session: The request's write transaction.
        collection_id: Whose.
        present: The collection's columns now.
        prepared: The rows.

    Raises:
        Overtaken: The collection's columns are not those any more that the rows were prepared for.
    """
    if rules_of(present) != prepared.rules:
        raise Overtaken
    for column in prepared.new:
        column.collection_id = collection_id
    session.add_all(prepared.new)


async def discard_abandoned_uploads(store: Store) -> datetime.datetime | None:
    """Take away the rows of uploads whose time is over.

    Returns:
        When to look again; None when nothing is on its way.
    """
    async with store.read() as session:
        uploads = [(row.id, row.expires_at) for row in await session.scalars(select(RowUpload))]
    now = utc_now()
    # One that has more time than there is to be had comes from a clock that was put back.
    over = [upload_id for upload_id, expires_at in uploads if not now < expires_at <= now + PATIENCE]
    for upload_id in over:
        await _discard(store, upload_id)
        _logger.warning(
            "Upload %d was broken off and left rows that nobody saw; they are deleted.", upload_id
        )
    return min((expires_at for upload_id, expires_at in uploads if upload_id not in over), default=None)


async def _begin(session: AsyncSession, collection_id: int, *, is_new_collection: bool = False) -> int:
    upload = RowUpload(
        collection_id=collection_id,
        is_new_collection=is_new_collection,
        expires_at=utc_now() + PATIENCE,
    )
    session.add(upload)
    await session.flush()
    return upload.id


async def _insert_in_pieces(
    store: Store, collection_id: int, upload_id: int, rows: Sequence[PreparedRow]
) -> None:
    place = 0

    async def write(session: AsyncSession, size: int) -> bool:
        nonlocal place
        await _insert(session, collection_id, upload_id, rows[place : place + size])
        await session.execute(
            update(RowUpload).where(RowUpload.id == upload_id).values(expires_at=utc_now() + PATIENCE)
        )
        place += size
        return place >= len(rows)

    await pieces.write_in_pieces(store, write)


async def _insert(
    session: AsyncSession, collection_id: int, upload_id: int, rows: Iterable[PreparedRow]
) -> None:
    now = utc_now()
    stored = [
        {
            "collection_id": collection_id,
            "upload_id": upload_id,
            "input_values": msgspec.Raw(row.values),  # stored as it is: the text is JSON already
            "identity": row.identity,
            "created_at": now,
            "updated_at": now,
            "deleted_at": now,
        }
        for row in rows
    ]
    if stored:  # without any, a row of defaults would be inserted
        await session.execute(insert(_entries), stored)


async def _discard(store: Store, upload_id: int) -> None:
    """Delete what an upload has brought, in pieces, then the upload and the collection that it was to make."""

    async def write(session: AsyncSession, size: int) -> bool:
        batch = select(_of_entry.id).where(_of_entry.upload_id == upload_id).limit(size)
        gone: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
            delete(_entries).where(_of_entry.id.in_(batch))
        )
        if gone.rowcount == size:
            return False
        upload = await session.get(RowUpload, upload_id)
        if upload is not None:
            if upload.is_new_collection:
                unseen = Collection.deleted_at.is_not(None)
                await session.execute(delete(Collection).where(Collection.id == upload.collection_id, unseen))
            await session.execute(delete(RowUpload).where(RowUpload.id == upload_id))
        return True

    await pieces.write_in_pieces(store, write)
