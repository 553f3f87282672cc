"""A server for each test: its own SQLite file, its lifespan, and clients that speak to it in process."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from starlette.applications import Starlette

from elluminate_server.app import create_app
from elluminate_server.keys import stored_digest
from elluminate_server.settings import Settings, normalise_database_url
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import ApiKey
from tests.support.databases import POSTGRESQL, empty_database, new_database

KEY = "key-of-the-default-project"
OTHER_KEY = "key-of-another-project"
PROJECTS = "/api/v0/projects"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """An SQLite file that is not there yet."""
    # A blank and a percent sign: both have a meaning in one of the layers below.
    (tmp_path / "with blank 100%").mkdir()
    return normalise_database_url(str(tmp_path / "with blank 100%" / "x.db"))


@pytest.fixture
def empty_url(url: str) -> Iterator[str]:
    """A database without tables, on PostgreSQL too, where those of other tests begin with them."""
    with empty_database() if POSTGRESQL else contextlib.nullcontext(url) as found:
        yield found


@pytest.fixture
async def database_url(tmp_path: Path) -> AsyncIterator[str]:
    async with new_database(tmp_path) as url:
        yield url


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, api_key=KEY, page_size=5, max_body_bytes=256 * 1024)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Starlette]:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def store(app: Starlette) -> Store:
    found: Store = app.state.store
    return found


def client(app: Starlette, path: str, key: str | None) -> httpx.AsyncClient:
    headers = {} if key is None else {"X-API-Key": key}
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url=f"http://testserver{path}", headers=headers)


@pytest.fixture
async def root(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, "", None) as found:
        yield found


@pytest.fixture
async def api(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """The default project."""
    async with client(app, "/api/v0/projects/1", KEY) as found:
        yield found


@pytest.fixture
async def other(app: Starlette, api: httpx.AsyncClient, store: Store) -> AsyncIterator[httpx.AsyncClient]:
    """Another project of the same organization, with a key of its own."""
    body = {"name": "Another project", "description": "", "organization_id": 1}
    created = (await api.post("http://testserver/api/v0/projects", json=body)).json()
    async with store.write() as session:
        session.add(
            ApiKey(
                project_id=created["id"],
                name="other",
                digest=await stored_digest(session, OTHER_KEY),
                prefix="key-",
            )
        )
    async with client(app, f"/api/v0/projects/{created['id']}", OTHER_KEY) as found:
        yield found


@attrs.frozen
class World:
    """One of everything, in one project."""

    prompt_template_id: int
    collection_id: int
    entry_id: int
    criterion_set_id: int
    criterion_id: int
    llm_config_id: int
    experiment_id: int
    response_id: int

    def path(self, template: str) -> str:
        return template.format(**attrs.asdict(self))


async def make_world(api: httpx.AsyncClient) -> World:
    template = await created(
        api,
        "/prompt_templates",
        {"name": "Tutor", "messages": [{"role": "user", "content": "Explain {{topic}}."}]},
    )
    collection = await created(
        api, "/collections", {"name": "Topics", "variables": [{"topic": "tides"}, {"topic": "rain"}]}
    )
    criteria = [{"criterion_str": "Is it short?"}, {"criterion_str": "Is it right?", "label": "Right"}]
    criterion_set = await created(api, "/criterion_sets", {"name": "Quality", "criteria": criteria})
    config = await created(
        api, "/llm_configs", {"name": "Small", "llm_model_name": "small", "api_key": "sk-secret-123456789"}
    )
    experiment = await created(
        api,
        "/experiments",
        {
            "name": "First",
            "description": "",
            "prompt_template_id": template["id"],
            "collection_id": collection["id"],
            "criterion_set_id": criterion_set["id"],
            "llm_config_id": config["id"],
        },
    )
    row = collection["variables"][0]
    response = await created(
        api,
        "/responses",
        {
            "template_variables_id": row["id"],
            "experiment_id": experiment["id"],
            "messages": [{"role": "assistant", "content": "The moon does it."}],
        },
    )
    return World(
        template["id"],
        collection["id"],
        row["id"],
        criterion_set["id"],
        criterion_set["criteria"][0]["id"],
        config["id"],
        experiment["id"],
        response["id"],
    )


async def created(api: httpx.AsyncClient, path: str, body: object) -> dict[str, Any]:
    response = await api.post(path, json=body)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.fixture
async def world(api: httpx.AsyncClient) -> World:
    return await make_world(api)
