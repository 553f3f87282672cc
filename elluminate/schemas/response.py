"""Responses: what a model answered for one row in one epoch, with its ratings."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import define, field
from elluminate_api import models as api
from elluminate_api.api.responses import get_response, list_responses, update_response_annotation
from elluminate_api.models import EarlierRating, Label, LabelValue
from elluminate_api.types import one_line

from elluminate._binding import Bound, unbound
from elluminate._blocking import blocking
from elluminate._lookup import given_id
from elluminate._notebooks import MOST_SHOWN, ShownInNotebooks, cell_of
from elluminate._session import Session
from elluminate._showing import quoted
from elluminate._tables import html_facts, html_table, shortened
from elluminate.exceptions import ValidationError
from elluminate.schemas.labelling import earlier_ratings, new_label, put_labels
from elluminate.schemas.llm_config import GenerationMetadata
from elluminate.schemas.message import ResponseMessage
from elluminate.schemas.prompt_template import Criterion, PromptTemplate
from elluminate.schemas.template_variables import TemplateVariables

_MOST_INPUTS = 4
"""Columns of rows that a table of responses shows."""
_MOST_VERDICTS = 8
"""Verdicts of a response that it shows."""


@define(kw_only=True, repr=False)
class ResolvedPromptContext:
    """What was sent to the model for one row: everything with its placeholders filled in."""

    messages: list[dict[str, Any]] = field(factory=list)
    tools: list[dict[str, Any]] | None = None
    tool_choice: dict[str, Any] | str | None = None
    response_format: dict[str, Any] | None = None

    __repr__ = one_line


@define(kw_only=True, repr=False)
class Prompt(api.Prompt):
    """A prompt template rendered with one row."""

    prompt_template: PromptTemplate | None = None
    template_variables: TemplateVariables

    @property
    def context(self) -> ResolvedPromptContext:
        """What was sent to the model."""
        return ResolvedPromptContext(
            messages=self.messages,
            tools=self.resolved_tools,
            tool_choice=self.resolved_tool_choice,
            response_format=self.resolved_response_format,
        )


@define(kw_only=True, repr=False)
class Rating(Bound, api.Rating):
    """A verdict on one response for one criterion: `rating` is "YES" or "NO", `reasoning` says why.

    `labels` are what people said of the same, by `label()`; None where nobody did.
    """

    criterion: Criterion
    generation_metadata: GenerationMetadata | None = None
    _session: Any = unbound()
    _response_id: Any = unbound()

    @property
    def cached(self) -> bool:
        """Whether no judge was asked, because an equal call had been answered before; see `run_experiment(cache=…)`."""
        return bool(self.generation_metadata and self.generation_metadata.cached)

    async def alabel(self, value: LabelValue | str, reason: str | None = None) -> Label:
        """Say what is right: beside the judge's verdict, which stays what it is.

        It belongs to this client's key, in place of its earlier label of the same, which is kept, and stays when the
        response is rated again.

        Args:
            value: "YES", "NO" or "UNSURE".
            reason: Why, at most 10000 characters.

        Returns:
            The label, which is among `labels` now.

        Raises:
            ValidationError: An argument cannot be used.
            PermissionDeniedError: This client's key is a reader.
            NotSupportedError: The server keeps no labels: only `elluminate_server` does.

        Example:
            >>> rating = experiment.responses()[0].ratings[0]
            >>> rating.label("NO", reason="It is right, and not short.").value == "NO"
            True
        """
        new = new_label(self._response_id, self.criterion.id, value, reason)
        (label,) = await put_labels(self._bound_session(), [new])
        self._take_label(label)
        return label

    def _take_label(self, label: Label) -> None:
        """Have a label of a key in place of its earlier one."""
        others = [
            one for one in self.labels or [] if (one.key_id, one.key_name) != (label.key_id, label.key_name)
        ]
        self.labels = [*others, label]

    label = blocking(alabel)


class Responses(ShownInNotebooks, list["PromptResponse"]):
    """Responses as a list; `next()` works on it, too, for programs that take it for an iterator.

    Example:
        >>> responses = experiment.responses()
        >>> len(responses), responses[0].id == next(responses).id
        (2, True)
    """

    def __init__(self, responses: Iterable[PromptResponse] = ()) -> None:
        super().__init__(responses)
        self._taken = 0

    def __next__(self) -> PromptResponse:
        if self._taken >= len(self):
            raise StopIteration
        self._taken += 1
        return self[self._taken - 1]

    def __repr__(self) -> str:
        return f"<{len(self)} {'response' if len(self) == 1 else 'responses'}>"

    def _tables(self) -> Iterator[str]:
        yield responses_table(repr(self).strip("<>"), self)


@define(kw_only=True, repr=False)
class PromptResponse(ShownInNotebooks, Bound, api.PromptResponse):
    """What a model answered for one row in one epoch.

    `error` is set where the model could not be asked; `response_text` is then empty or a part. `messages` are dicts
    whose keys can be read as attributes too (`message["content"]`, `message.content`). `annotation` is a person's
    note, empty when there is none; `annotate()` writes it.
    """

    prompt: Prompt
    generation_metadata: GenerationMetadata | None = None
    ratings: list[Rating] = field(factory=list)  # type: ignore[assignment]
    _session: Any = unbound()

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.messages = [ResponseMessage(message) for message in self.messages]
        for rating in self.ratings:
            if rating._response_id is None:  # else it is shared with a copy of its response
                rating._response_id = self.id

    @property
    def url(self) -> str | None:
        """The address of its page, for a browser; None with `local:`, whose pages `elluminate view` shows.

        Raises:
            ModelNotBoundError: It was made by hand.
        """
        return self._bound_session().page(f"responses/{self.id}")

    @property
    def cached(self) -> bool:
        """Whether no model was asked, because an equal call had been answered before; see `run_experiment(cache=…)`.

        Tokens and seconds in `generation_metadata` are those of that call.
        """
        return bool(self.generation_metadata and self.generation_metadata.cached)

    @property
    def response_text(self) -> str:
        """The text of the last answer, or the words in which the model refuses to give one.

        Empty when there is none (a failure, or tool calls alone).
        """
        said = self._last_answer()
        return _text_of(said.get("content")) or said.get("refusal") or ""

    def _last_answer(self) -> Mapping[str, Any]:
        return next(
            (message for message in reversed(self.messages) if message.get("role") == "assistant"), {}
        )

    @property
    def response_str(self) -> str:
        """The same as `response_text`."""
        return self.response_text

    @property
    def is_truncated(self) -> bool:
        """Whether the answer was cut off at a token limit, as far as the server tells.

        `generation_metadata.finish_reason` has the endpoint's own word. Raise the LLM config's `max_tokens`, or ask
        for less.
        """
        metadata = self.generation_metadata
        return metadata is not None and metadata.finish_reason == "length"

    @property
    def is_refused(self) -> bool:
        """Whether the model refused to answer, or the provider's content filter cut the answer off."""
        said = self._last_answer()
        metadata = self.generation_metadata
        withheld = metadata is not None and metadata.finish_reason == "content_filter"
        return withheld or bool(said.get("refusal") and not said.get("content"))

    @property
    def template_variables(self) -> dict[str, Any]:
        """The row's values, from column name to value."""
        return self.prompt.template_variables.input_values

    def _tables(self) -> Iterator[str]:
        metadata = self.generation_metadata
        inputs = [(f"input: {name}", cell_of(value)) for name, value in self.template_variables.items()]
        if len(inputs) > MOST_SHOWN:
            inputs = [*inputs[:MOST_SHOWN], ("more inputs", f"{len(inputs) - MOST_SHOWN} more")]
        took = metadata.duration_seconds if metadata else None
        facts = [
            *inputs,
            ("answer", self.response_text),
            ("error", self.error or ""),
            ("annotation", self.annotation),
            ("epoch", cell_of(self.epoch)),
            ("answered by", (metadata.answered_by_model if metadata else None) or ""),
            ("took", "" if took is None else f"{took:.2f} s"),
        ]
        yield html_facts(f"Response {self.id}", facts)
        verdicts = [
            [rating.criterion.criterion_str, rating.rating, rating.reasoning or ""] for rating in self.ratings
        ]
        verdicts += [
            [f"criterion {lacking.criterion_id}", "missing", lacking.reason]
            for lacking in self.missing_verdicts or []
        ]
        if verdicts:
            yield html_table("", ["criterion", "verdict", "reasoning"], verdicts, most=MOST_SHOWN)

    async def aannotate(self, annotation: str) -> PromptResponse:
        """Leave a note on this response, instead of the one that is there.

        Args:
            annotation: The note, at most 10000 characters; the empty text removes it.

        Returns:
            This response.

        Raises:
            ValidationError: It is no text.

        Example:
            >>> response.annotate("Right, but too long for a summary.")
        """
        if not isinstance(annotation, str):
            raise ValidationError(f"annotation must be a string, not {quoted(annotation)}")
        session = self._bound_session()
        body = api.UpdateResponseAnnotationRequest(annotation=annotation)
        request = update_response_annotation.build(await session.project_id(), self.id, body=body)
        self.annotation = (await session.call(request, PromptResponse)).annotation
        return self

    async def alabel(
        self, criterion: Criterion | int | str, value: LabelValue | str, reason: str | None = None
    ) -> Label:
        """Say whether it meets a criterion: beside the judge's verdict, or where there is none.

        Args:
            criterion: The criterion, its id, or its text or label where a verdict is by it.
            value: "YES", "NO" or "UNSURE".
            reason: Why, at most 10000 characters.

        Returns:
            The label, in place of this key's earlier one of the same, which is kept.

        Raises:
            ValidationError: An argument cannot be used, or the response has no answer, or is not judged by that
                criterion.
            PermissionDeniedError: This client's key is a reader.
            NotSupportedError: The server keeps no labels: only `elluminate_server` does.

        Example:
            >>> response.label(response.ratings[0].criterion, "YES").value == "YES"
            True
        """
        identifier = self._criterion_id(criterion)
        new = new_label(self.id, identifier, value, reason)
        (label,) = await put_labels(self._bound_session(), [new])
        for rating in self.ratings:
            if rating.criterion.id == identifier:
                rating._take_label(label)
        return label

    async def arating_history(self) -> list[EarlierRating]:
        """The verdicts that later ones have replaced, in that order; `ratings` has the newest.

        Returns:
            Earlier verdicts with the judge that gave them: `rating_version`, and the model in `generation_metadata`.

        Raises:
            NotSupportedError: The server keeps none: only `elluminate_server` does.

        Example:
            >>> [earlier.rating for earlier in response.rating_history()]
            []
        """
        return await earlier_ratings(self._bound_session(), response_id=self.id)

    def _criterion_id(self, criterion: Criterion | int | str) -> int:
        if not isinstance(criterion, str):
            return given_id(criterion, Criterion, "criterion")
        found = {
            one.criterion.id
            for one in self.ratings
            if criterion in (one.criterion.criterion_str, one.criterion.label)
        }
        if len(found) != 1:
            texts = ", ".join(quoted(one.criterion.criterion_str) for one in self.ratings)
            raise ValidationError(
                f"criterion: {'no verdict' if not found else 'more than one verdict'} on response {self.id} is by "
                f"{quoted(criterion)}; its verdicts are by {texts or 'no criterion'}. Give the criterion, or its id"
            )
        return found.pop()

    async def afetch_trajectory(self) -> dict[str, Any] | None:
        """Read what the agent did (ATIF) into `trajectory`: lists of responses leave it out.

        Returns:
            The trajectory, None where none was uploaded or it was dropped.

        Example:
            >>> for step in (response.fetch_trajectory() or {}).get("steps", []):
            ...     print(step["source"], step["message"])
        """
        session = self._bound_session()
        request = get_response.build(await session.project_id(), self.id)
        self.trajectory = (await session.call(request, PromptResponse)).trajectory
        return self.trajectory

    annotate = blocking(aannotate)
    label = blocking(alabel)
    rating_history = blocking(arating_history)
    fetch_trajectory = blocking(afetch_trajectory)


