"""Nothing that somebody wrote runs in a page, and nobody sees or changes what is not theirs."""

import html.parser
import re
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import func, select, update
from starlette.applications import Starlette

from elluminate_server.pages.dispatching import dispatcher
from elluminate_server.pages.rendering import POLICY
from elluminate_server.pages.visits import PAGES, Page
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import (
    AuditEvent,
    Base,
    Label,
    Project,
)
from tests.server.pages.attacks import ATTACKS, attack, furnish_with_personas, shown
from tests.server.pages.conftest import Browser
from tests.server.pages.filling import fill

pytestmark = pytest.mark.anyio

dispatcher()  # registers them


class Elements(html.parser.HTMLParser):
    """All elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def check_harmless(page: str) -> None:
    """Nothing inline, nothing from elsewhere, only elements and attributes that templates have."""
    for tag, attributes in Elements(page).found:
        assert tag not in {"style", "iframe", "object", "base", "math", "img", "embed", "animate"}
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style", tag
            if name in ("href", "src", "action", "hx-get"):
                assert value is not None
                assert value.startswith(("/projects/", "/static/", "/log", "/", "#")), value
                assert not value.startswith("//"), value
        if tag == "script":
            assert str(attributes.get("src")).startswith("/static/")
    assert "<script" not in re.sub(r'<script src="/static/[^"]*" defer></script>', "", page)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


async def test_what_somebody_wrote_is_shown_as_text(browser: Browser, store: Store) -> None:
    attacks = await attack(store)
    assert len(attacks) >= 60
    listed = ""
    for number in range(1, len(attacks) // 25 + 2):
        listed += await browser.see("/projects/1/experiments", page=str(number))
    check_harmless(listed)
    names = "".join(Elements(listed).texts)
    token = await browser.token()
    for text, (experiment_id, response_id) in attacks.items():
        assert shown(text) in names
        for path in (
            f"/projects/1/experiments/{experiment_id}",
            f"/projects/1/responses/{response_id}",
            f"/projects/1/label?experiment={experiment_id}",
        ):
            page = await browser.see(path)
            check_harmless(page)
            assert shown(text) in "".join(Elements(page).texts), path
        await check_what_is_asked(browser, text, token)
    for path in ("collections", "templates", "criterion-sets", "llm-configs"):
        check_harmless(await browser.see(f"/projects/1/{path}"))
    for path, text in (await furnish_with_personas(store)).items():
        page = await browser.see(path)
        check_harmless(page)
        assert shown(text) in "".join(Elements(page).texts), path
    for path in ("personas", "persona-groups", "scenario-sets"):
        check_harmless(await browser.see(f"/projects/1/{path}"))
    async with store.write() as session:
        await session.execute(update(Project).values(name=ATTACKS[0]))
    page = await browser.see("/projects/1/experiments")
    check_harmless(page)
    assert ATTACKS[0] in "".join(Elements(page).texts)


async def check_what_is_asked(browser: Browser, text: str, token: str) -> None:
    """A text in addresses, and as the name of a file."""
    asked = dict.fromkeys(("q", "template", "status", "criterion", "sort"), text)
    for path in ("/projects/1/experiments", "/projects/1/experiments/1"):
        check_harmless(await browser.see(path, **asked))
    for path in ("/projects/1/nothing/x", "/projects/1/label", "/login"):
        query = {"q": text, "experiment": text, "next": text, "code": text}
        check_harmless((await browser.http.get(path, params=query)).text)
    answer = await browser.http.post(
        "/projects/1/collections/1/rows",
        data={"token": token},
        files={"file": (text, b"topic\n\xff", "text/csv")},
    )
    assert answer.status_code in (400, 422), answer.text
    check_harmless(answer.text)


def places(page: Page, project_id: int) -> str:
    path = page.path.replace("{project_id:int}", str(project_id))
    return re.sub(r"\{\w+:int\}", "1", path)


OF_INPUTS = (
    "collections",
    "prompt_templates",
    "criterion_sets",
    "personas",
    "scenario_sets",
    "llm_configs",
    "api_keys",
    "queue",
    "start",
)
PAGES_AND_FORMS = [
    pytest.param(one, id=f"{one.method} {one.path}")
    for one in PAGES
    if not one.handler.__module__.endswith(OF_INPUTS)
]
"""Those of experiments and what came of them, whose forms send the same fields; `test_every_page` is about all."""


async def everything(store: Store) -> dict[str, int]:
    """How many rows each table has, but for what is noted of requests."""
    async with store.read() as session:
        return {
            name: await session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
            if table is not AuditEvent.__table__
        }


@pytest.mark.parametrize("page", PAGES_AND_FORMS)
async def test_another_project_s_ids_are_not_found(
    foreign: Browser, browser: Browser, store: Store, page: Page
) -> None:
    await fill(store, rows=2)
    before = await everything(store)
    found = re.search(r'name="token" value="(\w+)"', (await foreign.http.get("/projects/2/experiments")).text)
    assert found is not None
    for project_id in (1, 2):
        path = places(page, project_id)
        if path == "/projects/2/experiments":
            continue
        if page.method == "GET":
            answer = await foreign.http.get(path, params={"experiment": "1", "ids": ["1", "2"]})
        else:
            fields = {"token": found[1], "criterion_id": "1", "value": "YES"}
            answer = await foreign.http.post(path, data=fields)
        assert answer.status_code == 404, (path, answer.text)
        assert answer.headers["content-security-policy"] == POLICY
    assert await everything(store) == before


@pytest.mark.parametrize("page", [one for one in PAGES_AND_FORMS if "POST" in str(one.id)])
async def test_a_form_without_its_token_changes_nothing(
    browser: Browser, foreign: Browser, store: Store, page: Page
) -> None:
    await fill(store, rows=2)
    before = await everything(store)
    path, fields = places(page, 1), {"criterion_id": "1", "value": "YES"}
    found = re.search(r'name="token" value="(\w+)"', (await foreign.http.get("/projects/2/experiments")).text)
    assert found is not None
    for token in ("", "0" * 64, found[1], "ключ"):
        answer = await browser.http.post(path, data={"token": token, **fields})
        assert answer.status_code == 403, token
    assert (await browser.http.post(path, data=fields)).status_code == 403
    assert (await browser.http.post(path, json={"token": await browser.token(), **fields})).status_code == 400
    assert (await browser.http.get(path)).status_code == 405
    assert await everything(store) == before


@pytest.mark.parametrize("page", [one for one in PAGES_AND_FORMS if "POST" in str(one.id)])
async def test_a_reader_changes_nothing(reader: Browser, store: Store, page: Page) -> None:
    await fill(store, rows=2)
    before = await everything(store)
    answer = await reader.send(places(page, 1), criterion_id="1", value="YES")
    assert answer.status_code == 403
    assert await everything(store) == before
    async with store.read() as session:
        line = (await session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1))).one()
    assert page.operation is not None
    assert (line.operation, line.status, line.key_name) == (page.operation.id, 403, "looks")


async def test_a_reader_is_shown_no_form_that_changes_anything(reader: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=120)
    for path in (
        f"/projects/1/experiments/{experiment_id}",
        "/projects/1/responses/1",
        f"/projects/1/label?experiment={experiment_id}",
    ):
        page = await reader.see(path)
        assert re.findall(r'method="post" action="([^"]*)"', page) == ["/logout"]


def every_route() -> Iterator[tuple[str, str]]:
    yield from (("GET", path) for path in ("/", "/login", "/login?code=x", "/logout", "/static/pages.css"))
    yield from (("GET", path) for path in ("/static/nothing", "/projects", "/projects/1/nothing"))
    yield from (("POST", path) for path in ("/login", "/logout", "/", "/projects/1/nothing"))
    yield from (("PUT", path) for path in ("/login", "/projects/1/experiments"))
    yield from ((one.method, places(one, 1)) for one in PAGES)


@pytest.mark.parametrize(("method", "path"), list(every_route()))
async def test_every_answer_has_the_policy(
    app: Starlette, browser: Browser, stranger: httpx.AsyncClient, store: Store, method: str, path: str
) -> None:
    await fill(store, rows=2)
    for http in (stranger, browser.http):
        answer = await http.request(method, path, data={} if method == "POST" else None)
        assert answer.headers["content-security-policy"] == POLICY, answer
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        if not path.startswith("/static/pages"):
            assert answer.headers["cache-control"] == "no-store"
        assert answer.status_code < 500
    assert app.state.in_hand == set()


async def test_two_people_label_at_the_same_time(browser: Browser, reader: Browser, store: Store) -> None:
    await fill(store, rows=2)
    sent = await browser.send("/projects/1/responses/1/label", value="NO", criterion_id="1")
    assert sent.status_code == 303
    async with store.read() as session:
        assert (await session.scalars(select(Label.value))).all() == ["NO"]
    assert "says" in await reader.see("/projects/1/responses/1")
