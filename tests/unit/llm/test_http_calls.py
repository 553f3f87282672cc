"""Calls over HTTP, against servers that do not behave: each failure is told, bounded, and says what to do."""

import asyncio
import gzip
import json
import warnings
import zlib
from typing import Any

import pytest

from elluminate_server.llm.types import ModelError
from tests.support.raw_server import Act, RawServer, answers, resets, says, stalls
from tests.unit.llm.endpoint_calls import BODY, KEY, OK, ask, ask_once, endpoint

FAILURES: list[Any] = [
    pytest.param(says(), r"closed the connection before it answered", True, id="closed without a word"),
    pytest.param(resets(), r"closed the connection before it answered", True, id="reset without a word"),
    pytest.param(
        says(OK + b"Content-Le"),
        r"closed the connection before it answered",
        True,
        id="closed within its head",
    ),
    pytest.param(says(OK + b"Content-Length: 99\r\n\r\n{"), r"broke off its answer", True, id="half a body"),
    pytest.param(
        resets(OK + b"Content-Length: 99\r\n\r\n{"),
        r"broke off|closed the connection",
        True,
        id="reset in a body",
    ),
    pytest.param(
        says(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe"),
        r"broke off its answer",
        True,
        id="half a chunk",
    ),
    pytest.param(
        says(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"),
        r"broke off its answer|not HTTP",
        True,
        id="a chunk of no size",
    ),
    pytest.param(
        says(b"SSH-2.0-OpenSSH_9.7\r\n"), r"something that is not HTTP", True, id="another protocol"
    ),
    pytest.param(
        says(b"HTTP/1.1 abc OK\r\n\r\n"), r"something that is not HTTP", True, id="a status of letters"
    ),
    pytest.param(
        says(OK + b"Content-Length: -5\r\n\r\n"),
        r"something that is not HTTP",
        True,
        id="a length below zero",
    ),
    pytest.param(
        says(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), r"not HTTP", True, id="two lengths"
    ),
    pytest.param(
        says(OK + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n"), r"not HTTP", True, id="a head without end"
    ),
    pytest.param(stalls(), r"did not answer within 0\.3 s \(1 attempts\)", True, id="silence"),
    pytest.param(
        stalls(OK + b"Content-Le"), r"did not answer within 0\.3 s", True, id="silence within its head"
    ),
    pytest.param(
        stalls(OK + b"Content-Length: 99\r\n\r\n{"),
        r"did not answer within 0\.3 s",
        True,
        id="silence in a body",
    ),
    pytest.param(
        answers(gzip.compress(BODY)[:-9], content_encoding="gzip"),
        r"breaks off",
        True,
        id="half of a packed body",
    ),
    pytest.param(
        answers(BODY, content_encoding="gzip"), r"cannot be unpacked", True, id="packed by its word alone"
    ),
    pytest.param(
        answers(BODY, content_encoding="br"), r"'br', which was not asked for", True, id="an unknown packing"
    ),
]


@pytest.mark.parametrize(("act", "told", "retryable"), FAILURES)
def test_a_failed_call_is_told_in_words_that_name_the_endpoint(act: Act, told: str, retryable: bool) -> None:
    with RawServer(act) as server, pytest.raises(ModelError, match=told) as caught:
        ask_once(server.base_url, seconds=0.3 if "within" in told else 20.0)
    assert server.base_url in str(caught.value)
    assert (caught.value.retryable, caught.value.status) == (retryable, None)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert KEY not in str(caught.value)
    assert len(server.requests) == 1
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    "act", [says(), resets(), says(OK + b"Content-Length: 99\r\n\r\n{"), says(b"SSH-2.0\r\n")]
)
def test_after_a_broken_call_another_attempt_is_made_on_another_connection(act: Act) -> None:
    with RawServer(act, answers(BODY)) as server:
        assert ask_once(server.base_url, retries=1) == BODY
    assert len(server.requests) == server.connections == 2


# What is sent


def test_every_byte_that_is_sent() -> None:
    with RawServer(answers(BODY)) as server:
        ask_once(server.base_url)
    assert server.requests == [
        (
            "POST /v1/chat/completions HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{server.port}\r\n"
            "Accept: application/json\r\n"
            "Accept-Encoding: gzip, deflate\r\n"
            "Content-Type: application/json\r\n"
            "User-Agent: elluminate-open\r\n"
            f"Authorization: Bearer {KEY}\r\n"
            "Content-Length: 76\r\n"
            "\r\n"
            '{"model":"gpt-test","messages":[{"role":"user","content":"Explain tides."}]}'
        ).encode()
    ]


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        pytest.param(
            'Ü \u2028 "q" \\ / <b> \x7f', b'"\xc3\x9c \xe2\x80\xa8 \\"q\\" \\\\ / <b> \x7f"', id="text"
        ),
        pytest.param("\x00 \x01 \t\n\r", b'"\\u0000 \\u0001 \\t\\n\\r"', id="control characters"),
        pytest.param("😀 \U0010ffff", '"😀 \U0010ffff"'.encode(), id="characters of four bytes"),
        pytest.param("half \ud83d a pair", '"half � a pair"'.encode(), id="half of a surrogate pair"),
        pytest.param("\ud83d\ude00", '"😀"'.encode(), id="both halves of one, apart"),
        pytest.param(0.30000000000000004, b"0.30000000000000004", id="a number that is not quite one"),
        pytest.param(1e-07, b"1e-07", id="a small number"),
        pytest.param(-1e300, b"-1e+300", id="a large number"),
        pytest.param(18446744073709551617, b"18446744073709551617", id="a number of more than 64 bits"),
        pytest.param({"b": None, "a": [True]}, b'{"b":null,"a":[true]}', id="keys in their order"),
    ],
)
def test_a_body_is_compact_json_in_utf_8(content: Any, sent: bytes) -> None:
    async def run(base_url: str) -> None:
        async with endpoint(base_url) as asked:
            await ask(asked, {"content": content})

    with RawServer(answers(BODY)) as server:
        asyncio.run(run(server.base_url))
    assert server.requests[0].partition(b"\r\n\r\n")[2] == b'{"content":' + sent + b"}"


