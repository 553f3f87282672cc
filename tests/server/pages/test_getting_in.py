"""Sessions: begun with a key or a one-time code, over with the key, and none for other pages."""

import re
import time
from collections.abc import AsyncIterator
from urllib.parse import quote

import attrs
import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from elluminate_server.app import create_app
from elluminate_server.http.access import Principal
from elluminate_server.pages import sessions
from elluminate_server.pages.codes import LIFETIME, LoginCodes
from elluminate_server.serving import login_link
from elluminate_server.settings import Settings, SettingsError
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import AuditEvent
from tests.server.conftest import KEY, created
from tests.server.pages.conftest import ORIGIN, Browser, anonymous, log_in

pytestmark = pytest.mark.anyio

HOME = "/projects/1/experiments"


async def test_a_key_opens_a_session_and_is_not_kept_in_it(stranger: httpx.AsyncClient) -> None:
    asked = await stranger.get(f"{HOME}?q=a%20b")
    assert asked.status_code == 303
    assert asked.headers["location"] == "/login?next=%2Fprojects%2F1%2Fexperiments%3Fq%3Da%2520b"
    form = await stranger.get(asked.headers["location"])
    assert 'name="next" value="/projects/1/experiments?q=a%20b"' in form.text

    answer = await stranger.post("/login", data={"key": KEY, "next": f"{HOME}?q=a%20b"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}?q=a%20b")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=43200" in cookie
    assert "Secure" not in cookie
    assert KEY not in cookie
    assert (await stranger.get(HOME)).status_code == 200
    assert (await stranger.get("/")).headers["location"] == HOME


async def test_the_cookie_is_secure_behind_tls(app: Starlette) -> None:
    async with anonymous(app, "https://testserver") as http:
        assert "; Secure" in (await log_in(http, KEY)).headers["set-cookie"]


@pytest.mark.parametrize("key", ["wrong", "", "ключ", "x" * 5000], ids=["wrong", "empty", "no-latin", "long"])
async def test_a_wrong_key_opens_nothing(stranger: httpx.AsyncClient, key: str) -> None:
    answer = await log_in(stranger, key)
    assert answer.status_code == 401
    assert "This key opens nothing here." in answer.text
    assert not stranger.cookies


@pytest.mark.parametrize(
    "path", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/login", "/api/v0/docs"]
)
async def test_getting_in_leads_to_pages_alone(stranger: httpx.AsyncClient, path: str) -> None:
    assert (await stranger.post("/login", data={"key": KEY, "next": path})).headers["location"] == "/"


async def test_a_session_ends_when_its_key_is_revoked(
    app: Starlette, api: httpx.AsyncClient, store: Store
) -> None:
    made = await created(api, "/api-keys", {"name": "for a while", "role": "editor"})
    async with anonymous(app) as http:
        await log_in(http, made["key"])
        assert (await http.get(HOME)).status_code == 200
        (await api.delete(f"/api-keys/{made['id']}")).raise_for_status()
        assert (await http.get(HOME)).status_code == 303
        assert (await log_in(http, made["key"])).status_code == 401
    async with store.read() as session:
        lines = (await session.execute(select(AuditEvent).where(AuditEvent.operation == "login"))).scalars()
        assert [(line.key_name, line.status) for line in lines] == [
            ("for a while", 303),
            ("for a while", 401),
        ]


async def test_a_session_is_over_after_twelve_hours(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + sessions.LIFETIME - 60)
    assert (await browser.http.get(HOME)).status_code == 200
    monkeypatch.setattr(time, "time", lambda: now + sessions.LIFETIME + 60)
    assert (await browser.http.get(HOME)).status_code == 303


async def test_a_cookie_that_was_changed_opens_nothing(browser: Browser, foreign: Browser) -> None:
    (name, cookie) = next(iter(browser.http.cookies.items()))
    parts = cookie.split(".")
    changed = [
        [*parts[:-1], "0" * 64],
        [parts[0], "999", *parts[2:]],
        [*parts[:2], "2", *parts[3:]],
        [*parts[:3], str(int(parts[3]) + 60), *parts[4:]],
        parts[:-1],
        [],
    ]
    for one in changed:
        answer = await foreign.http.get(HOME, headers={"Cookie": f"{name}={'.'.join(one)}"})
        assert answer.status_code in (303, 404), one
    foreign.http.cookies.clear()
    for one in changed:
        answer = await foreign.http.get(HOME, headers={"Cookie": f"{name}={'.'.join(one)}"})
        assert answer.status_code == 303, one


async def test_what_was_typed_before_a_session_ended_comes_back_to_be_copied(browser: Browser) -> None:
    page = f"{HOME.rpartition('/')[0]}/personas"
    typed = "Explain {{topic}} in <b>two</b> sentences, with an example."
    sent = {"token": await browser.token(), "name": "T", "description": typed, "api_key": "k" * 40}
    browser.http.cookies.clear()
    answer = await browser.http.post(page, data=sent, headers={"Referer": f"{ORIGIN}{page}?q=a"})
    assert answer.status_code == 401
    assert "Your session has ended" in answer.text
    assert "Nothing was stored" in answer.text
    assert "in &lt;b&gt;two&lt;/b&gt; sentences" in answer.text
    assert f'href="/login?next={quote(f"{page}?q=a", safe="")}" target="_blank"' in answer.text
    assert sent["token"] not in answer.text
    assert sent["api_key"] not in answer.text
    # Where nothing of worth was typed, the way to a session is the answer.
    assert (await browser.http.post(page, data={"name": "T"})).headers["location"] == "/login"
    assert (await browser.http.post(page, data={**sent, "name": "x" * (2 << 20)})).status_code == 413


async def test_logging_out_ends_it(browser: Browser) -> None:
    assert (await browser.http.post("/logout", data={"token": "0" * 64})).status_code == 403
    assert (await browser.http.get("/logout")).status_code == 405
    assert (await browser.send("/logout")).headers["location"] == "/login"
    assert (await browser.http.get(HOME)).status_code == 303


async def test_a_code_opens_one_session(app: Starlette, stranger: httpx.AsyncClient) -> None:
    link = await login_link(app, ORIGIN, KEY)
    assert link is not None
    assert KEY not in link
    looked = await stranger.head(link)  # as what scans links does
    assert (looked.status_code, "set-cookie" in looked.headers) == (200, False)
    answer = await stranger.get(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await stranger.get(HOME)).status_code == 200
    stranger.cookies.clear()
    again = await stranger.get(link)
    assert again.status_code == 401
    assert "This link was used" in again.text
    assert (await stranger.get("/login?code=nonsense")).status_code == 401


def test_a_code_is_good_for_a_minute() -> None:
    now = 1000.0
    codes = LoginCodes(lambda: now)
    who = Principal(1, "p", "admin", "k")
    first, second = codes.make(who), codes.make(who)
    now += LIFETIME - 1
    assert codes.take(first) == who
    assert codes.take(first) is None
    now += 2
    assert codes.take(second) is None


@pytest.fixture
async def on_loopback(settings: Settings) -> AsyncIterator[Starlette]:
    app = create_app(attrs.evolve(settings, serves_this_machine_only=True, process_key="of-this-process"))
    async with app.router.lifespan_context(app):
        yield app


async def test_the_key_of_the_process_opens_a_session_of_its_own(on_loopback: Starlette) -> None:
    async with anonymous(on_loopback, "http://127.0.0.1:8000") as http:
        link = await login_link(on_loopback, "http://127.0.0.1:8000", "of-this-process")
        assert (await http.get(str(link))).status_code == 303
        assert (await http.get(HOME)).status_code == 200
        state = on_loopback.state
        state.settings = attrs.evolve(state.settings, process_key="of-the-next-process")
        assert (await http.get(HOME)).status_code == 303


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost:8000", 200),
        ("[::1]:8000", 200),
        ("LOCALHOST", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:8000", 421),
        ("", 421),
        ("[", 421),
    ],
)
async def test_on_this_machine_no_foreign_name_reaches_a_page(
    on_loopback: Starlette, host: str, status: int
) -> None:
    async with anonymous(on_loopback) as http:
        answer = await http.get("/login", headers={"Host": host})
        assert answer.status_code == status
        # The API takes no cookie, and is as it was.
        assert (await http.get("/healthz", headers={"Host": host})).status_code == 200


