"""Keys on pages: for admins alone, shown once, revoked with their sessions."""

import datetime
import re

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from elluminate_server.store.engine import Store
from elluminate_server.store.tables import ApiKey, AuditEvent
from tests.server.conftest import created
from tests.server.pages.conftest import Browser, anonymous, log_in
from tests.server.pages.looking import HOSTILE, check_harmless

pytestmark = pytest.mark.anyio

KEYS = "/projects/1/keys"


async def test_a_key_is_shown_once(browser: Browser, app: Starlette, store: Store) -> None:
    answer = await browser.send(KEYS, name="<b>nightly</b>", role="editor", until="2099-12-31")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r"elm_[\w-]{43}", answer.text)
    assert found is not None
    assert str(answer.url).endswith(KEYS)
    check_harmless(answer.text)
    page = await browser.see(KEYS)
    assert found[0] not in page
    assert "&lt;b&gt;nightly&lt;/b&gt;" in page
    assert "2099-12-31 23:59 UTC" in page
    async with anonymous(app) as http:
        assert (await log_in(http, found[0])).status_code == 303
    async with store.read() as session:
        lines = select(AuditEvent).where(AuditEvent.operation == "create_api_key")
        (line,) = (await session.scalars(lines)).all()
        made = await session.scalar(select(ApiKey.id).where(ApiKey.name == "<b>nightly</b>"))
    assert (line.object_id, line.object_name, line.key_role) == (made, "<b>nightly</b>", "admin")


async def test_a_revoked_key_ends_its_sessions(
    browser: Browser, app: Starlette, api: httpx.AsyncClient
) -> None:
    made = await created(api, "/api-keys", {"name": "leaves", "role": "reader"})
    async with anonymous(app) as http:
        await log_in(http, made["key"])
        assert (await http.get("/projects/1/queue")).status_code == 200
        answer = await browser.send(f"{KEYS}/{made['id']}/revoke")
        assert (answer.status_code, answer.headers["location"]) == (303, KEYS)
        assert (await http.get("/projects/1/queue")).status_code == 303
    assert "revoked" in await browser.see(KEYS)


async def test_nobody_revokes_their_own_key(browser: Browser) -> None:
    page = await browser.see(KEYS)
    assert "yours" in page
    assert "/revoke" not in page
    own = await browser.send(f"{KEYS}/1/revoke")
    assert own.status_code == 409
    assert (await browser.send(f"{KEYS}/999/revoke")).status_code == 404


async def test_no_key_is_made_that_outlives_its_maker(
    app: Starlette, browser: Browser, api: httpx.AsyncClient
) -> None:
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)
    made = await created(
        api, "/api-keys", {"name": "short", "role": "admin", "expires_at": until.isoformat()}
    )
    async with anonymous(app) as http:
        await log_in(http, made["key"])
        assert (await Browser(http).send(KEYS, name="longer", role="reader")).status_code == 403


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"name": "x" * 256},
        {"name": "x", "role": "owner"},
        {"name": "x", "until": "soon"},
        {"name": "x", "until": "2001-01-01"},
    ],
)
async def test_what_cannot_be_is_refused(browser: Browser, fields: dict[str, str]) -> None:
    assert (await browser.send(KEYS, **fields)).status_code == 422


async def test_who_is_no_admin_is_not_offered_them(reader: Browser) -> None:
    assert KEYS not in await reader.see("/projects/1/queue")
    answer = await reader.http.get(KEYS)
    assert answer.status_code == 403
    assert "begins with" not in answer.text


async def test_hostile_text_is_text(browser: Browser, api: httpx.AsyncClient) -> None:
    for text in HOSTILE:
        await created(api, "/api-keys", {"name": text, "role": "reader"})
    check_harmless(await browser.see(KEYS))