def test_a_number_that_json_does_not_have_is_refused_before_anything_is_sent() -> None:
    async def run(base_url: str) -> None:
        async with endpoint(base_url) as asked:
            await ask(asked, {"content": float("nan")})

    with RawServer(answers(BODY)) as server, pytest.raises(ModelError, match="cannot be sent as JSON"):
        asyncio.run(run(server.base_url))
    assert server.requests == []


def test_a_large_body_arrives_whole_and_without_a_warning() -> None:
    text = "ä" * 3_000_000

    async def run(base_url: str) -> None:
        async with endpoint(base_url) as asked:
            await ask(asked, {"content": text})

    with RawServer(answers(BODY)) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(run(server.base_url))
    assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2]) == {"content": text}


# What is read


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        pytest.param(gzip.compress(BODY), "gzip", id="gzip"),
        pytest.param(
            gzip.compress(BODY[:40]) + gzip.compress(BODY[40:]) + b"\0\0", "x-gzip", id="two parts of gzip"
        ),
        pytest.param(zlib.compress(BODY), "deflate", id="deflate"),
        pytest.param(zlib.compress(BODY)[2:-4], "deflate", id="deflate without its head"),
        pytest.param(gzip.compress(zlib.compress(BODY)), "deflate, gzip", id="one in the other"),
        pytest.param(BODY, "identity", id="as it is"),
        pytest.param(b"", "gzip", id="nothing"),
    ],
)
def test_packed_answers_are_unpacked(packed: bytes, encoding: str) -> None:
    with RawServer(answers(packed, content_encoding=encoding)) as server:
        assert ask_once(server.base_url) == (BODY if packed else b"")


BOUND = 100_000
BOMB = bytes(100 * BOUND)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(answers(bytes(BOUND + 1)), id="a length beyond it"),
        pytest.param(says(OK + b"\r\n", bytes(2 * BOUND)), id="no length"),
        pytest.param(
            says(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%b\r\n" % (BOUND + 1, bytes(BOUND + 1))),
            id="chunks",
        ),
        pytest.param(answers(gzip.compress(BOMB), content_encoding="gzip"), id="a bomb of gzip"),
        pytest.param(answers(zlib.compress(BOMB), content_encoding="deflate"), id="a bomb of deflate"),
        pytest.param(
            answers(gzip.compress(gzip.compress(BOMB)), content_encoding="gzip, gzip"), id="a bomb in another"
        ),
        pytest.param(
            answers(gzip.compress(bytes(BOUND)) * 3, content_encoding="gzip"), id="many small parts"
        ),
    ],
)
def test_an_answer_is_read_up_to_a_bound_and_not_asked_for_again(act: Act) -> None:
    with (
        RawServer(act) as server,
        pytest.raises(ModelError, match=r"more than 100000 bytes.*ELLUMINATE_LLM_MAX_ANSWER_BYTES") as caught,
    ):
        ask_once(server.base_url, retries=3, max_answer_bytes=BOUND)
    assert not caught.value.retryable
    assert len(server.requests) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_of_exactly_the_bound_is_read(packed: bool) -> None:
    body = bytes(BOUND)
    act = answers(gzip.compress(body), content_encoding="gzip") if packed else answers(body)
    with RawServer(act) as server:
        assert ask_once(server.base_url, max_answer_bytes=BOUND) == body


def test_cookies_are_not_sent_back() -> None:
    async def run(base_url: str) -> None:
        async with endpoint(base_url) as asked:
            for _ in range(2):
                await ask(asked)

    with RawServer(answers(BODY, set_cookie="who=you; Path=/")) as server:
        asyncio.run(run(server.base_url))
    assert server.connections == 1
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param({"error": {"message": "Too hot."}}, "Too hot.", id="OpenAI's"),
        pytest.param(
            {"error": {"message": "Unsupported value.", "param": "top_k"}},
            "Unsupported value. (parameter 'top_k')",
            id="a parameter that the message leaves out",
        ),
        pytest.param(
            {"error": {"message": "No 'top_k' here.", "param": "top_k"}},
            "No 'top_k' here.",
            id="one that it names",
        ),
        pytest.param({"error": "model not found"}, "model not found", id="a text"),
        pytest.param({"detail": "Not here."}, "Not here.", id="FastAPI's"),
        pytest.param({"message": "Slow down."}, "Slow down.", id="a gateway's"),
        pytest.param({"error": {"message": f"No {KEY}"}}, "No [key]", id="with the key"),
        pytest.param(b"<h1>Bad Gateway</h1>", "<h1>Bad Gateway</h1>", id="a page"),
        pytest.param(b"", "nothing", id="nothing"),
        pytest.param(b'{"error": {"message": "half \\ud83d"}}', "half �", id="half of a surrogate pair"),
        pytest.param(b"\xff\x00", "��", id="no text"),
        pytest.param(b"x" * 9000, "x" * 500 + "…", id="a long one"),
    ],
)
def test_an_error_is_told_in_the_endpoints_own_words(body: Any, told: str) -> None:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    with RawServer(answers(sent, status="418 No")) as server, pytest.raises(ModelError) as caught:
        ask_once(server.base_url)
    assert str(caught.value) == f"The model endpoint {server.base_url} answered 418: {told}"
    assert caught.value.status == 418
