"""What the guide promises of the two clients: how they are made, named, shared, closed, and what they raise."""

from __future__ import annotations

import ast
import asyncio
import concurrent.futures
import importlib.metadata
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import elluminate
from elluminate import AsyncClient, Client
from elluminate.exceptions import ConflictError, NotFoundError
from elluminate.schemas import (
    CriterionSet,
    Experiment,
    PromptTemplate,
    TemplateVariablesCollection,
    TemplateVariablesCollectionWithEntries,
)
from tests.seed.worlds import IN_MEMORY, Guide, both, guide, unique
from tests.support.worlds import World

__all__ = ["guide"]

CLIENT_METHODS = {
    "S063": "create_prompt_template",
    "S064": "get_prompt_template",
    "S065": "get_or_create_prompt_template",
    "S066": "list_prompt_templates",
    "S067": "delete_prompt_template",
    "S068": "create_collection",
    "S069": "get_collection",
    "S070": "get_or_create_collection",
    "S071": "list_collections",
    "S072": "delete_collection",
    "S073": "create_experiment",
    "S074": "run_experiment",
    "S075": "get_experiment",
    "S076": "list_experiments",
    "S077": "delete_experiment",
    "S078": "create_criterion_set",
    "S079": "get_criterion_set",
    "S080": "get_or_create_criterion_set",
    "S081": "list_criterion_sets",
    "S082": "create_llm_config",
    "S083": "get_llm_config",
    "S084": "get_or_create_llm_config",
    "S085": "list_llm_configs",
}
MODEL_METHODS: list[tuple[type, str]] = [
    (PromptTemplate, "generate_criteria get_or_generate_criteria list_criteria new_version"),
    (TemplateVariablesCollectionWithEntries, "add_many clear generate_variables"),
    (CriterionSet, "add_criterion add_criteria clear link_template unlink_template"),
    (Experiment, "run fetch_responses add_responses rate_responses clone"),
]


@pytest.fixture
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELLUMINATE_BASE_URL", IN_MEMORY)
    monkeypatch.delenv("ELLUMINATE_API_KEY", raising=False)


def public_methods(client: type) -> dict[str, Any]:
    """Every public method of a client but properties."""
    members = ((name, getattr(client, name)) for name in dir(client) if not name.startswith("_"))
    return {name: member for name, member in members if inspect.isfunction(member)}


# Names and signatures


@pytest.mark.parametrize("name", CLIENT_METHODS.values(), ids=CLIENT_METHODS)
def test_S001_S087_a_method_of_the_guide_is_on_both_clients(name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(AsyncClient, name))
    assert callable(getattr(Client, name))


def test_S006_S007_methods_of_both_clients_take_the_same_arguments() -> None:
    blocking, asynchronous = public_methods(Client), public_methods(AsyncClient)
    shared = blocking.keys() & asynchronous.keys()
    assert set(CLIENT_METHODS.values()) <= shared
    for name in shared:
        ours, theirs = inspect.signature(blocking[name]), inspect.signature(asynchronous[name])
        assert list(ours.parameters.values()) == list(theirs.parameters.values()), name


def test_S008_the_blocking_client_has_the_streams_too() -> None:
    assert {"stream_experiment", "stream_batch_rate"} <= public_methods(Client).keys()


def test_S009_methods_of_the_async_client_are_coroutines() -> None:
    for name in CLIENT_METHODS.values():
        assert inspect.iscoroutinefunction(getattr(AsyncClient, name)), name
        assert not inspect.iscoroutinefunction(getattr(Client, name)), name


def test_S010_both_clients_come_from_the_package() -> None:
    assert elluminate.Client is Client
    assert elluminate.AsyncClient is AsyncClient


def test_S050_methods_of_the_async_client_have_no_prefix() -> None:
    assert not [name for name in CLIENT_METHODS.values() if hasattr(AsyncClient, f"a{name}")]


@pytest.mark.parametrize(("model", "names"), MODEL_METHODS, ids=lambda value: getattr(value, "__name__", ""))
def test_S051_S108_every_method_of_a_model_has_both_spellings(model: type, names: str) -> None:
    for name in names.split():
        asynchronous, blocking = getattr(model, f"a{name}"), getattr(model, name)
        assert inspect.iscoroutinefunction(asynchronous), name
        ours = list(inspect.signature(blocking).parameters)
        assert ours == list(inspect.signature(asynchronous).parameters), name


