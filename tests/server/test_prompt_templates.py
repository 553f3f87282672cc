"""Prompt templates: versions under a name, and what makes two of them the same."""

from typing import Any

import httpx
import pytest

from tests.server.conftest import World, created

pytestmark = pytest.mark.anyio


def template(content: str = "Explain {{topic}}.", **more: Any) -> dict[str, Any]:
    return {"name": "Tutor", "messages": [{"role": "user", "content": content}], **more}


async def names(api: httpx.AsyncClient, query: str) -> list[tuple[str, int]]:
    page = (await api.get(f"/prompt_templates?{query}")).json()
    assert page["count"] == len(page["items"])
    return [(item["name"], item["version"]) for item in page["items"]]


async def test_a_known_name_with_new_content_is_the_next_version(api: httpx.AsyncClient) -> None:
    first = await created(api, "/prompt_templates", template())
    second = await created(
        api,
        "/prompt_templates",
        template("Explain {{topic}} to {{who}}.", parent_prompt_template_id=first["id"]),
    )

    assert (first["version"], second["version"]) == (1, 2)
    assert first["id"] != second["id"]
    assert first["placeholders"] == ["topic"]
    assert sorted(second["placeholders"]) == ["topic", "who"]
    assert await names(api, "name=Tutor") == [("Tutor", 2), ("Tutor", 1)]
    assert await names(api, "name=Tutor&version=1") == [("Tutor", 1)]
    assert await names(api, "name=Tutor&version=None") == [("Tutor", 2), ("Tutor", 1)]
    assert await names(api, "name=Tuto") == []
    assert await names(api, "search=TUTO") == [("Tutor", 2), ("Tutor", 1)]
    assert await names(api, "sort_options={}") == [("Tutor", 2), ("Tutor", 1)]


async def test_the_same_content_is_a_conflict_that_names_the_version(api: httpx.AsyncClient) -> None:
    first = await created(api, "/prompt_templates", template())
    await created(api, "/prompt_templates", template("Other"))

    for same in (template(), template(parent_prompt_template_id=first["id"])):
        response = await api.post("/prompt_templates", json=same)

        assert response.status_code == 409
        assert response.json()["prompt_template_id"] == first["id"]
        assert "version 1" in response.json()["detail"]


async def test_format_and_tools_are_part_of_the_content_and_come_back(api: httpx.AsyncClient) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}, "strict": True}}
    tools = [
        {
            "type": "function",
            "function": {"name": "f", "description": None, "parameters": None, "strict": None},
        }
    ]
    plain = await created(api, "/prompt_templates", template())
    formed = await created(api, "/prompt_templates", template(response_format_json_schema=form))
    tooled = await created(api, "/prompt_templates", template(tools=tools, tool_choice="required"))
    named = {"type": "function", "function": {"name": "f"}}
    chosen = await created(api, "/prompt_templates", template(tools=tools, tool_choice=named))

    assert [one["version"] for one in (plain, formed, tooled, chosen)] == [1, 2, 3, 4]
    read = (await api.get(f"/prompt_templates/{tooled['id']}")).json()
    assert (read["tools"], read["tool_choice"]) == (tools, "required")
    assert formed["response_format_json_schema"] == form
    assert chosen["tool_choice"] == named
    assert plain["tools"] is None


async def test_a_name_is_invented_when_there_is_none(api: httpx.AsyncClient) -> None:
    made = [await created(api, "/prompt_templates", template(str(n), name=None)) for n in range(2)]

    assert len({one["name"] for one in made}) == 2
    assert all(one["version"] == 1 for one in made)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (template(tool_choice="auto"), "tools"),
        ({"name": "x", "messages": [{"role": "user"}]}, "$.messages[0]"),
        ({"name": "x", "messages": [{"role": "robot", "content": "x"}]}, "$.messages[0]"),
        ({"name": "x", "messages": [{"content": "x"}]}, "$.messages[0]"),
        ({"name": "x", "messages": ["hi"]}, "$.messages[0]"),
        ({"name": "", "messages": []}, "$.name"),
        ({"name": "  ", "messages": []}, "$.name"),
        (template(tools=[{"type": "retrieval", "function": {"name": "f"}}]), "$.tools[0].type"),
    ],
)
async def test_malformed_templates_are_422(api: httpx.AsyncClient, body: Any, words: str) -> None:
    response = await api.post("/prompt_templates", json=body)

    assert response.status_code == 422
    assert words in response.json()["detail"]


async def test_a_deleted_version_frees_its_content_but_not_its_number(api: httpx.AsyncClient) -> None:
    await created(api, "/prompt_templates", template("1"))
    second = await created(api, "/prompt_templates", template("2"))

    assert (await api.delete(f"/prompt_templates/{second['id']}")).status_code == 204
    assert (await api.get(f"/prompt_templates/{second['id']}")).status_code == 404
    again = await created(api, "/prompt_templates", template("2"))

    assert again["id"] != second["id"]


async def test_a_version_that_an_experiment_used_stays_readable_there(
    api: httpx.AsyncClient, world: World
) -> None:
    assert (await api.delete(f"/prompt_templates/{world.prompt_template_id}")).status_code == 204

    assert (await api.get("/prompt_templates")).json() == {"items": [], "count": 0}
    experiment = (await api.get(f"/experiments/{world.experiment_id}")).json()
    assert experiment["prompt_template"]["id"] == world.prompt_template_id
    response = (await api.get(f"/responses/{world.response_id}")).json()
    assert response["prompt"]["prompt_template"]["name"] == "Tutor"


async def test_templates_that_fit_a_collection(api: httpx.AsyncClient, world: World) -> None:
    await created(api, "/prompt_templates", {"name": "B", "messages": [{"role": "user", "content": "{{b}}"}]})
    await created(api, "/prompt_templates", {"name": "C", "messages": [{"role": "user", "content": "none"}]})

    found = await names(api, f"compatible_collection_id={world.collection_id}")

    assert found == [("C", 1), ("Tutor", 1)]


async def test_templates_linked_to_a_set(api: httpx.AsyncClient, world: World) -> None:
    query = f"criterion_set_id={world.criterion_set_id}"
    assert await names(api, query) == []
    await api.put(f"/criterion_sets/{world.criterion_set_id}/prompt_templates/{world.prompt_template_id}")

    assert await names(api, query) == [("Tutor", 1)]


async def test_pages_have_one_size_and_one_count(api: httpx.AsyncClient) -> None:
    for number in range(12):
        await created(api, "/prompt_templates", template(str(number)))

    pages = [(await api.get(f"/prompt_templates?page={page}")).json() for page in range(1, 5)]

    assert [len(page["items"]) for page in pages] == [5, 5, 2, 0]
    assert {page["count"] for page in pages} == {12}
    versions = [item["version"] for page in pages for item in page["items"]]
    assert versions == list(range(12, 0, -1))
