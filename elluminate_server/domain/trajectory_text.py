"""A valid trajectory as text: what a judge reads, and what the agent answered."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["agent_text", "final_answer", "transcript"]

MAX_TRANSCRIPT_CHARACTERS = 200_000
"""Most characters of a trajectory that a judge is shown: what models with long contexts can read."""


def transcript(
    trajectory: Mapping[str, Any], *, limit: int = MAX_TRANSCRIPT_CHARACTERS, tag: str = ""
) -> str:
    """The trajectory step by step, embedded subagents after it.

    Args:
        trajectory: A valid one.
        limit: Most characters. Of a longer one the middle is left out, which the text then says: tasks stand at
            the beginning and outcomes at the end.
        tag: What every heading and label begins with, so that a reader can tell it from what the agent wrote.
    """
    text = "\n\n".join(_told(trajectory, tag))
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n\n[{tag}{len(text) - 2 * half} characters left out]\n\n{text[-half:]}"


def agent_text(trajectory: Mapping[str, Any]) -> str:
    """What the agent said and saw, without what it was told."""
    steps = (step for step in trajectory["steps"] if step["source"] == "agent")
    return "\n\n".join(text for step in steps if (text := "\n".join(_lines(step, ""))))


def final_answer(trajectory: Mapping[str, Any]) -> str | None:
    """The last text of the agent, or None when it said none."""
    for step in reversed(trajectory["steps"]):
        if step["source"] == "agent" and (said := _content(step["message"]).strip()):
            return said
    return None


def _told(trajectory: Mapping[str, Any], tag: str) -> Iterator[str]:
    agent = trajectory["agent"]
    model = f" ({agent['model_name']})" if agent.get("model_name") else ""
    yield f"{tag}agent: {agent['name']} {agent['version']}{model}"
    for step in trajectory["steps"]:
        yield "\n".join([f"[{tag}step {step['step_id']}: {step['source']}]", *_lines(step, tag)])
    for subagent in trajectory.get("subagent_trajectories") or ():
        named = subagent["agent"]
        yield f"[{tag}subagent {subagent['trajectory_id']}: {named['name']} {named['version']}]"
        yield from _told(subagent, tag)


def _lines(step: Mapping[str, Any], tag: str) -> Iterator[str]:
    if step.get("reasoning_content"):
        yield f"{tag}thinks: {step['reasoning_content']}"
    if said := _content(step["message"]):
        yield said
    for call in step.get("tool_calls") or ():
        arguments = json.dumps(call["arguments"], ensure_ascii=False, separators=(",", ":"))
        yield f"{tag}calls {call['function_name']} {arguments}"
    for result in (step.get("observation") or {}).get("results", ()):
        if seen := _content(result.get("content")):
            yield f"{tag}sees: {seen}"
        for reference in result.get("subagent_trajectory_ref") or ():
            yield f"{tag}sees: subagent {reference.get('trajectory_id') or reference.get('trajectory_path')}"


def _content(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(
        part["text"] if part["type"] == "text" else f"({part['type']} {part['source']['path']})"
        for part in content
    )
