"""Whether a trajectory keeps the rules of the Agent Trajectory Interchange Format, versions 1.0 to 1.8.

The rules are those of the Harbor project's RFC 0001 (`rfcs/0001-trajectory-format.md`). A later version 1.n is
held to the rules of 1.8. Null counts as absent, because writers that know every field write it that way.
"""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from elluminate_server.domain.errors import DomainError
from elluminate_server.domain.shapes import explained

__all__ = ["MAX_DEPTH", "InvalidTrajectoryError", "check_trajectory"]

MAX_DEPTH = 20
"""Most levels of subagents inside subagents."""

_VERSION = re.compile(r"ATIF-v1\.(\d{1,4})\Z")
_SESSION_OPTIONAL_SINCE = 7
"""Until then the session_id named a trajectory, also in references."""
_AUDIO_SINCE = 8

_AGENT_ONLY = ("model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics")
_MODEL_ONLY = ("metrics", "reasoning_content")
_CHOICES = {"source": ["system", "user", "agent"], "type": ["text", "image", "audio"]}
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")

_Id = Annotated[str, Meta(max_length=255)]
_Path = Annotated[str, Meta(max_length=2048)]
_ModelName = Annotated[str, Meta(max_length=256)]
_Text = Annotated[str, Meta(max_length=10_000_000)]
_Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_Cost = Annotated[float, Meta(ge=0, le=1_000_000_000)]
_Extra = dict[str, Any] | None

T = TypeVar("T")


class _Closed(Struct, forbid_unknown_fields=True, kw_only=True):
    """An object that has the listed keys and no others, as the RFC's own validator demands."""


class _TextPart(_Closed, tag_field="type", tag="text"):
    text: _Text


class _ImageSource(_Closed):
    media_type: Annotated[str, Meta(max_length=255)]
    path: Annotated[str, Meta(min_length=1, max_length=2048)]


class _ImagePart(_Closed, tag_field="type", tag="image"):
    source: _ImageSource


class _AudioSource(_ImageSource):
    duration_sec: Annotated[float, Meta(ge=0)] | None = None


class _AudioPart(_Closed, tag_field="type", tag="audio"):
    source: _AudioSource


_Parts = Annotated[list[_TextPart | _ImagePart | _AudioPart], Meta(max_length=10_000)]


class _SubagentRef(_Closed):
    trajectory_id: _Id | None = None
    trajectory_path: _Path | None = None
    session_id: _Id | None = None
    extra: _Extra = None


class _Result(_Closed):
    source_call_id: _Id | None = None
    content: _Text | _Parts | None = None
    subagent_trajectory_ref: Annotated[list[_SubagentRef], Meta(max_length=1000)] | None = None
    extra: _Extra = None


class _Observation(_Closed):
    results: Annotated[list[_Result], Meta(max_length=10_000)]


class _ToolCall(_Closed):
    tool_call_id: _Id
    function_name: _Id
    arguments: dict[str, Any]
    extra: _Extra = None


class _Metrics(_Closed):
    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    cached_tokens: _Count | None = None
    cost_usd: _Cost | None = None
    prompt_token_ids: list[int] | None = None
    completion_token_ids: list[int] | None = None
    logprobs: list[float] | None = None
    extra: _Extra = None


class _FinalMetrics(_Closed):
    total_prompt_tokens: _Count | None = None
    total_completion_tokens: _Count | None = None
    total_cached_tokens: _Count | None = None
    total_cost_usd: _Cost | None = None
    total_steps: _Count | None = None
    extra: _Extra = None


class _Step(_Closed):
    step_id: int
    source: Literal["system", "user", "agent"]
    message: _Text | _Parts
    timestamp: Annotated[str, Meta(max_length=100)] | None = None
    model_name: _ModelName | None = None
    reasoning_effort: Annotated[str, Meta(max_length=100)] | float | None = None
    reasoning_content: _Text | None = None
    tool_calls: Annotated[list[_ToolCall], Meta(max_length=10_000)] | None = None
    observation: _Observation | None = None
    metrics: _Metrics | None = None
    llm_call_count: _Count | None = None
    is_copied_context: bool | None = None
    extra: _Extra = None


class _Agent(_Closed):
    name: Annotated[str, Meta(max_length=255, pattern=r"\S")]
    version: Annotated[str, Meta(max_length=255)]
    model_name: _ModelName | None = None
    tool_definitions: Annotated[list[dict[str, Any]], Meta(max_length=10_000)] | None = None
    extra: _Extra = None


class _Trajectory(_Closed):
    schema_version: str
    agent: _Agent
    # Steps and subagents are read one by one, so that an error can name them.
    steps: Annotated[list[Any], Meta(min_length=1, max_length=10_000)]
    trajectory_id: _Id | None = None
    session_id: _Id | None = None
    final_metrics: _FinalMetrics | None = None
    notes: Annotated[str, Meta(max_length=1_000_000)] | None = None
    continued_trajectory_ref: _Path | None = None
    subagent_trajectories: Annotated[list[Any], Meta(max_length=1000)] | None = None
    extra: _Extra = None


class InvalidTrajectoryError(DomainError):
    """A trajectory breaks a rule of the format; the message names the step and the rule."""


def check_trajectory(trajectory: Mapping[str, Any], *, where: str = "") -> None:
    """Check that decoded JSON is a trajectory.

    Args:
        trajectory: The decoded object.
        where: Where it stands in an outer trajectory, the start of a message.

    Raises:
        InvalidTrajectoryError: With the first rule that it breaks.

    >>> steps = [{"step_id": 2, "source": "user", "message": "Hello"}]
    >>> check_trajectory({"schema_version": "ATIF-v1.7", "agent": {"name": "a", "version": "1"}, "steps": steps})
    Traceback (most recent call last):
        ...
    elluminate_server.domain.atif.InvalidTrajectoryError: step 1: its step_id is 2; steps count 1, 2, 3 without gaps.
    """
    _check(trajectory, where, depth=1)


