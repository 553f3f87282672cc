"""The request pipeline that every operation goes through, and how to write a handler for one.

A handler is an async function registered under the operationId of the contract:

    @operation("create_collection")
    async def create_collection(call: Call) -> Answer:
        request = call.decode(CreateCollectionRequest)         # 400 / 422 when the body is bad
        async with call.write() as session:                    # one transaction; commits when the block ends
            ...                                                # raise a Problem to refuse: nothing is stored
            return call.answer(presented)                      # the contract's success status

    @operation("get_collection")
    async def get_collection(call: Call) -> Answer:
        async with call.read() as session:
            found = ...(session, call.project_id, call.path["collection_id"])
        return call.answer(presented)

What the pipeline has done before the handler runs: authentication, the check that the API key's role is what the
operation takes (`x-role` of the contract) and that it opens the project in the path, path and query parameters checked
against the contract (`call.path`, `call.query`: converted, defaults filled in, None when absent), the body read up to
the limit (`call.body`), an Idempotency-Key looked up; a request with a key that another one is being answered for has
waited for that one.

- `call.write()` is for the transaction that holds the effect and its answer: `call.answer` has to be called
  inside it, so that the answer to an Idempotency-Key is stored with the effect. At most one per request. It writes the
  request's line of the audit log, too, which names what the contract's `x-object` says; an operation that takes more
  than a reader and does without it gets its line when its handler is done.
  Earlier steps of a long operation use `call.store.write()`.
- An answer that takes long to read is read after the effect, so that no other writer waits for it:

        if not call.is_carried_out:                            # else only the answer of an earlier attempt is missing
            async with call.write(answers_later=True) as session:
                ...
        return await call.answer_after(read)                   # reads in a session that sees the effect

- Calls to models belong before `call.write()`, never inside.
- `call.on_commit(callback)` runs the callback once the transaction is committed, for example
  `call.executor.wake`.
- An `IntegrityError`, or `Overtaken`, means that another request came in between: the handler is run again, sees what
  that one wrote, and refuses properly. So a handler changes nothing but the database.
- Exceptions that become answers: `Problem` (its status), `DomainError` (422), `ModelError` (503 when it may
  pass, else 400), `BusyError` and a lack of file descriptors or disk space (503; see `outages`). Anything else is
  logged and answered with 500.
- A handler may return any Starlette response instead, for example an event stream.
"""

import datetime
import logging
import time
import uuid
from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy.exc import IntegrityError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from elluminate_server.domain.errors import DomainError
from elluminate_server.domain.roles import READER
from elluminate_server.http.access import KeyEnded, Principal, authenticate
from elluminate_server.http.auditing import log_refusal
from elluminate_server.http.call import Answer, Call
from elluminate_server.http.contract import ContractOperation, operations
from elluminate_server.http.idempotency import Replay, idempotency_of
from elluminate_server.http.outages import outage_problem
from elluminate_server.http.problems import (
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotBuilt,
    Problem,
    TooLarge,
    Unavailable,
)
from elluminate_server.llm.types import ModelError
from elluminate_server.store.engine import DatabaseDamagedError, Store
from elluminate_server.store.secret_keys import SecretKeyError

__all__ = [
    "HANDLERS",
    "Answer",
    "Call",
    "Handler",
    "Overtaken",
    "operation",
    "problem_of",
    "problem_response",
    "read_body",
    "serve",
]

_logger = logging.getLogger("elluminate_server.http")

_ATTEMPTS = 3


class Overtaken(Exception):
    """Another request has changed what this one was prepared for: its handler is run again."""


Handler = Callable[[Call], Awaitable[Answer | Response]]

HANDLERS: dict[str, Handler] = {}
"""Handlers by operationId."""


def operation(operation_id: str) -> Callable[[Handler], Handler]:
    """Register a handler for an operation of the contract.

    Raises:
        ValueError: The contract has no such operation, or it has a handler already.
    """
    if operation_id not in operations():
        raise ValueError(f"The contract has no operation {operation_id!r}.")

    def register(handler: Handler) -> Handler:
        if operation_id in HANDLERS:
            raise ValueError(f"Operation {operation_id!r} has two handlers.")
        HANDLERS[operation_id] = handler
        return handler

    return register


async def serve(operation: ContractOperation, request: Request) -> Response:
    """Answer one request for one operation, whatever happens."""
    began = time.perf_counter()
    try:
        response = await _respond(operation, request)
    except Replay as replay:
        response = Answer(replay.status, replay.body).response({"Idempotent-Replayed": "true"})
    except Exception as error:  # noqa: BLE001 - what is no refusal is logged
        response = problem_response(
            problem_of(error, operation.id, is_idempotent=_is_idempotent(operation, request))
        )
    if operation.idempotent_by_key and response.status_code < 300:
        key = request.headers.get("idempotency-key")
        if key is not None:
            response.headers["Idempotency-Key"] = key  # how a client learns that keys are honoured here
    if _logger.isEnabledFor(logging.DEBUG):  # to put the URL together takes a tenth of a small request's time
        took = (time.perf_counter() - began) * 1000
        _logger.debug("%s %s -> %d in %.1f ms", request.method, request.url.path, response.status_code, took)
    return response


