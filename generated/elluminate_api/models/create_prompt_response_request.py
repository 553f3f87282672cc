from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class CreatePromptResponseRequest:
    """A response to store or to generate.

    Attributes:
        template_variables_id: Id of the row that is answered.
        experiment_id: Id of the experiment that the response belongs to.
        epoch: Number of the run over the collection, 1 to 1000000.
        llm_config_id: Id of the LLM config that generates. Null means the experiment's. Has no effect when
            storing.
        messages: Answer to store, with what came before it; at least one assistant or tool turn, at most
            10000 messages. Empty asks for generation, unless there is an error to store.
        error: Why there is no answer: a failed response is stored, which is not judged. Only in
            experiments whose answers come from elsewhere. 1 to 10000 characters.
        metadata: How the answer came about.
    """

    template_variables_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    experiment_id: Annotated[int, Meta(ge=1, le=9007199254740991)]
    epoch: Annotated[int, Meta(ge=1, le=1000000)] = 1
    llm_config_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    messages: Annotated[list[dict[str, Any]], Meta(max_length=10000)] = field(factory=list)
    error: Annotated[str, Meta(min_length=1, max_length=10000)] | None | Unset = UNSET
    metadata: GenerationMetadata | None = None

    __repr__ = one_line


from ..models.generation_metadata import GenerationMetadata  # noqa: E402