def responses_table(caption: str, responses: Sequence[PromptResponse]) -> str:
    """Responses as a notebook shows them, one in a row.

    Args:
        caption: What they are.
        responses: All of them.
    """
    shown = responses[:MOST_SHOWN]
    names = list(dict.fromkeys(name for response in shown for name in response.template_variables))
    inputs = names[:_MOST_INPUTS]
    head = ["id", "epoch", *inputs]
    if len(names) > _MOST_INPUTS:
        head.append(f"{len(names) - _MOST_INPUTS} more columns")
    rows = []
    for response in shown:
        values = [cell_of(response.template_variables.get(name)) for name in inputs]
        values += ["…"] * (len(head) - 2 - len(values))
        answer = response.response_text if response.error is None else f"failed: {response.error}"
        rows.append([cell_of(response.id), cell_of(response.epoch), *values, answer, _verdicts(response)])
    return html_table(caption, [*head, "answer", "verdicts"], rows, most=MOST_SHOWN, total=len(responses))


def _verdicts(response: PromptResponse) -> str:
    lines = [
        f"{rating.rating}: {shortened(rating.criterion.criterion_str, 60)}"
        for rating in response.ratings[:_MOST_VERDICTS]
    ]
    more, lacking = len(response.ratings) - len(lines), len(response.missing_verdicts or [])
    lines += [f"{more} more"] if more else []
    return "\n".join([*lines, f"{lacking} missing"] if lacking else lines)


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return ""


async def responses_of(session: Session, experiment_id: int) -> list[PromptResponse]:
    """All responses of an experiment, with their ratings."""
    project = await session.project_id()
    return await session.pages(
        lambda page: list_responses.build(project, experiment_id=experiment_id, page=page), PromptResponse
    )
