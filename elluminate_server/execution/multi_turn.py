"""One conversation: a simulated persona talks with the model under test, and the transcript is the response."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.rendering import value_text
from elluminate_server.domain.scenarios import OUTCOME, goal_column
from elluminate_server.execution.generation import Generated, Subject, subject_of
from elluminate_server.execution.plans import Plan
from elluminate_server.llm import roles
from elluminate_server.llm.types import Model, ModelError, Usage, UserCase
from elluminate_server.store.tables import CollectionColumn, Entry, Persona, PersonaVersion, Prompt

__all__ = ["FAILED", "PERSONA_ENDED", "TURN_LIMIT", "Scene", "converse", "load_scene"]

PERSONA_ENDED = "persona_ended"
TURN_LIMIT = "turn_limit"
FAILED = "failed"


@attrs.frozen(kw_only=True)
class Scene:
    """Who talks about what.

    Attributes:
        subject: The row, and the messages that every conversation about it begins with.
        case: The persona and what it wants; nothing is said yet.
        persona_version_id: The version of the persona.
    """

    subject: Subject
    case: UserCase
    persona_version_id: int


async def load_scene(
    session: AsyncSession, plan: Plan, entry_id: int, persona_version_id: int
) -> Scene | None:
    """The row and the persona, or None when the row is not there any more.

    The prompt is the template's system message filled with the row, or nothing at all without a template.
    """
    found = (
        await session.execute(
            select(Entry, Prompt)
            .outerjoin(Prompt, (Prompt.entry_id == Entry.id) & (Prompt.experiment_id == plan.experiment_id))
            .where(Entry.id == entry_id)
        )
    ).one_or_none()
    if found is None:
        return None
    columns = await session.execute(
        select(CollectionColumn.name, CollectionColumn.column_type)
        .where(CollectionColumn.collection_id == plan.collection_id)
        .order_by(CollectionColumn.position, CollectionColumn.id)
    )
    persona, version = (
        await session.execute(
            select(Persona, PersonaVersion)
            .join(PersonaVersion, PersonaVersion.persona_id == Persona.id)
            .where(PersonaVersion.id == persona_version_id)
        )
    ).one()
    subject = subject_of(plan, found[0], found[1])
    goal = goal_column([(row[0], row[1]) for row in columns])
    texts = {name: value_text(value) for name, value in subject.values.items()}
    case = UserCase(
        name=persona.name,
        description=version.description,
        domain_knowledge=version.domain_knowledge,
        goal=texts.get(goal or "", ""),
        expected_outcome=texts.get(OUTCOME) or None,
        details={name: text for name, text in texts.items() if text and name not in {goal, OUTCOME}},
    )
    return Scene(subject=subject, case=case, persona_version_id=persona_version_id)


async def converse(
    plan: Plan,
    scene: Scene,
    model: Model,
    user: Model,
    *,
    max_turns: int,
) -> Generated:
    """Let the persona and the model talk, until the persona ends it or the limit is reached.

    What it cost is what the model under test cost. A call that fails ends the conversation; what was said until
    then is kept beside the error.

    Args:
        plan: The experiment's.
        scene: Who talks about what.
        model: The model under test.
        user: The model that plays the persona.
        max_turns: Most answers of the model under test.
    """
    if scene.subject.error is not None:
        return _end(scene, error=scene.subject.error)
    if not scene.case.goal.strip():
        return _end(scene, error="The row has no goal, so that a persona has nothing to talk about.")
    prompt = list(scene.subject.messages or ())
    said: list[Mapping[str, Any]] = []
    usage: Usage | None = None
    asking = user
    try:
        for _ in range(max_turns):
            asking = user
            turn = await roles.play_user(user, attrs.evolve(scene.case, transcript=said))
            if turn.text:
                said.append({"role": "user", "content": turn.text})
            if turn.ends:
                break
            asking = model
            answer = await model.answer(
                [*prompt, *said],
                tools=plan.tools,
                tool_choice=plan.tool_choice,
                response_format=plan.response_format,
            )
            said += answer.messages
            usage = _sum(usage, answer)
        else:
            return _end(scene, said, TURN_LIMIT, usage, model)
    except ModelError as error:
        if asking is model:
            usage = _sum(usage, error.usage)
            return _end(scene, said, FAILED, usage, model, error=str(error), error_type=error.type)
        reason = f"The persona {scene.case.name!r} could not be played: {error}"
        return _end(scene, said, FAILED, usage, model, error=reason, error_type=error.type)
    if not any(message.get("role") == "assistant" for message in said):
        reason = f"The persona {scene.case.name!r} ended the conversation before the model said anything."
        return _end(scene, said, FAILED, usage, model, error=reason)
    return _end(scene, said, PERSONA_ENDED, usage, model)


def _sum(so_far: Usage | None, usage: Usage) -> Usage:
    return usage if so_far is None else so_far.plus(usage)


def _end(
    scene: Scene,
    said: Sequence[Mapping[str, Any]] = (),
    reason: str = FAILED,
    usage: Usage | None = None,
    model: Model | None = None,
    *,
    error: str | None = None,
    error_type: str = "row",
) -> Generated:
    return Generated(
        messages=said,
        error=error,
        error_type=error_type,
        usage=usage or Usage(),
        config=None if model is None or usage is None else model.config,
        termination_reason=reason,
        persona_version_id=scene.persona_version_id,
    )