def test_S086_there_is_more_than_the_guide_lists() -> None:
    assert len(public_methods(AsyncClient).keys() - set(CLIENT_METHODS.values())) > 5


def test_S093_the_collection_has_the_name_of_the_guide() -> None:
    assert issubclass(TemplateVariablesCollectionWithEntries, TemplateVariablesCollection)


def test_S125_what_is_installed_is_imported_as_elluminate() -> None:
    # The name "elluminate" on the package index is the published client's: see docs/design.md.
    assert importlib.metadata.distribution("elluminate-open").metadata["Name"] == "elluminate-open"
    assert elluminate.__name__ == "elluminate"


# Made, shared, closed


@pytest.mark.usefixtures("in_memory")
def test_S011_S136_the_blocking_client_needs_no_argument_and_no_with() -> None:
    client = Client()
    assert client.current_project is not None
    client.close()


@pytest.mark.usefixtures("in_memory")
def test_S012_S014_S025_the_async_client_needs_no_argument_under_a_plain_asyncio_run() -> None:
    async def main() -> None:
        made = AsyncClient()
        async with made as client:
            assert client is made
            assert isinstance(await client.list_collections(), list)

    asyncio.run(main())


def test_S017_S027_a_client_that_was_closed_says_so() -> None:
    async def main() -> None:
        async with AsyncClient(base_url=IN_MEMORY) as left:
            await left.list_collections()
        closed = AsyncClient(base_url=IN_MEMORY)
        await closed.list_collections()
        await closed.close()
        for client in (left, closed):
            with pytest.raises(RuntimeError, match="close"):
                await client.list_collections()

    asyncio.run(main())
    with Client(base_url=IN_MEMORY) as client:
        client.list_collections()
    with pytest.raises(RuntimeError, match="close"):
        client.list_collections()


@both
async def test_S026_the_client_is_used_without_a_context_manager(guide: Guide) -> None:
    assert isinstance(await guide.list_collections(), list)


def test_S028_settings_come_from_an_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dotenv import load_dotenv

    monkeypatch.setenv("ELLUMINATE_BASE_URL", "http://overridden.example")
    (tmp_path / ".env").write_text(f"ELLUMINATE_BASE_URL={IN_MEMORY}\n", encoding="utf-8")
    assert load_dotenv(tmp_path / ".env", override=True)
    with Client() as client:
        assert client.base_url == IN_MEMORY


def test_S117_S118_one_client_made_before_any_loop_serves_every_task_of_every_loop() -> None:
    client = AsyncClient(base_url=IN_MEMORY)
    names = [unique("Shared") for _ in range(20)]

    async def create() -> None:
        await asyncio.gather(*(client.create_collection(name=name) for name in names))

    async def read() -> list[Any]:
        found = await asyncio.gather(*(client.get_collection(name=name) for name in names))
        await client.close()
        return found

    asyncio.run(create())
    assert [collection.name for collection in asyncio.run(read())] == names


def test_S129_a_client_lives_as_an_attribute_until_it_is_closed() -> None:
    class App:
        def __init__(self) -> None:
            self.client = AsyncClient(base_url=IN_MEMORY)

    async def main() -> None:
        app = App()
        assert (await app.client.create_collection(name=unique("Held"))).id
        await app.client.close()

    asyncio.run(main())


@both
async def test_S130_a_new_client_per_operation_works(guide: Guide) -> None:
    for _ in range(3):
        other = Guide(guide.world.kind(base_url=IN_MEMORY), guide.world)
        assert (await other.create_collection(name=unique("Own client"))).id
        await other.close()


# At the same time


def test_S004_hundreds_of_operations_go_through_one_client() -> None:
    async def main() -> list[Any]:
        async with AsyncClient(base_url=IN_MEMORY) as client:
            collection = await client.create_collection(name=unique("Busy"))
            return await asyncio.gather(*(client.get_collection(id=collection.id) for _ in range(200)))

    found = asyncio.run(main())
    assert len(found) == 200
    assert len({collection.id for collection in found}) == 1


