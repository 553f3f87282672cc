"""The contract's `custom_api_config`: what is sent to an API of somebody's own, and where its answer stands.

    {
      "path": "/generate",
      "headers": {"X-Team": "evals", "Authorization": "Token {{api_key}}"},
      "body": {"input": "{{prompt}}", "options": {"heat": "{{temperature}}"}},
      "response": {"text": "$.output[0].text", "input_tokens": "$.usage.in"}
    }

A template is a JSON value, and its placeholders are filled in that value, never in its text: whatever a prompt says, it
stays inside its string. No code of anybody's runs here: what finds an answer is a path (`domain.json_paths`).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import attrs

from elluminate_server.domain.json_paths import InvalidPathError, JsonPath
from elluminate_server.domain.shapes import suggestion
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.types import ModelError

__all__ = ["LEFT_OUT", "CustomApi", "fill"]

SAMPLING = ("temperature", "top_p", "top_k", "max_tokens", "reasoning_effort", "verbosity")
"""Placeholders of what a config or a run may set; one that is set and stands nowhere is refused, not dropped."""

_NAMES = (
    "prompt",
    "messages",
    "system",
    "model",
    "api_key",
    "tools",
    "tool_choice",
    "response_format",
    *SAMPLING,
)
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")

MEASURES = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "finish_reason", "model")
"""What an answer may tell beside its text."""
_PARTS = ("text", "error", *MEASURES)
_KEYS = ("path", "headers", "body", "response")

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_PATH = re.compile(r"[/?](?:[\x21-\x22\x24-\x7e]|\{\{\s*model\s*\}\})*")
_OF_THE_CONNECTION = frozenset(
    {
        *("host", "connection", "content-length", "content-type", "content-encoding", "transfer-encoding"),
        *("accept-encoding", "cookie", "expect", "te", "trailer", "upgrade", "keep-alive"),
    }
)
"""Headers that say how a request is sent, which is not the config's to say."""

LEFT_OUT = object()
"""What a placeholder of something that is not set leaves of its member: nothing."""


@attrs.frozen(kw_only=True)
class CustomApi:
    """A `custom_api_config` that can be used.

    Attributes:
        path: What follows the base URL.
        headers: Headers, with placeholders. They may hold secrets.
        body: Template of the request's body.
        paths: Where the parts of an answer stand, `text` among them.
        uses: The placeholders that stand anywhere.
    """

    path: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: Mapping[str, Any] = attrs.field(repr=False)
    paths: Mapping[str, JsonPath]
    uses: frozenset[str]

    @classmethod
    def of(cls, config: ModelConfig) -> "CustomApi":
        """Read what a config says.

        Raises:
            ModelError: It cannot be used; names the place, and shows no header's value.
        """
        problem = _Problem(config.config_name)
        given = config.custom_api_config
        if not given:
            raise problem(
                "custom_api_config is missing: give it a 'body' and the path of the answer's 'text'"
            )
        _check_names(given, _KEYS, "custom_api_config", problem)
        body = given.get("body")
        if not isinstance(body, Mapping) or not body:
            raise problem('custom_api_config.body must be an object, for example {"input": "{{prompt}}"}')
        headers = _headers(given.get("headers"), problem)
        path = given.get("path") or ""
        if not isinstance(path, str) or (path and not _PATH.fullmatch(path)):
            raise problem("custom_api_config.path must begin with '/' or '?' and hold no blanks and no '#'")
        try:
            uses = {name for value in (body, headers, path) for name in _placeholders(value)}
        except RecursionError:
            raise problem("custom_api_config.body is nested too deeply") from None
        for name in sorted(uses - set(_NAMES)):
            raise problem(
                f"{{{{{name}}}}} is no placeholder{suggestion(name, _NAMES) or ': ' + ', '.join(_NAMES)}"
            )
        if not uses & {"prompt", "messages"}:
            raise problem(
                "custom_api_config.body holds neither {{prompt}} nor {{messages}}, so that nothing is asked"
            )
        if set(_placeholders(path)) - {"model"}:
            raise problem("custom_api_config.path takes {{model}} alone; a key belongs into a header")
        if set(_placeholders(headers)) - {"model", "api_key"}:
            raise problem("custom_api_config.headers take {{api_key}} and {{model}} alone")
        unsent = [name for name in SAMPLING if getattr(config, name) is not None and name not in uses]
        unsent += [name for name in ("best_of", "logprobs", "top_logprobs") if getattr(config, name)]
        if unsent:
            raise problem(
                f"{', '.join(unsent)} is set, and stands nowhere in custom_api_config.body as a placeholder"
            )
        paths = _paths(given.get("response"), config.custom_response_parser, problem)
        return cls(path=path, headers=headers, body=body, paths=paths, uses=frozenset(uses))

    def sent_headers(self, config: ModelConfig) -> dict[str, str]:
        """The headers, filled; the key as a bearer token where it stands nowhere else.

        Raises:
            ModelError: The key cannot be put into a header.
        """
        values = {"model": config.model, "api_key": config.api_key or ""}
        filled = {name: str(fill(value, values, keeps_text=True)) for name, value in self.headers.items()}
        if config.api_key and "api_key" not in self.uses and "authorization" not in map(str.lower, filled):
            filled["Authorization"] = f"Bearer {config.api_key}"
        for name, value in filled.items():
            if not _HEADER_VALUE.fullmatch(value):
                raise _Problem(config.config_name)(
                    f"the header {name!r} cannot be sent (value not shown): it is empty, or holds characters that are "
                    "not visible ASCII"
                )
        return filled

    def target(self, config: ModelConfig) -> str:
        """What follows the base URL, quoted."""
        return _PLACEHOLDER.sub(lambda _: quote(config.model, safe=""), self.path)


