"""Messages and steps of agents, as turns that a page shows; whatever is in them, each has its text."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import msgspec

from elluminate_server.domain.messages import text_of

__all__ = ["Turn", "turns_of_messages", "turns_of_trajectory"]

_MOST_TURNS = 500
_LONGEST = 50_000


@attrs.frozen
class Turn:
    """What one of the parties said or did.

    Attributes:
        who: Its role.
        text: What it said; may be empty.
        thoughts: Its reasoning, where that is told.
        calls: (name, arguments) of the tools that it called.
        results: What these answered.
    """

    who: str
    text: str
    thoughts: str = ""
    calls: Sequence[tuple[str, str]] = ()
    results: Sequence[str] = ()


def turns_of_messages(messages: Sequence[Any]) -> list[Turn]:
    """Chat messages, at most 500 of them, each text cut after 50,000 characters."""
    return [
        Turn(
            who=str(message.get("role", "message")),
            text=_cut(text_of(message)),
            calls=[_call(call) for call in _list(message.get("tool_calls")) if isinstance(call, Mapping)],
        )
        for message in messages[:_MOST_TURNS]
        if isinstance(message, Mapping)
    ]


def turns_of_trajectory(trajectory: Mapping[str, Any] | None) -> list[Turn]:
    """Steps of the Agent Trajectory Interchange Format, bounded in the same way."""
    steps = [] if trajectory is None else _list(trajectory.get("steps"))
    turns = []
    for step in steps[:_MOST_TURNS]:
        if not isinstance(step, Mapping):
            continue
        observed = step.get("observation")
        results = _list(observed.get("results")) if isinstance(observed, Mapping) else []
        turns.append(
            Turn(
                who=str(step.get("source", "step")),
                text=_cut(_said(step.get("message"))),
                thoughts=_cut(_said(step.get("reasoning_content"))),
                calls=[
                    (str(call.get("function_name", "?")), _cut(_said(call.get("arguments"))))
                    for call in _list(step.get("tool_calls"))
                    if isinstance(call, Mapping)
                ],
                results=[_cut(_said(one.get("content"))) for one in results if isinstance(one, Mapping)],
            )
        )
    return turns


def _call(call: Mapping[str, Any]) -> tuple[str, str]:
    for kind, arguments in (("function", "arguments"), ("custom", "input")):
        named = call.get(kind)
        if isinstance(named, Mapping):
            return str(named.get("name", "?")), _cut(_said(named.get(arguments)))
    return str(call.get("type", "?")), ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return text_of({"content": value}) or msgspec.json.encode(value).decode()
    return msgspec.json.encode(value).decode()


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text) - _LONGEST} more characters)"
