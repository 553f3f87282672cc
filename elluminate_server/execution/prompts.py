"""The prompt of a row: the template filled with it, what the row holds itself, or both, one after the other."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from elluminate_api.models import ColumnType

from elluminate_server.domain.conversations import conversation_of
from elluminate_server.domain.errors import DomainError
from elluminate_server.domain.rendering import render_messages, value_text
from elluminate_server.execution.plans import Plan

__all__ = ["NO_PROMPT", "Rendered", "needs_prompt", "render_prompt"]

NO_PROMPT = "There is no prompt to answer: the experiment has no prompt template, or it could not be filled."


@attrs.frozen(kw_only=True)
class Rendered:
    """What a model is asked for a row.

    Attributes:
        messages: The messages, in order; at least one, where `needs_prompt` says so.
        tools: Tools that are offered; they are never run.
        tool_choice: Which of them the model has to use.
        response_format: The form of the answer.
    """

    messages: Sequence[Mapping[str, Any]]
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None


def needs_prompt(plan: Plan) -> bool:
    """Whether a row without a prompt is an error: personas begin without one, and answers may be there already."""
    return plan.has_prompts or not (
        plan.is_conversation or plan.answers_from_elsewhere or plan.response_column is not None
    )


def render_prompt(plan: Plan, values: Mapping[str, Any]) -> Rendered:
    """The prompt of a row with these values.

    A raw input is sent as it is, as one user message. A conversation follows the template's messages, if there are any;
    where it names tools, a tool choice or a response format, they count instead of the template's. Nothing in a raw
    input or a conversation is a placeholder.

    Raises:
        DomainError: There is nothing to ask, or the template cannot be filled.
    """
    if plan.prompt_column is None:
        return _from_template(plan, values)
    held = values.get(plan.prompt_column, "")
    if plan.prompt_type == ColumnType.RAW_INPUT:
        text = value_text(held)
        if not text.strip():
            raise DomainError(
                f"Column {plan.prompt_column!r} of the row is empty: there is no prompt to answer."
            )
        return Rendered(messages=[{"role": "user", "content": text}])
    if not isinstance(held, Mapping):
        raise DomainError(
            f"Column {plan.prompt_column!r} of the row is empty: there is no conversation to go on with."
        )
    conversation = conversation_of(held)
    messages = [*render_messages(plan.template_messages or (), values), *conversation.messages]
    if not messages:
        raise DomainError(f"The conversation in column {plan.prompt_column!r} of the row has no messages.")
    choice = conversation.tool_choice
    if choice is None and conversation.tools is None:
        choice = plan.tool_choice
    return Rendered(
        messages=messages,
        tools=plan.tools if conversation.tools is None else conversation.tools,
        tool_choice=choice,
        response_format=conversation.response_format or plan.response_format,
    )


def _from_template(plan: Plan, values: Mapping[str, Any]) -> Rendered:
    if plan.template_messages is None:
        if needs_prompt(plan):
            raise DomainError(NO_PROMPT)
        return Rendered(messages=[])
    return Rendered(
        messages=render_messages(plan.template_messages, values),
        tools=plan.tools,
        tool_choice=plan.tool_choice,
        response_format=plan.response_format,
    )
