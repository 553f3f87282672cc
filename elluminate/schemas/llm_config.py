"""The models that answer, as a project has configured them."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.api.llm_configs import try_llm_config
from elluminate_api.types import one_line

from elluminate._binding import Bound, unbound
from elluminate._blocking import blocking
from elluminate._notebooks import ShownInNotebooks, cell_of
from elluminate._showing import shown
from elluminate._tables import html_facts
from elluminate.exceptions import ValidationError


@define(kw_only=True, repr=False)
class LLMConfig(ShownInNotebooks, Bound, api.LLMConfig):
    """A model and how it is asked, without the provider's key.

    Example:
        >>> client.get_llm_config(name="Small").llm_model_name
        'some-model'
    """

    _session: Any = unbound()

    async def atest(self, prompt: str | None = None) -> LLMConfigTest:
        """Ask the model something small, to see whether the config works; the provider may charge for it.

        The backend makes it, with at most 2048 tokens and half a minute; nothing is stored. A model that cannot be
        asked raises nothing: the result says what is wrong.

        Args:
            prompt: What to ask, 1 to 10000 characters; unless given, for the one word OK.

        Returns:
            Whether it answered, what, how fast and who; or what is wrong, in `problem` and in words.

        Raises:
            NotFoundError: The config was deleted, or the server is another one, which has no such test.
            ValidationError: The config is part of a response's metadata and has no id, or `prompt` is no text.

        Example:
            >>> tested = client.get_llm_config(name="Small").test()
            >>> print(tested.reply if tested.ok else f"{tested.problem}: {tested.reason}")
        """
        if self.id is None:
            raise ValidationError(f"the LLM config {self.name!r} is not stored, so that it cannot be tested")
        if prompt is not None and not (isinstance(prompt, str) and prompt.strip()):
            raise ValidationError(f"prompt must be a text that is not blank, not {shown(prompt)}")
        body = api.TryLLMConfigRequest() if prompt is None else api.TryLLMConfigRequest(prompt=prompt)
        session = self._bound_session()
        request = try_llm_config.build(await session.project_id(), self.id, body=body)
        return await session.call(request, LLMConfigTest)

    def _tables(self) -> Iterator[str]:
        yield html_facts(
            f"LLM config: {self.name or ''}",
            [
                ("id", cell_of(self.id)),
                ("model", self.llm_model_name or ""),
                ("protocol", self.provider or self.inference_type),
                ("description", self.description),
                ("system message", self.system_message or ""),
                ("temperature", cell_of(self.temperature)),
                ("reasoning effort", self.reasoning_effort or ""),
                ("most tokens of an answer", cell_of(self.max_tokens)),
                ("calls at a time", cell_of(self.max_connections)),
            ],
        )

    test = blocking(atest)

    __repr__ = one_line


@define(kw_only=True, repr=False)
class LLMConfigTest(api.LLMConfigTest):
    """What became of one small call with an LLM config: an answer, or what is wrong."""

    generation_metadata: GenerationMetadata | None = None

    @property
    def latency_seconds(self) -> float | None:
        """How long the endpoint took, in seconds; None where it was not asked."""
        return None if self.generation_metadata is None else self.generation_metadata.duration_seconds

    @property
    def answered_by_model(self) -> str | None:
        """Model that the endpoint says answered."""
        return None if self.generation_metadata is None else self.generation_metadata.answered_by_model

    __repr__ = one_line


@define(kw_only=True, repr=False)
class GenerationMetadata(api.GenerationMetadata):
    """How a response or a rating came about; None where it is not known."""

    llm_model_config: LLMConfig | None = None

    __repr__ = one_line
