"""Answers that are not what the contract says: a typed error that names what came and where it breaks."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from elluminate import APIError, InvalidResponseError, TaskMatchError
from elluminate.exceptions import raise_api_error
from tests.unit.sdk import answers
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.sending import request_of, send
from tests.unit.sdk.wire import Reply, Wire, page_of

LOGIN_PAGE = "<!doctype html>\n<html>\n  <title>Sign in to the corporate proxy</title>" + " " * 5_000


def test_a_proxys_page_is_named_by_type_and_start(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(200, text=LOGIN_PAGE))
    with pytest.raises(InvalidResponseError) as caught:
        world.call(world.client(), "list_collections")
    text = str(caught.value)
    assert "GET http://evals.test/api/v0/projects/1/collections?page=1 is not JSON" in text
    assert "(text/html; charset=utf-8): '<!doctype html> <html> <title>Sign in" in text
    assert "proxy or a login page" in text
    assert len(text) < 400
    assert caught.value.json_path is None
    assert caught.value.response_info is not None
    assert len(str(caught.value.response_info.body)) <= 10_000


@pytest.mark.parametrize(
    ("reply", "is_done"),
    [
        (Reply(204), True),
        (Reply(200), True),
        (Reply(200, json=None), True),
        (Reply(200, json={"detail": "gone"}), True),
        (Reply(200, text=LOGIN_PAGE), False),
    ],
    ids=["nothing", "200", "null", "an object", "a proxy's page"],
)
def test_a_proxys_page_is_no_deletion(world: WiredWorld, wire: Wire, reply: Reply, is_done: bool) -> None:
    client = world.client()
    wire.then(Reply(200, json=answers.collection()))
    collection = world.call(client, "get_collection", id=20)
    wire.then(reply)
    if is_done:
        world.call(client, "delete_collection", collection)
        return
    with pytest.raises(
        InvalidResponseError, match=r"the answer to DELETE .* is not JSON .*proxy or a login page"
    ):
        world.call(client, "delete_collection", collection)


COLLECTION = json.dumps(answers.collection()).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        COLLECTION[:-1],
        COLLECTION + b"}",
        b"\xff\xfe",
        COLLECTION.replace(b"Concepts", b"\xff"),
        COLLECTION.replace(b'"name"', b'"environment_config": ' + b'{"a":' * 50_000 + b', "name"', 1),
    ],
    ids=["empty", "open", "cut", "too long", "bytes", "not UTF-8", "too deep"],
)
def test_something_that_is_no_json(world: WiredWorld, wire: Wire, body: bytes) -> None:
    wire.then(Reply(200, text=body, headers={"content-type": "application/json"}))
    with pytest.raises(InvalidResponseError, match=r"is not JSON \(application/json\)") as caught:
        world.call(world.client(), "get_collection", id=20)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("name", "arguments", "body", "path"),
    [
        ("list_collections", {}, {"items": [], "count": None}, "$.count"),
        ("list_collections", {}, {"count": 0}, "$"),
        ("list_collections", {}, None, "$"),
        ("list_collections", {}, [], "$"),
        ("list_collections", {}, {"items": [answers.bare_collection(), {"id": 1}], "count": 2}, "$.items[1]"),
        ("get_collection", {"id": 20}, answers.collection(rows=[answers.row(id="x")]), "$.variables[0].id"),  # type: ignore[arg-type]
        ("get_collection", {"id": 20}, answers.collection(created_at="yesterday"), "$.created_at"),
        (
            "get_experiment",
            {"id": 70, "fetch_responses": False},
            answers.experiment(criterion_set=answers.criterion_set(criteria=[answers.criterion(text=7)])),  # type: ignore[arg-type]
            "$.criterion_set.criteria[0].criterion_str",
        ),
        (
            "get_experiment",
            {"id": 70, "fetch_responses": False},
            answers.experiment(results=answers.results(mean_rating_by_criterion_id={"40": {"yes": "all"}})),
            "$.results.mean_rating_by_criterion_id[...].yes",
        ),
    ],
)
def test_an_answer_that_breaks_the_contract_names_the_place(
    world: WiredWorld, wire: Wire, name: str, arguments: dict[str, Any], body: Any, path: str
) -> None:
    wire.then(Reply(200, json=body) if body is not None else Reply(200, text="null"))
    with pytest.raises(InvalidResponseError) as caught:
        world.call(world.client(), name, **arguments)
    assert caught.value.json_path == path
    assert f"breaks the contract at {path}: " in str(caught.value)
    assert "is the server newer than this client?" in str(caught.value)
    assert caught.value.response_info is not None
    assert caught.value.response_info.status_code == 200


def test_a_made_thing_without_an_answer(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(201))
    with pytest.raises(InvalidResponseError, match=r"is not JSON \(no content type\)"):
        world.call(world.client(), "create_criterion_set", "Quality")


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(400, json={"detail": "in words"}), "[400] in words"),
        (Reply(400, json={"detail": ""}), '[400] {"detail":""}'),
        (Reply(400, json={"error": "other key"}), '[400] {"error":"other key"}'),
        (Reply(400, json=["a", "list"]), '[400] ["a","list"]'),
        (Reply(400, json={"detail": {"code": 7}}), "[400] {'code': 7}"),
        (
            Reply(422, json={"detail": [{"loc": ["body", "name"], "msg": "too long"}, {"odd": 1}]}),
            "[422] body.name: too long; {'odd': 1}",
        ),
        (Reply(400, text="  plain words \n"), "[400] plain words"),
        (Reply(418), "[418] HTTP 418 (I'm a Teapot), without a word of why"),
        (Reply(499), "[499] HTTP 499, without a word of why"),
        (
            Reply(401),
            "[401] HTTP 401 (Unauthorized), without a word of why. Check ELLUMINATE_API_KEY and the address",
        ),
        (Reply(400, text=b'{"detail": "\xff"}'), '[400] {"detail": "\ufffd"}'),
        (Reply(400, text=b"[" * 50_000), "[400] " + "[" * 10_000),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_an_error_says(world: WiredWorld, wire: Wire, reply: Reply, message: str) -> None:
    wire.then(reply)
    with pytest.raises(APIError) as caught:
        send(world, request_of("GET"))
    assert str(caught.value) == message
    assert caught.value.message == message.partition("] ")[2]


def test_results_that_match_no_task(world: WiredWorld, wire: Wire) -> None:
    body = {
        "detail": "nothing matched",
        "kind": "unmatched_tasks",
        "accepted_tasks": [{"task_id": 30, "task_name": "open the door"}],
        "accepted_tasks_total": 11,
        "results": ["no task of that name"],
    }
    wire.then(Reply(400, json=body))
    with pytest.raises(TaskMatchError, match="nothing matched") as caught:
        send(world, request_of("POST"))
    assert isinstance(caught.value, ValueError)
    assert [task.task_name for task in caught.value.accepted_tasks] == ["open the door"]
    assert (caught.value.accepted_tasks_total, caught.value.reasons) == (11, ["no task of that name"])


@pytest.mark.parametrize(
    "changes", [{"accepted_tasks": "none"}, {"accepted_tasks_total": None}, {"results": [1]}], ids=repr
)
def test_a_refusal_of_results_that_breaks_the_contract_is_still_an_api_error(
    world: WiredWorld, wire: Wire, changes: dict[str, Any]
) -> None:
    body = {"detail": "nothing matched", "kind": "unmatched_tasks", "accepted_tasks": []}
    wire.then(Reply(400, json=body | changes))
    with pytest.raises(APIError, match="nothing matched") as caught:
        send(world, request_of("POST"))
    assert type(caught.value) is APIError


def test_a_callers_own_answers_can_be_checked() -> None:
    raise_api_error(Reply(204).build())
    response = Reply(409, json={"detail": "taken"}).build()
    response.request = httpx.Request("GET", "http://evals.test/x")
    with pytest.raises(APIError, match="my words"):
        raise_api_error(response, "my words")


def test_an_empty_list_and_a_list_that_says_too_much(world: WiredWorld, wire: Wire) -> None:
    wire.then(page_of(), page_of(count=7))
    client = world.client()
    assert world.call(client, "list_collections") == []
    assert world.call(client, "list_collections") == []
