"""Every operation refuses bad input with the right status, and says what was wrong and where."""

import copy
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.server.conftest import World, make_world

pytestmark = pytest.mark.anyio

CONFIG = {
    "name": "Config",
    "description": "d",
    "llm_model_name": "m",
    "llm_base_url": "https://llm.example/v1",
    "api_key": "sk-0123456789abcdef",
    "max_connections": 3,
    "inference_type": "openai",
    "temperature": 0.5,
}

# Every JSON-taking operation of this package's modules with a body that it accepts. Ids are filled in from the world.
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    (
        "POST",
        "/prompt_templates",
        {
            "name": "New",
            "messages": [{"role": "user", "content": "Hi {{name}}"}],
            "tools": [{"type": "function", "function": {"name": "look", "description": "d", "strict": True}}],
            "tool_choice": "auto",
            "parent_prompt_template_id": "{prompt_template_id}",
        },
    ),
    (
        "POST",
        "/collections",
        {
            "name": "New",
            "description": "d",
            "columns": [{"name": "a", "column_type": "text"}],
            "read_only": False,
            "collection_type": "STANDARD",
        },
    ),
    ("PUT", "/collections/{collection_id}", {"name": "Renamed", "description": "d", "read_only": False}),
    ("POST", "/collections/{collection_id}/entries", {"input_values": {"topic": "snow"}}),
    ("PUT", "/collections/{collection_id}/entries/{entry_id}", {"input_values": {"topic": "hail"}}),
    (
        "POST",
        "/criteria",
        {
            "criterion_set_id": "{criterion_set_id}",
            "criteria": [{"criterion_str": "Is it kind?", "label": "Kind"}],
            "delete_existing": False,
        },
    ),
    ("PUT", "/criteria/{criterion_id}", {"criterion_str": "Is it very short?", "label": "Short"}),
    ("POST", "/criterion_sets", {"name": "New", "criteria": [{"criterion_str": "Is it kind?"}]}),
    ("POST", "/llm_configs", CONFIG),
    (
        "POST",
        "/experiments",
        {
            "name": "Second",
            "description": "d",
            "prompt_template_id": "{prompt_template_id}",
            "collection_id": "{collection_id}",
            "criterion_set_id": "{criterion_set_id}",
            "llm_config_id": "{llm_config_id}",
            "generate": False,
            "rating_mode": "fast",
            "n_epochs": 2,
            "generation_params": {"temperature": 0.5, "max_tokens": 10},
        },
    ),
    (
        "POST",
        "/responses",
        {
            "template_variables_id": "{entry_id}",
            "experiment_id": "{experiment_id}",
            "epoch": 2,
            "messages": [{"role": "assistant", "content": "Done."}],
            "metadata": {"duration_seconds": 1.5, "input_tokens": 3},
        },
    ),
    ("PATCH", "/responses/{response_id}", {"annotation": "good"}),
]
IDS = [f"{method} {path}" for method, path, _ in BODIES]


