"""Personas, persona groups and scenario sets: looked at, made, changed and deleted in a browser."""

import re

import httpx
import pytest
from sqlalchemy import select

from elluminate_server.store.engine import Store
from elluminate_server.store.tables import AuditEvent
from tests.server.pages.conftest import Browser
from tests.server.pages.test_looking import texts

pytestmark = pytest.mark.anyio

HERE = "/projects/1"


async def _lines(store: Store) -> list[tuple[str, str | None]]:
    async with store.read() as session:
        found = await session.execute(
            select(AuditEvent.operation, AuditEvent.object_name)
            .where(AuditEvent.status < 300)
            .order_by(AuditEvent.id)
        )
        return [(row.operation, row.object_name) for row in found if "session" not in row.operation]


async def _sent(browser: Browser, path: str, **fields: str | list[str]) -> str:
    answer = await browser.http.post(path, data={"token": await browser.token(), **fields})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_personas_are_made_changed_by_versions_and_deleted(
    browser: Browser, api: httpx.AsyncClient, store: Store
) -> None:
    assert "There is no persona yet." in await browser.see(f"{HERE}/personas")
    before = len(await _lines(store))
    path = await _sent(
        browser, f"{HERE}/personas", name=" Ada ", description="Asks\r\nshort questions.", knowledge=""
    )
    assert (
        await _sent(browser, path, name="Ada L.", description="Asks long questions.", knowledge="Sums")
        == path
    )
    said = texts(await browser.see(path))
    assert "Ada L. Version 2," in said
    assert "Earlier versions Version 1, " in said
    assert "Asks short questions." in said
    number = int(path.rpartition("/")[2])
    shown = (await api.get(f"/personas/{number}")).json()
    assert (shown["name"], shown["version"], shown["domain_knowledge"]) == ("Ada L.", 2, "Sums")
    assert (await api.get(f"/personas/{number}", params={"version": 1})).json()["description"] == (
        "Asks\nshort questions."
    )
    assert "Ada L. 2 Asks long questions." in texts(await browser.see(f"{HERE}/personas", q="ada"))

    bob = int((await _sent(browser, f"{HERE}/personas", name="Bob", description="Short.")).rpartition("/")[2])
    refused = await browser.send(f"{HERE}/personas", name="Bob", description="Another.")
    assert refused.status_code == 409
    assert "Bob" in texts(refused.text)

    group = await _sent(
        browser,
        f"{HERE}/persona-groups",
        name="All",
        description="For shops.",
        persona=[str(number), str(bob)],
    )
    assert "For shops. Personas persona version description what it knows Ada L. 2 Asks" in texts(
        await browser.see(group)
    )
    assert "All 2: Ada L., Bob For shops." in texts(await browser.see(f"{HERE}/persona-groups"))
    refused = await browser.send(f"{path}/delete")
    assert refused.status_code == 409
    assert "is in 1 persona group(s): 'All'. Open each of them, untick the persona" in texts(refused.text)
    assert "update_persona_group" not in refused.text
    assert await _sent(browser, group, name="Some", description="", persona=[str(bob)]) == group
    page = await browser.see(group)
    assert re.findall(r'name="persona" value="(\d+)" checked', page) == [str(bob)]
    assert await _sent(browser, f"{path}/delete") == f"{HERE}/personas"
    assert (await browser.http.get(path)).status_code == 404
    assert await _sent(browser, f"{group}/delete") == f"{HERE}/persona-groups"
    assert "There is no persona group yet." in await browser.see(f"{HERE}/persona-groups")
    empty = await browser.send(f"{HERE}/persona-groups", name="Empty")
    assert "tick one persona at least" in texts(empty.text)
    wrong = await browser.send(f"{HERE}/persona-groups", name="Wrong", persona="x")
    assert wrong.status_code == 404
    assert (await _lines(store))[before:] == [
        ("create_persona", "Ada"),
        ("update_persona", "Ada L."),
        ("create_persona", "Bob"),
        ("create_persona_group", "All"),
        ("update_persona_group", "Some"),
        ("delete_persona", "Ada L."),
        ("delete_persona_group", "Some"),
    ]


async def test_scenario_sets_are_made_filled_changed_and_deleted(
    browser: Browser, api: httpx.AsyncClient, store: Store
) -> None:
    assert "There is no scenario set yet." in await browser.see(f"{HERE}/scenario-sets")
    before = len(await _lines(store))
    path = await _sent(
        browser, f"{HERE}/scenario-sets", name="Shop", description="Of a shop.", fields="mood, year,"
    )
    number = path.rpartition("/")[2]
    for goal in ("A refund", "A <b>gift</b>"):
        fields = {"goal": goal, "outcome": "It is there.", "field.mood": "calm", "field.year": ""}
        assert await _sent(browser, f"{path}/scenarios", **fields) == path
    said = texts(await browser.see(path))
    assert "how the conversation should end mood year A refund It is there. calm A <b>gift</b> It is" in said
    assert "2 scenarios" in said
    assert "Shop 2 mood, year Of a shop." in texts(await browser.see(f"{HERE}/scenario-sets", q="sho"))
    one = re.findall(rf'href="({path}/scenarios/\d+)"', await browser.see(path))[0]
    changed = {"goal": "Two refunds", "outcome": "Both are paid.", "field.mood": "", "field.year": "2030"}
    assert await _sent(browser, one, **changed) == path
    scenario = (await api.get(f"/scenario-sets/{number}/scenarios/{one.rpartition('/')[2]}")).json()
    assert (scenario["goal"], scenario["field_values"]) == ("Two refunds", {"mood": "", "year": "2030"})
    assert "Two refunds How the conversation should end Both are paid." in texts(await browser.see(one))
    for wrong in ({"goal": "  ", "outcome": "x"}, {"goal": "x", "outcome": "x", "field.none": "x"}):
        assert (await browser.send(f"{path}/scenarios", **wrong)).status_code in (400, 422)
    assert (await browser.send(f"{HERE}/scenario-sets", name="X", fields="goal")).status_code in (400, 422)
    assert await _sent(browser, f"{one}/delete") == path
    assert (await browser.http.get(one)).status_code == 404
    assert await _sent(browser, path, name="Shops", description="") == path
    assert await _sent(browser, f"{path}/delete") == f"{HERE}/scenario-sets"
    assert (await browser.http.get(path)).status_code == 404
    assert (await _lines(store))[before:] == [
        ("create_scenario_set", "Shop"),
        ("create_scenario", None),
        ("create_scenario", None),
        ("update_scenario", None),
        ("delete_scenario", None),
        ("update_scenario_set", "Shops"),
        ("delete_scenario_set", "Shops"),
    ]
