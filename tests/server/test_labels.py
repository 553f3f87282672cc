"""Labels of people beside the judge's verdicts, and verdicts that later ones have replaced."""

from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select, text
from starlette.applications import Starlette

from elluminate_server.store.engine import Store
from elluminate_server.store.tables import EarlierRating, Label
from tests.server.conftest import World, client, created, make_world

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(api: httpx.AsyncClient) -> World:
    return await make_world(api)


async def put(api: httpx.AsyncClient, *labels: dict[str, Any], status: int = 200) -> Any:
    answer = await api.put("/labels", json={"labels": list(labels)})
    assert answer.status_code == status, answer.text
    return answer.json()


async def listed(api: httpx.AsyncClient, path: str = "/labels", **query: Any) -> list[dict[str, Any]]:
    answer = await api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    assert answer.json()["count"] == len(items)
    return items


async def rate(api: httpx.AsyncClient, world: World) -> Any:
    return await created(api, "/ratings", {"prompt_response_id": world.response_id})


async def key_client(app: Starlette, api: httpx.AsyncClient, name: str, role: str) -> httpx.AsyncClient:
    made = await created(api, "/api-keys", {"name": name, "role": role})
    return client(app, "/api/v0/projects/1", made["key"])


def of(world: World, value: str, reason: str | None = None) -> dict[str, Any]:
    return {
        "response_id": world.response_id,
        "criterion_id": world.criterion_id,
        "value": value,
        "reason": reason,
    }


async def test_a_label_stands_beside_the_verdict_and_survives_another_rating(
    api: httpx.AsyncClient, world: World
) -> None:
    (first, _) = await rate(api, world)
    assert first["labels"] is None
    (label,) = await put(api, of(world, "NO", "It has three sentences."))
    assert (label["value"], label["reason"], label["superseded_at"]) == (
        "NO",
        "It has three sentences.",
        None,
    )
    assert (label["response_id"], label["criterion_id"]) == (world.response_id, world.criterion_id)
    assert label["experiment_id"] == world.experiment_id

    (again, other) = await rate(api, world)

    assert (again["rating"], again["labels"], other["labels"]) == (first["rating"], [label], None)
    (response,) = await listed(api, "/responses", experiment_id=world.experiment_id)
    assert [rating["labels"] for rating in response["ratings"]] == [[label], None]
    query = {"prompt_response_id": world.response_id}
    assert [rating["labels"] for rating in await listed(api, "/ratings", **query)] == [[label], None]


async def test_every_earlier_verdict_is_kept_with_its_judge(api: httpx.AsyncClient, world: World) -> None:
    assert await listed(api, "/ratings/history") == []
    first, second, third = [await rate(api, world) for _ in range(3)]

    history = await listed(api, "/ratings/history", criterion_id=world.criterion_id)

    assert [one["created_at"] for one in history] == [first[0]["created_at"], second[0]["created_at"]]
    assert [one["replaced_at"] for one in history] == [second[0]["created_at"], third[0]["created_at"]]
    assert history[0]["rating"] == first[0]["rating"]
    assert history[0]["reasoning"] == first[0]["reasoning"]
    assert history[0]["generation_metadata"] == first[0]["generation_metadata"]
    (experiment,) = await listed(api, "/experiments")
    assert history[0]["rating_version"] == experiment["rating_version"]
    for query in ({"experiment_id": world.experiment_id}, {"response_id": world.response_id}):
        assert len(await listed(api, "/ratings/history", **query)) == 4
        assert await listed(api, "/ratings/history", **dict.fromkeys(query, 987_654)) == []


