"""A prompt template that can version itself and make criteria for itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.api.criteria import create_criteria, list_criteria

from elluminate._binding import Bound, unbound
from elluminate._blocking import blocking
from elluminate._messages import Messages, prompt_messages
from elluminate.exceptions import ConflictError, ValidationError

if TYPE_CHECKING:
    from elluminate.schemas.criterion_set import Criterion


@define(kw_only=True)
class PromptTemplate(Bound, api.PromptTemplate):
    """One immutable version of a named prompt template.

    Example:
        >>> template = client.create_prompt_template(name="Explain", template="Explain {{concept}}.")
        >>> template.placeholders
        {'concept'}
    """

    _client: Any = unbound()

    async def alist_criteria(self) -> list[Criterion]:
        """The criteria of the sets linked to this template, oldest first.

        Returns:
            Criteria; empty when no set is linked.

        Example:
            >>> link = criterion_set.link_template(template)
            >>> len(template.list_criteria())
            2
        """
        from elluminate.schemas.criterion_set import Criterion

        session = self._bound_client().session
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
        from elluminate.schemas.criterion_set import Criterion

        session = self._bound_client().session
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
        return await self._bound_client().create_template_version(
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

    list_criteria = blocking(alist_criteria)
    generate_criteria = blocking(agenerate_criteria)
    get_or_generate_criteria = blocking(aget_or_generate_criteria)
    new_version = blocking(anew_version)
