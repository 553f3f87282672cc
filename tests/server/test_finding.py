"""Finding things by id: for who changes them, and for who only looks."""

import pytest
from sqlalchemy import Row
from sqlalchemy.orm import object_session

from elluminate_server.http.problems import NotFound
from elluminate_server.reading import finding
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Collection
from tests.server.conftest import World

pytestmark = pytest.mark.anyio

PROJECT = 1
"""The default one."""


async def test_a_writer_finds_what_it_can_change(store: Store, world: World) -> None:
    async with store.write() as session:
        found = await finding.find_collection(session, PROJECT, world.collection_id)
        found.name = "Changed"
    async with store.read() as session:
        found = await finding.find_collection(session, PROJECT, world.collection_id)
        assert isinstance(found, Collection)
        assert object_session(found) is session.sync_session
        assert found.name == "Changed"


async def test_a_reader_sees_a_row_also_of_what_is_written_just_now(store: Store, world: World) -> None:
    async with store.write() as session:
        found = await finding.find_collection(session, PROJECT, world.collection_id)
        found.name = "Changed"
        seen: object = await finding.see_collection(session, PROJECT, world.collection_id)
        assert isinstance(seen, Row)
        assert seen.name == "Changed"


async def test_both_say_alike_that_there_is_none(store: Store, world: World) -> None:
    said = []
    for get in (finding.find_entry, finding.see_entry):
        async with store.read() as session:
            with pytest.raises(
                NotFound, match=f"no row in collection {world.collection_id} with id 99 "
            ) as error:
                await get(session, world.collection_id, 99)
        said.append(str(error.value))
    assert said[0] == said[1]
