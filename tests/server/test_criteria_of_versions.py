"""Which criteria the versions of a template have."""

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def version(api: httpx.AsyncClient, text: str, **more: Any) -> dict[str, Any]:
    body = {"name": "Explain", "messages": [{"role": "user", "content": text}], **more}
    answer = await api.post("/prompt_templates", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def generate(api: httpx.AsyncClient, template: dict[str, Any]) -> httpx.Response:
    body = {"prompt_template_id": template["id"], "criteria": None, "delete_existing": False}
    return await api.post("/criteria", json=body)


async def criteria_of(api: httpx.AsyncClient, template: dict[str, Any]) -> list[int]:
    answer = await api.get("/criteria", params={"prompt_template_id": template["id"]})
    return [criterion["id"] for criterion in answer.json()["items"]]


async def test_a_new_version_is_judged_as_the_one_before(api: httpx.AsyncClient) -> None:
    first = await version(api, "Explain {{concept}}.")
    assert (await generate(api, first)).status_code == 201
    second = await version(api, "Explain {{concept}} briefly.")
    assert await criteria_of(api, second) == await criteria_of(api, first) != []
    assert (await generate(api, second)).status_code == 409


async def test_criteria_made_for_one_version_serve_those_that_have_none(api: httpx.AsyncClient) -> None:
    first = await version(api, "Explain {{concept}}.")
    second = await version(api, "Explain {{concept}} briefly.")
    assert (await generate(api, first)).status_code == 201
    assert await criteria_of(api, second) == await criteria_of(api, first) != []


async def test_a_version_with_a_parent_follows_the_parent(api: httpx.AsyncClient) -> None:
    first = await version(api, "Explain {{concept}}.")
    second = await version(api, "Explain {{concept}} briefly.")
    made = (await api.post("/criterion_sets", json={"name": "Other", "criteria": None})).json()
    await api.put(f"/criterion_sets/{made['id']}/prompt_templates/{second['id']}")
    third = await version(api, "Explain {{concept}} slowly.", parent_prompt_template_id=first["id"])
    fourth = await version(api, "Explain {{concept}} kindly.", parent_prompt_template_id=second["id"])
    assert (third["criterion_set_id"], fourth["criterion_set_id"]) == (None, made["id"])
