"""What a client may send, and for how long it may keep the server waiting, on real sockets and with both parsers."""

import itertools
import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from elluminate_server import listening
from elluminate_server.connections.read_by_h11 import H11Connection
from elluminate_server.connections.read_by_httptools import HttpToolsConnection
from elluminate_server.local import LocalServer
from tests.contract.document import contract_path, load
from tests.execution.backend import Backend, client_of, events_of, model_server
from tests.support.model_server import ModelServer

__all__ = ["model_server"]

BOUND = 30.0
SHORT = 0.4

POST = b"POST /api/v0/version/compatible HTTP/1.1\r\nHost: h\r\nX-API-Key: KEY\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: h\r\n"


@pytest.fixture(
    scope="module", params=[HttpToolsConnection, H11Connection], ids=["httptools", "h11"], autouse=True
)
def parser(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listening, "connection_class", lambda: request.param)
        yield


@pytest.fixture(scope="module")
def server(parser: None) -> Iterator[LocalServer]:
    with started() as server:
        yield server


@pytest.fixture(scope="module")
def impatient(parser: None) -> Iterator[LocalServer]:
    with pytest.MonkeyPatch.context() as patch:
        be_impatient(patch)
        patch.setenv("ELLUMINATE_MAX_CONNECTIONS", "100")
        with started() as server:
            yield server


def be_impatient(patch: pytest.MonkeyPatch) -> None:
    """Let servers that start now wait for nothing for longer than `SHORT`."""
    for what in ("HEAD", "BODY", "ANSWER"):
        patch.setenv(f"ELLUMINATE_{what}_TIME_LIMIT", str(SHORT))


@contextmanager
def started(database: str = ":memory:") -> Iterator[LocalServer]:
    server = LocalServer(database)
    server.start()
    try:
        yield server
    finally:
        server.stop(grace=0)


def connected(server: LocalServer) -> socket.socket:
    host, port = server.address.base_url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=BOUND)
    connection.settimeout(BOUND)
    return connection


def send(connection: socket.socket, server: LocalServer, data: bytes) -> None:
    connection.sendall(data.replace(b"KEY", server.address.api_key.encode()))


def answer_of(connection: socket.socket) -> tuple[int, dict[str, str]]:
    """Status and body of what is sent until the connection ends."""
    received = b""
    try:
        while data := connection.recv(65_536):
            received += data
    except ConnectionResetError:
        pass  # it was sent more than it wanted; what it said comes first
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head, received[:200]
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)


def answered(connection: socket.socket, status: bytes = b"200") -> bool:
    """Whether the next answer, which is a short JSON object, has the status."""
    received = b""
    while not received.endswith(b"}"):
        data = connection.recv(65_536)
        assert data, received
        received += data
    return received.startswith(b"HTTP/1.1 " + status)


