"""Rows of files and trials of agents that cannot be stored: the line, the trial, the step is named."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.server.whole_project import UNKNOWN, Whole, refused, whole_server

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    async with whole_server(tmp_path_factory.mktemp("whole")) as found:
        yield found


# Files

LINES: list[tuple[str, bytes, tuple[str, ...]]] = [
    ("collection_id", b'{"topic": "a"}\n{"topic": ', ("Line 2 is not valid JSON", "Nothing was stored")),
    ("collection_id", b'{"topic": "a"}\n\n["a"]', ("Line 3 is ['a']", "has to be a JSON object")),
    ("collection_id", b'{"topic": "a"}\r\nnull\r\n', ("Line 2 is None",)),
    ("collection_id", b'{"topic": "a"}\n{"topic": "b"} {"topic": "c"}', ("Line 2 is not valid JSON",)),
    (
        "collection_id",
        b'{"topic": "a"}\n{"topic": [1]}',
        ("Line 2: $.topic", "holds text, not [1]", "json column"),
    ),
    ("collection_id", b'{"topic": "a"}\n{"topic": "\\u0000"}', ("Line 2: $.topic", "NUL")),
    ("collection_id", b'{"topic": "a"}\n{"topic": "\xff"}', ("Line 2 is not valid JSON",)),
    ("collection_id", b'{"topic": "a"}\n\n{" ": "b"}', ("Line 3: $", "needs a name", "' '")),
    ("collection_id", b'{"topic": "a"}\n{"' + b"x" * 256 + b'": ""}', ("Line 2: $", "has 256 characters")),
    (
        "moody_collection_id",
        b'{"mood": "bad"}\n{"mood": "ugly"}',
        ("Line 2: $.mood", "'ugly'", "['good', 'bad']"),
    ),
    (
        "agentic_collection_id",
        b'{"task": "new"}\n\n{"notask": "b"}',
        ("Line 3: $.task", "needs the name of its task"),
    ),
    (
        "agentic_collection_id",
        b'{"task": "new"}\n\n{"task": "new", "x": "y"}',
        ("Line 3: $.task", "'new'", "the task of Line 1"),
    ),
    (
        "agentic_collection_id",
        b'{"task": "new"}\n{"task": "sort", "x": "y"}',
        ("'sort'", "already", "another task"),
    ),
]


@pytest.mark.parametrize(("collection", "content", "named"), LINES)
@pytest.mark.parametrize("skip_existing", [False, True])
async def test_a_line_that_cannot_be_a_row(
    whole: Whole, collection: str, content: bytes, named: tuple[str, ...], skip_existing: bool
) -> None:
    async with whole.unchanged():
        answer = await whole.send(
            "create_template_variables_batch",
            ids=whole.mine | {"collection_id": whole.mine[collection]},
            params={"skip_existing": skip_existing},
            files={"file": ("variables.jsonl", content)},
        )
        refused(answer, 409 if "already" in named else 422, *named)


FORMS: list[tuple[dict[str, Any], int, tuple[str, ...]]] = [
    ({"files": {"fiel": ("v", b"{}")}}, 400, ("no file in its field 'file'", "'fiel'")),
    ({"files": {"x": ("v", b"{}")}, "data": {"file": "{}"}}, 400, ("no file in its field 'file'",)),
    ({"files": {"file": ("v", b"{}")}, "data": {"skip": "1"}}, 422, ("unknown field 'skip'", "'file' alone")),
    ({"json": {"file": "{}"}}, 400, ("'application/json'", "send multipart/form-data")),
    (
        {"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}},
        400,
        ("no valid multipart form",),
    ),
    (
        {"content": b"none", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        400,
        ("no valid multipart form",),
    ),
]


@pytest.mark.parametrize(("changed", "status", "named"), FORMS)
async def test_a_form_that_cannot_be_one(
    whole: Whole, changed: dict[str, Any], status: int, named: tuple[str, ...]
) -> None:
    async with whole.unchanged():
        refused(await whole.send("create_template_variables_batch", **changed), status, *named)


# Trajectories


STEP = {"step_id": 1, "source": "user", "message": "Sort it."}
DONE = {"step_id": 2, "source": "agent", "message": "Done."}
TRAJECTORY = {
    "schema_version": "ATIF-v1.8",
    "agent": {"name": "sorter", "version": "1"},
    "steps": [STEP, DONE],
}

BREAKS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"schema_version": "ATIF-v2.0"}, ("schema_version", "'ATIF-v2.0'", "like 'ATIF-v1.7'")),
    ({"schema_version": "ATIF-v1.6"}, ("session_id is missing",)),
    ({"agent": {"name": "sorter"}}, ("agent: the field 'version' is missing",)),
    ({"steps": []}, ("steps: must not be empty",)),
    ({"stepz": []}, ("the field 'stepz' is unknown",)),
    ({"steps": [STEP, {**DONE, "step_id": 3}]}, ("step 2", "step_id is 3", "1, 2, 3 without gaps")),
    ({"steps": [STEP, {**DONE, "source": "robot"}]}, ("step 2", "'user' or 'agent'", "'robot'")),
    ({"steps": [STEP, {**DONE, "mesage": "x"}]}, ("step 2", "'mesage' is unknown")),
    ({"steps": [STEP, {"step_id": 2, "source": "agent"}]}, ("step 2", "'message' is missing")),
    ({"steps": [STEP, "Done."]}, ("step 2", "has to be an object, not 'Done.'")),
    ({"steps": [{**STEP, "timestamp": "noon"}, DONE]}, ("step 1", "'noon'", "ISO 8601")),
    ({"steps": [{**STEP, "metrics": {}}, DONE]}, ("step 1", "metrics", "steps of the agent only")),
    (
        {"steps": [STEP, {**DONE, "metrics": {"prompt_tokens": -1}}]},
        ("step 2", "metrics.prompt_tokens", "at least 0, not -1"),
    ),
    (
        {"steps": [STEP, {**DONE, "observation": {"results": [{"source_call_id": "c"}]}}]},
        ("step 2", "source_call_id 'c'", "no tool call of that id"),
    ),
    (
        {"subagent_trajectories": [{**TRAJECTORY, "trajectory_id": "a", "steps": [DONE]}]},
        ("subagent_trajectories[0]: step 1", "step_id is 2"),
    ),
]


@pytest.mark.parametrize(("change", "named"), BREAKS, ids=[named[0] for _, named in BREAKS])
async def test_a_trajectory_that_breaks_atif(
    whole: Whole, change: dict[str, Any], named: tuple[str, ...]
) -> None:
    """It is dropped and its trial stays, the contract says; with an unknown task nothing does."""
    broken = {**TRAJECTORY, **change}
    trial = {"task_id": whole.mine["agentic_task_id"], "reward": 1.0, "trajectory": broken}

    stored = await whole.send("upload_agent_results", json={"results": [trial]})

    assert stored.status_code == 201, stored.text
    (error,) = stored.json()["errors"]
    assert error.startswith("results[0] (task 'sort'): trajectory dropped: ")
    assert all(name in error for name in named), error
    assert stored.json()["pending_evaluations"] == 0
    listed = await whole.api.get("/responses", params={"experiment_id": whole.mine["agentic_experiment_id"]})
    last = (await whole.api.get(f"/responses/{max(one['id'] for one in listed.json()['items'])}")).json()
    assert last["trajectory"] is None
    assert last["generation_metadata"]["trajectory_ingest_error"] in error
    async with whole.unchanged():
        unmatched = {"results": [{"task_name": "srot", "trajectory": broken}]}
        answer = await whole.send("upload_agent_results", json=unmatched)
        refused(answer, 400, "'srot'", "'sort', 'count'")


@pytest.mark.parametrize(
    ("trial", "named"),
    [
        ({}, ("nothing in it but its task",)),
        ({"messages": [{"role": "assistant", "content": 5}]}, ("messages[0].content", "not 5")),
        ({"messages": [{"role": "robot", "content": "x"}]}, ("messages[0].role", "'robot'", "'assistant'")),
        ({"criterion_ratings": [{"label": "Right", "rating": "YES"}]}, ("criterion_ratings[0]", "'Right'")),
        ({"criterion_ratings": [{"criterion_id": UNKNOWN, "rating": "NO"}]}, (f"no criterion {UNKNOWN}",)),
    ],
)
async def test_a_trial_of_which_nothing_can_be_stored(
    whole: Whole, trial: dict[str, Any], named: tuple[str, ...]
) -> None:
    one = {"task_id": whole.mine["agentic_task_id"], **trial}
    async with whole.unchanged():
        answer = await whole.send("upload_agent_results", json={"results": [one, {"task_name": "srot"}]})
        refused(answer, 400, "results[0] (task 'sort')", *named)
        assert answer.json()["kind"] == "nothing_stored"
        assert "results[1]" in answer.json()["results"][-1]
