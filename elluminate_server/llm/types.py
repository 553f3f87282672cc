"""What every model takes and gives, whoever runs it."""

import operator
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, Self

import attrs

from elluminate_server.domain.flaws import CUT_OFF
from elluminate_server.llm.attempts import Kind
from elluminate_server.llm.model_config import ModelConfig

__all__ = [
    "NOTHING_USED",
    "Answer",
    "EndpointRefusedError",
    "JudgeCase",
    "Model",
    "ModelAwayError",
    "ModelError",
    "ObjectShape",
    "PlaysRoles",
    "Rating",
    "RatingMode",
    "Usage",
    "UserCase",
    "UserTurn",
    "Verdict",
]

Rating = Literal["YES", "NO"]
RatingMode = Literal["fast", "detailed"]

MAX_MODEL_ANSWER_BYTES = 16 * 1024 * 1024
"""Most bytes of a provider's answer that are read, unless the settings say otherwise."""


class ModelError(Exception):
    """A model did not give what it was asked for.

    The message is meant for the user: it names the model and what the provider said, and never holds a key.

    Attributes:
        retryable: Whether the same call may well succeed later (rate limit, time-out, fault of the provider).
        status: HTTP status of the provider, when it gave one.
        is_hopeless: Whether every call of this model with this key fails like this, until a person has done something.
        usage: What the call cost all the same, as far as it is known.
        kind: What the attempt that failed last was about; None where it was none of an endpoint.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        status: int | None = None,
        is_hopeless: bool = False,
        usage: "Usage | None" = None,
        kind: Kind | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.status = status
        self.is_hopeless = is_hopeless
        self.usage = usage or Usage()
        self.kind = kind

    @property
    def type(self) -> str:
        """What it is in a word: the status, what the attempt was about, or `answer` for one that is of no use."""
        if self.status is not None:
            return str(self.status)
        return "answer" if self.kind is None else self.kind.value


class EndpointRefusedError(ModelError):
    """A model is at a place that this server does not ask; its operator can allow that."""


class ModelAwayError(ModelError):
    """A model was waited for as long as that is done, and answered nobody meanwhile."""


@attrs.frozen(eq=False)
class ObjectShape:
    """One JSON object with exactly these properties, as a model is asked for it.

    Attributes:
        name: What it is.
        properties: The JSON schema of each property, in keywords that every provider takes.
        limits: Further keywords of some properties, for endpoints that write by a grammar: small models need them, and
            a grammar takes any.
    """

    name: str
    properties: Mapping[str, Mapping[str, Any]]
    limits: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)

    def schema(self, *, limited: bool = False) -> dict[str, Any]:
        """The JSON schema of the object."""
        limits = self.limits if limited else {}
        return {
            "type": "object",
            "properties": {
                name: {**schema, **limits.get(name, {})} for name, schema in self.properties.items()
            },
            "required": list(self.properties),
            "additionalProperties": False,
        }

    def response_format(self) -> dict[str, Any]:
        """The response format of OpenAI's API reference that holds a model to the schema."""
        named = {"name": self.name, "schema": self.schema(), "strict": True}
        return {"type": "json_schema", "json_schema": named}