def problem_of(error: Exception, what: str, *, is_idempotent: bool) -> Problem:
    """What an exception that was met in answering is answered with; call it while that is handled.

    Args:
        error: The exception.
        what: What was asked for, for the log.
        is_idempotent: Whether the request may be sent again although it may have been done.
    """
    match error:
        case Problem():
            return error
        case DomainError():
            return Invalid(str(error))
        case ModelError():
            return Unavailable(str(error), retry_after=5) if error.retryable else BadRequest(str(error))
        case DatabaseDamagedError():
            if error.is_news:
                _logger.error("%s", error)
            return Problem(error.told)
        case SecretKeyError():
            _logger.error("%s: %s", what, error)
            return Problem(error.told)
        case IntegrityError() | Overtaken():
            _logger.warning("%s kept meeting concurrent changes", what)
            return Conflict(
                "Other requests changed the same things at the same time. Nothing was done; try again."
            )
        case ClientDisconnect():
            return BadRequest("The connection was closed before the body was complete.")
        case _:
            return outage_problem(error, is_idempotent=is_idempotent) or _incident(what)


def _is_idempotent(operation: ContractOperation, request: Request) -> bool:
    """Whether the request may be sent again although it may have been done."""
    if operation.idempotent_by_key:
        return "idempotency-key" in request.headers
    return operation.method in ("GET", "PUT", "DELETE", "PATCH")


def _incident(what: str) -> Problem:
    """The fault that is being handled, logged under a name."""
    incident = uuid.uuid4().hex[:12]
    _logger.exception("%s failed (incident %s)", what, incident)
    return Problem(f"Internal error in {what}; the server's log names it as incident {incident}.")


async def _respond(operation: ContractOperation, request: Request) -> Response:
    if operation.public:
        return await _run_handler(await _prepare_call(operation, request, None))
    store: Store = request.app.state.store
    principal = None
    try:
        async with store.read() as session:
            principal = await authenticate(request.headers, session, store, request.app.state.settings)
            principal.require_role(operation.id, operation.role)
            if operation.method == "GET":
                # Who asks and what is asked for are read in one go.
                call = await _prepare_call(operation, request, principal)
                with call.sharing(session):
                    return await _run_handler(call)
        return await _carry_out(await _prepare_call(operation, request, principal))
    except (KeyEnded, Forbidden) as refusal:
        # Of who sends no key that was ever known there is nothing to note, and no end.
        refused = refusal.principal if isinstance(refusal, KeyEnded) else principal
        if (operation.changes or operation.role != READER) and refused is not None:
            await log_refusal(store, operation, request, refused, refusal.status)
        raise


async def _carry_out(call: Call) -> Response:
    state = call.request.app.state
    if call.idempotency is None:
        return await _run_handler(call)
    async with state.turns.take(call.idempotency):
        async with state.store.read() as session:
            call.is_carried_out = await call.idempotency.replay(session)
        return await _run_handler(call)


async def _prepare_call(operation: ContractOperation, request: Request, principal: Principal | None) -> Call:
    state = request.app.state
    path = operation.path_values(request.path_params)
    if principal is not None and "project_id" in path:
        principal.require_project(path["project_id"])
    query = operation.query_values(request.query_params.multi_items())
    # A GET has none; to wait for one would hold the connection to the database.
    body = b"" if operation.method == "GET" else await read_body(request, state.settings.max_body_bytes)
    idempotency = None
    if operation.idempotent_by_key and principal is not None:
        lifetime = datetime.timedelta(seconds=state.settings.idempotency_lifetime)
        idempotency = idempotency_of(request, principal.project_id, body, lifetime)
    return Call(operation, request, principal, path, query, body, idempotency)


async def _run_handler(call: Call) -> Response:
    handler = HANDLERS.get(call.operation.id)
    if handler is None:
        raise NotBuilt(f"This server does not offer {call.operation.id} yet. Nothing was changed.")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            answer = await handler(call)
        except (IntegrityError, Overtaken):
            if attempt == _ATTEMPTS:
                raise
            call.forget_attempt()
        else:
            response = answer.response() if isinstance(answer, Answer) else answer
            is_due = call.operation.changes and not call.is_carried_out and not call.is_logged
            if is_due and response.status_code < 300:
                async with call.store.write(is_short=True) as session:
                    await call.log(session)
            return response
    raise AssertionError("unreachable")


async def read_body(request: Request, limit: int) -> bytes:
    """The body, whole.

    Raises:
        TooLarge: It is longer than so many bytes.
    """
    problem = TooLarge(f"The body is larger than the {limit} bytes that this server accepts.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise problem
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise problem
        chunks.append(chunk)
    return b"".join(chunks)


def problem_response(problem: Problem) -> Response:
    """A refusal as the contract's `ErrorBody`."""
    return Response(
        msgspec.json.encode(problem.body),
        problem.status,
        headers=problem.headers,
        media_type="application/json",
    )
