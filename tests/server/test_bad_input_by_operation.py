"""Every operation of the contract refuses bad input by name, with a way out, and changes nothing.

The cases come from openapi.yaml itself, so that a new operation, parameter or field is covered by being there.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.server.contract_inputs import (
    CONTRACT,
    FAMILIES,
    OPERATIONS,
    Bad,
    bad_bodies,
    bad_values,
    json_schema,
    parameters,
    replaced,
    whole_bodies,
)
from tests.server.whole_project import (
    MAX_BODY_BYTES,
    UNKNOWN,
    Ids,
    Whole,
    filled,
    good_bodies,
    good_query,
    ids_for,
    refused,
    url_of,
    whole_server,
)

pytestmark = pytest.mark.anyio

WITH_JSON = [one for one in OPERATIONS if json_schema(one) is not None]
WITH_QUERY = [one for one in OPERATIONS if parameters(one, "query")]
OF_PROJECTS = [one for one, operation in OPERATIONS.items() if "{project_id}" in operation.path]
WITH_IDS = [one for one in OF_PROJECTS if len(parameters(one, "path")) > 1]
WITH_KEYS = [
    one
    for one, operation in OPERATIONS.items()
    if any(parameter["name"] == "Idempotency-Key" for parameter in operation.parameters)
]
NO_INPUT = {"get_health"}

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    async with whole_server(tmp_path_factory.mktemp("whole")) as found:
        yield found


def test_every_operation_that_takes_input_has_cases() -> None:
    covered = {
        *(one for one in WITH_JSON if any(bad_bodies(one, family) for family in FAMILIES)),
        *(one for one in OPERATIONS if OPERATIONS[one].body is not None and good_body_has_an_example(one)),
        *WITH_QUERY,
        *OF_PROJECTS,
    }

    assert set(OPERATIONS) - covered == NO_INPUT


def good_body_has_an_example(operation: str) -> bool:
    content = OPERATIONS[operation].body
    return content is not None and bool({"example", "examples"} & content[1].keys())


# Bodies


@pytest.mark.parametrize("operation", WITH_JSON)
@pytest.mark.parametrize("family", FAMILIES)
async def test_a_body_with_one_thing_wrong(whole: Whole, operation: str, family: str) -> None:
    ids = ids_for(operation, whole.mine)
    bodies = {turn: filled(body, ids) for turn, body in whole_bodies(operation).items()}
    async with whole.unchanged():
        for bad in bad_bodies(operation, family):
            content = json.dumps(replaced(bodies[bad.turn], bad.path, bad.value))
            answer = await whole.send(operation, content=content, headers=JSON)
            status, named = expected(operation, family, bad)
            refused(answer, status, *named)


def expected(operation: str, family: str, bad: Bad) -> tuple[int, tuple[str, ...]]:
    """The status of the refusal, and what it names."""
    if "messages" in bad.path and family != "NUL character":
        depth = len(bad.path) - bad.path.index("messages")
        if depth > 2 or (depth == 2 and isinstance(bad.value, dict)):  # a message of the wrong shape
            if operation == "upload_agent_results":
                return 400, bad.named  # the only trial is not stored, and with it nothing
            if operation == "generate_response":
                return 422, ("$.messages: must be empty",)
    return 422, bad.named


@pytest.mark.parametrize("operation", WITH_JSON)
async def test_a_body_that_is_no_json_object(whole: Whole, operation: str) -> None:
    async with whole.unchanged():
        for content, status, named in (
            (b"", 400, "empty"),
            (b" \n", 400, "empty"),
            (b"{", 400, "not valid JSON"),
            (b'{"name": "x"} {}', 400, "not valid JSON"),
            (b'{"name": NaN}', 400, "not valid JSON"),
            (b'{"name": "\xff"}', 400, "not valid JSON"),
            (b'{"name": "\\ud800"}', 400, "not valid JSON"),
            (b"[" * 100_000, 400, "nested too deeply"),
            (b"[]", 422, "$: has to be an object, not a list"),
            (b"null", 422, "$: has to be an object, not null"),
            (b'"text"', 422, "$: has to be an object, not 'text'"),
        ):
            answer = await whole.send(operation, content=content, headers=JSON)
            refused(answer, status, named)
        answer = await whole.send(operation, content=b"{}", headers={"Content-Type": "text/plain"})
        refused(answer, 400, "'text/plain'", "application/json")


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if OPERATIONS[one].body is not None])
async def test_a_body_over_the_limit(whole: Whole, operation: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b" " * 100_000

    media_type, _ = OPERATIONS[operation].body or ("", None)
    headers = {"Content-Type": media_type}
    async with whole.unchanged():
        for extra in ({"Content-Length": str(MAX_BODY_BYTES + 1)}, {}):
            answer = await whole.send(operation, content=endless(), headers=headers | extra)
            refused(answer, 413, str(MAX_BODY_BYTES))


@pytest.mark.parametrize("operation", WITH_KEYS)
async def test_an_idempotency_key_that_cannot_be_one(whole: Whole, operation: str) -> None:
    async with whole.unchanged():
        for key in ("", "two words", "x" * 256, "\u00e9".encode("latin-1")):
            answer = await whole.send(operation, headers={"Idempotency-Key": key})
            refused(answer, 422, "Idempotency-Key")


# Paths


@pytest.mark.parametrize("operation", OF_PROJECTS)
async def test_another_project(whole: Whole, operation: str) -> None:
    """The other project does exist, and has a thing of each of these ids."""
    async with whole.unchanged():
        for project in (whole.theirs["project_id"], UNKNOWN):
            url = url_of(operation, whole.theirs, project_id=project)
            answer = await whole.send(operation, ids=whole.theirs, url=url)
            refused(answer, 404, str(project), "this key does not open it")


@pytest.mark.parametrize("operation", WITH_IDS)
async def test_ids_in_the_path(whole: Whole, operation: str) -> None:
    theirs = ids_for(operation, whole.theirs)
    async with whole.unchanged():
        for name in ids_in_path(operation):
            for identifier in (theirs[name], UNKNOWN):
                answer = await whole.send(operation, url=url_of(operation, whole.mine, **{name: identifier}))
                refused(answer, 404, str(identifier), "There is no", "Check the id")
            for wrong in ("0", "-1", "x", "1.5", str(2**53), str(10**30), "null"):
                answer = await whole.send(operation, url=url_of(operation, whole.mine, **{name: wrong}))
                refused(answer, 422, f"The path parameter {name!r}", repr(wrong))
            answer = await whole.send(operation, url=url_of(operation, whole.mine, **{name: "%00"}))
            refused(answer, 422, f"The path parameter {name!r}", "NUL")


TASKS_NEVER_MISSED = {
    "get_experiment_generation_status",
    "stream_experiment_generation",
    "get_responses_batch_status",
    "get_ratings_batch_status",
    "stream_ratings_batch",
}
"""The id of a task is any text, and one that nobody knows is PENDING: the contract says so."""


def ids_in_path(operation: str) -> list[str]:
    return [
        one["name"]
        for one in parameters(operation, "path")
        if one["name"] != "project_id" and not (one["name"] == "task_id" and operation in TASKS_NEVER_MISSED)
    ]


@pytest.mark.parametrize("operation", sorted(TASKS_NEVER_MISSED))
async def test_another_projects_task_is_pending_for_ever(whole: Whole, operation: str) -> None:
    answer = await whole.send(operation, url=url_of(operation, whole.mine, task_id="of-nobody"))

    assert answer.status_code == 200
    assert "PENDING" in answer.text


# Ids in bodies and queries


@pytest.mark.parametrize("operation", WITH_JSON)
async def test_ids_in_the_body(whole: Whole, operation: str) -> None:
    theirs = ids_for(operation, whole.theirs)
    async with whole.unchanged():
        for path, name, body in bodies_with_ids(operation, whole.mine):
            for identifier in (theirs[name], UNKNOWN):
                answer = await whole.send(operation, json=replaced(body, path, identifier))
                if operation == "preview_agent_results_matching":
                    assert answer.json()["results"][0]["reason"] == f"No task has the id {identifier}."
                elif answer.status_code == 422 and path == (name,) and name not in body:
                    refused(answer, 422, name)  # it cannot stand beside what the example has
                else:
                    refused(answer, NOT_404.get((operation, name), 404), str(identifier))


NOT_404 = {
    ("create_project", "organization_id"): 403,
    ("upload_agent_results", "task_id"): 400,
}
"""What the contract answers otherwise."""


def bodies_with_ids(operation: str, ids: Ids) -> list[tuple[Any, str, Any]]:
    """Where good bodies name a thing by its id, or could do so."""
    meant = ids_for(operation, ids)
    schema = CONTRACT.resolve(json_schema(operation) or {})
    found = []
    for arguments in good_bodies(operation, ids):
        body = arguments["json"]
        found += [(path, name, body) for path, name in places_of_ids(body, meant)]
        absent = [name for name in schema["properties"] if name in meant and name not in body]
        found += [((name,), name, body) for name in absent]
    return found


def places_of_ids(value: Any, ids: Ids, path: tuple[str | int, ...] = ()) -> list[tuple[Any, str]]:
    """Where a body names a thing by its id."""
    if isinstance(value, list):
        return [one for index, item in enumerate(value) for one in places_of_ids(item, ids, (*path, index))]
    if isinstance(value, dict):
        return [one for name, item in value.items() for one in places_of_ids(item, ids, (*path, name))]
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    return [(path, name)] if isinstance(value, int) and name in ids else []


@pytest.mark.parametrize("operation", WITH_QUERY)
async def test_ids_in_the_query(whole: Whole, operation: str) -> None:
    """A filter by what is not there finds nothing; what has to be there is missed by name."""
    for one in parameters(operation, "query"):
        name = one["name"]
        if name not in whole.theirs:
            continue
        found = []
        for identifier in (whole.theirs[name], UNKNOWN):
            params = good_query(operation, whole.mine) | {name: identifier}
            answer = await whole.send(operation, params=params)
            if one.get("required") or answer.status_code != 200:
                refused(answer, 404, str(identifier))
            else:
                found.append(answer.json())
                assert "items" not in found[0] or found[0]["items"] == [], (name, answer.text)
        assert found[:1] == found[1:], name  # nothing tells that the other project's thing exists


# Queries


@pytest.mark.parametrize("operation", WITH_QUERY)
async def test_a_query_with_one_thing_wrong(whole: Whole, operation: str) -> None:
    good = good_query(operation, whole.mine)
    async with whole.unchanged():
        for one in parameters(operation, "query"):
            name = one["name"]
            for value in bad_values(one["schema"]):
                answer = await whole.send(operation, params=good | {name: value})
                refused(answer, 422, f"The query parameter {name!r}", repr(value)[:50])
            if one.get("required"):
                answer = await whole.send(operation, params={k: v for k, v in good.items() if k != name})
                refused(answer, 422, repr(name), "missing")