@attrs.frozen(kw_only=True)
class Usage:
    """What a call cost.

    Attributes:
        duration_seconds: Time from asking to the last byte, in seconds, of the last attempt alone.
        waited_seconds: Time before that attempt: for its turn, for the endpoint, in earlier attempts, and in pauses.
        input_tokens: Tokens of the prompt, cached ones included; None when the provider does not say.
        output_tokens: Tokens of the answer, reasoning included; None when the provider does not say.
        reasoning_tokens: Tokens of reasoning; None when the provider does not say.
        cached_tokens: Prompt tokens read from a cache; None when the provider does not say.
        finish_reason: Why the model stopped, in the endpoint's word; None when it does not say.
        answered_by_model: Model that the endpoint says answered; None when it does not say.
        cached: Whether nothing was asked now, because an equal call had been answered before.
        estimated_input_cost_usd: Price of the prompt in US dollars (`llm.prices`); None when it is not known.
        estimated_output_cost_usd: Price of the answer in US dollars; None when it is not known.
    """

    duration_seconds: float = 0.0
    waited_seconds: float = 0.0
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    finish_reason: str | None = None
    answered_by_model: str | None = None
    cached: bool = False
    estimated_input_cost_usd: float | None = None
    estimated_output_cost_usd: float | None = None

    @property
    def estimated_cost_usd(self) -> float | None:
        """Price of both in US dollars; None when that is not known."""
        return _known_sum(self.estimated_input_cost_usd, self.estimated_output_cost_usd)

    @property
    def is_cut_off(self) -> bool:
        """Whether the answer ends where a token limit cut it off."""
        return self.finish_reason == CUT_OFF

    def plus(self, later: "Usage") -> "Usage":
        """Both calls together.

        A number that neither says stays unknown, a price that one of them does not say. Two answers of which one was
        cut off count as cut off.
        """
        if self == NOTHING_USED:  # where nothing was asked, no price is unknown
            return Usage(**later.measures())
        return Usage(
            duration_seconds=self.duration_seconds + later.duration_seconds,
            waited_seconds=self.waited_seconds + later.waited_seconds,
            input_tokens=_sum(self.input_tokens, later.input_tokens),
            output_tokens=_sum(self.output_tokens, later.output_tokens),
            reasoning_tokens=_sum(self.reasoning_tokens, later.reasoning_tokens),
            cached_tokens=_sum(self.cached_tokens, later.cached_tokens),
            finish_reason=self.finish_reason if self.is_cut_off else later.finish_reason,
            answered_by_model=later.answered_by_model or self.answered_by_model,
            cached=self.cached and later.cached,
            estimated_input_cost_usd=_known_sum(
                self.estimated_input_cost_usd, later.estimated_input_cost_usd
            ),
            estimated_output_cost_usd=_known_sum(
                self.estimated_output_cost_usd, later.estimated_output_cost_usd
            ),
        )

    def split(self, count: int) -> "list[Usage]":
        """The call's share for each of so many results that it gave: tokens and price are divided, times are not.

        >>> [share.output_tokens for share in Usage(output_tokens=7).split(3)]
        [3, 2, 2]
        """
        return [
            attrs.evolve(
                Usage(**self.measures()),
                input_tokens=_share(self.input_tokens, count, place),
                output_tokens=_share(self.output_tokens, count, place),
                reasoning_tokens=_share(self.reasoning_tokens, count, place),
                cached_tokens=_share(self.cached_tokens, count, place),
                estimated_input_cost_usd=_part(self.estimated_input_cost_usd, count),
                estimated_output_cost_usd=_part(self.estimated_output_cost_usd, count),
            )
            for place in range(count)
        ]

    def after_waiting(self, seconds: float) -> Self:
        """The same call, with what it waited before it was made."""
        return attrs.evolve(self, waited_seconds=self.waited_seconds + seconds) if seconds else self

    def measures(self) -> dict[str, Any]:
        """The measures by name, of what costs as much too."""
        return dict(zip(_MEASURES, _measured(self), strict=True))

    def metadata(self, config: ModelConfig) -> dict[str, Any]:
        """The contract's `GenerationMetadata` of this call to the model of that config."""
        return {
            "llm_model_config": config.public,
            **self.measures(),
            "custom_api_info": None,
            "trajectory_ingest_error": None,
        }


NOTHING_USED = Usage()
"""Of no call."""

_MEASURES = tuple(measure.name for measure in attrs.fields(Usage))
_measured = operator.attrgetter(*_MEASURES)


def _share(tokens: int | None, count: int, place: int) -> int | None:
    return None if tokens is None else tokens // count + (place < tokens % count)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


def _part(cost: float | None, count: int) -> float | None:
    return None if cost is None else cost / count


