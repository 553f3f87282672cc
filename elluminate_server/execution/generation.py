"""One answer: the row's prompt, the model's answer to it, and both as rows."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.errors import DomainError
from elluminate_server.domain.messages import assistant_message
from elluminate_server.domain.rendering import value_text
from elluminate_server.execution.plans import Plan
from elluminate_server.execution.prompts import render_prompt
from elluminate_server.llm.types import Model, ModelConfig, ModelError, Usage
from elluminate_server.store.tables import Entry, Prompt, Response

__all__ = [
    "Generated",
    "Subject",
    "from_column",
    "generate",
    "load_subject",
    "new_prompt",
    "store_response",
    "subject_of",
]


@attrs.frozen(kw_only=True)
class Subject:
    """A row and its prompt.

    Attributes:
        entry_id: The row.
        entry_identity: Its identity when it was read.
        values: Its values, defaults filled in.
        messages: The rendered prompt; None when it could not be rendered.
        tools: Tools that are offered to the model.
        tool_choice: Which of them it has to use.
        response_format: The form of the answer.
        error: Why it could not be rendered.
        prompt_id: The stored prompt; None when there is none yet.
    """

    entry_id: int
    entry_identity: str
    values: Mapping[str, Any]
    messages: Sequence[Mapping[str, Any]] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None
    error: str | None = None
    prompt_id: int | None = None


@attrs.frozen(kw_only=True)
class Generated:
    """What came of asking the model once.

    Attributes:
        messages: The answer; empty when there is none.
        error: Why there is none.
        usage: What it cost.
        config: The model that was really asked; None when none was.
        termination_reason: Why a conversation ended.
        persona_version_id: Who held it.
    """

    messages: Sequence[Mapping[str, Any]] = ()
    error: str | None = None
    usage: Usage = attrs.field(factory=Usage)
    config: ModelConfig | None = None
    termination_reason: str | None = None
    persona_version_id: int | None = None


async def load_subject(session: AsyncSession, plan: Plan, entry_id: int) -> Subject | None:
    """The row and its prompt, or None when the row is not there any more.

    A prompt that is stored already is kept as it is: the other epochs were answered with it.
    """
    found = (
        await session.execute(
            select(Entry, Prompt)
            .outerjoin(Prompt, (Prompt.entry_id == Entry.id) & (Prompt.experiment_id == plan.experiment_id))
            .where(Entry.id == entry_id)
        )
    ).one_or_none()
    return None if found is None else subject_of(plan, found[0], found[1])


def subject_of(plan: Plan, entry: Entry, prompt: Prompt | None) -> Subject:
    """The row with its stored prompt, or with one rendered now."""
    if prompt is not None:
        return Subject(
            entry_id=entry.id,
            entry_identity=prompt.entry_identity,
            values=prompt.input_values,
            messages=prompt.messages,
            tools=prompt.resolved_tools,
            tool_choice=prompt.resolved_tool_choice,
            response_format=prompt.resolved_response_format,
            prompt_id=prompt.id,
            error=None if prompt.messages or _needs_none(plan) else _NO_PROMPT,
        )
    values = {name: entry.input_values.get(name, default) for name, default in plan.defaults.items()}
    subject = Subject(entry_id=entry.id, entry_identity=entry.identity, values=values)
    try:
        rendered = render_prompt(plan, values)
    except DomainError as problem:
        return attrs.evolve(subject, error=str(problem))
    return attrs.evolve(
        subject,
        messages=rendered.messages,
        tools=rendered.tools,
        tool_choice=rendered.tool_choice,
        response_format=rendered.response_format,
    )


def _needs_none(plan: Plan) -> bool:
    return plan.response_column is not None and not plan.has_prompts


_NO_PROMPT = "There is no prompt to answer: the experiment has no prompt template, or it could not be filled."


async def generate(plan: Plan, subject: Subject, model: Model, slots: asyncio.Semaphore) -> Generated:
    """Ask the model. A refusal of the model or of the rendering is part of the result, not an exception."""
    if subject.messages is None or subject.error is not None:
        return Generated(error=subject.error or _NO_PROMPT)
    queued = time.monotonic()
    async with slots:
        waited = time.monotonic() - queued
        try:
            answer = await model.answer(
                subject.messages,
                tools=subject.tools,
                tool_choice=subject.tool_choice,
                response_format=subject.response_format,
            )
        except ModelError as error:
            usage = error.usage.after_waiting(waited)
            return Generated(error=str(error), usage=usage, config=model.config)
    return Generated(messages=answer.messages, usage=answer.after_waiting(waited), config=model.config)


def from_column(plan: Plan, subject: Subject) -> Generated:
    """The answer that the row holds already; an empty cell is an answer that is missing."""
    if subject.messages is None or subject.error is not None:
        return Generated(error=subject.error or _NO_PROMPT)
    text = value_text(subject.values.get(plan.response_column or ""))
    if not text.strip():
        return Generated(
            error=f"Column {plan.response_column!r} of row {subject.entry_id} is empty: there is no answer."
        )
    return Generated(messages=[assistant_message(text)])


async def _prompt_id(session: AsyncSession, plan: Plan, subject: Subject) -> int:
    """Id of the subject's prompt, which is stored when this is its first answer."""
    if subject.prompt_id is not None:
        return subject.prompt_id
    stored = await session.scalar(
        select(Prompt.id).where(
            Prompt.experiment_id == plan.experiment_id, Prompt.entry_id == subject.entry_id
        )
    )
    if stored is not None:
        return stored
    prompt = new_prompt(plan, subject)
    session.add(prompt)
    await session.flush()
    return prompt.id


def new_prompt(plan: Plan, subject: Subject) -> Prompt:
    """The subject's prompt as a row to add."""
    return Prompt(
        experiment_id=plan.experiment_id,
        prompt_template_id=plan.template_id,
        entry_id=subject.entry_id,
        entry_identity=subject.entry_identity,
        input_values=dict(subject.values),
        messages=[dict(message) for message in subject.messages or ()],
        resolved_tools=subject.tools,
        resolved_tool_choice=subject.tool_choice,
        resolved_response_format=subject.response_format,
    )


async def store_response(
    session: AsyncSession, plan: Plan, subject: Subject, generated: Generated, epoch: int
) -> int:
    """Add the response, and its prompt when that is new; the response's id."""
    config, usage = generated.config, generated.usage
    metadata = None if config is None else usage.metadata(config)
    response = Response(
        experiment_id=plan.experiment_id,
        prompt_id=await _prompt_id(session, plan, subject),
        entry_id=subject.entry_id,
        epoch=epoch,
        messages=[dict(message) for message in generated.messages],
        error=generated.error,
        termination_reason=generated.termination_reason,
        persona_version_id=generated.persona_version_id,
        generation_metadata=metadata,
        finish_reason=None if metadata is None else metadata.get("finish_reason"),
        llm_model_name=None if config is None else config.model,
        duration_seconds=None if config is None else usage.duration_seconds,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        input_price_per_mtok=None if config is None else config.input_price_per_mtok,
        output_price_per_mtok=None if config is None else config.output_price_per_mtok,
    )
    session.add(response)
    await session.flush()
    return response.id
