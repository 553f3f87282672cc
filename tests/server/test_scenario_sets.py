"""Scenario sets over HTTP: names, fields, scenarios, and what each refuses."""

from typing import Any

import httpx
import pytest
from sqlalchemy import update

from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Collection
from tests.server.conftest import created

pytestmark = pytest.mark.anyio

MOON = {
    "goal": "Find out why the moon stays up.",
    "expected_conversation_outcome": "The pupil knows about falling around.",
}


async def new_set(api: httpx.AsyncClient, name: str = "Pupils", *fields: str) -> dict[str, Any]:
    return await created(api, "/scenario-sets", {"name": name, "description": "d", "fields": list(fields)})


async def scenarios(api: httpx.AsyncClient, set_id: int) -> list[dict[str, Any]]:
    page = (await api.get(f"/scenario-sets/{set_id}/scenarios")).json()
    assert page["count"] == len(page["items"])
    found: list[dict[str, Any]] = page["items"]
    return found


async def test_a_set_shows_its_fields_and_counts_its_scenarios(api: httpx.AsyncClient) -> None:
    made = await new_set(api, "Pupils", "year", "mood")
    assert [(f["name"], f["field_type"], f["default_value"]) for f in made["fields"]] == [
        ("year", "text", ""),
        ("mood", "text", ""),
    ]
    assert (made["scenarios_count"], made["read_only"], made["is_platform_builtin"]) == (0, False, False)

    await created(api, f"/scenario-sets/{made['id']}/scenarios", MOON)
    read = (await api.get(f"/scenario-sets/{made['id']}")).json()
    assert read["scenarios_count"] == 1
    assert read["updated_at"] > made["updated_at"]


async def test_without_a_name_the_server_invents_one(api: httpx.AsyncClient) -> None:
    names = [(await created(api, "/scenario-sets", {}))["name"] for _ in range(3)]
    assert names == ["Scenario set", "Scenario set (2)", "Scenario set (3)"]


async def test_sets_and_collections_share_names_but_not_places(api: httpx.AsyncClient) -> None:
    made = await new_set(api, "Shared")
    collection = await created(api, "/collections", {"name": "Rows"})

    for name in ("Shared", "Rows"):
        taken = await api.post("/scenario-sets", json={"name": name})
        assert (taken.status_code, name in taken.json()["detail"]) == (400, True)
    taken = await api.post("/collections", json={"name": "Shared"})
    assert (taken.status_code, "scenario set" in taken.json()["detail"]) == (409, True)
    renamed = await api.put(f"/scenario-sets/{made['id']}", json={"name": "Rows"})
    assert renamed.status_code == 400

    assert [one["name"] for one in (await api.get("/collections")).json()["items"]] == ["Rows"]
    assert [one["name"] for one in (await api.get("/scenario-sets")).json()["items"]] == ["Shared"]
    assert (await api.get(f"/collections/{made['id']}")).status_code == 404
    assert (await api.get(f"/scenario-sets/{collection['id']}")).status_code == 404


async def test_lists_search_in_names_and_page(api: httpx.AsyncClient) -> None:
    for number in range(6):
        await new_set(api, f"Set {number}")
    await new_set(api, "Pupils 100%")

    first = (await api.get("/scenario-sets")).json()
    second = (await api.get("/scenario-sets?page=2")).json()
    assert (first["count"], len(first["items"]), len(second["items"])) == (7, 5, 2)
    for text in ("PUPIL", "0%"):
        found = (await api.get("/scenario-sets", params={"name_search": text})).json()
        assert [one["name"] for one in found["items"]] == ["Pupils 100%"]


async def test_put_changes_only_what_it_names(api: httpx.AsyncClient) -> None:
    made = await new_set(api)
    path = f"/scenario-sets/{made['id']}"

    after = (await api.put(path, json={"name": "Students"})).json()
    assert (after["name"], after["description"]) == ("Students", "d")
    after = (await api.put(path, json={"description": ""})).json()
    assert (after["name"], after["description"]) == ("Students", "")
    assert (await api.put(path, json={"name": "Students"})).status_code == 200
    assert (await api.put(path, json={"nome": "x"})).status_code == 422


