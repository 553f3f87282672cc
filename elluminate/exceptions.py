"""Everything that elluminate raises, one class per thing that a program may want to handle.

All derive from :class:`ElluminateError`. What the server refused is an :class:`APIError` with its
`status_code`; what never became an answer is a :class:`TransportError`, with the cause as `__cause__`.
No message, attribute or repr of an error holds a credential.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from attrs import field, frozen

from elluminate._answers import Answer, json_of, kept_text, message_of, request_id_of, retry_after_of

if TYPE_CHECKING:
    from elluminate_api.models import AgentResultsUploadResponse, AgentResultTaskRefOut


class ElluminateError(Exception):
    """Base of every exception of this package."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process boundaries (multiprocessing, task queues) as they are, whatever their arguments.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[ElluminateError], args: tuple[Any, ...], state: dict[str, Any]) -> ElluminateError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(ElluminateError, ValueError):
    """The client cannot be built from what it was given: credentials, base URL, proxy, timeouts."""


class ValidationError(ElluminateError, ValueError):
    """An argument cannot be used. Raised before anything was sent or changed."""


class ForeignModelError(ValidationError):
    """An object was given to a client of another server or another project, where its id is that of something else."""


class UsageError(ElluminateError, TypeError):
    """A call does not fit what it calls: an unknown, misplaced or missing argument, one that was to be awaited, or
    the `with` of the other client. Raised before anything was sent."""


class NotFetchedError(ValidationError, AttributeError):
    """What was asked for is on the server, and was not read: a listing leaves rows and responses out."""


class AmbiguousProjectError(ElluminateError):
    """The credentials reach several projects and none was chosen; pass `project_id`."""


class ClientClosedError(ElluminateError, RuntimeError):
    """The client was used after `close()`."""


class ModelNotBoundError(ElluminateError):
    """A method of a model was called that no client has returned, so there is nothing to call.

    Attributes:
        model_type: Name of the model's class.
        hint: How to get a model that works.
    """

    def __init__(self, model_type: str, hint: str | None = None) -> None:
        self.model_type = model_type
        self.hint = hint
        text = f"this {model_type} was made by hand, so it has no client to talk through"
        super().__init__(f"{text}; {hint}" if hint else text)


class TransportError(ElluminateError):
    """The request got no answer: no connection, a broken connection, a refused redirect.

    Attributes:
        request_id: What was sent as `X-Request-ID`: where the server has seen the request, its log names it so.
    """

    def __init__(self, message: str = "", request_id: str | None = None) -> None:
        super().__init__(_with_request_id(message, request_id))
        self.request_id = request_id


def _with_request_id(message: str, request_id: str | None) -> str:
    return message if request_id is None else f"{message} (request {request_id})"


class ConnectionFailedError(TransportError):
    """No connection could be made: the server has seen nothing of the request."""


class RedirectRefusedError(TransportError):
    """The server redirected where a credential or a request body must not follow."""


class RequestTimeoutError(TransportError, TimeoutError):
    """No answer came within `timeout` seconds. Whether the server acted is unknown."""


class WaitTimeoutError(ElluminateError, TimeoutError):
    """A wait for a task ended before the task did. The task goes on; read the experiment later."""


