"""A prompt template that can version itself and make criteria for itself; and a criterion, which may know its template.

Each has the other in its signatures, so that they stand in one module.
"""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.api.criteria import create_criteria, delete_criterion, list_criteria, update_criterion
from elluminate_api.api.prompt_templates import create_prompt_template
from elluminate_api.types import UNSET

from elluminate._binding import Bound, unbound
from elluminate._blocking import blocking
from elluminate._braces import warn_of_single_braces
from elluminate._checks import checked_name
from elluminate._lookup import naming_conflicts
from elluminate._messages import (
    Messages,
    function_tools,
    prompt_messages,
    response_format_schema,
    tool_choice_of,
)
from elluminate._notebooks import ShownInNotebooks, cell_of, messages_table
from elluminate._session import Session
from elluminate._showing import quoted, shown
from elluminate._tables import html_facts
from elluminate.exceptions import ConflictError, ValidationError


@define(kw_only=True, repr=False)
class PromptTemplate(ShownInNotebooks, Bound, api.PromptTemplate):
    """One immutable version of a named prompt template.

    Example:
        >>> template = client.create_prompt_template(name="Explain", template="Explain {{concept}}.")
        >>> template.placeholders
        {'concept'}
    """

    _session: Any = unbound()

    async def alist_criteria(self) -> list[Criterion]:
        """The criteria of the sets linked to this template, oldest first.

        Returns:
            Criteria; empty when no set is linked.

        Example:
            >>> link = criterion_set.link_template(template)
            >>> len(template.list_criteria())
            2
        """
        session = self._bound_session()
        project = await session.project_id()
        return await session.pages(
            lambda page: list_criteria.build(project, prompt_template_id=self.id, page=page), Criterion
        )

    async def agenerate_criteria(self, delete_existing: bool = False) -> list[Criterion]:
        """Let the project's model propose criteria for this template and store them in its linked set.

        Args:
            delete_existing: Replace the criteria that the template has.

        Returns:
            The criteria as they are stored.

        Raises:
            ConflictError: The template has criteria and `delete_existing` is false.
            ServerError: The model cannot be reached at the moment (503).
            APIError: The model gave no usable criteria (400).

        Example:
            >>> criteria = template.generate_criteria()
        """
        session = self._bound_session()
        body = api.CreateCriteriaRequest(prompt_template_id=self.id, delete_existing=delete_existing)
        return await session.call(
            create_criteria.build(await session.project_id(), body=body), list[Criterion]
        )

    async def aget_or_generate_criteria(self) -> tuple[list[Criterion], bool]:
        """The template's criteria, proposed by the project's model if it has none yet.

        Returns:
            The criteria, and whether they were generated now.

        Example:
            >>> criteria, generated = template.get_or_generate_criteria()
            >>> generated
            True
        """
        try:
            return await self.agenerate_criteria(), True
        except ConflictError:
            return await self.alist_criteria(), False

    async def anew_version(
        self,
        messages: Messages | None = None,
        response_format: Any = None,
        tools: Sequence[Any] | None = None,
        tool_choice: Any = None,
        *,
        template: Messages | None = None,
    ) -> PromptTemplate:
        """Make the next version of this template; what is not given stays as it is.

        Args:
            messages: The new prompt, a string or chat messages.
            response_format: A pydantic class or an OpenAI `response_format` object.
            tools: Tools offered to the model (recorded, never run).
            tool_choice: "none", "auto", "required", or a named function.
            template: Another spelling of `messages`.

        Returns:
            The new version.

        Raises:
            ConflictError: A version with this very content exists.
            ValidationError: Nothing was given to change, or both spellings of the prompt.

        Example:
            >>> template.new_version(template="Explain {{concept}} to a child.").version
            2
        """
        if messages is not None and template is not None:
            raise ValidationError("new_version takes the prompt as messages=… or as template=…, not as both")
        prompt = messages if messages is not None else template
        if prompt is None and response_format is None and tools is None and tool_choice is None:
            raise ValidationError(
                "new_version was given nothing that differs; pass messages=… or another part"
            )
        return await create_version(
            self._bound_session(),
            self.name,
            list(self.messages) if prompt is None else prompt_messages(prompt),
            response_format=self.response_format_json_schema if response_format is None else response_format,
            tools=self.tools if tools is None else tools,
            tool_choice=self.tool_choice if tool_choice is None else tool_choice,
            parent_prompt_template_id=self.id,
        )

    def render_messages(self, **kwargs: Any) -> list[dict[str, Any]]:
        """The messages with `{{placeholders}}` replaced, exactly as a run sends them to the model.

        Args:
            kwargs: Values by the placeholders' names.

        Returns:
            Chat messages, as dicts.

        Raises:
            ValidationError: A placeholder has no value.

        Example:
            >>> template.render_messages(concept="tides")
            [{'role': 'user', 'content': 'Explain tides.'}]
        """
        from elluminate_server.domain.errors import DomainError
        from elluminate_server.domain.rendering import render_messages

        try:
            return render_messages(self.messages, kwargs)
        except DomainError as error:
            raise ValidationError(str(error)) from None

    def _tables(self) -> Iterator[str]:
        yield messages_table(f"Prompt template: {self.name} (version {self.version})", self.messages)
        tools = [tool.function.name for tool in self.tools or []]
        more = [
            ("placeholders", ", ".join(sorted(self.placeholders))),
            ("tools", ", ".join(tools)),
            ("tool choice", cell_of(self.tool_choice)),
            ("response format", cell_of(self.response_format_json_schema)),
        ]
        if any(value for _, value in more):
            yield html_facts("", more)

    list_criteria = blocking(alist_criteria)
    generate_criteria = blocking(agenerate_criteria)
    get_or_generate_criteria = blocking(aget_or_generate_criteria)
    new_version = blocking(anew_version)


