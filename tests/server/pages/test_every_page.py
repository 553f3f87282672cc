"""What holds for every page and every form there is, found in the table of all of them."""

import re

import attrs
import httpx
import pytest
from sqlalchemy import func, select

from elluminate_server.domain.roles import allows
from elluminate_server.pages.rendering import POLICY
from elluminate_server.pages.visits import Page
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import AuditEvent
from tests.server.conftest import World, created
from tests.server.pages.conftest import Browser
from tests.server.pages.looking import address_of, check_harmless, pages_of

pytestmark = pytest.mark.anyio

SEEN = [pytest.param(one, id=one.path) for one in pages_of("GET")]
SENT = [pytest.param(one, id=one.path) for one in pages_of("POST")]
WITH_IDS = [pytest.param(one, id=one.path) for one in pages_of("GET") if one.path.count("_id:int}") > 1]
FORMS_WITH_IDS = [
    pytest.param(one, id=one.path) for one in pages_of("POST") if one.path.count("_id:int}") > 1
]


@pytest.fixture
async def ids(world: World, api: httpx.AsyncClient) -> dict[str, int]:
    key = await created(api, "/api-keys", {"name": "one of many", "role": "reader"})
    parts = ("prompt_template_id", "collection_id", "criterion_set_id", "llm_config_id")
    second = {"name": "Second", "description": "", **{part: getattr(world, part) for part in parts}}
    other = await created(api, "/experiments", second)
    said = {"response_id": world.response_id, "criterion_id": world.criterion_id, "value": "YES"}
    (label,) = (await api.put("/labels", json={"labels": [said]})).json()
    persona = await created(api, "/personas", {"name": "Ada", "description": "Asks short questions."})
    group = await created(api, "/persona-groups", {"name": "All", "persona_ids": [persona["id"]]})
    scenarios = await created(api, "/scenario-sets", {"name": "Shop", "fields": ["mood"]})
    wish = {"goal": "A refund", "expected_conversation_outcome": "It is paid."}
    scenario = await created(api, f"/scenario-sets/{scenarios['id']}/scenarios", wish)
    return {
        **attrs.asdict(world),
        "persona_id": persona["id"],
        "persona_group_id": group["id"],
        "scenario_set_id": scenarios["id"],
        "scenario_id": scenario["id"],
        "project_id": 1,
        "key_id": key["id"],
        "label_id": label["id"],
        "other_experiment_id": other["id"],
    }


async def _send(browser: Browser, one: Page, path: str, token: str | None = None) -> httpx.Response:
    token = await browser.token() if token is None else token
    if one.takes_file:
        files = {"file": ("rows.csv", b"topic\nclouds\n", "text/csv")}
        return await browser.http.post(path, data={"token": token}, files=files)
    return await browser.http.post(path, data={"token": token})


@pytest.mark.parametrize("one", SEEN)
async def test_a_page_is_shown_with_its_headers_and_runs_nothing(
    browser: Browser, ids: dict[str, int], one: Page
) -> None:
    answer = await browser.http.get(address_of(one, ids))
    assert answer.status_code == 200, answer.text[-800:]
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    if answer.headers["content-type"].startswith("text/html"):
        check_harmless(answer.text)
        assert re.search(r"<title>[^<]+ – elluminate</title>", answer.text)


@pytest.mark.parametrize("one", SEEN)
async def test_another_project_is_not_there(
    browser: Browser, foreign: Browser, ids: dict[str, int], one: Page
) -> None:
    assert (await foreign.http.get(address_of(one, ids))).status_code == 404
    assert (await browser.http.get(address_of(one, {**ids, "project_id": 2}))).status_code == 404


@pytest.mark.parametrize("one", WITH_IDS)
async def test_what_is_of_another_project_is_not_there(
    foreign: Browser, ids: dict[str, int], one: Page
) -> None:
    answer = await foreign.http.get(address_of(one, {**ids, "project_id": 2}))
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text


@pytest.mark.parametrize("one", SENT)
async def test_a_form_takes_its_token_and_its_project(
    browser: Browser, foreign: Browser, ids: dict[str, int], one: Page, store: Store
) -> None:
    path = address_of(one, ids)
    before = await _lines(store)
    assert (await _send(browser, one, path, "0" * 64)).status_code == 403
    headers = {"Origin": "https://evil.example"}
    assert (await browser.http.post(path, headers=headers)).status_code == 403
    theirs = re.search(r'name="token" value="(\w+)"', await foreign.see("/projects/2/experiments"))
    assert theirs is not None
    assert (await _send(foreign, one, path, theirs[1])).status_code == 404
    assert await _lines(store) == before


@pytest.mark.parametrize("one", FORMS_WITH_IDS)
async def test_a_form_changes_nothing_of_another_project(
    foreign: Browser, ids: dict[str, int], one: Page, store: Store
) -> None:
    theirs = re.search(r'name="token" value="(\w+)"', await foreign.see("/projects/2/experiments"))
    assert theirs is not None
    before = await _lines(store)
    path = address_of(one, {**ids, "project_id": 2})
    token = theirs[1]
    fields = {
        "token": token,
        "column_id": "1",
        "text": "Is it hostile?",
        "label": "",
        "prompt": "Hello",
        "criterion_id": str(ids["criterion_id"]),
        "value": "YES",
        "before": "x",
        "name": "Hostile",
        "description": "Hostile.",
        "persona": "1",
        "goal": "x",
        "outcome": "x",
    }
    if one.takes_file:
        answer = await _send(foreign, one, path, token)
    else:
        answer = await foreign.http.post(path, data=fields)
    assert answer.status_code == 404, answer.text
    assert await _lines(store) == before


@pytest.mark.parametrize("one", SENT)
async def test_a_form_takes_the_role_of_what_it_does(reader: Browser, ids: dict[str, int], one: Page) -> None:
    if not allows("reader", one.role):
        assert (await _send(reader, one, address_of(one, ids))).status_code == 403


@pytest.mark.parametrize("one", SEEN)
async def test_who_only_reads_is_offered_nothing_that_would_be_refused(
    reader: Browser, ids: dict[str, int], one: Page
) -> None:
    answer = await reader.http.get(address_of(one, ids))
    if not allows("reader", one.role):
        assert answer.status_code == 403
        return
    assert answer.status_code == 200
    assert set(re.findall(r'<form method="post" action="([^"]+)"', answer.text)) <= {"/logout"}


async def _lines(store: Store) -> int:
    async with store.read() as session:
        effects = select(func.count()).where(AuditEvent.status < 300)
        return await session.scalar(effects) or 0
