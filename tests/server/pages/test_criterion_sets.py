"""Criterion sets on pages: criteria added and changed, checks in words."""

import httpx
import pytest

from elluminate_server.domain.checks.words import rule_in_words
from elluminate_server.store.engine import Store
from tests.server.conftest import World, created
from tests.server.pages.conftest import Browser
from tests.server.pages.filling import fill
from tests.server.pages.looking import HOSTILE, check_harmless

pytestmark = pytest.mark.anyio

LIST = "/projects/1/criterion-sets"


async def _texts(api: httpx.AsyncClient, set_id: int) -> list[str]:
    found = (await api.get(f"/criterion_sets/{set_id}")).json()
    return [one["criterion_str"] for one in found["criteria"]]


async def test_a_set_shows_its_criteria_and_who_uses_it(
    browser: Browser, api: httpx.AsyncClient, world: World
) -> None:
    check = {"type": "max_words", "value": "20"}
    body = {"criterion_set_id": world.criterion_set_id}
    await created(api, "/criteria", {**body, "criteria": [{"criterion_str": "It is brief.", "check": check}]})
    page = await browser.see(f"{LIST}/{world.criterion_set_id}")
    assert "a check: the answer has at most 20 words" in page
    assert "First</a>" in page
    assert 'class="number">3</td>' in await browser.see(LIST)


async def test_a_criterion_is_added(browser: Browser, api: httpx.AsyncClient, world: World) -> None:
    path = f"{LIST}/{world.criterion_set_id}"
    answer = await browser.send(f"{path}/criteria", text=" Is it kind? ", label="")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert await _texts(api, world.criterion_set_id) == ["Is it short?", "Is it right?", "Is it kind?"]
    for text in ("", "   ", "x" * 100_001):
        assert (await browser.send(f"{path}/criteria", text=text)).status_code == 422


async def test_a_criterion_is_changed(browser: Browser, api: httpx.AsyncClient, world: World) -> None:
    path = f"/projects/1/criteria/{world.criterion_id}"
    assert "Is it short?</textarea>" in await browser.see(path)
    answer = await browser.send(path, text="Is it\r\nbrief?", label="Brief")
    assert answer.status_code == 303
    assert "Is it\nbrief?" in await _texts(api, world.criterion_set_id)
    assert "Brief</a>" in await browser.see(answer.headers["location"])
    taken = await browser.send(path, text="Is it right?", label="")
    assert taken.status_code == 409


async def test_what_was_judged_keeps_its_version(
    browser: Browser, api: httpx.AsyncClient, store: Store
) -> None:
    await fill(store, rows=2)
    set_id = (await api.get("/criterion_sets")).json()["items"][0]["id"]
    old = (await api.get(f"/criterion_sets/{set_id}")).json()["criteria"][0]["id"]
    assert (await browser.send(f"/projects/1/criteria/{old}", text="Other?", label="")).status_code == 303
    page = await browser.see(f"/projects/1/criteria/{old}")
    assert "earlier version" in page
    assert "<textarea" not in page
    assert (await browser.send(f"/projects/1/criteria/{old}", text="Third?", label="")).status_code == 409


async def test_hostile_text_is_text(browser: Browser, api: httpx.AsyncClient) -> None:
    texts = [text for text in HOSTILE if "{{" not in text]
    criteria = [{"criterion_str": text, "label": text[:200]} for text in texts]
    criteria.append(
        {"criterion_str": "checked", "check": {"type": "contains", "values": texts}}  # type: ignore[dict-item]
    )
    made = await created(api, "/criterion_sets", {"name": texts[0], "criteria": criteria})
    paths = [LIST, f"{LIST}/{made['id']}"]
    paths += [f"/projects/1/criteria/{one['id']}" for one in made["criteria"]]
    for path in paths:
        page = await browser.see(path)
        check_harmless(page)
        assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"type": "equals", "value": "a", "strip": False}, 'is "a", blanks around it included'),
        ({"type": "contains", "values": ["a", "b"]}, 'contains "a" and "b"'),
        (
            {"type": "starts_with", "value": "a", "ignore_case": True},
            'starts with "a", in upper or lower case',
        ),
        ({"type": "regex", "value": "a+", "full_match": True}, 'is all matched by "a+"'),
        ({"type": "is_json", "negate": True}, "not: is JSON"),
        ({"type": "json_schema", "json_schema": {}, "value": "{}"}, "is JSON after the schema"),
        (
            {"type": "number", "value": "5", "which": "first", "tolerance": 0.5},
            "has the number 5, first of all, give or take 0.5",
        ),
        ({"type": "python", "name": "f"}, 'is decided by the program\'s function "f"'),
        ({"type": "max_cost", "value": "0.1"}, "cost at most 0.1 USD"),
    ],
)
def test_rules_have_words(rule: dict[str, object], words: str) -> None:
    assert rule_in_words(rule).startswith(words)