def is_ended(connection: socket.socket) -> bool:
    """Whether the server ends it without a word."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def answers(server: LocalServer) -> bool:
    return httpx.get(f"{server.address.base_url}/healthz", trust_env=False, timeout=BOUND).status_code == 200


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + BOUND
    while not condition():
        assert time.monotonic() < end, f"not within {BOUND:g} s: {what}"
        time.sleep(0.01)


# How much


@pytest.mark.parametrize(
    ("before", "endless", "status", "words"),
    [
        pytest.param(b"GET /healthz?", b"a" * 65_536, 414, "The address", id="address"),
        pytest.param(HEALTH + b"X-Long: ", b"a" * 65_536, 431, "the headers", id="header"),
        pytest.param(HEALTH, b"X-Many: a\r\n" * 6_000, 431, "the headers", id="headers"),
        pytest.param(CHUNKED + b"0\r\nX-Long: ", b"a" * 65_536, 431, "trailers", id="trailer"),
        pytest.param(CHUNKED + b"0\r\n", b"X-Many: a\r\n" * 6_000, 431, "trailers", id="trailers"),
        pytest.param(CHUNKED + b"1;", b"a" * 65_536, 431, "extension of a chunk", id="chunk extension"),
    ],
)
def test_what_never_ends_is_refused_after_64_kb(
    server: LocalServer, before: bytes, endless: bytes, status: int, words: str
) -> None:
    size = 160 * 1024 * 1024
    with closing(connected(server)) as connection:
        sent = 0
        try:
            for piece in itertools.chain([before], itertools.repeat(endless)):
                send(connection, server, piece)
                sent += len(piece)
                if sent > size:
                    break
        except ConnectionError:
            pass  # that is the point
        assert sent < size / 4  # what the sockets buffer, and what is read so that the answer arrives
        told, body = answer_of(connection)
    assert (told, list(body)) == (status, ["detail"])
    assert words in body["detail"]
    assert "65536 bytes" in body["detail"]
    assert answers(server)
    contract = load(contract_path())
    undocumented = [
        one.id for one in contract.operations() if str(told) not in one.answers and "401" in one.answers
    ]
    assert undocumented == []


def test_no_more_than_the_bound_is_kept(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    for kind in (HttpToolsConnection, H11Connection):
        parse = kind._parse

        def count(self, piece, parse=parse):  # type: ignore[no-untyped-def]
            parsed.append(len(piece))
            parse(self, piece)

        monkeypatch.setattr(kind, "_parse", count)
    with closing(connected(server)) as connection:
        connection.sendall(HEALTH + b"X-Long: " + b"a" * 200_000)
        assert answer_of(connection)[0] == 431
    assert sum(parsed) == 65_536


@pytest.mark.parametrize("size", [60_000, 65_536 - len(HEALTH) - len("X-Long: \r\n\r\n")])
def test_what_is_within_the_bound_is_answered(server: LocalServer, size: int) -> None:
    with closing(connected(server)) as connection:
        for _ in range(2):
            connection.sendall(HEALTH + b"X-Long: " + b"a" * size + b"\r\n\r\n")
            assert answered(connection)


def test_a_large_body_behind_others_is_not_counted(server: LocalServer) -> None:
    body = b'{"current_sdk_version": "1.5.2"' + b" " * 300_000 + b"}"
    request = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with closing(connected(server)) as connection, ThreadPoolExecutor(1) as thread:
        sending = thread.submit(send, connection, server, request * 5)
        received = b""
        while received.count(b"HTTP/1.1 200 ") < 5:
            received += connection.recv(65_536)
        sending.result(BOUND)


@pytest.mark.parametrize(
    "line", [b"no request at all\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00"]
)
def test_what_is_no_request_gets_json_with_a_detail(server: LocalServer, line: bytes) -> None:
    with closing(connected(server)) as connection:
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        status, body = answer_of(connection)
    assert status == 400
    assert "malformed" in body["detail"]


# How long


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        pytest.param(HEALTH + b"X-Slow", "The headers did not come", id="head"),
        pytest.param(POST + b"Content-Length: 40\r\n\r\n{", "Nothing of the body came", id="body"),
        pytest.param(CHUNKED, "Nothing of the body came", id="chunks"),
    ],
)
def test_a_request_that_is_never_completed_is_ended(impatient: LocalServer, sent: bytes, words: str) -> None:
    with closing(connected(impatient)) as connection:
        send(connection, impatient, sent)
        status, body = answer_of(connection)
    assert status == 408
    assert words in body["detail"]


def test_a_request_that_comes_byte_by_byte_is_ended(impatient: LocalServer) -> None:
    for begin, words in (
        (HEALTH + b"X-Slow: ", "The headers"),
        (POST + b"Content-Length: 4000\r\n\r\n", "slowly"),
    ):
        with closing(connected(impatient)) as connection:
            send(connection, impatient, begin)
            connection.settimeout(SHORT / 8)
            received = b""
            end = time.monotonic() + BOUND
            while b"\r\n\r\n" not in received:
                assert time.monotonic() < end
                connection.sendall(b"a")
                with suppress(TimeoutError):  # the pause between two bytes
                    received += connection.recv(65_536)
            assert received.startswith(b"HTTP/1.1 408 ")
            assert words.encode() in received


def test_a_connection_without_a_request_is_ended(impatient: LocalServer) -> None:
    with closing(connected(impatient)) as connection:
        assert is_ended(connection)
    with closing(connected(impatient)) as connection:  # nor does a blank line help
        connection.sendall(HEALTH + b"\r\n")
        assert answered(connection)
        assert is_ended(connection)


def test_a_hundred_stalled_connections_do_not_keep_others_out(impatient: LocalServer) -> None:
    stalled = [connected(impatient) for _ in range(100)]
    try:
        for number, connection in enumerate(stalled):
            send(connection, impatient, [HEALTH, CHUNKED, b"", b"GET"][number % 4])
        assert answers(impatient)
        assert all(connection.recv(4096)[:13] in (b"HTTP/1.1 408 ", b"") for connection in stalled)
    finally:
        for connection in stalled:
            connection.close()


def test_the_rest_of_a_body_that_was_refused_is_not_waited_for(impatient: LocalServer) -> None:
    with closing(connected(impatient)) as connection:
        connection.sendall(b"POST /api/v0/projects HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n{")
        assert answered(connection, b"401")
        assert is_ended(connection)


def test_an_answer_that_nobody_reads_ends_its_connection(impatient: LocalServer) -> None:
    def open_connections() -> int:
        assert impatient._serving is not None
        return len(impatient._serving.server_state.connections)

    with closing(connected(impatient)) as connection:
        request = b"GET /api/v0/openapi.json HTTP/1.1\r\nHost: h\r\n\r\n"
        connection.sendall(request * 60)
        wait_until(lambda: open_connections() == 1, "it is there")
        wait_until(lambda: open_connections() == 0, "it was ended")


def test_the_time_that_the_server_takes_is_not_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_server: ModelServer
) -> None:
    be_impatient(monkeypatch)
    monkeypatch.setenv("ELLUMINATE_LLM_BASE_URL", model_server.base_url)
    monkeypatch.setenv("ELLUMINATE_LLM_MODEL", "scripted")
    monkeypatch.setenv("ELLUMINATE_LLM_API_KEY", "key-of-the-tests")
    with started(str(tmp_path / "test.db")) as server, client_of(server.address) as http:
        backend = Backend(http)
        experiment = backend.create_experiment(rows=1)
        messages = [{"role": "user", "content": "Explain {{topic}}."}]
        template = backend.post("prompt_templates", {"name": "asked", "messages": messages})
        with ThreadPoolExecutor(2) as threads, model_server.held():
            task_id = backend.run(experiment)
            stream = f"experiments/{experiment['id']}/generation/{task_id}/stream"
            streamed = threads.submit(backend.stream, stream)
            asked = threads.submit(http.post, "criteria", json={"prompt_template_id": template["id"]})
            model_server.wait_for_requests(2)
            for _ in range(3):  # as long as it takes to lose patience with a client
                with closing(connected(server)) as idle:
                    assert is_ended(idle)
            assert not streamed.done()
            assert not asked.done()
    assert events_of(streamed.result(BOUND))[-1]["status"] == "SUCCESS"
    assert asked.result(BOUND).status_code == 201


# How many


def test_more_connections_than_allowed_wait_for_their_turn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ELLUMINATE_MAX_CONNECTIONS", "3")

    def ask(server: LocalServer) -> bool:
        with closing(connected(server)) as connection:
            connection.sendall(HEALTH + b"\r\n")
            return answered(connection)

    with started() as server, ThreadPoolExecutor(20) as threads:
        calls = [threads.submit(ask, server) for _ in range(60)]
        assert all(call.result(BOUND) for call in calls)
    assert [record.message for record in caplog.records].count(
        "All 3 connections are in use; others wait."
    ) == 1
