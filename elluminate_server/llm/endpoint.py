"""One address of a provider and one key: asking when it is our turn, and asking again."""

import copy
import math
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Self

import anyio
import attrs

from elluminate._spans import current_span
from elluminate_server.domain.redaction import redacted
from elluminate_server.llm.addresses import check_address
from elluminate_server.llm.attempts import Kind, backoff, foretold_pause
from elluminate_server.llm.failures import LONGEST_PROVIDER_MESSAGE, Failed, failed_attempt
from elluminate_server.llm.gates import Bound, Caller, Gate, Place, clock
from elluminate_server.llm.http_calls import Calls, HttpAnswer, HttpCalls, HttpFailure
from elluminate_server.llm.json_bodies import is_json, storable_text, write_json
from elluminate_server.llm.key_headers import KeyHeaders, bearer, fits_a_header
from elluminate_server.llm.model_config import MAX_CONNECTIONS, ModelConfig
from elluminate_server.llm.reach import Reach
from elluminate_server.llm.response_formats import FormatSupport
from elluminate_server.llm.shortages import SHORTAGES, ShortageError, shortage_of
from elluminate_server.llm.types import (
    MAX_MODEL_ANSWER_BYTES,
    Answer,
    ModelAwayError,
    ModelError,
    Usage,
)

__all__ = ["Endpoint", "Received", "Terms"]

DEFAULT_TIMEOUT = 120.0
"""Seconds one attempt may take when the config does not say."""
DEFAULT_MAX_RETRIES = 5
"""Further attempts when the config does not say."""


LONGEST_OWN_BACKOFF = 8.0
"""Longest pause, in seconds, of a call that failed alone."""
MOST_CROWDED = 3
"""Time-outs of one call that count as no attempt, because too many calls were under way with it."""
MOST_UNREADABLE = 3
"""Times that a call is asked again whose answer is no JSON: the page of a proxy, or one that breaks off."""


_NEARBY_TOO = Reach()
_NO_CONFIG = Bound(None, MAX_CONNECTIONS)

_GATEWAY_TIME_OUTS = (504, 524)
"""Statuses of gateways that waited in vain: where others get answers meanwhile, it is the call that took too long."""


@attrs.frozen
class Received:
    """The body of an answer.

    Attributes:
        body: Its bytes.
        duration_seconds: From the beginning of the last attempt to the last byte.
        waited_seconds: Before that: for its turn, in earlier attempts, and in pauses.
    """

    body: bytes
    duration_seconds: float
    waited_seconds: float

    def after_waiting(self, seconds: float) -> Self:
        """The same answer, with what was waited before it was asked for."""
        return attrs.evolve(self, waited_seconds=self.waited_seconds + seconds) if seconds else self


@attrs.frozen
class Terms:
    """How an LLM config has its endpoint asked; see `Endpoint.ask`."""

    attempt_seconds: float
    max_retries: int
    bound: Bound

    @classmethod
    def of(cls, config: ModelConfig) -> Self:
        """Those of a config."""
        return cls(
            attempt_seconds=DEFAULT_TIMEOUT if config.timeout is None else config.timeout,
            max_retries=DEFAULT_MAX_RETRIES if config.max_retries is None else config.max_retries,
            bound=Bound((config.config_id, config.config_name, config.model), config.max_connections),
        )


@attrs.define
class _Trials:
    """What became of one call so far.

    Attributes:
        sent: All attempts.
        counted: Attempts that count against `max_retries`.
        crowded: Time-outs among those that do not.
        unreadable: Answers that were no JSON.
        refused_since: When the first one was sent that was refused and waited for.
        refused: How many of those there were.
    """

    sent: int = 0
    counted: int = 0
    crowded: int = 0
    unreadable: int = 0
    refused_since: float | None = None
    refused: int = 0


