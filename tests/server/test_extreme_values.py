"""Values at the edge of what can be worked with: nested without end, and times that UTC has no date for."""

import json
from typing import Any

import httpx
import pytest

from tests.server.conftest import World, created
from tests.server.contract_inputs import CONTRACT, OPERATIONS, parameters

pytestmark = pytest.mark.anyio


def nested(depth: int, *, lists: bool = False) -> Any:
    """An object, or a list, in which there are others, so many in all."""
    value: Any = [] if lists else {}
    for _ in range(depth - 1):
        value = [value] if lists else {"a": value}
    return value


def template(**fields: Any) -> dict[str, Any]:
    return {"name": "T", "messages": [{"role": "user", "content": "hi"}], **fields}


def schema(deep: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "x", "schema": deep}}


def tool(deep: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", "parameters": deep}}


FREE_FORM: dict[str, tuple[str, str, Any]] = {
    "a template's response format": (
        "/prompt_templates",
        "response_format_json_schema",
        lambda deep: template(response_format_json_schema=schema(deep)),
    ),
    "a template's tools": ("/prompt_templates", "tools", lambda deep: template(tools=[tool(deep)])),
    "a message": (
        "/prompt_templates",
        "messages",
        lambda deep: template(messages=[{"role": "assistant", "content": "x", "annotations": [deep]}]),
    ),
    "a JSON cell": (
        "/collections/{json_id}/entries",
        "input_values",
        lambda deep: {"input_values": {"j": deep}},
    ),
    "a row's environment": (
        "/collections/{json_id}/entries",
        "environment_config",
        lambda deep: {"input_values": {}, "environment_config": deep},
    ),
    "a collection's environment": (
        "/collections",
        "environment_config",
        lambda deep: {"name": "C", "environment_config": deep},
    ),
    "first rows": ("/collections", "variables", lambda deep: {"name": "C", "variables": [{"j": deep}]}),
    "an LLM config": (
        "/llm_configs",
        "custom_api_config",
        lambda deep: {"name": "L", "llm_model_name": "m", "api_key": "k", "custom_api_config": deep},
    ),
    "an agent's config": (
        "/experiments",
        "agent_config",
        lambda deep: {"name": "E", "description": "", "evaluation_mode": "AGENTIC", "agent_config": deep},
    ),
    "a response's metadata": (
        "/responses",
        "metadata",
        lambda deep: {
            "template_variables_id": 1,
            "experiment_id": 1,
            "messages": [{"role": "assistant", "content": "x"}],
            "metadata": deep,
        },
    ),
    "an uploaded trajectory": (
        "/experiments/1/agent-results",
        "results",
        lambda deep: {"results": [{"task_name": "t", "trajectory": deep}]},
    ),
}


@pytest.fixture
async def json_id(api: httpx.AsyncClient) -> int:
    columns = [{"name": "j", "column_type": "json"}]
    return int((await created(api, "/collections", {"name": "J", "columns": columns}))["id"])


@pytest.mark.parametrize("depth", [101, 450, 800])
@pytest.mark.parametrize("place", FREE_FORM)
async def test_what_is_nested_too_deep_is_refused_with_its_place_and_the_bound(
    api: httpx.AsyncClient, world: World, json_id: int, place: str, depth: int
) -> None:
    path, field, body = FREE_FORM[place]

    for lists in (False, True):
        refused = await api.post(path.format(json_id=json_id), json=body(nested(depth, lists=lists)))

        assert refused.status_code == 422, refused.text
        assert refused.json()["detail"].startswith(
            f"$.{field}: objects and arrays are nested deeper than 100"
        )


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_line_that_is_nested_too_deep_is_named(
    api: httpx.AsyncClient, json_id: int, method: str
) -> None:

    lines = "\n".join(json.dumps({"k": str(depth), "j": nested(depth)}) for depth in (5, 99, 100))

    async def send(content: str) -> httpx.Response:
        return await api.request(
            method,
            f"/collections/{json_id}/entries/batches",
            params={"key": "k"} if method == "PUT" else {},
            files={"file": ("variables.jsonl", content.encode())},
        )

    refused = await send(lines)
    assert refused.status_code == 422
    assert "Line 3: $.j: objects and arrays are nested deeper than 100" in refused.json()["detail"]
    stored = await send(lines.rpartition("\n")[0])
    assert stored.status_code < 300, stored.text


async def test_what_is_nested_as_deep_as_allowed_is_stored_and_shown(
    api: httpx.AsyncClient, json_id: int
) -> None:
    cell = nested(98)
    row = await created(api, f"/collections/{json_id}/entries", {"input_values": {"j": cell}})
    made = await created(api, "/prompt_templates", template(response_format_json_schema=schema(nested(97))))

    assert row["input_values"]["j"] == cell
    read = await api.get(f"/prompt_templates/{made['id']}")
    assert read.json()["response_format_json_schema"] == schema(nested(97))
    assert (await api.get(f"/collections/{json_id}")).json()["variables"][0]["input_values"]["j"] == cell


TIMES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
WITH_TIMES = [
    (name, parameter["name"])
    for name in OPERATIONS
    for parameter in parameters(name, "query")
    if CONTRACT.resolve(parameter["schema"]).get("format") == "date-time"
]


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(("operation", "parameter"), WITH_TIMES)
async def test_a_time_that_utc_has_no_date_for_is_refused_in_a_query(
    api: httpx.AsyncClient, operation: str, parameter: str, time: str
) -> None:
    assert OPERATIONS[operation].method == "GET"
    path = OPERATIONS[operation].path.removeprefix("/projects/{project_id}")

    refused = await api.get(path, params={parameter: time})

    assert refused.status_code == 422, refused.text
    assert f"The query parameter {parameter!r}: {time}" in refused.json()["detail"]
    assert "the years 1 to 9999" in refused.json()["detail"]
    for near in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59+14:00"):
        assert (await api.get(path, params={parameter: near})).status_code == 200


@pytest.mark.parametrize("time", TIMES)
async def test_a_time_that_utc_has_no_date_for_is_refused_in_a_body(
    api: httpx.AsyncClient, time: str
) -> None:
    refused = await api.post("/api-keys", json={"name": "k", "expires_at": time})

    assert refused.status_code == 422, refused.text
    assert refused.json()["detail"].startswith(f"$.expires_at: {time} lies outside the years 1 to 9999")
