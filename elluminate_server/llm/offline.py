"""The built-in offline model, which answers and judges without any network, so that everything can be tried
at once.

It shows the mechanics and measures nothing: it does not understand language, its answers repeat words of the
request, and its verdicts follow the word-counting rules below. Never draw a conclusion about a prompt from
it.

Everything is deterministic: the same input always gives the same output, and sampling parameters have no
effect.

Answering. The request is the last user message (else the last message with text). The answer takes up the
first 60 % (rounded up) of the request's content words, in their order, so that what comes late in a long
request is left out. A JSON schema as response format is answered with a small valid instance; a required tool
with a call of it.

Judging: see `elluminate_server.llm.offline_judge`, which has the rules.

Counting. One token is one whitespace-separated word: of all message texts for the input, of the answer (or
the reasoning) for the output. Reasoning and cached tokens are 0, and so is every duration.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from elluminate_server.domain.messages import text_of
from elluminate_server.domain.rendering import PLACEHOLDER, message_placeholders
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.offline_judge import verdict
from elluminate_server.llm.offline_user import next_turn
from elluminate_server.llm.types import (
    Answer,
    JudgeCase,
    ModelError,
    ObjectShape,
    PlaysRoles,
    RatingMode,
    UserCase,
    UserTurn,
    Verdict,
)
from elluminate_server.llm.words import content_words

__all__ = ["OFFLINE_CONFIG", "OfflineModel"]

OFFLINE_CONFIG = ModelConfig(
    config_name="offline",
    model="offline",
    description="Built-in offline model: shows the mechanics, measures nothing.",
    input_price_per_mtok=0.0,
    output_price_per_mtok=0.0,
)

_FREE: dict[str, Any] = {"estimated_input_cost_usd": 0.0, "estimated_output_cost_usd": 0.0}
"""It costs nothing, which is known, unlike the price of a model on a machine of somebody's own."""

SHARE_OF_REQUEST = 0.6
"""How much of a request's content words an answer takes up."""

_MAX_SCHEMA_DEPTH = 16
_MAX_SCHEMA_VALUES = 10_000

_TOPICS = (
    "tides",
    "compound interest",
    "photosynthesis",
    "the printing press",
    "recursion",
    "glaciers",
    "vaccines",
    "supply and demand",
    "the water cycle",
    "public-key cryptography",
    "plate tectonics",
    "fermentation",
)


