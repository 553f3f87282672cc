"""Collections of test cases, with their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.api.template_variables import (
    create_template_variables,
    create_template_variables_batch,
    delete_all_template_variables,
)
from elluminate_api.models import TemplateVariables
from elluminate_api.types import File

from elluminate._binding import Bound, unbound
from elluminate._blocking import blocking
from elluminate._bodies import to_json
from elluminate._checks import checked_rows
from elluminate._lookup import required_id_of

if TYPE_CHECKING:
    from elluminate.schemas.prompt_template import PromptTemplate


@define(kw_only=True)
class TemplateVariablesCollection(Bound, api.TemplateVariablesCollection):
    """A named set of test cases, without its rows; `get_collection` gives it with them."""

    _client: Any = unbound()

    async def aadd_many(
        self, variables: Iterable[Mapping[str, Any]], skip_existing: bool = False
    ) -> list[TemplateVariables]:
        """Add rows, all or none.

        Args:
            variables: One mapping per row, from column name to value.
            skip_existing: Leave out rows that are in the collection, or earlier in this list.

        Returns:
            The rows that were added. They are also in `variables` from now on, where the object has its rows.

        Raises:
            ValidationError: Something in the list is not a row.
        """
        rows = checked_rows(variables)
        if not rows:
            return []
        session = self._bound_client().session
        lines = b"\n".join(to_json(row) for row in rows)
        added = await session.call(
            create_template_variables_batch.build(
                await session.project_id(),
                self.id,
                body=api.EntriesBatchUpload(file=File(lines, "variables.jsonl", "application/jsonl")),
                skip_existing=skip_existing,
            )
        )
        self._take_in(added)
        return added

    async def aclear(self) -> TemplateVariablesCollection:
        """Remove all rows; answers that were made from them stay.

        Returns:
            This collection, which is empty now.
        """
        session = self._bound_client().session
        await session.call(delete_all_template_variables.build(await session.project_id(), self.id))
        self._forget_rows()
        return self

    async def agenerate_variables(self, prompt_template: PromptTemplate) -> TemplateVariables:
        """Let the project's model write one more row that fits the template, and add it."""
        from elluminate.schemas.prompt_template import PromptTemplate

        session = self._bound_client().session
        body = api.CreateTemplateVariablesRequest(
            prompt_template_id=required_id_of(prompt_template, PromptTemplate, "prompt_template")
        )
        row = await session.call(
            create_template_variables.build(await session.project_id(), self.id, body=body)
        )
        self._take_in([row])
        return row

    def _take_in(self, added: list[TemplateVariables]) -> None:
        self.variables_count += len(added)
        if added:
            self.columns = added[-1].collection.columns

    def _forget_rows(self) -> None:
        self.variables_count = 0

    add_many = blocking(aadd_many)
    generate_variables = blocking(agenerate_variables)
    clear = blocking(aclear)


@define(kw_only=True)
class TemplateVariablesCollectionWithEntries(TemplateVariablesCollection):
    """A named set of test cases, with its rows.

    Example:
        >>> collection = client.create_collection("Concepts")
        >>> collection.add_many([{"concept": "recursion"}, {"concept": "closures"}])
        >>> len(collection.variables)
        2
    """

    variables: list[TemplateVariables]

    def items(self) -> Iterator[TemplateVariables]:
        """The rows, in their order."""
        return iter(self.variables)

    def _take_in(self, added: list[TemplateVariables]) -> None:
        self.variables.extend(added)
        TemplateVariablesCollection._take_in(self, added)

    def _forget_rows(self) -> None:
        self.variables.clear()
        TemplateVariablesCollection._forget_rows(self)