def test_S005_the_event_loop_goes_on_during_a_run() -> None:
    async def main() -> int:
        turns = 0
        async with AsyncClient(base_url=IN_MEMORY) as client:
            guide = Guide(client, World(AsyncClient, asyncio.run))
            run = asyncio.ensure_future(guide.experiment())
            while not run.done():
                await asyncio.sleep(0)
                turns += 1
            await run
        return turns

    assert asyncio.run(main()) > 100


def test_S002_S006_threads_share_one_blocking_client() -> None:
    with Client(base_url=IN_MEMORY) as client, concurrent.futures.ThreadPoolExecutor(8) as threads:
        names = [unique("From a thread") for _ in range(16)]
        made = list(threads.map(lambda name: client.create_collection(name=name), names))
    assert [collection.name for collection in made] == names


def test_S003_it_works_inside_a_web_framework() -> None:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    app = FastAPI()
    client = AsyncClient(base_url=IN_MEMORY)

    @app.post("/collections")
    async def create(name: str) -> dict[str, Any]:
        return {"id": (await client.create_collection(name=name)).id}

    with TestClient(app) as http:
        answers = [http.post("/collections", params={"name": unique("Web")}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() != answers[1].json()


CELL = """
async with AsyncClient(base_url=address) as client:
    collection = await client.create_collection(name=name)
"""


def test_S126_a_notebook_cell_awaits_at_its_top_level() -> None:
    names: dict[str, Any] = {"AsyncClient": AsyncClient, "address": IN_MEMORY, "name": unique("Cell")}

    async def notebook() -> None:
        code = compile(CELL, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        await eval(code, names)
        # A blocking call in the cell below, inside the same running loop.
        with Client(base_url=IN_MEMORY) as client:
            assert client.get_collection(name=names["name"]).id == names["collection"].id

    asyncio.run(notebook())


def test_S124_a_patched_loop_is_no_obstacle() -> None:
    # In a process of its own: the patch changes asyncio for good.
    program = f"""
import asyncio, nest_asyncio
nest_asyncio.apply()
from elluminate import AsyncClient, Client

async def inner():
    async with AsyncClient(base_url={IN_MEMORY!r}) as client:
        return await client.create_collection(name="Nested")

async def outer():
    with Client(base_url={IN_MEMORY!r}) as client:
        made = asyncio.run(inner())
        assert client.get_collection(name="Nested").id == made.id
    print("nested")

asyncio.run(outer())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert (done.stdout.strip(), done.returncode) == ("nested", 0), done.stderr


# Errors


@both
async def test_S016_S137_S138_S139_S142_a_taken_name_is_a_conflict_and_can_be_read(guide: Guide) -> None:
    name = unique("Taken")
    first = await guide.create_prompt_template(name=name, template="Say {{it}}.")
    with pytest.raises(ConflictError, match=name):
        await guide.create_prompt_template(name=name, template="Say {{it}}.")
    assert (await guide.get_prompt_template(name=name)).id == first.id


@pytest.mark.parametrize(
    "kind", ["experiment", "prompt_template", "collection", "criterion_set", "llm_config"]
)
@both
async def test_S140_S141_S142_an_unknown_name_is_not_found(guide: Guide, kind: str) -> None:
    with pytest.raises(NotFoundError, match="Nobody made this") as caught:
        await getattr(guide, f"get_{kind}")(name="Nobody made this")
    assert isinstance(caught.value, ValueError)


def test_S143_S202_an_exception_travels_through_gather() -> None:
    async def main() -> tuple[object, object]:
        async with AsyncClient(base_url=IN_MEMORY) as client:
            return await asyncio.gather(
                client.get_experiment(name="Nobody made this"),
                client.list_collections(),
                return_exceptions=True,
            )

    failed, listed = asyncio.run(main())
    assert isinstance(failed, NotFoundError)
    assert isinstance(listed, list)


@both
async def test_S122_ids_are_json(guide: Guide) -> None:
    experiment = await guide.experiment()
    assert json.loads(json.dumps({"experiment_id": experiment.id})) == {"experiment_id": experiment.id}
