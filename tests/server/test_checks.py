"""Checks at the server: criteria that a rule decides, without a model, and verdicts that a program uploads."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from elluminate_server.llm import roles
from tests.server.conftest import World, created

pytestmark = pytest.mark.anyio

RULES: list[dict[str, Any]] = [
    {"criterion_str": "The answer names {{topic}}.", "check": {"type": "contains", "values": ["{{topic}}"]}},
    {"criterion_str": "Few words", "check": {"type": "max_words", "value": "2"}},
    {"criterion_str": "Cheap", "check": {"type": "max_cost", "value": "1"}},
]
PROGRAM = {"criterion_str": "It parses", "check": {"type": "python", "name": "parses"}}


async def run(
    api: httpx.AsyncClient, world: World, criteria: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    made = await created(api, "/criterion_sets", {"name": "Checks", "criteria": criteria})
    body = {
        "name": "Checked",
        "description": "",
        "prompt_template_id": world.prompt_template_id,
        "collection_id": world.collection_id,
        "criterion_set_id": made["id"],
        "generate": True,
        **more,
    }
    experiment = await created(api, "/experiments", body)
    status = f"/experiments/{experiment['id']}/generation/{experiment['generation_task_id']}"
    async with api.stream("GET", f"{status}/stream", params={"polling_interval": 0.1}) as events:
        async for _ in events.aiter_lines():
            pass
    return dict((await api.get(f"/experiments/{experiment['id']}")).json())


async def responses_of(api: httpx.AsyncClient, experiment: dict[str, Any]) -> list[dict[str, Any]]:
    return list((await api.get("/responses", params={"experiment_id": experiment["id"]})).json()["items"])


@pytest.fixture
def no_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a judge was asked")

    monkeypatch.setattr(roles, "judge", refuse)
    monkeypatch.setattr(roles, "judge_together", refuse)


@pytest.mark.usefixtures("no_judge")
@pytest.mark.parametrize("mode", ["fast", "detailed"])
async def test_rules_decide_without_a_judge(api: httpx.AsyncClient, world: World, mode: str) -> None:
    experiment = await run(api, world, RULES, rating_mode=mode)

    found = await responses_of(api, experiment)
    assert [[(one["rating"], one["origin"]) for one in each["ratings"]] for each in found] == [
        [("YES", "check"), ("NO", "check"), ("YES", "check")]
    ] * 2
    first = found[0]["ratings"][0]
    assert first["reasoning"] == 'The answer contains "tides".'
    assert first["generation_metadata"] is None
    assert first["criterion"]["check"] == RULES[0]["check"]
    results = experiment["results"]
    assert results["verdicts"]["given"] == results["verdicts"]["expected"] == 6
    assert results["judge_costs"]["cost_usd"] == 0


async def test_a_judge_and_rules_share_a_set(api: httpx.AsyncClient, world: World) -> None:
    experiment = await run(api, world, [{"criterion_str": "Is it short?"}, *RULES], rating_mode="fast")

    (first, _) = await responses_of(api, experiment)
    assert [one["origin"] for one in first["ratings"]] == ["judge", "check", "check", "check"]
    again = await api.post("/ratings", json={"prompt_response_id": first["id"], "rating_mode": "fast"})
    assert [one["origin"] for one in again.json()] == ["judge", "check", "check", "check"]


@pytest.mark.usefixtures("no_judge")
async def test_what_a_rule_cannot_tell_is_missing_with_its_reason(
    api: httpx.AsyncClient, world: World
) -> None:
    unknown = {"criterion_str": "A number", "check": {"type": "max_words", "value": "{{topic}}"}}
    experiment = await run(api, world, [unknown])

    (first, _) = await responses_of(api, experiment)
    assert first["ratings"] == []
    assert [each["reason"] for each in first["missing_verdicts"]] == [
        '"tides" is no number, which the check compares with.'
    ]
    assert experiment["results"]["verdicts"]["missing_not_judged"] == 2
    now = await api.post("/ratings", json={"prompt_response_id": first["id"], "rating_mode": "fast"})
    assert (now.status_code, now.json()) == (201, [])


@pytest.mark.parametrize(
    ("check", "named"),
    [
        (
            {"type": "regex", "value": "a(?=b)"},
            ["$.criteria[0].check.value", "at character 2", "look-around"],
        ),
        ({"type": "equals"}, ["$.criteria[0].check.value", "needs it"]),
        ({"type": "json_schema", "json_schema": {"type": 3}}, ["$.criteria[0].check.json_schema", "$.type"]),
        ({"type": "json_schema", "json_schema": {"$ref": "http://127.0.0.1:1/"}}, ["nothing is fetched"]),
        ({"type": "shell"}, ["shell"]),
        ({"type": "equals", "value": "a", "code": "b"}, ["code"]),
    ],
)
async def test_a_wrong_rule_is_refused_when_it_is_made(
    api: httpx.AsyncClient, world: World, check: dict[str, Any], named: list[str]
) -> None:
    body = {"criterion_set_id": world.criterion_set_id, "criteria": [{"criterion_str": "C", "check": check}]}
    for path, sent in (("/criteria", body), ("/criterion_sets", {"name": "N", "criteria": body["criteria"]})):
        answer = await api.post(path, json=sent)
        assert answer.status_code == 422
        assert all(word in answer.json()["detail"] for word in named), answer.text


async def test_a_placeholder_of_a_rule_that_no_column_fills_is_refused_before_a_run(
    api: httpx.AsyncClient, world: World
) -> None:
    hidden = {"criterion_str": "The right one", "check": {"type": "equals", "value": "{{answer}}"}}
    made = await created(api, "/criterion_sets", {"name": "Checks", "criteria": [hidden]})
    body = {
        "name": "Refused",
        "description": "",
        "prompt_template_id": world.prompt_template_id,
        "collection_id": world.collection_id,
        "criterion_set_id": made["id"],
        "generate": True,
    }
    answer = await api.post("/experiments", json=body)

    assert answer.status_code == 422
    assert "{{answer}}" in answer.json()["detail"]


async def test_one_text_is_not_decided_in_two_ways(api: httpx.AsyncClient, world: World) -> None:
    body = {"criterion_set_id": world.criterion_set_id, "criteria": [RULES[0]]}
    first, same = [(await api.post("/criteria", json=body)).json()[0] for _ in range(2)]
    assert same["id"] == first["id"]

    other: dict[str, Any] = {**RULES[0], "check": {"type": "is_json"}}
    answer = await api.post("/criteria", json={**body, "criteria": [other]})
    assert answer.status_code == 409
    assert "decided in another way" in answer.json()["detail"]


async def test_an_edited_rule_of_a_judged_criterion_is_a_new_version(
    api: httpx.AsyncClient, world: World
) -> None:
    experiment = await run(api, world, [RULES[1]])
    (criterion,) = experiment["criterion_set"]["criteria"]
    change = {"criterion_str": "Some words", "check": {"type": "max_words", "value": "50"}}
    edited = (await api.put(f"/criteria/{criterion['id']}", json=change)).json()

    assert edited["id"] != criterion["id"]
    assert edited["check"] == change["check"]
    (first, _) = await responses_of(api, experiment)
    assert first["ratings"][0]["criterion"]["check"]["value"] == "2"
    of_judge = await api.put(f"/criteria/{world.criterion_id}", json={"check": change["check"]})
    assert of_judge.status_code == 422


@pytest.mark.usefixtures("no_judge")
async def test_a_programs_verdicts_are_uploaded_and_replaced(api: httpx.AsyncClient, world: World) -> None:
    experiment = await run(api, world, [PROGRAM, RULES[1]])
    (criterion, rule) = experiment["criterion_set"]["criteria"]
    (first, second) = await responses_of(api, experiment)
    assert "The caller's program gives this verdict" in first["missing_verdicts"][0]["reason"]

    def upload(response: dict[str, Any], **verdict: Any) -> dict[str, Any]:
        return {"response_id": response["id"], "criterion_id": criterion["id"], **verdict}

    sent = [
        upload(first, rating="NO", reasoning="No brace"),
        upload(second, rating=None, reasoning="OSError: gone"),
    ]
    for _ in range(2):
        answer = await api.post("/ratings/uploads", json={"ratings": sent})
        assert (answer.status_code, answer.json()) == (200, {"stored": 1, "missing": 1})
    (first, second) = await responses_of(api, experiment)
    (given,) = [one for one in first["ratings"] if one["origin"] == "program"]
    assert (given["rating"], given["reasoning"]) == ("NO", "No brace")
    assert second["missing_verdicts"][0]["reason"] == "OSError: gone"

    await api.post("/ratings/uploads", json={"ratings": [upload(first), upload(second, rating="YES")]})
    (first, second) = await responses_of(api, experiment)
    assert [len(each["missing_verdicts"]) for each in (first, second)] == [1, 0]
    # What is taken away leaves a trace; to be sent again, and to be given where there was none, replaces nothing.
    history = (await api.get("/ratings/history", params={"response_id": first["id"]})).json()["items"]
    assert [(one["criterion_id"], one["rating"]) for one in history][-1] == (criterion["id"], "NO")
    assert (await api.get("/ratings/history", params={"response_id": second["id"]})).json()["count"] == 0

    decided = {"response_id": first["id"], "criterion_id": rule["id"], "rating": "YES"}
    for bad, named in (
        (decided, "a rule of the server decides"),
        ({**decided, "criterion_id": world.criterion_id}, "has no criterion"),
    ):
        answer = await api.post("/ratings/uploads", json={"ratings": [bad]})
        assert answer.status_code == 422
        assert named in answer.json()["detail"]


@pytest.mark.usefixtures("no_judge")
async def test_a_retry_leaves_what_a_program_decides_to_it(api: httpx.AsyncClient, world: World) -> None:
    experiment = await run(api, world, [PROGRAM])

    answer = await api.post(
        f"/experiments/{experiment['id']}/retry-failed", json={"discard_annotations": False}
    )

    assert answer.status_code == 200
    assert answer.json()["generation_task_id"] is None