class Endpoint:
    """One address and one key, the connections to it, and the gate before it.

    Only the key given here is ever sent, and only to this address. A call is sent when the gate lets it. Load and
    outages are waited for with the patience of whoever asks.

    Args:
        base_url: Address without the trailing slash.
        api_key: Its key; None sends none.
        key_headers: Where the provider reads the key.
        reach: Which places are asked.
        max_answer_bytes: Most bytes of an answer that are read.
        calls: What sends, in place of HTTP calls to the address.
        ask: See `gates.Gate`.

    Raises:
        ModelError: The address cannot be asked, or the key cannot be put into a header.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str | None,
        key_headers: KeyHeaders = bearer,
        reach: Reach = _NEARBY_TOO,
        max_answer_bytes: int = MAX_MODEL_ANSWER_BYTES,
        calls: Calls | None = None,
        ask: Callable[[], None] | None = None,
    ) -> None:
        if calls is None:
            check_address(base_url)
        if api_key is not None and not fits_a_header(api_key):
            raise ModelError(
                f"The API key for {base_url} cannot be sent: it holds blanks, line breaks or characters that "
                "are not ASCII. Copy it again."
            )
        self._base_url = base_url
        self._api_key = api_key
        self._key_headers = {} if api_key is None else key_headers(api_key)
        self._calls = calls or HttpCalls(base_url, reach=reach, max_answer_bytes=max_answer_bytes)
        self._gate = Gate(f"the model endpoint {base_url}", ask=ask)
        self._caller = Caller()
        self._secrets: Collection[str] = ()
        self._formats: dict[str, FormatSupport] = {}
        self._shown: dict[str, set[str]] = {}

    def __repr__(self) -> str:
        return f"Endpoint(base_url={self._base_url!r})"

    def called_by(self, caller: Caller) -> Self:
        """The same endpoint, asked by this caller."""
        called = copy.copy(self)
        called._caller = caller
        return called

    def hiding(self, secrets: Collection[str]) -> Self:
        """The same endpoint, in whose words these stand as little as the key."""
        hiding = copy.copy(self)
        hiding._secrets = secrets
        return hiding

    @property
    def gate(self) -> Gate:
        """What every call goes through."""
        return self._gate

    def format_support(self, model: str) -> FormatSupport:
        """What this model has shown to take here."""
        return self._formats.setdefault(model, FormatSupport())

    def shown_by(self, model: str) -> set[str]:
        """What else this model has shown here, in words of its provider's own."""
        return self._shown.setdefault(model, set())

    def ask_as(
        self,
        terms: Terms,
        target: str,
        request: Mapping[str, Any],
        *,
        final_statuses: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Awaitable[Received]:
        """Send one request as an LLM config says; see `ask`."""
        return self.ask(
            target,
            request,
            attempt_seconds=terms.attempt_seconds,
            max_retries=terms.max_retries,
            bound=terms.bound,
            final_statuses=final_statuses,
            headers=headers,
        )

    async def ask(
        self,
        target: str,
        request: Mapping[str, Any],
        *,
        attempt_seconds: float,
        max_retries: int,
        bound: Bound = _NO_CONFIG,
        final_statuses: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Received:
        """Send one request and return the answer's body.

        Args:
            target: What follows the base URL, quoted: a path, and a query if there is one.
            request: The request's JSON.
            attempt_seconds: Seconds one attempt may take, from sending to the last byte.
            max_retries: Further attempts after a broken connection, a time-out, 408, 409, 425 or 5xx. What is refused
                for load (429, 503, 529), or fails because the endpoint is away (no connection, 502, 504), counts as
                none: it is waited for with the caller's patience.
            bound: Most calls at a time of those that are asked with the same config.
            final_statuses: Statuses of these that are not tried again all the same.
            headers: Headers that the provider wants beside the key.

        Raises:
            ModelError: There was no answer, or one with an error status. Its `usage` has the times.
            ShortageError: This process lacks what the call takes.
            Exception: What the caller was ended with.
        """
        await self._prepare()
        try:
            body = write_json(request)
        except ValueError as error:
            raise ModelError(f"The request to {self._base_url} cannot be sent as JSON: {error}.") from None
        sent_headers = {**self._key_headers, **(headers or {})}
        asked = clock()
        trials, failed = _Trials(), None
        while True:
            place = await self._gate.enter(
                self._caller,
                bound,
                is_repeated=failed is not None,
                until=self._patience_ends(asked, trials),
            )
            if place is None:
                raise self._out_of_patience(asked, trials, failed)
            started = clock()
            try:
                outcome = await self._attempt(
                    self._base_url + target, body, sent_headers, attempt_seconds, trials
                )
                if isinstance(outcome, HttpAnswer):
                    outcome = self._understood(outcome, trials, may_ask_again=trials.counted < max_retries)
                is_answered = isinstance(outcome, HttpAnswer) and 200 <= outcome.status < 300
                if not is_answered:
                    failed = failed_attempt(
                        outcome,
                        self._base_url,
                        self.redacted,
                        model=str(request.get("model")),
                        final_statuses=final_statuses,
                    )
            except BaseException:
                self._gate.leave(place)
                raise
            ended = clock()
            self._gate.is_known |= isinstance(outcome, HttpAnswer)
            if isinstance(outcome, HttpAnswer) and is_answered:
                foretold = foretold_pause(outcome.headers)
                self._gate.answered(place, allowed=attempt_seconds, foretold=foretold)
                return Received(outcome.body, ended - started, started - asked)
            assert failed is not None  # noqa: S101 - for the type checker
            # Without its words, which may quote a prompt.
            current_span().note("attempt failed", {"error.type": failed.error.type})
            failed.error.usage = attrs.evolve(
                failed.error.usage, duration_seconds=ended - started, waited_seconds=started - asked
            )
            pause = self._give_back(place, failed, trials, attempt_seconds, max_retries)
            if pause is None:
                raise failed.error
            if pause:
                await anyio.sleep(pause)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._calls.aclose()

    async def _attempt(
        self, url: str, body: bytes, headers: Mapping[str, str], seconds: float, trials: _Trials
    ) -> HttpAnswer | HttpFailure:
        trials.sent += 1
        try:
            outcome = await self._calls.post(url, body, headers=headers, seconds=seconds)
        except TimeoutError:
            return HttpFailure(
                f"did not answer within {seconds:g} s ({trials.sent} attempts)",
                "Raise the LLM config's timeout, or ask for less.",
                Kind.TIME_OUT,
            )
        if isinstance(outcome, HttpFailure) and outcome.shortage is not None:
            raise self._shortage(outcome.shortage)
        return outcome

    def _understood(
        self, answer: HttpAnswer, trials: _Trials, *, may_ask_again: bool
    ) -> HttpAnswer | HttpFailure:
        """The answer, unless it is none: a proxy's page, or JSON that breaks off, may well not come again.

        Where nothing was ever understood, the address is probably wrong: there it stays an answer, to be refused.
        """
        if not 200 <= answer.status < 300:
            return answer
        if is_json(answer.body):
            self._gate.is_understood = True
        elif may_ask_again and self._gate.is_understood and trials.unreadable < MOST_UNREADABLE:
            trials.unreadable += 1
            start = storable_text(answer.body[:LONGEST_PROVIDER_MESSAGE].decode("utf-8", errors="replace"))
            return HttpFailure(
                f"answered {answer.status} with something that is not JSON: {start!r}",
                "Is a proxy or a login page in between?",
            )
        return answer

    def _give_back(
        self, place: Place, failed: Failed, trials: _Trials, attempt_seconds: float, max_retries: int
    ) -> float | None:
        """Give the place back, and say after what pause the call asks for another one; None when it does not.

        The gate itself waits as long as the endpoint asks; the pause is the call's own.
        """
        refusal, others_pass = failed.refusal, self._gate.has_answered_since(place.sent.at)
        if refusal.kind is Kind.OUTAGE and failed.error.status in _GATEWAY_TIME_OUTS and others_pass:
            refusal = attrs.evolve(refusal, kind=Kind.TIME_OUT)
        if refusal.is_waited_for:
            self._gate.refused(place, refusal, str(failed.error))
            trials.refused += 1
            if trials.refused_since is None:
                trials.refused_since = place.sent.at
            # One that is refused while others pass should not have all of them wait again and again.
            return backoff(trials.refused) if others_pass and trials.refused > 2 else 0.0
        if refusal.kind is Kind.TIME_OUT:
            if self._gate.timed_out(place, allowed=attempt_seconds) and trials.crowded < MOST_CROWDED:
                trials.crowded += 1
                return 0.0
        else:
            self._gate.failed(place, refusal.kind)
        trials.counted += 1
        if not refusal.is_passing or failed.is_final or trials.counted > max_retries:
            return None
        if refusal.pause is not None:
            return refusal.pause if refusal.pause <= self._patience else None
        return backoff(trials.counted, LONGEST_OWN_BACKOFF)

    @property
    def _patience(self) -> float:
        """Seconds for which the endpoint is waited for."""
        return self._gate.patience_of(self._caller)

    def _patience_ends(self, asked: float, trials: _Trials) -> float:
        began = asked if self._caller.queues_within_it else trials.refused_since
        return math.inf if began is None else began + self._patience

    def _out_of_patience(self, asked: float, trials: _Trials, failed: Failed | None) -> ModelError:
        """Why a call that was waited for is given up."""
        waited = clock() - asked
        left = self._gate.pace.closed_until(clock()) - clock()
        is_longer = left > self._patience
        if failed is None:
            said = self._why_it_was_not_asked(is_left_alone=is_longer or not self._patience)
            usage = Usage(waited_seconds=waited)
        else:
            said, usage = str(failed.error), failed.error.usage
        if is_longer and left >= 1:
            is_asked = self._gate.pace.asked_until >= self._gate.pace.paused_until
            pause = "asks to be left alone" if is_asked else "is not asked again"
            said += f" (It {pause} for {left:.0f} s, longer than is waited.)"
        elif trials.refused > 1:
            said += f" (It was asked again for {waited:.0f} s.)"
        since = asked if trials.refused_since is None else trials.refused_since
        others_pass = self._gate.has_answered_since(since) and not is_longer
        kind = ModelError if others_pass else ModelAwayError
        status = None if failed is None else failed.error.status
        return kind(
            said,
            retryable=True,
            status=status,
            usage=usage,
            kind=self._gate.waited_for if failed is None else failed.refusal.kind,
        )

    def _why_it_was_not_asked(self, *, is_left_alone: bool) -> str:
        reason = self._gate.reason or "too many other calls wait for it."
        how = (
            "is left alone for the moment"
            if is_left_alone
            else f"could not be asked within {self._patience:g} s"
        )
        return f"The model endpoint {self._base_url} {how}: {reason}"

    async def _prepare(self) -> None:
        try:
            await self._calls.prepare()
        except (OSError, MemoryError) as error:  # modules and certificates are files, too
            lacking = shortage_of(error)
            if lacking is None:
                raise
            raise self._shortage(lacking) from error

    def _shortage(self, number: int) -> ShortageError:
        return ShortageError(
            number, f"The model endpoint {self._base_url} was not asked by this server: {SHORTAGES[number]}"
        )

    def read(self, received: Received, reader: Callable[[bytes], Answer]) -> Answer:
        """What a reader makes of an answer; what is said of one that is of no use holds no key.

        Raises:
            ModelError: The reader has no use for it.
        """
        try:
            return reader(received.body)
        except ModelError:
            hidden = self.redacted(received.body.decode("utf-8", errors="replace")).encode()
            if hidden == received.body:
                raise
        return reader(hidden)

    def redacted(self, text: str) -> str:
        """What the endpoint said, without the key and what else is to be hidden."""
        for secret in (self._api_key, *self._secrets):
            text = redacted(text, secret, "[key]")
        return text