class TaskFailedError(ElluminateError):
    """A task ended without a result that could be returned.

    Attributes:
        status: The terminal :class:`~elluminate.streaming.TaskStatus`.
        error_msg: The server's reason, if it gave one.
    """

    def __init__(self, message: str, *, status: str, error_msg: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error_msg = error_msg


class NewColumnsWarning(UserWarning):
    """Rows brought columns that their collection did not have."""


class StrippedColumnsWarning(UserWarning):
    """Columns of a file were named with blanks at the ends, which were left out."""


class NoResultsError(ElluminateError):
    """An experiment was asked for results or rows that it cannot have yet: nothing has been answered."""


class NotComparableError(ElluminateError, ValueError):
    """Two experiments have no row, or no criterion, in common, so that nothing can be compared."""


class UnfilledBracesWarning(UserWarning):
    """A prompt or a criterion has a column's name in braces, and is no placeholder for it: it is sent as it stands."""


class SingleBracesWarning(UnfilledBracesWarning):
    """A prompt or a criterion has `{name}`, which is text, where the placeholder `{{name}}` seems to be meant."""


class EqualPromptsWarning(UserWarning):
    """A prompt has no placeholder, and its collection has several rows: each of them is asked the same."""


class IncompleteResultsWarning(UserWarning):
    """Verdicts are missing of a run that is over, so that its rates tell of the others alone."""


class NoCacheWarning(UserWarning):
    """A server keeps no answers, so that an experiment that was given a cache asks for all of them."""


class NoCriteriaWarning(UserWarning):
    """A run has no criteria: its answers are not judged."""


class RepeatedCriteriaWarning(UserWarning):
    """Criteria of one list have the same text: they are one criterion."""


class NoRowsWarning(UserWarning):
    """A run is over a collection without rows: nothing is asked, and there are no results."""


class AnsweredRowsWarning(UserWarning):
    """A run asks a model for rows that have an answer from elsewhere, which then count twice."""


class ExistingDiffersWarning(UserWarning):
    """`get_or_create_...` found something of that name which lacks what was given, or has another value for it."""


class OtherJudgeWarning(UserWarning):
    """An experiment is judged by another judge than its `rating_version` asked for, or than before."""


class ExperimentFailedWarning(IncompleteResultsWarning):
    """An experiment's run ended in FAILURE; it was returned as far as it came, with what is missing told."""


@frozen
class ResponseInfo:
    """What of an HTTP answer is worth keeping in an error: no headers, so no credentials.

    Attributes:
        status_code: HTTP status.
        method: HTTP method of the request.
        url: URL of the request.
        body: Decoded JSON object, else text, at most 10,000 characters.
        content_type: `Content-Type` of the answer.
    """

    status_code: int
    method: str
    url: str
    body: str | dict[str, Any] | None = field(repr=False)
    content_type: str | None = None

    @classmethod
    def from_response(cls, response: Answer) -> ResponseInfo:
        """Take down an answer of the HTTP library."""
        decoded = json_of(response)
        return cls(
            status_code=response.status_code,
            method=response.request.method,
            url=str(response.request.url),
            body=decoded if isinstance(decoded, dict) else kept_text(response),
            content_type=response.headers.get("content-type"),
        )


class APIError(ElluminateError):
    """The server answered with an error.

    Attributes:
        message: The server's `detail`, else the answer's text.
        status_code: HTTP status.
        response_info: The answer, without headers.
        request_id: How the server's log names the request, for whoever operates it; None where the server does not
            tell. It ends the error's text.
    """

    def __init__(
        self, message: str, status_code: int | None = None, response: Answer | None = None, **extra: Any
    ) -> None:
        self.request_id = None if response is None else request_id_of(response)
        text = message if status_code is None else f"[{status_code}] {message}"
        super().__init__(_with_request_id(text, self.request_id))
        self.message = message
        self.status_code = status_code
        self.response_info = None if response is None else ResponseInfo.from_response(response)
        for name, value in extra.items():
            setattr(self, name, value)


class InvalidResponseError(APIError):
    """A 2xx answer that is not what the contract says, for example a proxy's HTML page.

    Attributes:
        json_path: Where the answer breaks the contract (`$.items[3].id`), if it was JSON at all.
    """

    json_path: str | None

    def __init__(
        self,
        message: str,
        status_code: int | None = None,
        response: Answer | None = None,
        json_path: str | None = None,
    ) -> None:
        super().__init__(message, status_code, response, json_path=json_path)


class AuthenticationError(APIError):
    """401: the credentials are missing, wrong, expired or revoked."""


class PermissionDeniedError(APIError):
    """403: the credentials do not allow this."""


class NotFoundError(APIError, ValueError):
    """404, or nothing of that name: the resource does not exist in this project."""


class NotSupportedError(APIError):
    """The server does not offer what was asked for: `elluminate_server` does, and others may not."""


class ConflictError(APIError):
    """409: it exists already, or its state forbids the call.

    Attributes:
        resource_type: What exists already, for example "prompt_template".
        resource_name: Its name.
        resource_id: Its id, when the server tells.
        retry_after: Seconds after which the server wants to be asked again, because it is still handling the same
            request; None for every other conflict.
    """

    resource_type: str | None
    resource_name: str | None
    resource_id: int | None
    retry_after: float | None

    def __init__(
        self,
        message: str,
        status_code: int | None = 409,
        response: Answer | None = None,
        resource_type: str | None = None,
        resource_name: str | None = None,
        resource_id: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(
            message,
            status_code,
            response,
            resource_type=resource_type,
            resource_name=resource_name,
            resource_id=resource_id,
            retry_after=retry_after,
        )


class RateLimitError(APIError):
    """429: too many requests.

    Attributes:
        retry_after: Seconds the server asked to wait, if it did.
    """

    retry_after: float | None

    def __init__(
        self,
        message: str,
        status_code: int | None = 429,
        response: Answer | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status_code, response, retry_after=retry_after)


class ServerError(APIError):
    """5xx: the server failed.

    Attributes:
        retry_after: Seconds the server asked to wait, if it did.
    """

    retry_after: float | None

    def __init__(
        self,
        message: str,
        status_code: int | None = 500,
        response: Answer | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status_code, response, retry_after=retry_after)


class TaskMatchError(APIError, ValidationError):
    """None of the uploaded agent results matched a task of the experiment.

    Attributes:
        accepted_tasks: Tasks that could be named, at most ten.
        accepted_tasks_total: How many tasks there are.
        reasons: One reason per rejected result.
    """

    accepted_tasks: list[AgentResultTaskRefOut]
    accepted_tasks_total: int
    reasons: list[str]

    def __init__(
        self,
        message: str,
        status_code: int | None = None,
        response: Answer | None = None,
        accepted_tasks: list[AgentResultTaskRefOut] | None = None,
        accepted_tasks_total: int = 0,
        reasons: list[str] | None = None,
    ) -> None:
        super().__init__(
            message,
            status_code,
            response,
            accepted_tasks=accepted_tasks or [],
            accepted_tasks_total=accepted_tasks_total,
            reasons=reasons or [],
        )


class PartialUploadError(ElluminateError):
    """An upload was stored in part, and the caller had asked to hear of that as an error.

    Attributes:
        response: The server's answer, with the reasons in `errors`.
    """

    def __init__(self, message: str, response: AgentResultsUploadResponse) -> None:
        super().__init__(message)
        self.response = response


class RetryExhaustedError(ElluminateError):
    """Every permitted attempt failed. Always raised as a subclass that is also the last failure's class.

    `except RateLimitError`, `except ServerError` and `except TransportError` therefore catch it too.

    Attributes:
        attempts: How many requests were made.
        last_exception: The failure of the last one.
    """

    attempts: int
    last_exception: Exception | None

    def __init__(self, message: str, last_exception: Exception | None = None, attempts: int = 0) -> None:
        super().__init__(message)
        self.last_exception = last_exception
        self.attempts = attempts


class RetriedRateLimitError(RetryExhaustedError, RateLimitError):
    """429 on every attempt."""


class RetriedServerError(RetryExhaustedError, ServerError):
    """5xx on every attempt."""


class RetriedTimeoutError(RetryExhaustedError, RequestTimeoutError):
    """No answer in time on every attempt."""


class RetriedConnectionFailedError(RetryExhaustedError, ConnectionFailedError):
    """No connection on every attempt."""


class RetriedTransportError(RetryExhaustedError, TransportError):
    """A broken connection on every attempt."""


_BY_STATUS: dict[int, type[APIError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
}


def error_from(response: Answer, message: str | None = None) -> APIError:
    """The typed exception for an answer that is not 2xx.

    Args:
        response: The answer.
        message: Instead of the server's own words.
    """
    if message is None:
        message = message_of(response)
    status = response.status_code
    decoded = json_of(response)
    if isinstance(decoded, dict) and decoded.get("kind") == "unmatched_tasks":
        return _task_match_error(message, response, decoded)
    if status == 409:
        return ConflictError(message, status, response, retry_after=retry_after_of(response))
    if status == 429:
        return RateLimitError(message, status, response, retry_after=retry_after_of(response))
    if status >= 500:
        return ServerError(message, status, response, retry_after=retry_after_of(response))
    return _BY_STATUS.get(status, APIError)(message, status, response)


def _task_match_error(message: str, response: Answer, body: dict[str, Any]) -> APIError:
    """The refusal of agent results; a plain error if its body is not what the contract says."""
    from elluminate_api.models import AgentResultTaskRefOut

    try:
        return TaskMatchError(
            message,
            response.status_code,
            response,
            accepted_tasks=msgspec.convert(body.get("accepted_tasks"), list[AgentResultTaskRefOut]),
            accepted_tasks_total=msgspec.convert(body.get("accepted_tasks_total", 0), int),
            reasons=msgspec.convert(body.get("results", []), list[str]),
        )
    except msgspec.ValidationError:
        return APIError(message, response.status_code, response)


def raise_api_error(response: Answer, message: str | None = None) -> None:
    """Raise the typed exception for an answer of the HTTP library; return if it is a success.

    Args:
        response: The answer.
        message: Instead of the server's own words.
    """
    if not 200 <= response.status_code < 300:
        raise error_from(response, message)