class OfflineModel(PlaysRoles):
    """Answers, and plays every role by itself (`PlaysRoles`), by the rules in this module's docstring.

    Nothing is sent anywhere.
    """

    @property
    def config(self) -> ModelConfig:
        """Always `OFFLINE_CONFIG`, whatever LLM config was asked for."""
        return OFFLINE_CONFIG

    async def answer(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
        preferred_shape: ObjectShape | None = None,
    ) -> Answer:
        """Take up the first 60 % of the request's content words.

        Raises:
            ModelError: The response format's or the tool's schema uses something that a small valid instance
                cannot be written for.
        """
        kept = _kept_words(_request(messages))
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "annotations": None,
            "audio": None,
            "function_call": None,
            "tool_calls": None,
        }
        tool = _required_tool(tools, tool_choice)
        if tool is not None:
            schema = tool.get("parameters") or {"type": "object"}
            arguments = json.dumps(_instance(schema, " ".join(kept)), ensure_ascii=False)
            call = {"name": tool["name"], "arguments": arguments}
            message["tool_calls"] = [{"id": "offline-call-1", "type": "function", "function": call}]
            written = arguments
        else:
            written = _formatted(
                kept, response_format if preferred_shape is None else preferred_shape.response_format()
            )
            message["content"] = written
        return Answer(
            messages=[message],
            duration_seconds=0.0,
            input_tokens=sum(count_tokens(text_of(given)) for given in messages),
            output_tokens=count_tokens(written),
            reasoning_tokens=0,
            cached_tokens=0,
            finish_reason="stop" if tool is None else "tool_calls",
            answered_by_model=OFFLINE_CONFIG.model,
            **_FREE,
        )

    async def judge(self, case: JudgeCase, mode: RatingMode) -> Verdict:
        """Apply the first rule of `offline_judge` that fits; both modes give the same verdict."""
        rating, reasoning = verdict(case)
        texts = [case.criterion, *map(text_of, case.prompt_messages), *map(text_of, case.response_messages)]
        return Verdict(
            rating=rating,
            reasoning=reasoning,
            duration_seconds=0.0,
            input_tokens=sum(map(count_tokens, texts)),
            output_tokens=count_tokens(reasoning),
            reasoning_tokens=0,
            cached_tokens=0,
            finish_reason="stop",
            answered_by_model=OFFLINE_CONFIG.model,
            **_FREE,
        )

    async def play_user(self, case: UserCase) -> UserTurn:
        """Ask for the goal's words until they were said; see `offline_user`."""
        text, ends = next_turn(case)
        return UserTurn(
            text=text,
            ends=ends,
            duration_seconds=0.0,
            input_tokens=sum(count_tokens(text_of(said)) for said in case.transcript),
            output_tokens=count_tokens(text),
            reasoning_tokens=0,
            cached_tokens=0,
            finish_reason="stop",
            answered_by_model=OFFLINE_CONFIG.model,
            **_FREE,
        )

    async def propose_criteria(self, template_messages: Sequence[Mapping[str, Any]]) -> list[str]:
        """Three to five questions.

        One per placeholder (at most two), one about the last content words of the template's text, one about
        what the text names (code, JSON, a list, an example; the first of these), and always one about being
        easy to understand and one about being concise.
        """
        text = "\n".join(filter(None, map(text_of, template_messages)))
        words = content_words(PLACEHOLDER.sub(" ", text))
        questions = [
            f"Does the response address {{{{{name}}}}}?"
            for name in message_placeholders(template_messages)[:2]
        ]
        if words:
            quoted = " and ".join(f'"{word}"' for word in words[-2:])
            questions.append(f"Does the response take up {quoted}?")
        lowered = text.casefold()
        for sign, question in _FORM_QUESTIONS:
            if sign in lowered and len(questions) < 3:
                questions.append(question)
                break
        return [*questions[:3], "Is the response easy to understand?", "Is the response concise?"]

    async def propose_row(
        self,
        template_messages: Sequence[Mapping[str, Any]],
        placeholders: Sequence[str],
        existing_rows: Sequence[Mapping[str, Any]],
    ) -> dict[str, str]:
        """The next row from a fixed list of everyday topics that no existing row equals."""
        return next(
            row for row in _rows(placeholders) if not any(_holds(existing, row) for existing in existing_rows)
        )


_FORM_QUESTIONS = (
    ("code", "Does the response contain code?"),
    ("json", "Is the response valid JSON?"),
    ("list", "Is the response given as a list?"),
    ("example", "Does the response give an example?"),
)


def count_tokens(text: str) -> int:
    """Tokens of a text by the offline rule: its whitespace-separated words."""
    return len(text.split())


def _request(messages: Sequence[Mapping[str, Any]]) -> str:
    texts = [(message.get("role"), text_of(message)) for message in messages]
    by_user = [text for role, text in texts if role == "user" and text.strip()]
    others = [text for _, text in texts if text.strip()]
    return (by_user or others or [""])[-1]


def _kept_words(request: str) -> list[str]:
    words = content_words(request)
    return words[: math.ceil(len(words) * SHARE_OF_REQUEST)]


def _formatted(kept: Sequence[str], response_format: Mapping[str, Any] | None) -> str:
    kind = (response_format or {}).get("type")
    if response_format is not None and kind == "json_schema":
        schema = (response_format.get("json_schema") or {}).get("schema") or {}
        return json.dumps(_instance(schema, " ".join(kept)), ensure_ascii=False)
    if kind == "json_object":
        return json.dumps({"answer": " ".join(kept)}, ensure_ascii=False)
    if not kept:
        return "Offline answer: the request has no words to take up."
    *first, last = kept
    named = f"{', '.join(first)} and {last}" if first else last
    return f"Offline answer about {named}: words of the request, nothing more."