@define(kw_only=True, repr=False)
class Criterion(ShownInNotebooks, Bound, api.Criterion):
    """One yes/no question about a response."""

    prompt_template: PromptTemplate | None = None
    _session: Any = unbound()

    def _tables(self) -> Iterator[str]:
        facts = [("question", self.criterion_str), ("label", self.label or ""), ("judges", which_rows(self))]
        yield html_facts(f"Criterion {self.id}", facts)

    async def aupdate(
        self,
        criterion_str: str | None = None,
        label: str | None = None,
        *,
        check: api.CriterionIn | None = None,
    ) -> Criterion:
        """Change the question or its label; what is not given stays. Ratings made earlier keep the old wording.

        Args:
            criterion_str: The new question, which may hold `{{placeholders}}`.
            label: A short name for tables, at most 255 characters.
            check: Another check (`elluminate.checks`) of a criterion that is one, with its sentence.

        Returns:
            This criterion, as it is now: another question has another id.

        Raises:
            ConflictError: The set has another criterion with that question.
            ValidationError: Nothing was given, the question is empty, or `check` is none.

        Example:
            >>> criterion.update(criterion_str="Is the answer right?").criterion_str
            'Is the answer right?'
        """
        if check is not None:
            if not isinstance(check, api.CriterionIn) or check.check is UNSET:
                raise ValidationError(f"check must be a check, like checks.max_words(50), not {shown(check)}")
            criterion_str = criterion_str if criterion_str is not None else check.criterion_str
            label = label if label is not None else check.label
        if criterion_str is None and label is None:
            raise ValidationError("update was given nothing to change; pass criterion_str=… or label=…")
        if not isinstance(criterion_str, str | None) or not isinstance(label, str | None):
            raise ValidationError(
                f"criterion_str and label must be strings, got {quoted(criterion_str)}, {quoted(label)}"
            )
        if criterion_str is not None and not criterion_str.strip():
            raise ValidationError(
                f"criterion_str is empty, {quoted(criterion_str)}; a criterion is a yes/no question"
            )
        body = api.EditCriterionRequest(
            criterion_str=UNSET if criterion_str is None else criterion_str,
            label=UNSET if label is None else label,
            check=UNSET if check is None else check.check,
        )
        session = self._bound_session()
        project = await session.project_id()
        fresh = await session.call(update_criterion.build(project, self.id, body=body), Criterion)
        self._take_over(fresh)
        return self

    async def adelete(self) -> None:
        """Take the criterion out of its set on the server; ratings made with it stay.

        Raises:
            NotFoundError: It was deleted or replaced already.

        Example:
            >>> criterion.delete()
        """
        session = self._bound_session()
        await session.call(delete_criterion.build(await session.project_id(), self.id))

    update = blocking(aupdate)
    delete = blocking(adelete)


def which_rows(criterion: Criterion) -> str:
    """Whose responses are judged by it, in words."""
    return "all rows" if criterion.template_variables is None else f"row {criterion.template_variables.id}"


def has_content(
    template: PromptTemplate,
    messages: list[dict[str, Any]],
    *,
    response_format: Any = None,
    tools: Sequence[Any] | None = None,
    tool_choice: Any = None,
) -> bool:
    """Whether a version is what `create_version` would make of these arguments."""
    return (
        template.messages == messages
        and (template.response_format_json_schema or None)
        == (response_format_schema(response_format) or None)
        and (template.tools or None) == (function_tools(tools) or None)
        and template.tool_choice == tool_choice_of(tool_choice, tools)
    )


async def create_version(
    session: Session,
    name: str,
    messages: list[dict[str, Any]],
    *,
    response_format: Any = None,
    tools: Sequence[Any] | None = None,
    tool_choice: Any = None,
    parent_prompt_template_id: int | None = None,
) -> PromptTemplate:
    """The one request behind creating a template and deriving a version; see `create_prompt_template`.

    Args:
        parent_prompt_template_id: The version that this one derives from.
    """
    body = api.CreatePromptTemplateRequest(
        name=checked_name(name, "prompt template"),
        messages=messages,
        response_format_json_schema=response_format_schema(response_format),
        tools=function_tools(tools),
        tool_choice=tool_choice_of(tool_choice, tools),
        parent_prompt_template_id=parent_prompt_template_id,
    )
    warn_of_single_braces(messages, session.is_news)
    project = await session.project_id()
    with naming_conflicts("prompt_template", name, id_key="prompt_template_id"):
        return await session.call(create_prompt_template.build(project, body=body), PromptTemplate)