async def test_a_verdict_that_is_written_twice_has_no_history(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    await rate(api, world)
    async with store.write() as session:
        await session.execute(text("UPDATE ratings SET reasoning = 'the same moment'"))
    assert await listed(api, "/ratings/history") == []


async def test_a_key_s_new_label_replaces_its_own_and_keeps_it(api: httpx.AsyncClient, world: World) -> None:
    (first,) = await put(api, of(world, "YES"))
    (same,) = await put(api, of(world, "YES", ""))
    assert same == first
    (second,) = await put(api, of(world, "UNSURE", "Hard to say."))
    assert second["id"] > first["id"]
    assert await listed(api) == [second]
    (old, new) = await listed(api, earlier=True)
    assert new == second
    assert old == first | {"superseded_at": second["created_at"]}


async def test_two_keys_label_the_same_pair(app: Starlette, api: httpx.AsyncClient, world: World) -> None:
    (mine,) = await put(api, of(world, "YES"))
    async with await key_client(app, api, "Ada", "editor") as ada:
        (hers,) = await put(ada, of(world, "NO"))
        assert await listed(ada, mine=True) == [hers]
        refused = await ada.delete(f"/labels/{mine['id']}")
        assert (refused.status_code, refused.json()["detail"]) == (
            403,
            f"Label {mine['id']} is that of the API key {mine['key_name']!r}: it is withdrawn with that key, or by an "
            "admin.",
        )
    assert hers["key_name"] == "Ada"
    assert hers["key_id"] is not None
    assert await listed(api) == [mine, hers]
    assert await listed(api, mine=True) == [mine]
    assert (await api.delete(f"/labels/{hers['id']}")).status_code == 204


async def test_a_withdrawn_label_counts_no_more_and_can_still_be_read(
    api: httpx.AsyncClient, world: World
) -> None:
    await rate(api, world)
    (label,) = await put(api, of(world, "YES"))
    assert (await api.delete(f"/labels/{label['id']}")).status_code == 204
    assert (await api.delete(f"/labels/{label['id']}")).status_code == 404
    assert await listed(api) == []
    (kept,) = await listed(api, earlier=True)
    assert kept["superseded_at"] is not None
    (response,) = await listed(api, "/responses")
    assert [rating["labels"] for rating in response["ratings"]] == [None, None]
    (again,) = await put(api, of(world, "YES"))
    assert again["id"] != label["id"]


async def test_labels_are_found_by_what_they_are_about(api: httpx.AsyncClient, world: World) -> None:
    (label,) = await put(api, of(world, "YES"))
    for name in ("experiment_id", "response_id", "criterion_id", "criterion_set_id"):
        identifier = getattr(world, name)
        assert await listed(api, **{name: identifier}) == [label], name
        assert await listed(api, **{name: identifier + 100}) == [], name


async def test_all_labels_of_a_request_are_stored_or_none(
    api: httpx.AsyncClient, world: World, other: httpx.AsyncClient
) -> None:
    foreign = await make_world(other)
    criteria = [{"criterion_str": "Is it kind?"}]
    other_set = await created(api, "/criterion_sets", {"name": "Kindness", "criteria": criteria})
    good = of(world, "YES")
    for bad, status, named in (
        (good | {"response_id": 987_654}, 404, "response 987654"),
        (good | {"response_id": foreign.response_id}, 404, f"response {foreign.response_id}"),
        (good | {"criterion_id": foreign.criterion_id}, 404, f"criterion {foreign.criterion_id}"),
        (good | {"criterion_id": other_set["criteria"][0]["id"]}, 422, "$.labels[1].criterion_id"),
        (good | {"criterion_id": 987_654}, 404, "criterion 987654"),
        (good, 422, "$.labels[0]; send one of them"),
        (good | {"value": "MAYBE"}, 422, "MAYBE"),
        (good | {"reason": "x" * 10_001}, 422, "reason"),
    ):
        assert named in (await put(api, good, bad, status=status))["detail"]
    assert await listed(api, earlier=True) == []
    await put(other, of(foreign, "YES"))
    assert await listed(api) == []


async def test_a_failed_response_has_nothing_to_label(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    async with store.write() as session:
        await session.execute(text("UPDATE responses SET error = 'The model is away.'"))
    told = (await put(api, of(world, "YES"), status=422))["detail"]
    assert f"response {world.response_id} has no answer to label, it failed: The model is away." in told


@pytest.mark.parametrize("change", ["edit", "delete", "delete the set"])
async def test_a_criterion_that_people_label_by_keeps_its_wording(
    api: httpx.AsyncClient, world: World, store: Store, change: str
) -> None:
    (label,) = await put(api, of(world, "YES"))
    path = f"/criteria/{world.criterion_id}"
    match change:
        case "edit":
            edited = await api.put(path, json={"criterion_str": "Is it brief?"})
            assert edited.json()["id"] != world.criterion_id
        case "delete":
            assert (await api.delete(path)).status_code == 204
        case _:
            assert (await api.delete(f"/criterion_sets/{world.criterion_set_id}")).status_code == 204
    assert await listed(api) == [label]


async def test_labels_and_history_go_with_their_response(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    await put(api, of(world, "YES"))
    await put(api, of(world, "NO"))
    await rate(api, world)
    await rate(api, world)
    assert (await api.delete(f"/responses/{world.response_id}")).status_code == 204
    async with store.read() as session:
        assert list(await session.scalars(select(Label))) == []
        assert list(await session.scalars(select(EarlierRating))) == []


async def test_labels_and_history_go_with_their_experiment(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    await put(api, of(world, "YES"))
    await rate(api, world)
    await rate(api, world)
    assert (await api.delete(f"/experiments/{world.experiment_id}")).status_code == 204
    async with store.write() as session:
        assert list(await session.scalars(select(Label))) == []
        assert (await session.execute(delete(EarlierRating))).rowcount == 0  # type: ignore[attr-defined]


async def test_the_audit_log_says_who_labelled_and_who_withdrew(api: httpx.AsyncClient, world: World) -> None:
    (label,) = await put(api, of(world, "YES"))
    await api.delete(f"/labels/{label['id']}")
    lines = await listed(api, "/audit", object_kind="label")
    assert [(line["operation"], line["object_id"]) for line in lines] == [
        ("put_labels", label["id"]),
        ("delete_label", label["id"]),
    ]


async def test_a_page_of_responses_asks_for_labels_once(
    app: Starlette, api: httpx.AsyncClient, world: World
) -> None:
    async with await key_client(app, api, "Ada", "editor") as ada:
        await rate(api, world)
        await put(ada, of(world, "NO"))
        await put(api, of(world, "YES"))
    (response,) = await listed(api, "/responses")
    assert [label["value"] for label in response["ratings"][0]["labels"]] == ["NO", "YES"]
