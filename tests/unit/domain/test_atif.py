"""The trajectory format's rules: what is accepted, and how a refusal names the step and the rule."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from elluminate_server.domain.atif import MAX_DEPTH, InvalidTrajectoryError, check_trajectory
from elluminate_server.domain.trajectory_text import agent_text, final_answer, transcript


def trajectory(**changes: Any) -> dict[str, Any]:
    """One that uses most of the format, with changes at its root."""
    return {
        "schema_version": "ATIF-v1.7",
        "agent": {"name": "writer", "version": "1.0", "model_name": "small", "tool_definitions": [{"a": 1}]},
        "steps": [
            {
                "step_id": 1,
                "source": "user",
                "message": "Write gravity.md.",
                "timestamp": "2026-04-01T12:00:00Z",
            },
            {
                "step_id": 2,
                "source": "agent",
                "message": "",
                "reasoning_content": "A file is wanted.",
                "reasoning_effort": 0.5,
                "tool_calls": [
                    {"tool_call_id": "c1", "function_name": "write", "arguments": {"path": "gravity.md"}}
                ],
                "observation": {
                    "results": [
                        {
                            "source_call_id": "c1",
                            "content": "written",
                            "subagent_trajectory_ref": [{"trajectory_id": "child"}],
                        }
                    ]
                },
                "metrics": {"prompt_tokens": 10, "completion_tokens": 5, "cost_usd": 0.01},
            },
            {
                "step_id": 3,
                "source": "system",
                "message": "",
                "observation": {"results": [{"content": "ok"}]},
            },
            {"step_id": 4, "source": "agent", "message": "Done: gravity.md is there.", "llm_call_count": 1},
        ],
        "subagent_trajectories": [
            {
                "schema_version": "ATIF-v1.7",
                "trajectory_id": "child",
                "agent": {"name": "checker", "version": "1"},
                "steps": [{"step_id": 1, "source": "agent", "message": "Checked."}],
            }
        ],
        "final_metrics": {"total_prompt_tokens": 10, "total_cost_usd": 0.01, "total_steps": 4},
        "notes": None,
        **changes,
    }


def part(kind: str, media_type: str) -> dict[str, Any]:
    return {"type": kind, "source": {"media_type": media_type, "path": "file"}}


@pytest.mark.parametrize("version", ["ATIF-v1.7", "ATIF-v1.8", "ATIF-v1.12"])
def test_a_trajectory_of_every_current_version_is_accepted(version: str) -> None:
    check_trajectory(trajectory(schema_version=version))


def test_an_older_version_needs_a_session() -> None:
    named = {"results": [{"subagent_trajectory_ref": [{"session_id": "child"}]}]}
    steps = [{"step_id": 1, "source": "agent", "message": "", "observation": named}]
    check_trajectory(trajectory(schema_version="ATIF-v1.6", session_id="s"))
    check_trajectory(trajectory(schema_version="ATIF-v1.6", session_id="s", steps=steps))
    with pytest.raises(InvalidTrajectoryError, match=r"^step 1: a subagent_trajectory_ref names neither"):
        check_trajectory(trajectory(session_id="s", steps=steps))
    with pytest.raises(InvalidTrajectoryError, match=r"^session_id is missing; only from ATIF-v1\.7"):
        check_trajectory(trajectory(schema_version="ATIF-v1.6"))


def test_audio_is_accepted_from_version_1_8_on() -> None:
    heard = [{"step_id": 1, "source": "user", "message": [part("audio", "audio/wav")]}]
    check_trajectory(trajectory(schema_version="ATIF-v1.8", steps=heard))
    with pytest.raises(InvalidTrajectoryError, match=r"^step 1: audio parts are allowed from ATIF-v1\.8"):
        check_trajectory(trajectory(steps=heard))


def step(index: int, **changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda changed: changed["steps"][index].update(changes)


def root(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda changed: changed.update(changes)


CHILD = trajectory()["subagent_trajectories"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (root(schema_version="ATIF-v2.0"), "schema_version is 'ATIF-v2.0'"),
        (root(schema_version=None), "schema_version is None"),
        (root(steps=[]), "steps: must not be empty"),
        (root(agent={"name": "x"}), "agent: the field 'version' is missing"),
        (root(agent={"name": " ", "version": ""}), "agent.name: "),
        (root(surprise=1), "the field 'surprise' is unknown"),
        (step(2, step_id=4), "step 3: its step_id is 4; steps count 1, 2, 3 without gaps"),
        (step(0, source="tool"), "step 1: source: has to be 'system', 'user' or 'agent', not 'tool'"),
        (step(0, timestamp="yesterday"), "step 1: timestamp 'yesterday' is no ISO 8601"),
        (step(0, metrics={}), "step 1: metrics belongs to steps of the agent only"),
        (step(2, tool_calls=[]), "step 3: tool_calls belongs to steps of the agent only"),
        (step(0, reasoning_content="x"), "step 1: reasoning_content belongs to steps of the agent only"),
        (step(0, model_name="x"), "step 1: model_name belongs to steps of the agent only"),
        (
            step(1, llm_call_count=0),
            "step 2: llm_call_count is 0, so that no model was called; then there is no m",
        ),
        (step(1, tool_calls=None), "step 2: an observation has the source_call_id 'c1'"),
        (
            step(1, tool_calls=[{"tool_call_id": "c", "function_name": "f", "arguments": "x"}]),
            "step 2: tool_calls",
        ),
        (
            step(1, tool_calls=[{"tool_call_id": "c1", "function_name": "f", "arguments": {}}] * 2),
            "step 2: two tool calls have the tool_call_id 'c1'",
        ),
        (step(1, metrics={"prompt_tokens": -1}), "step 2: metrics.prompt_tokens: "),
        (step(3, mood="good"), "step 4: the field 'mood' is unknown"),
        (step(0, message=[part("image", "image/bmp")]), "step 1: an image has the media_type 'image/bmp'"),
        (step(0, message=[{"type": "text", "text": "a", "source": {}}]), "step 1: message"),
        (
            step(2, observation={"results": [{"subagent_trajectory_ref": [{}]}]}),
            "step 3: a subagent_trajectory_ref",
        ),
        (
            root(subagent_trajectories=[CHILD, CHILD]),
            "subagent_trajectories[1]: its trajectory_id 'child' is",
        ),
        (
            root(subagent_trajectories=[{**CHILD, "trajectory_id": None}]),
            "subagent_trajectories[0]: an embedded trajectory needs a trajectory_id",
        ),
        (
            root(
                subagent_trajectories=[{**CHILD, "steps": [{"step_id": 2, "source": "agent", "message": ""}]}]
            ),
            "subagent_trajectories[0]: step 1: its step_id is 2",
        ),
        (root(subagent_trajectories=["child"]), "subagent_trajectories[0]: has to be an object, not 'child'"),
        (root(final_metrics={"total_steps": 1.5}), "final_metrics.total_steps: "),
    ],
)
def test_a_broken_rule_is_named_with_its_step(change: Callable[[dict[str, Any]], None], message: str) -> None:
    changed = copy.deepcopy(trajectory())
    change(changed)
    with pytest.raises(InvalidTrajectoryError) as caught:
        check_trajectory(changed)
    assert str(caught.value).startswith(message)


def test_subagents_cannot_be_nested_without_end() -> None:
    nested = CHILD
    for _ in range(MAX_DEPTH):
        nested = {**CHILD, "subagent_trajectories": [nested]}
    with pytest.raises(InvalidTrajectoryError, match=f"nested deeper than {MAX_DEPTH} levels"):
        check_trajectory(nested)


def test_the_transcript_tells_every_step() -> None:
    told = transcript(trajectory())
    assert "agent: writer 1.0 (small)" in told
    assert "[step 2: agent]" in told
    assert 'calls write {"path":"gravity.md"}' in told
    assert "sees: written" in told
    assert "[subagent child: checker 1]" in told
    assert told.endswith("Checked.")


def test_a_long_transcript_keeps_its_beginning_and_its_end_and_says_what_is_left_out() -> None:
    told = transcript(trajectory(), limit=200)
    assert len(told) <= 300
    assert told.startswith("agent: writer")
    assert told.endswith("Checked.")
    assert "characters left out" in told


def test_the_answer_is_what_the_agent_said_last() -> None:
    assert final_answer(trajectory()) == "Done: gravity.md is there."
    assert final_answer(trajectory(steps=trajectory()["steps"][:1])) is None
    assert "Write gravity.md." not in agent_text(trajectory())
    assert "written" in agent_text(trajectory())