@pytest.mark.parametrize(
    "name", ["goal", "expected_conversation_outcome", "1st", "a b", "schön", "x" * 101, "a-b"]
)
async def test_field_names_are_identifiers_and_none_that_is_built_in(
    api: httpx.AsyncClient, name: str
) -> None:
    made = await new_set(api, "Pupils", "year")
    (field,) = made["fields"]

    refusals = [
        await api.post("/scenario-sets", json={"name": "Another", "fields": ["fine", name]}),
        await api.post(f"/scenario-sets/{made['id']}/fields", json={"name": name}),
        await api.put(f"/scenario-sets/{made['id']}/fields/{field['id']}", json={"name": name}),
    ]
    assert [refusal.status_code for refusal in refusals] == [422, 422, 422]
    assert all(name[:90] in refusal.json()["detail"] for refusal in refusals)
    assert (await api.get("/scenario-sets")).json()["count"] == 1


async def test_a_field_named_twice_is_refused(api: httpx.AsyncClient) -> None:
    twice = await api.post("/scenario-sets", json={"name": "Pupils", "fields": ["year", "year"]})
    assert (twice.status_code, "$.fields[1]" in twice.json()["detail"]) == (422, True)

    made = await new_set(api, "Pupils", "year", "mood")
    path = f"/scenario-sets/{made['id']}/fields"
    assert (await api.post(path, json={"name": "year"})).status_code == 409
    renamed = await api.put(f"{path}/{made['fields'][0]['id']}", json={"name": "mood"})
    assert renamed.status_code == 409


async def test_fields_come_to_scenarios_keep_values_and_go(api: httpx.AsyncClient) -> None:
    made = await new_set(api)
    path = f"/scenario-sets/{made['id']}"
    await created(api, f"{path}/scenarios", MOON)

    field = await created(api, f"{path}/fields", {"name": "year", "default_value": "4"})
    assert [one["field_values"] for one in await scenarios(api, made["id"])] == [{"year": "4"}]

    renamed = (await api.put(f"{path}/fields/{field['id']}", json={"name": "school_year"})).json()
    assert renamed == {"id": field["id"], "name": "school_year", "field_type": "text", "default_value": "4"}
    changed = await api.put(
        f"{path}/fields/{field['id']}", json={"name": "school_year", "default_value": "7"}
    )
    assert changed.json()["default_value"] == "7"
    await created(api, f"{path}/scenarios", MOON)
    assert [one["field_values"] for one in await scenarios(api, made["id"])] == [
        {"school_year": "4"},
        {"school_year": "7"},
    ]

    assert (await api.delete(f"{path}/fields/{field['id']}")).status_code == 204
    assert [one["field_values"] for one in await scenarios(api, made["id"])] == [{}, {}]
    assert (await api.delete(f"{path}/fields/{field['id']}")).status_code == 404


async def test_replacing_a_scenario_resets_what_is_left_out(api: httpx.AsyncClient) -> None:
    made = await new_set(api)
    path = f"/scenario-sets/{made['id']}"
    await created(api, f"{path}/fields", {"name": "year", "default_value": "4"})
    body = {**MOON, "field_values": {"year": 9}}
    scenario = await created(api, f"{path}/scenarios", body)
    assert scenario["field_values"] == {"year": "9"}

    replaced = await api.put(
        f"{path}/scenarios/{scenario['id']}", json={"goal": " New ", "expected_conversation_outcome": "o"}
    )
    assert replaced.status_code == 200
    read = (await api.get(f"{path}/scenarios/{scenario['id']}")).json()
    assert read == {
        **scenario,
        "goal": "New",
        "expected_conversation_outcome": "o",
        "field_values": {"year": "4"},
    }


