"""Decoding a page of rated responses: the client's way against pydantic v2 with the same fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from benchmarks import pydantic_models
from benchmarks.interleaving import Ratio, compare
from benchmarks.responses_page import RATINGS, RESPONSES
from elluminate._paging import Page
from elluminate._session import _decoder, decoding_for
from elluminate.async_client import AsyncClient
from elluminate.schemas.response import PromptResponse


def decode(content: bytes) -> Page[PromptResponse]:
    """What a client does with an answer's bytes: one pass, each model bound to its session."""
    token = decoding_for.set(_SESSION)
    try:
        page: Page[PromptResponse] = _decoder(Page[PromptResponse]).decode(content)
        return page
    finally:
        decoding_for.reset(token)


def pydantic_per_item(content: bytes) -> list[pydantic_models.PromptResponse]:
    """What SDKs on pydantic do: the envelope as JSON, then each item by itself."""
    validate = pydantic_models.PromptResponse.model_validate
    return [validate(item) for item in json.loads(content)["items"]]


def pydantic_whole_page(content: bytes) -> pydantic_models.ResponsePage:
    """The fastest way that pydantic offers: the bytes of the whole page in one call."""
    return pydantic_models.ResponsePage.model_validate_json(content)


def against(other: Callable[[bytes], Any], content: bytes, rounds: int) -> Ratio:
    """How many times as long the other way takes."""
    return compare(lambda: decode(content), lambda: other(content), rounds=rounds)


def check(content: bytes) -> None:
    """All ways must yield the same, or comparing their times means nothing."""
    ours, items, page = decode(content).items, pydantic_per_item(content), pydantic_whole_page(content).items
    assert len(ours) == len(items) == len(page) == RESPONSES
    for mine, item, of_page in zip(ours, items, page, strict=True):
        assert item == of_page
        assert len(mine.ratings) == RATINGS
        theirs = item.model_dump(mode="json")
        assert (mine.id, mine.messages, mine.template_variables) == (
            theirs["id"],
            theirs["messages"],
            theirs["prompt"]["template_variables"]["input_values"],
        )
        assert mine.created_at == item.created_at
        assert mine.prompt.prompt_template is not None and mine.prompt.prompt_template._session is _SESSION
        assert [(one.rating.value, one.reasoning, one.criterion.criterion_str) for one in mine.ratings] == [
            (one.rating.value, one.reasoning, one.criterion.criterion_str) for one in item.ratings
        ]


_SESSION = AsyncClient(base_url="http://127.0.0.1:9", api_key="benchmark").session
