"""What a process lacks is told from what an endpoint fails at, however deep the reason lies."""

import errno
import socket
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from elluminate_server.llm.endpoint import Endpoint
from elluminate_server.llm.gates import Caller
from elluminate_server.llm.shortages import ShortageError, shortage_of
from elluminate_server.llm.types import ModelError
from tests.support.descriptors import needs_a_limit, no_descriptors
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.anyio

REQUEST: Mapping[str, Any] = {
    "model": "scripted",
    "messages": [{"role": "user", "content": "Explain tides."}],
}


def wrapped(cause: BaseException) -> Exception:
    """The cause as the HTTP library passes it on."""
    several = ExceptionGroup("multiple", [ConnectionRefusedError(), OSError("no number")])
    several.__context__ = cause
    key: Any = None
    error = aiohttp.ClientConnectorError(key, OSError("Multiple exceptions"))
    error.__cause__ = several
    return error


@pytest.mark.parametrize(
    ("cause", "lacking"),
    [
        (OSError(errno.EMFILE, "Too many open files"), errno.EMFILE),
        (OSError(errno.ENFILE, "Too many open files in system"), errno.ENFILE),
        (OSError(errno.ENOBUFS, "No buffer space available"), errno.ENOBUFS),
        (ExceptionGroup("group", [OSError(errno.EMFILE, "Too many open files")]), errno.EMFILE),
        (MemoryError(), errno.ENOMEM),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), None),
        (TimeoutError(), None),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), None),
    ],
    ids=repr,
)
def test_a_shortage_is_found_among_the_causes(cause: BaseException, lacking: int | None) -> None:
    assert shortage_of(wrapped(cause)) == lacking


def test_causes_in_a_circle_are_looked_at_once() -> None:
    one, other = ValueError(), ValueError()
    one.__context__, other.__context__ = other, one
    assert shortage_of(one) is None


@needs_a_limit
async def test_a_process_that_may_open_nothing_has_asked_nobody() -> None:
    with ModelServer() as server:
        asked_before = Endpoint(base_url=server.base_url, api_key=None)
        await asked_before.ask("/chat/completions", REQUEST, attempt_seconds=10, max_retries=0)
        await asked_before.aclose()  # the connection: the next call opens one
        endpoint = Endpoint(base_url=server.base_url, api_key=None)
        for _ in ("before its client was made", "afterwards"):
            with no_descriptors(), pytest.raises(ShortageError, match="it has no file descriptors left"):
                await endpoint.ask("/chat/completions", REQUEST, attempt_seconds=10, max_retries=1000)
            await endpoint._calls.prepare()
        assert (await endpoint.ask("/chat/completions", REQUEST, attempt_seconds=10, max_retries=0)).body
        await endpoint.aclose()
        assert len(server.requests) == 2


@needs_a_limit
async def test_a_name_that_cannot_be_resolved_for_want_of_descriptors_is_not_unknown() -> None:
    endpoint = Endpoint(base_url="http://endpoint.invalid/v1", api_key=None)
    impatient = endpoint.called_by(Caller(patience=0))
    with pytest.raises(ModelError, match="could not be reached"):
        await impatient.ask("/chat/completions", REQUEST, attempt_seconds=10, max_retries=0)
    with no_descriptors(), pytest.raises(ShortageError):
        await endpoint.ask("/chat/completions", REQUEST, attempt_seconds=10, max_retries=1000)
    await endpoint.aclose()