async def test_a_batch_skips_what_exists_and_is_all_or_nothing(api: httpx.AsyncClient) -> None:
    made = await new_set(api, "Pupils", "year")
    path = f"/scenario-sets/{made['id']}/scenarios"
    await created(api, path, MOON)
    other = {**MOON, "goal": "Understand the tides."}
    batch = {
        "scenarios": [
            MOON,
            other,
            {**other, "field_values": {"year": None}},
            {**other, "field_values": {"year": "5"}},
        ],
        "skip_existing": True,
    }

    first = (await api.post(f"{path}/batch", json=batch)).json()
    assert [(one["goal"], one["field_values"]["year"]) for one in first] == [
        ("Understand the tides.", ""),
        ("Understand the tides.", "5"),
    ]
    assert (await api.post(f"{path}/batch", json=batch)).json() == []
    assert len((await api.post(f"{path}/batch", json={**batch, "skip_existing": False})).json()) == 4

    bad = {"scenarios": [MOON, {**MOON, "field_values": {"yaer": "5"}}]}
    refused = await api.post(f"{path}/batch", json=bad)
    assert refused.status_code == 422
    assert all(word in refused.json()["detail"] for word in ("$.scenarios[1]", "'yaer'", "'year'"))
    read = (await api.get(f"/scenario-sets/{made['id']}")).json()
    assert read["scenarios_count"] == 1 + 2 + 4


async def test_blank_goals_and_foreign_ids_are_refused(
    api: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    one, two = await new_set(api, "One", "year"), await new_set(api, "Two")
    scenario = await created(api, f"/scenario-sets/{one['id']}/scenarios", MOON)

    blank = await api.post(f"/scenario-sets/{one['id']}/scenarios", json={**MOON, "goal": " \n"})
    assert (blank.status_code, "$.goal" in blank.json()["detail"]) == (422, True)
    assert (await api.get(f"/scenario-sets/{two['id']}/scenarios/{scenario['id']}")).status_code == 404
    field = f"/scenario-sets/{two['id']}/fields/{one['fields'][0]['id']}"
    assert (await api.delete(field)).status_code == 404
    assert (await other.get(f"/scenario-sets/{one['id']}")).status_code == 404


async def test_deleting_frees_the_name_and_takes_the_scenarios(api: httpx.AsyncClient) -> None:
    made = await new_set(api)
    scenario = await created(api, f"/scenario-sets/{made['id']}/scenarios", MOON)
    path = f"/scenario-sets/{made['id']}/scenarios/{scenario['id']}"

    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404
    assert (await api.delete(f"/scenario-sets/{made['id']}")).status_code == 204
    assert (await api.get(f"/scenario-sets/{made['id']}/scenarios")).status_code == 404
    assert (await new_set(api))["id"] > made["id"]


async def test_a_read_only_set_changes_in_nothing(api: httpx.AsyncClient, store: Store) -> None:
    made = await new_set(api, "Pupils", "year")
    path = f"/scenario-sets/{made['id']}"
    scenario = await created(api, f"{path}/scenarios", MOON)
    async with store.write() as session:
        await session.execute(update(Collection).where(Collection.id == made["id"]).values(read_only=True))

    refusals = [
        await api.put(path, json={"description": "x"}),
        await api.delete(path),
        await api.post(f"{path}/fields", json={"name": "mood"}),
        await api.put(f"{path}/fields/{made['fields'][0]['id']}", json={"name": "mood"}),
        await api.delete(f"{path}/fields/{made['fields'][0]['id']}"),
        await api.post(f"{path}/scenarios", json=MOON),
        await api.post(f"{path}/scenarios/batch", json={"scenarios": [MOON]}),
        await api.put(f"{path}/scenarios/{scenario['id']}", json=MOON),
        await api.delete(f"{path}/scenarios/{scenario['id']}"),
    ]
    assert [refusal.status_code for refusal in refusals] == [409] * 9
    assert (await api.get(path)).json() == {**made, "scenarios_count": 1, "read_only": True} | {
        "updated_at": (await api.get(path)).json()["updated_at"]
    }
