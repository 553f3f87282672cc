"""Creating, versioning, reading and deleting prompt templates."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from elluminate_api.api.prompt_templates import (
    delete_prompt_template,
    get_prompt_template,
    list_prompt_templates,
)

from elluminate._checks import (
    checked_name,
    checked_name_or_id,
    checked_whole,
)
from elluminate._lookup import found, get_or_create
from elluminate._messages import (
    Messages,
    one_prompt,
)
from elluminate._operations.base import Operations
from elluminate.exceptions import ConflictError, PermissionDeniedError, ValidationError
from elluminate.schemas.by_name import prompt_template_named
from elluminate.schemas.filters import PromptTemplateFilter, query_of
from elluminate.schemas.prompt_template import PromptTemplate, create_version, has_content


class PromptTemplateOperations(Operations):
    """Operations on prompt templates."""

    async def create_prompt_template(
        self,
        name: str,
        messages: Messages | None = None,
        response_format: Any = None,
        tools: Sequence[Any] | None = None,
        tool_choice: Any = None,
        *,
        template: Messages | None = None,
    ) -> PromptTemplate:
        """Create a prompt template; a known name with another content becomes its next version.

        Args:
            name: 1 to 255 characters.
            messages: The prompt with `{{placeholders}}`: a string (one user message), or chat messages.
            response_format: A pydantic class or an OpenAI `response_format` object that answers must follow.
            tools: Tools offered to the model (recorded, never run).
            tool_choice: "none", "auto", "required", or a named function; only with `tools`.
            template: Another spelling of `messages`.

        Returns:
            The template; `version` counts from 1, `placeholders` names what it needs.

        Raises:
            ConflictError: A version with this name and content exists.
            ValidationError: The name is empty, or the prompt was given twice or not at all.

        Example:
            >>> template = client.create_prompt_template(
            ...     "Capitals",
            ...     messages=[
            ...         {"role": "system", "content": "Answer with one word."},
            ...         {"role": "user", "content": "What is the capital of {{country}}?"},
            ...     ],
            ... )
            >>> template.placeholders, template.version
            ({'country'}, 1)
        """
        return await create_version(
            self.session,
            name,
            one_prompt(messages, template, "create_prompt_template"),
            response_format=response_format,
            tools=tools,
            tool_choice=tool_choice,
        )

    async def get_prompt_template(
        self, *, name: str | None = None, id: int | None = None, version: int | None = None
    ) -> PromptTemplate:
        """Read a template by name (its latest version, unless one is named) or by id.

        Args:
            name: Its name, exactly.
            id: The id of one version.
            version: Counted from 1, with `name`; None reads the latest.

        Returns:
            The template in that version.

        Raises:
            NotFoundError: There is none.
            ValidationError: Not exactly one of `name` and `id`, or `version` without `name`.

        Example:
            >>> client.get_prompt_template(name="Explain", version=1).version
            1
        """
        meant = checked_name_or_id("get_prompt_template", "prompt template", name, id)
        if version is not None and name is None:
            raise ValidationError("version=… goes with name=…; an id names one version already")
        if version is not None:
            checked_whole(version, "version", low=1)
        if isinstance(meant, str):
            return await prompt_template_named(self.session, meant, version)
        request = get_prompt_template.build(await self.session.project_id(), meant)
        return await self.session.call(request, PromptTemplate)

    async def get_or_create_prompt_template(
        self,
        name: str,
        messages: Messages | None = None,
        *,
        response_format: Any = None,
        tools: Sequence[Any] | None = None,
        tool_choice: Any = None,
        template: Messages | None = None,
    ) -> tuple[PromptTemplate, bool]:
        """The version of this name with this content, created if it does not exist.

        Args:
            name: 1 to 255 characters.
            messages: The prompt with `{{placeholders}}`: a string (one user message), or chat messages.
            response_format: A pydantic class or an OpenAI `response_format` object that answers must follow.
            tools: Tools offered to the model (recorded, never run).
            tool_choice: "none", "auto", "required", or a named function; only with `tools`.
            template: Another spelling of `messages`.

        Returns:
            The template, and whether it was created.

        Raises:
            ValidationError: The name is empty, or the prompt was given twice or not at all.

        Example:
            >>> template, created = client.get_or_create_prompt_template(
            ...     "Capitals", template="What is the capital of {{country}}?"
            ... )
            >>> created
            True
        """
        prompt = one_prompt(messages, template, "get_or_create_prompt_template")
        existing: int | None = None
        is_denied = False

        async def create() -> PromptTemplate:
            nonlocal existing, is_denied
            try:
                return await create_version(
                    self.session,
                    name,
                    prompt,
                    response_format=response_format,
                    tools=tools,
                    tool_choice=tool_choice,
                )
            except ConflictError as conflict:
                existing = conflict.resource_id
                raise
            except PermissionDeniedError:
                is_denied = True
                raise

        async def get() -> PromptTemplate:
            if is_denied:  # nobody has compared the content
                versions = await self.list_prompt_templates(name)
                same = (
                    version
                    for version in versions
                    if has_content(
                        version,
                        prompt,
                        response_format=response_format,
                        tools=tools,
                        tool_choice=tool_choice,
                    )
                )
                return found(next(same, None), f"version of {name!r} with this content")
            # A server that does not say which version conflicts leaves the latest of this name.
            if existing is None:
                return await self.get_prompt_template(name=name)
            return await self.get_prompt_template(id=existing)

        return await get_or_create("prompt template", name, get=get, create=create, create_first=True)

    async def list_prompt_templates(self, name: str | None = None) -> list[PromptTemplate]:
        """All versions of all templates, or of the one with this name, newest first.

        Args:
            name: Only the versions of this template.

        Returns:
            Versions, each a template of its own.

        Raises:
            ValidationError: The name is empty.

        Example:
            >>> [template.version for template in client.list_prompt_templates(name="Explain")]
            [1]
        """
        if name is not None:
            checked_name(name, "prompt template")
        project = await self.session.project_id()
        return await self.session.pages(
            lambda page: list_prompt_templates.build(project, name=name, page=page), PromptTemplate
        )

    async def iter_prompt_templates(
        self, filter: PromptTemplateFilter | None = None
    ) -> AsyncGenerator[PromptTemplate]:
        """Template versions, newest first, read page by page.

        Args:
            filter: Which; None takes all.

        Yields:
            Versions; a page of them is read when the one before is used up.

        Raises:
            ValidationError: `version="latest"` without `name`.

        Example:
            >>> for template in client.iter_prompt_templates(PromptTemplateFilter(search="expl")):
            ...     print(template.name, template.version)
            Explain 1
        """
        wanted = query_of(filter, PromptTemplateFilter)
        latest_only = wanted.get("version") == "latest"
        if latest_only:
            if "name" not in wanted:
                raise ValidationError('version="latest" goes with name=…: it is the latest of that template')
            del wanted["version"]
        project = await self.session.project_id()
        templates = self.session.iterate(
            lambda page: list_prompt_templates.build(project, **wanted, page=page), PromptTemplate
        )
        async with aclosing(templates):
            async for template in templates:
                yield template
                if latest_only:
                    return

    async def delete_prompt_template(self, prompt_template: PromptTemplate) -> None:
        """Delete one version of a template; experiments that used it keep it.

        Args:
            prompt_template: As a client returned it.

        Raises:
            NotFoundError: The project has no such template, or no longer.
            ValidationError: It is no PromptTemplate that a client returned.

        Example:
            >>> client.delete_prompt_template(template)
        """
        await self._delete(delete_prompt_template.build, prompt_template, PromptTemplate)
