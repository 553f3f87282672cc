"""Criteria and their sets: stored, reused, generated, edited, linked."""

from typing import Any

import httpx
import pytest

from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Rating
from tests.server.conftest import World, created

pytestmark = pytest.mark.anyio


async def texts(api: httpx.AsyncClient, set_id: int) -> list[str]:
    found = (await api.get(f"/criterion_sets/{set_id}")).json()
    return [criterion["criterion_str"] for criterion in found["criteria"]]


async def rate(store: Store, world: World) -> None:
    async with store.write() as session:
        session.add(Rating(response_id=world.response_id, criterion_id=world.criterion_id, rating="YES"))


def wanted(*strings: str) -> list[dict[str, str]]:
    return [{"criterion_str": string} for string in strings]


async def test_a_set_holds_its_criteria_in_order_with_labels(api: httpx.AsyncClient) -> None:
    criteria = [{"criterion_str": "a?", "label": None}, {"criterion_str": "b?", "label": "B"}, *wanted("c?")]
    made = await created(api, "/criterion_sets", {"name": "S", "criteria": criteria})

    assert [one["label"] for one in made["criteria"]] == ["Criterion 1", "B", "Criterion 3"]
    assert made["linked_prompt_templates"] == []
    assert (await api.get("/criterion_sets?name=S")).json()["items"] == [made]
    assert (await api.get("/criterion_sets?name=s")).json()["count"] == 0
    assert (await api.post("/criterion_sets", json={"name": "S", "criteria": None})).status_code == 409


async def test_texts_that_exist_are_reused_in_the_order_of_the_request(api: httpx.AsyncClient) -> None:
    made = await created(api, "/criterion_sets", {"name": "S", "criteria": wanted("a?", "b?")})
    body = {"criterion_set_id": made["id"], "criteria": wanted("c?", "b?", "c?")}
    answer = (await api.post("/criteria", json=body)).json()

    assert [one["criterion_str"] for one in answer] == ["c?", "b?", "c?"]
    assert answer[0]["id"] == answer[2]["id"]
    assert answer[1]["id"] == made["criteria"][1]["id"]
    assert await texts(api, made["id"]) == ["a?", "b?", "c?"]


async def test_delete_existing_replaces_and_an_empty_list_clears(api: httpx.AsyncClient) -> None:
    made = await created(api, "/criterion_sets", {"name": "S", "criteria": wanted("a?", "b?")})
    target = {"criterion_set_id": made["id"]}

    kept = (await api.post("/criteria", json={**target, "criteria": []})).json()
    assert (kept, await texts(api, made["id"])) == ([], ["a?", "b?"])
    await api.post("/criteria", json={**target, "criteria": wanted("b?", "c?"), "delete_existing": True})
    assert await texts(api, made["id"]) == ["b?", "c?"]
    await api.post("/criteria", json={**target, "criteria": [], "delete_existing": True})
    assert await texts(api, made["id"]) == []


async def test_criteria_for_a_template_go_into_its_set(api: httpx.AsyncClient, world: World) -> None:
    body = {"prompt_template_id": world.prompt_template_id, "criteria": wanted("a?")}
    listing = f"/criteria?prompt_template_id={world.prompt_template_id}"
    assert (await api.get(listing)).json() == {"items": [], "count": 0}

    first = await api.post("/criteria", json=body)
    second = await api.post("/criteria", json={**body, "criteria": wanted("b?")})

    assert (first.status_code, second.status_code) == (201, 201)
    template = (await api.get(f"/prompt_templates/{world.prompt_template_id}")).json()
    linked = (await api.get(f"/criterion_sets/{template['criterion_set_id']}")).json()
    assert linked["name"] == "Tutor"
    assert [one["id"] for one in linked["linked_prompt_templates"]] == [world.prompt_template_id]
    assert [one["criterion_str"] for one in (await api.get(listing)).json()["items"]] == ["a?", "b?"]


async def test_a_new_set_takes_a_free_name(api: httpx.AsyncClient, world: World) -> None:
    await created(api, "/criterion_sets", {"name": "Tutor"})
    body = {"prompt_template_id": world.prompt_template_id, "criteria": wanted("a?")}
    await api.post("/criteria", json=body)

    names = [one["name"] for one in (await api.get("/criterion_sets")).json()["items"]]
    assert names == ["Quality", "Tutor", "Tutor (2)"]


async def test_generated_criteria_are_a_conflict_when_there_are_some(
    api: httpx.AsyncClient, world: World
) -> None:
    body: dict[str, Any] = {"prompt_template_id": world.prompt_template_id, "criteria": None}
    first = await api.post("/criteria", json=body)
    again = await api.post("/criteria", json=body)
    anew = await api.post("/criteria", json={**body, "delete_existing": True})

    assert first.status_code == anew.status_code == 201
    assert len(first.json()) > 0
    assert all(one["criterion_str"].strip() for one in first.json())
    assert again.status_code == 409
    listing = (await api.get(f"/criteria?prompt_template_id={world.prompt_template_id}")).json()
    assert [one["id"] for one in listing["items"]] == [one["id"] for one in anew.json()][
        : len(listing["items"])
    ]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"criteria": []}, 422, "exactly one"),
        ({"criteria": [], "prompt_template_id": 1, "criterion_set_id": 1}, 422, "exactly one"),
        ({"criteria": None, "criterion_set_id": 1}, 422, "needs a template"),
        ({"criteria": [{"criterion_str": " "}], "criterion_set_id": 1}, 422, "$.criteria[0].criterion_str"),
    ],
)
async def test_impossible_requests_for_criteria(
    api: httpx.AsyncClient, world: World, body: dict[str, Any], status: int, words: str
) -> None:
    response = await api.post("/criteria", json=body)

    assert response.status_code == status
    assert words in response.json()["detail"]


