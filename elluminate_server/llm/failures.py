"""What a failed attempt is to the user: what the endpoint said, in one sentence, and what to do about it."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import attrs

from elluminate_server.llm.answers import mapping
from elluminate_server.llm.attempts import UNKNOWN_MODEL, Kind, Refusal, refusal_of
from elluminate_server.llm.http_calls import HttpAnswer, HttpFailure
from elluminate_server.llm.json_bodies import read_json, storable_text
from elluminate_server.llm.types import EndpointRefusedError, ModelError, Usage

__all__ = ["LONGEST_PROVIDER_MESSAGE", "Failed", "failed_attempt"]

LONGEST_PROVIDER_MESSAGE = 500


@attrs.frozen
class Failed:
    """An attempt without a usable answer.

    Attributes:
        error: The failure in words.
        refusal: What it says.
        is_final: Whether it is not tried again all the same.
    """

    error: ModelError
    refusal: Refusal
    is_final: bool


def failed_attempt(
    outcome: HttpAnswer | HttpFailure,
    base_url: str,
    redacted: Callable[[str], str],
    *,
    model: str,
    final_statuses: Collection[int],
) -> Failed:
    """Put an attempt into words.

    Args:
        outcome: An answer with an error status, or none.
        base_url: The endpoint's address.
        redacted: Takes the key, and what else is to be hidden, out of a text.
        model: The name of the model that was asked for.
        final_statuses: Statuses that are not tried again.
    """
    if isinstance(outcome, HttpFailure):
        return _without_an_answer(outcome, base_url, redacted)
    error = _error_in(outcome.body)
    said = redacted(_said_in(error, outcome.body)) or "nothing"
    if len(said) > LONGEST_PROVIDER_MESSAGE:
        said = said[:LONGEST_PROVIDER_MESSAGE] + "…"
    status = outcome.status
    refusal = refusal_of(status, outcome.headers, error, said)
    is_final = status in final_statuses
    # One that does not know a path, or a form, says so in the same way as one that does not know a model.
    is_meant = model in said or mapping(error).get("code") in UNKNOWN_MODEL
    is_hopeless = refusal.kind is Kind.HOPELESS and (not is_final or is_meant)
    advice = _ADVICE.get(status, _REDIRECT_ADVICE if 300 <= status < 400 else "")
    return Failed(
        ModelError(
            f"The model endpoint {base_url} answered {status}: {said}{advice}",
            retryable=refusal.is_passing,
            status=status,
            is_hopeless=is_hopeless,
            kind=refusal.kind,
            usage=Usage(estimated_input_cost_usd=0.0, estimated_output_cost_usd=0.0),  # nobody charges for it
        ),
        refusal,
        is_final,
    )


def _without_an_answer(failure: HttpFailure, base_url: str, redacted: Callable[[str], str]) -> Failed:
    said = redacted(storable_text(failure.reason))
    refusal = Refusal(failure.kind)
    kind = EndpointRefusedError if failure.is_out_of_reach else ModelError
    return Failed(
        kind(
            f"The model endpoint {base_url} {said}. {failure.advice}",
            retryable=refusal.is_passing,
            is_hopeless=refusal.kind is Kind.HOPELESS,
            kind=refusal.kind,
        ),
        refusal,
        is_final=False,
    )


def _error_in(body: bytes) -> Any:
    """The error object in the body of an error, or whatever is in its place; None where there is no JSON."""
    try:
        said = read_json(body)
    except (ValueError, RecursionError):
        return None
    return said.get("error", said) if isinstance(said, Mapping) else said


def _said_in(error: Any, body: bytes) -> str:
    """The provider's own words in the body of an error."""
    if isinstance(error, str):
        return error
    if isinstance(error, Mapping):
        for key in ("message", "detail"):
            if error.get(key):
                return f"{error[key]}{_parameter(error)}{_filtered(error)}"
    return storable_text(body.decode("utf-8", errors="replace").strip())


def _parameter(error: Mapping[str, Any]) -> str:
    """The parameter that was refused, where the message does not name it."""
    name = error.get("param")
    if not isinstance(name, str) or not name or name in str(error.get("message")):
        return ""
    return f" (parameter {name!r})"


def _filtered(error: Mapping[str, Any]) -> str:
    """Why Azure's content filter refused a prompt."""
    results = mapping(mapping(error.get("innererror")).get("content_filter_result"))
    names = [str(name) for name, result in results.items() if mapping(result).get("filtered") is True]
    return f" (filtered: {', '.join(names)})" if names else ""


_ADVICE = {
    401: " (Check the LLM config's API key.)",
    403: " (The API key may not use this model.)",
    404: " (Check the LLM config's base URL and model name.)",
}
_REDIRECT_ADVICE = " (Redirects are not followed: give the address that it leads to as the base URL.)"