def _check(trajectory: Any, where: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidTrajectoryError(f"{where}subagents are nested deeper than {MAX_DEPTH} levels.")
    version = trajectory.get("schema_version") if isinstance(trajectory, Mapping) else None
    found = _VERSION.match(version) if isinstance(version, str) else None
    if isinstance(trajectory, Mapping) and found is None:
        raise InvalidTrajectoryError(
            f"{where}schema_version is {version!r:.60}; it has to be 'ATIF-v1.' and a number, like 'ATIF-v1.7'."
        )
    minor = int(found[1]) if found else 0
    read = _read(trajectory, _Trajectory, where)
    if minor < _SESSION_OPTIONAL_SINCE and read.session_id is None:
        raise InvalidTrajectoryError(
            f"{where}session_id is missing; only from ATIF-v1.{_SESSION_OPTIONAL_SINCE} on it may be."
        )
    for number, raw in enumerate(read.steps, start=1):
        _check_step(_read(raw, _Step, f"{where}step {number}: "), number, minor, f"{where}step {number}: ")
    _check_subagents(read.subagent_trajectories or (), where, depth)


def _read(raw: Any, kind: type[T], where: str) -> T:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        path, reason = explained(error, raw, _CHOICES)
        place = path.removeprefix("$").removeprefix(".")
        raise InvalidTrajectoryError(f"{where}{place + ': ' if place else ''}{reason}.") from None


def _check_step(step: _Step, number: int, minor: int, where: str) -> None:
    if step.step_id != number:
        raise InvalidTrajectoryError(
            f"{where}its step_id is {step.step_id}; steps count 1, 2, 3 without gaps."
        )
    if step.timestamp is not None and not _is_moment(step.timestamp):
        raise InvalidTrajectoryError(f"{where}timestamp {step.timestamp!r} is no ISO 8601 date and time.")
    if step.source != "agent":
        given = [name for name in _AGENT_ONLY if getattr(step, name) is not None]
        if given:
            raise InvalidTrajectoryError(
                f"{where}{given[0]} belongs to steps of the agent only, and this is one of the {step.source}."
            )
    if step.llm_call_count == 0:
        given = [name for name in _MODEL_ONLY if getattr(step, name) is not None]
        if given:
            raise InvalidTrajectoryError(
                f"{where}llm_call_count is 0, so that no model was called; then there is no {given[0]}."
            )
    calls = _checked_calls(step.tool_calls or (), where)
    for part in _parts(step):
        _check_part(part, minor, where)
    for result in step.observation.results if step.observation else ():
        _check_result(result, calls, minor, where)


def _checked_calls(calls: Sequence[_ToolCall], where: str) -> set[str]:
    ids: set[str] = set()
    for call in calls:
        if call.tool_call_id in ids:
            raise InvalidTrajectoryError(
                f"{where}two tool calls have the tool_call_id {call.tool_call_id!r}."
            )
        ids.add(call.tool_call_id)
    return ids


def _check_result(result: _Result, calls: set[str], minor: int, where: str) -> None:
    if result.source_call_id is not None and result.source_call_id not in calls:
        raise InvalidTrajectoryError(
            f"{where}an observation has the source_call_id {result.source_call_id!r}, "
            "and the step has no tool call of that id."
        )
    for reference in result.subagent_trajectory_ref or ():
        by_session = minor < _SESSION_OPTIONAL_SINCE and reference.session_id
        if not (reference.trajectory_id or reference.trajectory_path or by_session):
            raise InvalidTrajectoryError(
                f"{where}a subagent_trajectory_ref names neither a trajectory_id nor a trajectory_path."
            )


def _parts(step: _Step) -> Iterator[_TextPart | _ImagePart | _AudioPart]:
    if not isinstance(step.message, str):
        yield from step.message
    for result in step.observation.results if step.observation else ():
        if isinstance(result.content, list):
            yield from result.content


def _check_part(part: _TextPart | _ImagePart | _AudioPart, minor: int, where: str) -> None:
    if isinstance(part, _ImagePart) and part.source.media_type not in _IMAGES:
        raise InvalidTrajectoryError(
            f"{where}an image has the media_type {part.source.media_type!r:.60}; allowed are {', '.join(_IMAGES)}."
        )
    if isinstance(part, _AudioPart):
        if minor < _AUDIO_SINCE:
            raise InvalidTrajectoryError(f"{where}audio parts are allowed from ATIF-v1.{_AUDIO_SINCE} on.")
        if not part.source.media_type.startswith("audio/"):
            raise InvalidTrajectoryError(
                f"{where}an audio part has the media_type {part.source.media_type!r:.60}."
            )


def _check_subagents(subagents: Sequence[Any], where: str, depth: int) -> None:
    ids: set[str] = set()
    for index, subagent in enumerate(subagents):
        place = f"{where}subagent_trajectories[{index}]: "
        _check(subagent, place, depth + 1)
        identifier = subagent.get("trajectory_id")
        if not identifier:
            raise InvalidTrajectoryError(f"{place}an embedded trajectory needs a trajectory_id.")
        if identifier in ids:
            raise InvalidTrajectoryError(
                f"{place}its trajectory_id {identifier!r:.60} is that of another one."
            )
        ids.add(identifier)


def _is_moment(text: str) -> bool:
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