async def test_an_unrated_criterion_is_edited_in_place(api: httpx.AsyncClient, world: World) -> None:
    path = f"/criteria/{world.criterion_id}"
    edited = (await api.put(path, json={"criterion_str": "Is it brief?"})).json()

    assert (edited["id"], edited["criterion_str"]) == (world.criterion_id, "Is it brief?")
    assert (await api.put(path, json={"label": "L"})).json()["label"] == "L"
    assert (await api.put(path, json={})).json()["criterion_str"] == "Is it brief?"
    assert (await api.put(path, json={"criterion_str": "Is it right?"})).status_code == 409


async def test_a_rated_criterion_gets_a_new_version_and_ratings_keep_their_wording(
    api: httpx.AsyncClient, store: Store, world: World
) -> None:
    await rate(store, world)
    path = f"/criteria/{world.criterion_id}"
    labelled = (await api.put(path, json={"label": "L"})).json()
    edited = (await api.put(path, json={"criterion_str": "Is it brief?"})).json()

    assert labelled["id"] == world.criterion_id
    assert edited["id"] != world.criterion_id
    assert edited["label"] == "L"
    assert await texts(api, world.criterion_set_id) == ["Is it brief?", "Is it right?"]
    assert (await api.get(path)).json()["criterion_str"] == "Is it short?"
    assert (await api.put(path, json={"criterion_str": "x"})).status_code == 404
    response = (await api.get(f"/responses/{world.response_id}")).json()
    assert [one["criterion"]["criterion_str"] for one in response["ratings"]] == ["Is it short?"]


async def test_an_edit_that_comes_again_gets_the_version_that_it_has_made(
    api: httpx.AsyncClient, store: Store, world: World
) -> None:
    await rate(store, world)
    path, edit = f"/criteria/{world.criterion_id}", {"criterion_str": "Is it brief?", "label": "L"}
    edited = (await api.put(path, json=edit)).json()

    assert (await api.put(path, json=edit)).json() == edited
    assert (await api.put(path, json={"criterion_str": "Is it brief?"})).json() == edited
    assert (await api.put(path, json={**edit, "label": "M"})).status_code == 404
    assert (await api.put(path, json={"criterion_str": "Is it right?"})).status_code == 404
    assert await texts(api, world.criterion_set_id) == ["Is it brief?", "Is it right?"]


async def test_a_deleted_criterion_leaves_its_set_and_its_ratings_stay(
    api: httpx.AsyncClient, store: Store, world: World
) -> None:
    await rate(store, world)
    assert (await api.delete(f"/criteria/{world.criterion_id}")).status_code == 204

    assert (await api.get(f"/criteria/{world.criterion_id}")).status_code == 404
    assert await texts(api, world.criterion_set_id) == ["Is it right?"]
    response = (await api.get(f"/responses/{world.response_id}")).json()
    assert [one["rating"] for one in response["ratings"]] == ["YES"]


async def test_a_template_has_one_link_and_a_set_many(api: httpx.AsyncClient, world: World) -> None:
    second = await created(api, "/prompt_templates", {"name": "T2", "messages": []})
    other = await created(api, "/criterion_sets", {"name": "Other"})
    links = f"/criterion_sets/{world.criterion_set_id}/prompt_templates"

    await api.put(f"{links}/{world.prompt_template_id}")
    again = await api.put(f"{links}/{world.prompt_template_id}")
    both = (await api.put(f"{links}/{second['id']}")).json()
    await api.put(f"/criterion_sets/{other['id']}/prompt_templates/{second['id']}")
    left = (await api.get(f"/criterion_sets/{world.criterion_set_id}")).json()

    assert again.status_code == 200
    assert [one["id"] for one in both["linked_prompt_templates"]] == [world.prompt_template_id, second["id"]]
    assert [one["id"] for one in left["linked_prompt_templates"]] == [world.prompt_template_id]
    assert (await api.delete(f"{links}/{world.prompt_template_id}")).status_code == 204
    assert (await api.delete(f"{links}/{world.prompt_template_id}")).status_code == 404


async def test_deleting_a_set_ends_links_and_keeps_results(
    api: httpx.AsyncClient, store: Store, world: World
) -> None:
    await rate(store, world)
    await api.put(world.path("/criterion_sets/{criterion_set_id}/prompt_templates/{prompt_template_id}"))
    unused = await created(api, "/criterion_sets", {"name": "Unused", "criteria": wanted("a?")})

    for one in (world.criterion_set_id, unused["id"]):
        assert (await api.delete(f"/criterion_sets/{one}")).status_code == 204
        assert (await api.get(f"/criterion_sets/{one}")).status_code == 404
    template = (await api.get(f"/prompt_templates/{world.prompt_template_id}")).json()
    assert template["criterion_set_id"] is None
    experiment = (await api.get(f"/experiments/{world.experiment_id}")).json()
    assert [one["criterion_str"] for one in experiment["criterion_set"]["criteria"]] == [
        "Is it short?",
        "Is it right?",
    ]
    assert experiment["results"]["mean_all_ratings"] == {"yes": 1.0, "no": 0.0}
    assert (await api.get(f"/criteria/{unused['criteria'][0]['id']}")).status_code == 404
    await created(api, "/criterion_sets", {"name": "Quality"})