def fill(template: Any, values: Mapping[str, Any], *, keeps_text: bool = False) -> Any:
    """A template with its placeholders replaced by values, by structure.

    A string that is one placeholder becomes the value itself, a list, say; one inside other text its text. What was
    filled in is not looked at again.

    Args:
        template: A JSON value.
        values: By name; None for what is not set: its member is left out.
        keeps_text: Whether a string stays one.

    >>> fill({"q": "{{prompt}}!", "n": "{{top_k}}", "p": "{{top_p}}"}, {"prompt": '"{{x}}', "top_k": 3, "top_p": None})
    {'q': '"{{x}}!', 'n': 3}
    """
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        if whole and not keeps_text:
            value = values.get(whole[1])
            return LEFT_OUT if value is None else value
        return _PLACEHOLDER.sub(lambda found: _text(values.get(found[1])), template)
    if isinstance(template, Mapping):
        filled = {name: fill(value, values) for name, value in template.items()}
        return {name: value for name, value in filled.items() if value is not LEFT_OUT}
    if isinstance(template, list):
        return [value for value in (fill(value, values) for value in template) if value is not LEFT_OUT]
    return template


class _Problem:
    """Makes the error that says what is wrong with a config."""

    def __init__(self, config_name: str) -> None:
        self._config_name = config_name

    def __call__(self, what: str) -> ModelError:
        return ModelError(f"LLM config {self._config_name!r} cannot be used with a custom API: {what}.")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _check_names(given: Mapping[str, Any], known: tuple[str, ...], where: str, problem: _Problem) -> None:
    for name in given:
        if name not in known:
            raise problem(f"{where} has no {name!r}{suggestion(name, known) or ', only ' + ', '.join(known)}")


def _placeholders(template: Any) -> Iterator[str]:
    if isinstance(template, str):
        yield from _PLACEHOLDER.findall(template)
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from _placeholders(value)
    elif isinstance(template, list):
        for value in template:
            yield from _placeholders(value)


def _headers(given: Any, problem: _Problem) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise problem("custom_api_config.headers must be an object of texts")
    for name, value in given.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OF_THE_CONNECTION:
            raise problem(f"custom_api_config.headers: {name[:80]!r} is no name of a header that can be set")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise problem(
                f"custom_api_config.headers: the value of {name!r} (not shown) must be a text of ASCII characters"
            )
    return dict(given)


def _paths(given: Any, parser: str | None, problem: _Problem) -> dict[str, JsonPath]:
    if given is not None and not isinstance(given, Mapping):
        raise problem(
            'custom_api_config.response must be an object of paths, for example {"text": "$.output"}'
        )
    paths = dict(given or {})
    _check_names(paths, _PARTS, "custom_api_config.response", problem)
    if parser is not None and parser.strip():
        if not parser.strip().startswith("$"):
            raise problem(
                "custom_response_parser is no path. Code of users does not run on this server: give the place of the "
                "answer's text, for example '$.output.text'"
            )
        if "text" in paths:
            raise problem(
                "custom_response_parser and custom_api_config.response.text both say where the text stands"
            )
        paths["text"] = parser.strip()
    if "text" not in paths:
        raise problem(
            'custom_api_config.response must say where the text stands, for example {"text": "$.output"}'
        )
    read = {}
    for name, path in paths.items():
        try:
            read[name] = JsonPath.parse(path if isinstance(path, str) else "")
        except InvalidPathError as error:
            raise problem(f"custom_api_config.response.{name}: {str(path)[:80]!r} {error}") from None
    return read