def filled(world: World, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: filled(world, item) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(world, item) for item in value]
    if isinstance(value, str) and value.startswith("{") and value.endswith("_id}"):
        return int(world.path(value))
    return value


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a body, the whole left out."""
    if path:
        yield path
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from places(item, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    result = copy.deepcopy(value)
    at(result, path[:-1])[path[-1]] = new
    return result


def free_form(path: tuple[Any, ...]) -> bool:
    """Whether any JSON may stand there."""
    return path[0] == "input_values" and len(path) > 1


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
async def test_accepts_the_good_body(
    api: httpx.AsyncClient, world: World, method: str, path: str, body: dict[str, Any]
) -> None:
    response = await api.request(method, world.path(path), json=filled(world, body))

    assert response.status_code == (201 if method == "POST" else 200), response.text


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
async def test_refuses_unknown_fields_at_every_depth(
    api: httpx.AsyncClient, world: World, method: str, path: str, body: dict[str, Any]
) -> None:
    body = filled(world, body)
    objects = [(), *(place for place in places(body) if isinstance(at(body, place), dict))]
    for place in objects:
        if place and (free_form((*place, "x")) or place[0] == "messages"):
            continue  # chat messages and rows are open in the contract
        bad = copy.deepcopy(body)
        at(bad, place)["misspelt"] = 1
        response = await api.request(method, world.path(path), json=bad)

        assert response.status_code == 422, (place, response.text)
        assert "misspelt" in response.json()["detail"]


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
async def test_refuses_wrong_types_and_names_the_place(
    api: httpx.AsyncClient, world: World, method: str, path: str, body: dict[str, Any]
) -> None:
    body = filled(world, body)
    for place in places(body):
        if free_form(place):
            continue
        wrong: Any = [[]] if isinstance(at(body, place), dict) else {"wrong": []}
        response = await api.request(method, world.path(path), json=replaced(body, place, wrong))

        assert response.status_code == 422, (place, response.text)
        detail = response.json()["detail"]
        named = [key for key in place if isinstance(key, str)][-1]
        assert named in detail or "type" in detail or "role" in detail, (place, detail)


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
async def test_refuses_nul_characters(
    api: httpx.AsyncClient, world: World, method: str, path: str, body: dict[str, Any]
) -> None:
    body = filled(world, body)
    for place in places(body):
        if isinstance(at(body, place), str):
            response = await api.request(method, world.path(path), json=replaced(body, place, "a\0b"))

            assert response.status_code == 422, (place, response.text)
            assert "NUL" in response.json()["detail"]


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
async def test_refuses_numbers_out_of_bounds(
    api: httpx.AsyncClient, world: World, method: str, path: str, body: dict[str, Any]
) -> None:
    body = filled(world, body)
    for place in places(body):
        value = at(body, place)
        if isinstance(value, int | float) and not isinstance(value, bool):
            for number in (2**53, 2**63, 2**64, 10**40, 10**400):
                response = await api.request(method, world.path(path), json=replaced(body, place, number))

                assert response.status_code == 422, (place, number, response.text)


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
async def test_refuses_texts_that_are_too_long(
    api: httpx.AsyncClient, world: World, method: str, path: str, body: dict[str, Any]
) -> None:
    body = filled(world, body)
    for name in ("name", "description", "llm_model_name", "llm_base_url", "api_key", "label"):
        if isinstance(body.get(name), str):
            response = await api.request(method, world.path(path), json={**body, name: "x" * 10_001})

            assert response.status_code == 422, (name, response.text)
            assert "xxxxxxxxxxxx" * 20 not in response.text


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"   ", 400),
        (b"{", 400),
        (b'{"name": NaN}', 400),
        (b'{"name": "\xff"}', 400),
        (b'{"name": "\\ud800"}', 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'"text"', 422),
    ],
)
async def test_refuses_what_is_no_json_object(
    api: httpx.AsyncClient,
    world: World,
    method: str,
    path: str,
    body: dict[str, Any],
    content: bytes,
    status: int,
) -> None:
    headers = {"Content-Type": "application/json"}
    response = await api.request(method, world.path(path), content=content, headers=headers)

    assert response.status_code == status, response.text
    assert response.json()["detail"]


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
async def test_refuses_other_content_types(
    api: httpx.AsyncClient, world: World, method: str, path: str, body: dict[str, Any]
) -> None:
    headers = {"Content-Type": "text/plain"}
    response = await api.request(method, world.path(path), content=b"{}", headers=headers)

    assert response.status_code == 400
    assert "text/plain" in response.json()["detail"]


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
async def test_refuses_bodies_over_the_limit(
    api: httpx.AsyncClient, world: World, method: str, path: str, body: dict[str, Any]
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 10_000

    headers = {"Content-Type": "application/json"}
    declared = await api.request(method, world.path(path), content=b" " * 300_000, headers=headers)
    streamed = await api.request(method, world.path(path), content=endless(), headers=headers)

    assert declared.status_code == streamed.status_code == 413
    assert "262144" in declared.json()["detail"]


ADDRESSED: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "/prompt_templates/{prompt_template_id}", None),
    ("DELETE", "/prompt_templates/{prompt_template_id}", None),
    ("GET", "/collections/{collection_id}", None),
    ("PUT", "/collections/{collection_id}", {"name": "x"}),
    ("DELETE", "/collections/{collection_id}", None),
    ("GET", "/collections/{collection_id}/entries", None),
    ("POST", "/collections/{collection_id}/entries", {"input_values": {}}),
    ("DELETE", "/collections/{collection_id}/entries", None),
    ("GET", "/collections/{collection_id}/entries/{entry_id}", None),
    ("PUT", "/collections/{collection_id}/entries/{entry_id}", {"input_values": {}}),
    ("DELETE", "/collections/{collection_id}/entries/{entry_id}", None),
    ("GET", "/criteria/{criterion_id}", None),
    ("PUT", "/criteria/{criterion_id}", {"label": "x"}),
    ("DELETE", "/criteria/{criterion_id}", None),
    ("GET", "/criterion_sets/{criterion_set_id}", None),
    ("DELETE", "/criterion_sets/{criterion_set_id}", None),
    ("PUT", "/criterion_sets/{criterion_set_id}/prompt_templates/{prompt_template_id}", None),
    ("DELETE", "/criterion_sets/{criterion_set_id}/prompt_templates/{prompt_template_id}", None),
    ("GET", "/llm_configs/{llm_config_id}", None),
    ("DELETE", "/llm_configs/{llm_config_id}", None),
    ("GET", "/experiments/{experiment_id}", None),
    ("DELETE", "/experiments/{experiment_id}", None),
    ("GET", "/responses/{response_id}", None),
    ("PATCH", "/responses/{response_id}", {"annotation": "x"}),
    ("DELETE", "/responses/{response_id}", None),
    ("GET", "/criteria?prompt_template_id={prompt_template_id}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ADDRESSED, ids=[f"{m} {p}" for m, p, _ in ADDRESSED])
async def test_unknown_ids_and_those_of_other_projects_are_404(
    api: httpx.AsyncClient, world: World, other: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    foreign = await make_world(other)
    unknown = World(*[987_654_321] * 8)

    for ids in (foreign, unknown):
        response = await api.request(method, ids.path(path), json=body)

        assert response.status_code == 404, response.text
        assert "There is no" in response.json()["detail"]


@pytest.mark.parametrize(
    "identifier", ["0", "-1", "abc", "1.5", "9007199254740992", str(10**30), "%00", "null"]
)
async def test_ids_outside_the_contract_are_422(api: httpx.AsyncClient, identifier: str) -> None:
    for method, path, body in ADDRESSED:
        broken = path.format(**dict.fromkeys(World.__annotations__, identifier))
        response = await api.request(method, broken, json=body)

        assert response.status_code == 422, (path, response.text)
        assert "parameter" in response.json()["detail"]


BODY_REFERENCES = [
    ("/prompt_templates", {"name": "x", "messages": []}, "parent_prompt_template_id"),
    ("/criteria", {"criteria": []}, "criterion_set_id"),
    ("/criteria", {"criteria": []}, "prompt_template_id"),
    ("/criteria", {"criteria": None}, "prompt_template_id"),
    ("/collections/{collection_id}/entries", {}, "prompt_template_id"),
    ("/experiments", "experiment", "prompt_template_id"),
    ("/experiments", "experiment", "collection_id"),
    ("/experiments", "experiment", "criterion_set_id"),
    ("/experiments", "experiment", "llm_config_id"),
    ("/responses", "response", "experiment_id"),
    ("/responses", "response", "entry_id"),
]


@pytest.mark.parametrize(("path", "body", "reference"), BODY_REFERENCES)
async def test_references_to_unknown_and_foreign_things_are_404(
    api: httpx.AsyncClient, world: World, other: httpx.AsyncClient, path: str, body: Any, reference: str
) -> None:
    foreign = await make_world(other)
    if body == "experiment":
        body = filled(world, next(good for _, place, good in BODIES if place == "/experiments"))
    elif body == "response":
        body = filled(world, next(good for _, place, good in BODIES if place == "/responses"))
    field = "template_variables_id" if reference == "entry_id" else reference

    for identifier in (getattr(foreign, reference.removeprefix("parent_")), 987_654_321):
        response = await api.post(world.path(path), json={**body, field: identifier})

        assert response.status_code == 404, response.text
        assert str(identifier) in response.json()["detail"]
    assert (await api.get("/experiments")).json()["count"] == 1


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page=1.5", f"page={10**30}", "page=", "page=null"]
)
@pytest.mark.parametrize(
    "path",
    [
        "/prompt_templates",
        "/collections",
        "/collections/{collection_id}/entries",
        "/criterion_sets",
        "/llm_configs",
        "/experiments",
        "/responses",
    ],
)
async def test_bad_pages_are_422(api: httpx.AsyncClient, world: World, path: str, query: str) -> None:
    response = await api.get(f"{world.path(path)}?{query}")

    assert response.status_code == 422
    assert "'page'" in response.json()["detail"]


async def test_names_of_one_project_may_be_taken_in_another(
    api: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    mine, theirs = await make_world(api), await make_world(other)

    assert mine.collection_id != theirs.collection_id
    assert (await api.get("/collections")).json()["count"] == 1