def _known_sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


@attrs.frozen(kw_only=True)
class Answer(Usage):
    """What a model answered, and what it cost.

    Attributes:
        messages: The contract's `ResponseMessage` objects, assistant messages with all their keys.
    """

    messages: list[dict[str, Any]]


@attrs.frozen(kw_only=True)
class Verdict(Usage):
    """A judge's verdict on one response for one criterion, and what it cost."""

    rating: Rating
    reasoning: str | None = None


@attrs.frozen(kw_only=True)
class JudgeCase:
    """What a judge is shown.

    Attributes:
        criterion: The yes/no question, its placeholders already replaced.
        criterion_template: The same with its placeholders, which the row's values fill; None when they are not
            known any more.
        prompt_messages: The rendered prompt.
        response_messages: The answer under test.
        row_values: The row's values by column name.
        trajectory: What an agent did on the way to its answer (ATIF); None when it is no agent's.
        nonce: What the marks around data carry; None for a random one.
    """

    criterion: str
    criterion_template: str | None = None
    prompt_messages: Sequence[Mapping[str, Any]]
    response_messages: Sequence[Mapping[str, Any]]
    row_values: Mapping[str, Any] = attrs.field(factory=dict)
    trajectory: Mapping[str, Any] | None = None
    nonce: str | None = None


@attrs.frozen(kw_only=True)
class UserCase:
    """Whom a simulated user plays, and what was said so far.

    Attributes:
        name: Name of the persona.
        description: What it is like.
        domain_knowledge: What it knows of the subject.
        goal: What it wants from the conversation.
        expected_outcome: How the conversation should end.
        details: Further values of the row by name.
        transcript: The messages so far; the persona's are `user` messages.
    """

    name: str
    description: str
    goal: str
    domain_knowledge: str | None = None
    expected_outcome: str | None = None
    details: Mapping[str, Any] = attrs.field(factory=dict)
    transcript: Sequence[Mapping[str, Any]] = ()


@attrs.frozen(kw_only=True)
class UserTurn(Usage):
    """What a simulated user says next, and what that cost.

    Attributes:
        text: What it says; may be empty when the conversation is over.
        ends: Whether the conversation is over with it.
    """

    text: str
    ends: bool


class Model(Protocol):
    """A model that answers messages: all that a provider has to do.

    What is done with it (judging, proposing, playing users) is in `elluminate_server.llm.roles`.
    """

    @property
    def config(self) -> ModelConfig:
        """The model that is really asked: for results, and for prices."""
        ...

    async def answer(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
        preferred_shape: ObjectShape | None = None,
    ) -> Answer:
        """Answer messages.

        Args:
            messages: The conversation so far; the contract's `ChatMessage` objects.
            tools: Tools that the model may call.
            tool_choice: Which of them it has to call.
            response_format: The form of the answer. An endpoint that refuses it is an error.
            preferred_shape: An object that the messages ask for in words, too: a model that does not know schemas
                is held to as much of it as it knows. Not together with `response_format`.

        Raises:
            ModelError: The model gave no usable answer.
        """
        ...


class PlaysRoles(ABC):
    """A model that cannot follow a prompt, and so does by itself what others are asked for in words.

    The methods are those of `elluminate_server.llm.roles`, without the model. No protocol: whether a model is one is
    asked for each verdict, and asking a class takes a hundredth of the time.
    """

    @abstractmethod
    async def judge(self, case: JudgeCase, mode: RatingMode) -> Verdict: ...

    @abstractmethod
    async def propose_criteria(self, template_messages: Sequence[Mapping[str, Any]]) -> list[str]: ...

    @abstractmethod
    async def play_user(self, case: UserCase) -> UserTurn: ...

    @abstractmethod
    async def propose_row(
        self,
        template_messages: Sequence[Mapping[str, Any]],
        placeholders: Sequence[str],
        existing_rows: Sequence[Mapping[str, Any]],
    ) -> dict[str, str]: ...
