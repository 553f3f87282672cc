"""Personas and persona groups over HTTP: versions, names, membership."""

from typing import Any

import httpx
import pytest

from tests.server.conftest import created

pytestmark = pytest.mark.anyio


async def persona(api: httpx.AsyncClient, name: str = "Ada", **fields: Any) -> dict[str, Any]:
    return await created(api, "/personas", {"name": name, "description": "Curious.", **fields})


async def test_a_change_makes_the_next_version_and_keeps_the_former(api: httpx.AsyncClient) -> None:
    first = await persona(api, domain_knowledge="Things fall.")
    path = f"/personas/{first['id']}"
    assert (first["version"], first["domain_knowledge"]) == (1, "Things fall.")

    second = (await api.put(path, json={"description": "Patient."})).json()
    assert (second["id"], second["version"]) == (first["id"], 2)
    assert (second["description"], second["domain_knowledge"]) == ("Patient.", "Things fall.")
    third = (await api.put(path, json={"domain_knowledge": None})).json()
    assert (third["version"], third["domain_knowledge"]) == (3, None)

    assert (await api.get(path)).json() == third
    old = (await api.get(path, params={"version": 1})).json()
    assert (old["description"], old["domain_knowledge"]) == ("Curious.", "Things fall.")
    missing = await api.get(path, params={"version": 4})
    assert (missing.status_code, "4" in missing.json()["detail"]) == (404, True)


async def test_a_new_name_or_the_same_content_is_no_new_version(api: httpx.AsyncClient) -> None:
    first = await persona(api)
    path = f"/personas/{first['id']}"

    assert (await api.put(path, json={})).json() == first
    same = (await api.put(path, json={"description": "Curious.", "name": "Grace"})).json()
    assert (same["name"], same["version"]) == ("Grace", 1)
    await persona(api, "Ada")


async def test_names_are_unique_and_found_exactly(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    ada = await persona(api)
    grace = await persona(api, "Grace")
    await persona(other)

    taken = await api.post("/personas", json={"name": "Ada", "description": "x"})
    assert (taken.status_code, str(ada["id"]) in taken.json()["detail"]) == (409, True)
    assert (await api.put(f"/personas/{grace['id']}", json={"name": "Ada"})).status_code == 409
    assert (await api.get("/personas", params={"name": "Ada"})).json()["items"] == [ada]
    assert (await api.get("/personas", params={"name": "ada"})).json() == {"items": [], "count": 0}
    assert (await other.get(f"/personas/{ada['id']}")).status_code == 404


async def test_a_group_keeps_its_order_and_shows_the_newest_versions(api: httpx.AsyncClient) -> None:
    ada, grace = await persona(api), await persona(api, "Grace")
    ids = [grace["id"], ada["id"]]
    group = await created(api, "/persona-groups", {"name": "Pupils", "persona_ids": ids})
    assert [one["name"] for one in group["personas"]] == ["Grace", "Ada"]

    await api.put(f"/personas/{ada['id']}", json={"description": "Older."})
    (listed,) = (await api.get("/persona-groups", params={"name": "Pupils"})).json()["items"]
    assert [(one["name"], one["version"]) for one in listed["personas"]] == [("Grace", 1), ("Ada", 2)]

    path = f"/persona-groups/{group['id']}"
    changed = (await api.put(path, json={"description": "d"})).json()
    assert [one["name"] for one in changed["personas"]] == ["Grace", "Ada"]
    changed = (await api.put(path, json={"name": "Students", "persona_ids": [ada["id"]]})).json()
    assert (changed["name"], changed["description"]) == ("Students", "d")
    assert [one["name"] for one in changed["personas"]] == ["Ada"]
    assert (await api.get(path)).json() == changed


async def test_a_group_refuses_unknown_foreign_and_repeated_personas(
    api: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    mine, theirs = await persona(api), await persona(other, "Theirs")
    for ids, status, words in (
        ([mine["id"], 999], 404, "999"),
        ([theirs["id"]], 404, str(theirs["id"])),
        ([mine["id"], mine["id"]], 422, "$.persona_ids[1]"),
        ([], 422, "persona_ids"),
    ):
        refused = await api.post("/persona-groups", json={"name": "Pupils", "persona_ids": ids})
        assert (refused.status_code, words in refused.json()["detail"]) == (status, True), refused.text
    assert (await api.get("/persona-groups")).json()["count"] == 0


async def test_a_persona_is_deleted_only_outside_of_groups(api: httpx.AsyncClient) -> None:
    ada = await persona(api)
    group = await created(api, "/persona-groups", {"name": "Pupils", "persona_ids": [ada["id"]]})
    taken = await api.post("/persona-groups", json={"name": "Pupils", "persona_ids": [ada["id"]]})
    assert taken.status_code == 409

    refused = await api.delete(f"/personas/{ada['id']}")
    assert (refused.status_code, "'Pupils'" in refused.json()["detail"]) == (409, True)
    assert (await api.delete(f"/persona-groups/{group['id']}")).status_code == 204
    assert (await api.delete(f"/personas/{ada['id']}")).status_code == 204
    assert (await api.get(f"/personas/{ada['id']}")).status_code == 404
    assert (await persona(api))["id"] > ada["id"]
