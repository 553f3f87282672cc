"""Calls of models that were answered before: what makes two calls equal, and what is kept of an answer.

Two calls are equal when everything is that shapes their answer: the endpoint, the model, every parameter, the messages,
tools and formats, and the epoch, because epochs are there to be independent of each other. A run takes what was kept
before it was asked for, and never what it has asked for itself: two rows with the same prompt are two answers.

What failed is not kept, nor what is flawed: the next run would rather ask again.
"""

import datetime
import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import attrs
import msgspec
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.generation import Generated, Subject
from elluminate_server.execution.multi_turn import Scene
from elluminate_server.execution.plans import Plan
from elluminate_server.llm.judging import judge_messages, judge_together_messages
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.types import JudgeCase, RatingMode, Usage, Verdict
from elluminate_server.store.columns import utc_now
from elluminate_server.store.prepared import execute_many
from elluminate_server.store.rows import fetch
from elluminate_server.store.tables import Base, KeptCall
from elluminate_server.store.upserts import upsert

__all__ = [
    "FIXED_NONCE",
    "Kept",
    "KeptCalls",
    "answer_key",
    "conversation_key",
    "keep_calls",
    "keep_generated",
    "keep_verdict",
    "kept_generated",
    "kept_verdict",
    "verdict_key",
]

FIXED_NONCE = "0" * 16
"""The marks in the prompts that keys are made from: those of real prompts differ from experiment to experiment."""

_ABOUT_THE_CALL = frozenset(
    {
        "config_name",
        "config_id",
        "description",
        "api_key",
        "timeout",
        "max_retries",
        "max_connections",
        "input_price_per_mtok",
        "output_price_per_mtok",
    }
)
"""Fields of a model's config that say how it is called, by whom, and for how much: nothing that shapes an answer."""


@attrs.frozen
class Kept:
    """What is kept of a call.

    Attributes:
        key: Under what.
        answer: What; JSON.
    """

    key: bytes
    answer: bytes


def answer_key(config: ModelConfig, subject: Subject, epoch: int) -> bytes:
    """The key of a row's answer.

    Args:
        config: The model that is really asked.
        subject: The row with its prompt.
        epoch: Which of the row's answers it is.
    """
    return _digest("answer", _shaping(config), *_prompt(subject), epoch)


def conversation_key(
    config: ModelConfig, user: ModelConfig, plan: Plan, scene: Scene, epoch: int, max_turns: int
) -> bytes:
    """The key of a conversation, which is kept as a whole: who plays the persona, and how, shapes it, too."""
    persona = attrs.asdict(scene.case)
    tools = (plan.tools, plan.tool_choice, plan.response_format)
    return _digest(
        "conversation",
        _shaping(config),
        _shaping(user),
        persona,
        *_prompt(scene.subject),
        *tools,
        epoch,
        max_turns,
    )


def verdict_key(config: ModelConfig, case: JudgeCase, mode: RatingMode, epoch: int) -> bytes:
    """The key of a verdict: the same for one that is asked for alone and one that is asked for with others.

    Raises:
        DomainError: The criterion with the row's values is too large.
    """
    fixed = attrs.evolve(case, nonce=FIXED_NONCE)
    asked = [judge_messages(fixed, mode)]
    if mode == "fast":
        asked.append(judge_together_messages([fixed]))
    return _digest("verdict", _shaping(config), asked, epoch)


def keep_generated(key: bytes | None, generated: Generated) -> Kept | None:
    """What is kept of an answer; None of one that is not kept."""
    if key is None or generated.usage.cached or generated.is_flawed:
        return None
    return Kept(
        key,
        msgspec.json.encode(
            {
                "messages": list(generated.messages),
                "termination_reason": generated.termination_reason,
                "usage": generated.usage.measures(),
            }
        ),
    )


def kept_generated(answer: bytes, config: ModelConfig, persona_version_id: int | None = None) -> Generated:
    """An answer that was kept, as it is taken."""
    kept = msgspec.json.decode(answer)
    return Generated(
        messages=kept["messages"],
        usage=_replayed(kept["usage"]),
        config=config,
        termination_reason=kept["termination_reason"],
        persona_version_id=persona_version_id,
    )


def keep_verdict(key: bytes | None, verdict: Verdict) -> Kept | None:
    """What is kept of a verdict; None of one that is not kept."""
    if key is None or verdict.cached:
        return None
    usage = Usage(**Usage.measures(verdict)).measures()
    kept = {"rating": verdict.rating, "reasoning": verdict.reasoning, "usage": usage}
    return Kept(key, msgspec.json.encode(kept))


def kept_verdict(answer: bytes) -> Verdict:
    """A verdict that was kept, as it is taken."""
    kept = msgspec.json.decode(answer)
    return Verdict(rating=kept["rating"], reasoning=kept["reasoning"], **_replayed(kept["usage"]).measures())


@attrs.frozen
class KeptCalls:
    """The kept calls that a run may take.

    Attributes:
        read: Begins to read.
        project_id: Whose they are: nothing is shared between projects.
        since: Older ones do not count.
        before: Neither do those that are not older than this.
    """

    read: Callable[[], AbstractAsyncContextManager[AsyncSession]]
    project_id: int
    since: datetime.datetime
    before: datetime.datetime

    async def find(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """What is kept under these keys."""
        if not keys or self.since >= self.before:
            return {}
        async with self.read() as session:
            found = await fetch(
                session,
                _KEPT,
                project=self.project_id,
                keys=list(keys),
                since=self.since,
                before=self.before,
            )
        return {row.key: row.answer for row in found}


def keep_calls(connection: Connection, calls: Iterable[tuple[int, Kept | None]]) -> None:
    """Keep what calls of projects were answered, each in place of an older one.

    Args:
        connection: Where to write.
        calls: The project's id, and what is kept; None counts for nothing.
    """
    now = utc_now()
    rows = {
        (project_id, kept.key): {
            "project_id": project_id,
            "key": kept.key,
            "answer": kept.answer,
            "created_at": now,
        }
        for project_id, kept in calls
        if kept is not None
    }
    # In one order, so that processes that keep the same do not wait for each other in a circle.
    execute_many(connection, _keep(connection.dialect.name), [rows[place] for place in sorted(rows)])


def _shaping(config: ModelConfig) -> dict[str, Any]:
    names = (field.name for field in attrs.fields(ModelConfig))
    return {name: getattr(config, name) for name in names if name not in _ABOUT_THE_CALL}


def _prompt(subject: Subject) -> list[Any]:
    return [subject.messages, subject.tools, subject.tool_choice, subject.response_format]


def _digest(*parts: Any) -> bytes:
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).digest()


def _replayed(measures: Mapping[str, Any]) -> Usage:
    known = {name: measures[name] for name in Usage().measures() if name in measures}
    return Usage(**{**known, "waited_seconds": 0.0, "cached": True})


_CALLS = Base.metadata.tables[KeptCall.__tablename__]

_KEPT = select(_CALLS.c.key, _CALLS.c.answer).where(
    _CALLS.c.project_id == bindparam("project"),
    _CALLS.c.key.in_(bindparam("keys", expanding=True)),
    _CALLS.c.created_at >= bindparam("since"),
    _CALLS.c.created_at < bindparam("before"),
)


@functools.cache
def _keep(dialect: str) -> Any:
    statement = upsert(dialect, _CALLS)
    return statement.on_conflict_do_update(
        index_elements=["project_id", "key"],
        set_={name: statement.excluded[name] for name in ("answer", "created_at")},
    )
