"""Browsers that look at pages, in process: each has its cookies."""

import re
from collections.abc import AsyncIterator

import attrs
import httpx
import pytest
from starlette.applications import Starlette

from tests.server.conftest import KEY, OTHER_KEY, created

ORIGIN = "http://testserver"


@attrs.frozen
class Browser:
    """One that is logged in."""

    http: httpx.AsyncClient

    async def see(self, path: str, **query: str) -> str:
        answer = await self.http.get(path, params=query or None)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[-600:]}"
        return answer.text

    async def token(self) -> str:
        found = re.search(r'name="token" value="([0-9a-f]{64})"', await self.see("/projects/1/experiments"))
        assert found is not None
        return found[1]

    async def send(self, path: str, token: str | None = None, **fields: str) -> httpx.Response:
        token = await self.token() if token is None else token
        return await self.http.post(path, data={"token": token, **fields})


def anonymous(app: Starlette, base_url: str = ORIGIN) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=base_url, headers={"Origin": base_url})


async def log_in(http: httpx.AsyncClient, key: str) -> httpx.Response:
    return await http.post("/login", data={"key": key})


@pytest.fixture
async def stranger(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with anonymous(app) as http:
        yield http


@pytest.fixture
async def browser(app: Starlette) -> AsyncIterator[Browser]:
    """With the key of the default project, an admin's."""
    async with anonymous(app) as http:
        assert (await log_in(http, KEY)).status_code == 303
        yield Browser(http)


@pytest.fixture
async def reader(app: Starlette, api: httpx.AsyncClient) -> AsyncIterator[Browser]:
    made = await created(api, "/api-keys", {"name": "looks", "role": "reader"})
    async with anonymous(app) as http:
        assert (await log_in(http, made["key"])).status_code == 303
        yield Browser(http)


@pytest.fixture
async def foreign(app: Starlette, other: httpx.AsyncClient) -> AsyncIterator[Browser]:
    """With the key of another project."""
    assert other is not None
    async with anonymous(app) as http:
        assert (await log_in(http, OTHER_KEY)).status_code == 303
        yield Browser(http)
