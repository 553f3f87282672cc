"""One answer: the row's prompt, and the model's answer to it."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.errors import DomainError
from elluminate_server.domain.flaws import Flaw, flaw_of
from elluminate_server.domain.messages import assistant_message
from elluminate_server.domain.rendering import value_text
from elluminate_server.execution.plans import Plan
from elluminate_server.execution.prompts import NO_PROMPT, needs_prompt, render_prompt
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.types import Model, ModelError, Usage
from elluminate_server.store.rows import fetch, fetch_by_ids
from elluminate_server.store.tables import Base, Entry, Prompt

__all__ = [
    "PROMPTS_OF",
    "Generated",
    "Subject",
    "from_column",
    "generate",
    "load_subject",
    "load_subjects",
    "prompt_row",
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
        error_type: The same in a word: `ModelError.type`, or `row` where no model was asked.
        usage: What it cost.
        config: The model that was really asked; None when none was.
        termination_reason: Why a conversation ended.
        persona_version_id: Who held it.
    """

    messages: Sequence[Mapping[str, Any]] = ()
    error: str | None = None
    error_type: str = "row"
    usage: Usage = attrs.field(factory=Usage)
    config: ModelConfig | None = None
    termination_reason: str | None = None
    persona_version_id: int | None = None

    @property
    def flaw(self) -> Flaw | None:
        """What is wrong with the answer; None where nothing is, or there is none."""
        return None if self.error is not None else flaw_of(self.messages, self.usage.finish_reason)

    @property
    def is_flawed(self) -> bool:
        """Whether there is no answer, or one with something wrong about it."""
        return self.error is not None or self.flaw is not None


async def load_subject(session: AsyncSession, plan: Plan, entry_id: int) -> Subject | None:
    """The row and its prompt, or None when the row is not there any more."""
    return (await load_subjects(session, plan, [entry_id])).get(entry_id)


async def load_subjects(session: AsyncSession, plan: Plan, entry_ids: Sequence[int]) -> dict[int, Subject]:
    """Rows with their prompts by the rows' ids, without those that are not there any more.

    A prompt that is stored already is kept as it is: the other epochs were answered with it.
    """
    stored = await fetch(session, PROMPTS_OF, of_experiment=plan.experiment_id, ids=list(entry_ids))
    prompts = {prompt.entry_id: prompt for prompt in stored}
    rows = await fetch_by_ids(session, _ROWS, entry_ids)
    return {row.id: subject_of(plan, row, prompts.get(row.id)) for row in rows}


def subject_of(plan: Plan, entry: Any, prompt: Any | None) -> Subject:
    """The row (an `Entry`, or its columns) with its stored prompt, or with one rendered now."""
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
            error=None if prompt.messages or not needs_prompt(plan) else NO_PROMPT,
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


async def generate(subject: Subject, model: Model) -> Generated:
    """Ask the model. A refusal of the model or of the rendering is part of the result, not an exception."""
    if subject.messages is None or subject.error is not None:
        return Generated(error=subject.error or NO_PROMPT)
    try:
        answer = await model.answer(
            subject.messages,
            tools=subject.tools,
            tool_choice=subject.tool_choice,
            response_format=subject.response_format,
        )
    except ModelError as error:
        return Generated(error=str(error), error_type=error.type, usage=error.usage, config=model.config)
    return Generated(messages=answer.messages, usage=answer, config=model.config)


def from_column(plan: Plan, subject: Subject) -> Generated:
    """The answer that the row holds already; an empty cell is an answer that is missing."""
    if subject.messages is None or subject.error is not None:
        return Generated(error=subject.error or NO_PROMPT)
    text = value_text(subject.values.get(plan.response_column or ""))
    if not text.strip():
        return Generated(
            error=f"Column {plan.response_column!r} of row {subject.entry_id} is empty: there is no answer."
        )
    return Generated(messages=[assistant_message(text)])


def prompt_row(plan: Plan, subject: Subject) -> dict[str, Any]:
    """The subject's prompt as the columns of a new row."""
    return {
        "experiment_id": plan.experiment_id,
        "prompt_template_id": plan.template_id,
        "entry_id": subject.entry_id,
        "entry_identity": subject.entry_identity,
        "input_values": dict(subject.values),
        "messages": [dict(message) for message in subject.messages or ()],
        "resolved_tools": subject.tools,
        "resolved_tool_choice": subject.tool_choice,
        "resolved_response_format": subject.response_format,
    }


_ENTRIES = Base.metadata.tables[Entry.__tablename__]
_PROMPTS = Base.metadata.tables[Prompt.__tablename__]

_ROWS = select(_ENTRIES.c.id, _ENTRIES.c.identity, _ENTRIES.c.input_values).where(
    _ENTRIES.c.id.in_(bindparam("ids", expanding=True))
)

PROMPTS_OF = select(
    _PROMPTS.c.id,
    _PROMPTS.c.entry_id,
    _PROMPTS.c.entry_identity,
    _PROMPTS.c.input_values,
    _PROMPTS.c.messages,
    _PROMPTS.c.resolved_tools,
    _PROMPTS.c.resolved_tool_choice,
    _PROMPTS.c.resolved_response_format,
).where(
    _PROMPTS.c.experiment_id == bindparam("of_experiment"),
    _PROMPTS.c.entry_id.in_(bindparam("ids", expanding=True)),
)