def _required_tool(
    tools: Sequence[Mapping[str, Any]] | None, tool_choice: str | Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    functions: list[Mapping[str, Any]] = [tool["function"] for tool in tools or () if tool.get("function")]
    if isinstance(tool_choice, Mapping):
        wanted = (tool_choice.get("function") or {}).get("name")
        for function in functions:
            if function["name"] == wanted:
                return function
        raise ModelError(f"The tool choice names {wanted!r}, which is none of the given tools.")
    if tool_choice == "required":
        if not functions:
            raise ModelError("The tool choice is 'required', but no tools were given.")
        return functions[0]
    return None


def _instance(schema: Mapping[str, Any] | bool, text: str) -> Any:
    """A small value that the JSON schema allows; `text` is what strings say."""
    return _SchemaWriter(schema if isinstance(schema, Mapping) else {}, text).write(schema, 0)


class _SchemaWriter:
    """Writes instances of the parts of JSON Schema that providers accept as response formats."""

    def __init__(self, root: Mapping[str, Any], text: str) -> None:
        self._root = root
        self._text = text
        self._written = 0

    def write(self, schema: Mapping[str, Any] | bool, depth: int) -> Any:
        self._written += 1
        if self._written > _MAX_SCHEMA_VALUES:
            raise ModelError(f"An instance of the JSON schema needs more than {_MAX_SCHEMA_VALUES} values.")
        if depth > _MAX_SCHEMA_DEPTH:
            raise ModelError(
                f"The JSON schema is nested deeper than {_MAX_SCHEMA_DEPTH} levels or refers to itself."
            )
        if isinstance(schema, bool):
            return self._text
        if "$ref" in schema:
            return self.write(self._resolve(str(schema["$ref"])), depth + 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        for choice in ("anyOf", "oneOf"):
            if schema.get(choice):
                return self.write(schema[choice][0], depth + 1)
        if schema.get("allOf"):
            merged: dict[str, Any] = {}
            for part in schema["allOf"]:
                merged.update(self._resolve(str(part["$ref"])) if "$ref" in part else part)
            return self.write(merged, depth + 1)
        return self._write_type(schema, depth)

    def _write_type(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = schema.get("type") or ("object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = kind[0]
        match kind:
            case "object":
                properties = schema.get("properties") or {}
                names = [name for name in properties if name in schema.get("required", properties)]
                return {name: self.write(properties[name], depth + 1) for name in names}
            case "array":
                return [
                    self.write(schema.get("items", {}), depth + 1) for _ in range(schema.get("minItems", 1))
                ]
            case "string":
                return self._string(schema)
            case "integer" | "number":
                return self._number(schema, whole=kind == "integer")
            case "boolean":
                return False
            case "null":
                return None
        raise ModelError(f"The JSON schema has the type {kind!r}, which JSON Schema does not know.")

    def _string(self, schema: Mapping[str, Any]) -> str:
        if "pattern" in schema or "format" in schema:
            sign = "pattern" if "pattern" in schema else "format"
            raise ModelError(
                f"The offline model cannot write a string for the {sign} {schema[sign]!r}. "
                "Configure a real model, or leave it out of the schema."
            )
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        return self._text.ljust(least, ".")[:most]

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> int | float:
        lowest = schema.get("minimum")
        above = schema.get("exclusiveMinimum")
        number: float = 0
        if lowest is not None:
            number = max(number, lowest)
        if above is not None and above >= number:
            number = above + 1
        highest = schema.get("maximum", schema.get("exclusiveMaximum"))
        if highest is not None and number > highest:
            number = highest
        return math.ceil(number) if whole else number

    def _resolve(self, reference: str) -> Mapping[str, Any]:
        found: Any = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            if step and (not isinstance(found, Mapping) or step not in found):
                raise ModelError(f"The JSON schema refers to {reference!r}, which is not in it.")
            found = found[step] if step else found
        return found  # type: ignore[no-any-return]


def _rows(placeholders: Sequence[str]) -> Iterator[dict[str, str]]:
    number = 0
    while True:
        round_, start = divmod(number, len(_TOPICS))
        suffix = f" ({round_ + 1})" if round_ else ""
        yield {
            name: _TOPICS[(start + 5 * place) % len(_TOPICS)] + suffix
            for place, name in enumerate(placeholders)
        }
        number += 1


def _holds(existing: Mapping[str, Any], row: Mapping[str, str]) -> bool:
    return all(existing.get(name) == value for name, value in row.items())
