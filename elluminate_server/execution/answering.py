"""The answer to one row of a run: asked for, read from a column, held as a conversation, or taken from what is kept."""

import datetime
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import attrs
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.asking import Asking
from elluminate_server.execution.generation import Generated, Subject, from_column, generate
from elluminate_server.execution.kept_calls import (
    Kept,
    KeptCalls,
    answer_key,
    conversation_key,
    keep_generated,
    kept_generated,
)
from elluminate_server.execution.multi_turn import Scene, converse, load_scene
from elluminate_server.execution.plans import Plan
from elluminate_server.llm.types import Model, ModelError, PlaysRoles

__all__ = ["Answered", "Answering"]

CONFIG = "config"
"""`Generated.error_type` where an LLM config cannot be used."""


@attrs.frozen
class Answered:
    """What came of asking.

    Attributes:
        subject: The row with its prompt.
        generated: The answer, or why there is none.
        kept: What is kept of it, to be taken by other runs.
    """

    subject: Subject
    generated: Generated
    kept: Kept | None = None


class Answering:
    """How the rows of one run are answered.

    Args:
        asking: The models.
        read: Begins to read.
        max_turns: Most answers of the model in one conversation.
        asked_at: When the run was asked for.
        takes_kept: Whether it takes what is kept, where its experiment does.
    """

    def __init__(
        self,
        asking: Asking,
        read: Callable[[], AbstractAsyncContextManager[AsyncSession]],
        *,
        max_turns: int,
        asked_at: datetime.datetime,
        takes_kept: bool,
    ) -> None:
        self._asking = asking
        self._read = read
        self._max_turns = max_turns
        self._asked_at = asked_at
        self._takes_kept = takes_kept

    def kept_calls(self, plan: Plan) -> KeptCalls | None:
        """What the run may take, and keeps into; None where its experiment wants neither."""
        if plan.cache_seconds is None:
            return None
        age = datetime.timedelta(seconds=plan.cache_seconds if self._takes_kept else 0)
        return KeptCalls(self._read, plan.project_id, _earlier(self._asked_at, age), self._asked_at)

    async def answer(self, plan: Plan, subject: Subject | None, *, epoch: int) -> Answered | None:
        """Answer a row; None when it is gone.

        Raises:
            HopelessError: Nothing will be answered any more.
        """
        if subject is None:
            return None
        if plan.response_column is not None:
            return Answered(subject, from_column(plan, subject))
        try:
            model = self._asking.answering(plan)
        except ModelError as error:
            return Answered(subject, Generated(error=str(error), error_type=CONFIG))
        key = None
        if subject.error is None and _is_kept(plan, model):
            key = answer_key(model.config, subject, epoch)
            if (kept := await self._find(plan, key)) is not None:
                return Answered(subject, kept_generated(kept, model.config))
        generated = await generate(subject, model)
        return Answered(subject, generated, keep_generated(key, generated))

    async def converse(
        self, plan: Plan, entry_id: int, persona_version_id: int | None, *, epoch: int
    ) -> Answered | None:
        """Have a persona talk with the model about a row; None when one of them is gone.

        Raises:
            HopelessError: Nothing will be answered any more.
        """
        scene = await self.load_scene(plan, entry_id, persona_version_id)
        return None if scene is None else await self._converse(plan, scene, epoch)

    async def load_scene(self, plan: Plan, entry_id: int, persona_version_id: int | None) -> Scene | None:
        """Who is to talk about what; None when one of them is gone."""
        if persona_version_id is None:
            return None
        async with self._read() as session:
            return await load_scene(session, plan, entry_id, persona_version_id)

    async def _converse(self, plan: Plan, scene: Scene, epoch: int) -> Answered:
        try:
            model = self._asking.answering(plan)
        except ModelError as error:
            failed = Generated(
                error=str(error), error_type=CONFIG, persona_version_id=scene.persona_version_id
            )
            return Answered(scene.subject, failed)
        user = self._asking.playing_users()
        key = None
        if scene.subject.error is None and _is_kept(plan, model):
            key = conversation_key(model.config, user.config, plan, scene, epoch, self._max_turns)
            if (kept := await self._find(plan, key)) is not None:
                return Answered(scene.subject, kept_generated(kept, model.config, scene.persona_version_id))
        generated = await converse(plan, scene, model, user, max_turns=self._max_turns)
        return Answered(scene.subject, generated, keep_generated(key, generated))

    async def _find(self, plan: Plan, key: bytes) -> bytes | None:
        calls = self.kept_calls(plan)
        return None if calls is None else (await calls.find([key])).get(key)


def _is_kept(plan: Plan, model: Model) -> bool:
    """Whether answers are kept at all; those of a model that costs nothing are not."""
    return plan.cache_seconds is not None and not isinstance(model, PlaysRoles)


def _earlier(moment: datetime.datetime, age: datetime.timedelta) -> datetime.datetime:
    try:
        return moment - age
    except OverflowError:
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)