async def test_other_names_are_those_that_the_setting_names(settings: Settings) -> None:
    app = create_app(attrs.evolve(settings, hosts="evals.example, other.example"))
    async with app.router.lifespan_context(app), anonymous(app) as http:
        for host, status in (("evals.example:443", 200), ("other.example", 200), ("third.example", 421)):
            assert (await http.get("/login", headers={"Host": host})).status_code == status


@pytest.mark.parametrize("hosts", ["https://evals.example", "evals.example:443", "a b/c"])
def test_names_with_more_than_names_are_refused(hosts: str) -> None:
    with pytest.raises(SettingsError, match="ELLUMINATE_HOSTS"):
        Settings(database_url=":memory:", hosts=hosts)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "", "Referer": "http://evil.example/testserver"},
        {"Origin": "http://testserver:81"},
        {"Origin": ""},
    ],
    ids=str,
)
async def test_a_form_has_to_come_from_a_page_of_ours(
    stranger: httpx.AsyncClient, browser: Browser, headers: dict[str, str]
) -> None:
    assert (await stranger.post("/login", data={"key": KEY}, headers=headers)).status_code == 403
    token = await browser.token()
    assert (await browser.http.post("/logout", data={"token": token}, headers=headers)).status_code == 403
    assert (await browser.http.get(HOME)).status_code == 200


async def test_a_referer_tells_it_too(stranger: httpx.AsyncClient) -> None:
    headers = {"Origin": "", "Referer": "http://testserver/login"}
    assert (await stranger.post("/login", data={"key": KEY}, headers=headers)).status_code == 303


async def test_without_pages_there_is_the_api_alone(settings: Settings) -> None:
    app = create_app(attrs.evolve(settings, pages=False))
    async with app.router.lifespan_context(app), anonymous(app) as http:
        for path in ("/", "/login", HOME, "/static/pages.css"):
            answer = await http.get(path)
            assert answer.status_code == 404
            assert answer.json()["detail"].startswith(f"There is nothing at {path}")
        assert await login_link(app, ORIGIN, KEY) is None


async def test_paths_of_the_api_stay_json(stranger: httpx.AsyncClient) -> None:
    for path in ("/api/v0/nothing", "/nothing", "/api"):
        answer = await stranger.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["detail"].startswith("There is nothing at")


async def test_what_is_wrong_is_said_in_html(browser: Browser) -> None:
    for path, status in (
        ("/projects/1/nothing", 404),
        ("/projects/2/experiments", 404),
        ("/projects/99999999999999999999/experiments", 404),
        ("/static/nothing.css", 404),
    ):
        answer = await browser.http.get(path)
        assert answer.status_code == status, path
        assert answer.headers["content-type"].startswith("text/html")
        assert re.search(r"<h1>Not found</h1>\n<p>[^<]+</p>", answer.text), path
