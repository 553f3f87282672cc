"""What to label next: drawn half from YES and half from NO, and shown without the judge's verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from elluminate_api.models import Label, LabelValue
from elluminate_api.types import UNSET

from elluminate._blocking import blocking
from elluminate._calls import Explained
from elluminate._exports import Exports
from elluminate._notebooks import MOST_SHOWN, ShownInNotebooks
from elluminate._showing import quoted
from elluminate._tables import html_table
from elluminate.exceptions import ValidationError
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse, Rating
from elluminate.schemas.template_string import TemplateString
from elluminate.statistics.drawing import draw_in_turn, shuffled
from elluminate.statistics.judging import GivenVerdict

__all__ = ["LabelDraw", "ToLabel", "draw"]

Pair = tuple[int, int]
"""Ids of a response and of a criterion."""


@frozen(kw_only=True, repr=False, eq=False)
class ToLabel(Explained):
    """An answer and a criterion, without what the judge said.

    Attributes:
        criterion: What to judge the answer by.
        prompt: What was asked, as text.
        answer: What was answered, as text.
        values: The row's values, column name to value.
    """

    _response: PromptResponse = field(alias="response")
    criterion: Criterion

    @property
    def response_id(self) -> int:
        """Id of the response."""
        return self._response.id

    @property
    def question(self) -> str:
        """The criterion's question, filled with the row's values."""
        template = TemplateString(self.criterion.criterion_str)
        if not template.is_template:
            return template.template_str
        try:
            return template.render(**self.values)
        except ValidationError:
            return template.template_str

    @property
    def values(self) -> Mapping[str, Any]:
        """The row's values, column name to value."""
        return self._response.template_variables

    @property
    def prompt(self) -> str:
        """What was asked, as text."""
        return _conversation(self._response.prompt.messages)

    @property
    def row(self) -> str:
        """The row's values, a line for each column."""
        return "\n".join(f"{name}: {value}" for name, value in self.values.items())

    @property
    def answer(self) -> str:
        """What was answered, as text; a conversation with its roles."""
        messages = self._response.messages
        return self._response.response_text if len(messages) == 1 else _conversation(messages)

    async def alabel(self, value: LabelValue | str, reason: str | None = None) -> Label:
        """Say whether the answer meets the criterion; see `PromptResponse.label`.

        Args:
            value: "YES", "NO" or "UNSURE".
            reason: Why, at most 10000 characters.

        Returns:
            The label.

        Raises:
            ValidationError: An argument cannot be used.

        Example:
            >>> for item in experiment.next_to_label(2):
            ...     print(item.prompt, item.answer, item.question, sep="\\n")
            ...     item.label("YES")
        """
        return await self._response.alabel(self.criterion, value, reason)

    def __repr__(self) -> str:
        return f"ToLabel(response_id={self.response_id}, question={quoted(self.question)})"

    label = blocking(alabel)


class LabelDraw(ShownInNotebooks, Exports, list[ToLabel]):
    """What to label next, as a list.

    Example:
        >>> experiment.next_to_label(50).to_csv("to_label.csv")
    """

    def __init__(self, items: Iterable[ToLabel] = ()) -> None:
        super().__init__(items)

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat dict per item, with a `label` and a `reason` to be filled in for `client.import_labels()`.

        Returns:
            Dicts with `response_id`, `criterion_id`, `criterion`, `prompt`, `answer`, `label` and `reason`.

        Example:
            >>> [item["label"] for item in experiment.next_to_label(2).to_dicts()]
            [None, None]
        """
        return [
            {
                "response_id": item.response_id,
                "criterion_id": item.criterion.id,
                "prompt": item.prompt or item.row,
                "answer": item.answer,
                "criterion": item.question,
                "label": None,
                "reason": None,
            }
            for item in self
        ]

    def _of_none(self) -> list[str]:
        return ["response_id", "criterion_id", "prompt", "answer", "criterion", "label", "reason"]

    def __repr__(self) -> str:
        return f"<{len(self)} to label>"

    def _tables(self) -> Iterator[str]:
        rows = [[str(one.response_id), one.prompt, one.answer, one.question] for one in self[:MOST_SHOWN]]
        head = ["response", "prompt", "answer", "criterion"]
        yield html_table(repr(self).strip("<>"), head, rows, most=MOST_SHOWN, total=len(self))


def draw(
    responses: Sequence[PromptResponse],
    n: int,
    *,
    seed: str,
    labelled: Collection[Pair] = (),
    criterion_id: int | None = None,
) -> LabelDraw:
    """What to label next: the same for the same state.

    As many by each criterion, and of those half from YES and half from NO as far as they reach. Of each the least
    certain come first, where epochs tell: those of a row whose verdicts differ; and of each row one before a second
    one. Else a hash decides, and it decides the order of the whole, so that neither tells anything of the verdict.

    Args:
        responses: Those of an experiment.
        n: How many.
        seed: What the experiment's hashes begin with.
        labelled: What need not be labelled any more.
        criterion_id: By this criterion alone.
    """
    items: dict[Pair, tuple[PromptResponse, Rating]] = {}
    verdicts = []
    for response, rating in _judged(responses):
        number = rating.criterion.id
        items[response.id, number] = response, rating
        row = response.prompt.template_variables.id
        verdicts.append(GivenVerdict(response.id, number, row, rating.rating.value == "YES"))
    left = [
        one
        for one in verdicts
        if (one.response_id, one.criterion_id) not in labelled and criterion_id in (None, one.criterion_id)
    ]
    chosen = shuffled(draw_in_turn(left, verdicts, seed)[:n], seed)
    found = (items[one.response_id, one.criterion_id] for one in chosen)
    return LabelDraw(ToLabel(response=response, criterion=rating.criterion) for response, rating in found)


def _judged(responses: Iterable[PromptResponse]) -> Iterator[tuple[PromptResponse, Rating]]:
    """Verdicts of judges: what a rule decides needs no label."""
    for response in responses:
        if response.error is None:
            for rating in response.ratings:
                if rating.criterion.check is UNSET:
                    yield response, rating


def _conversation(messages: Sequence[Mapping[str, Any]]) -> str:
    if len(messages) == 1:
        return _text(messages[0])
    return "\n\n".join(f"{message.get('role', '')}: {_text(message)}" for message in messages)


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
    said = [text for text in [*texts, message.get("refusal")] if isinstance(text, str) and text]
    calls = message.get("tool_calls")
    return "\n".join([*said, quoted(calls, 1_000)] if calls else said)
