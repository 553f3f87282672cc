"""Log lines: what they hold, and that each is one line that a program can read."""

import json
import logging
import sys

import pytest

from elluminate_server.operating.context import current_request_id, current_task_id, request_id_from
from elluminate_server.operating.log_lines import JsonLines, TextLines, without_keys


def record(message: str, *values: object, failed: bool = False) -> logging.LogRecord:
    info = None
    if failed:
        try:
            raise ValueError("it broke\nhere")
        except ValueError:
            info = sys.exc_info()
    made = logging.LogRecord("elluminate_server.http", logging.WARNING, "x.py", 1, message, values, info)
    made.created = 1_764_496_800.25
    return made


def test_a_json_line_holds_what_there_is_and_no_more() -> None:
    assert json.loads(JsonLines().format(record("%s met %d", "Ada", 3))) == {
        "time": "2025-11-30T10:00:00.250Z",
        "level": "warning",
        "logger": "elluminate_server.http",
        "message": "Ada met 3",
    }


def test_lines_name_request_and_task() -> None:
    request, task = current_request_id.set("r-1"), current_task_id.set("t-2")
    try:
        line = json.loads(JsonLines().format(record("here")))
        text = TextLines().format(record("here"))
    finally:
        current_request_id.reset(request)
        current_task_id.reset(task)
    assert (line["request_id"], line["task_id"]) == ("r-1", "t-2")
    assert text.endswith(" WARNING elluminate_server.http: here [request r-1, task t-2]")
    assert TextLines().format(record("here")).endswith("http: here")


@pytest.mark.parametrize(
    "said", ['a "quoted"\nline\r\n', "\u2028 \x1b[31m \x00", "lone \udcff half"], ids=repr
)
def test_whatever_is_said_is_one_line_of_json(said: str) -> None:
    line = JsonLines().format(record("%s", said, failed=True))
    assert "\n" not in line
    read = json.loads(line)
    assert read["message"] == said.encode("utf-8", "backslashreplace").decode()
    assert read["exception"].startswith("Traceback")
    assert read["exception"].endswith("ValueError: it broke\nhere")


def test_a_text_line_has_the_ids_before_the_traceback() -> None:
    token = current_request_id.set("r-1")
    try:
        first, second, *_ = TextLines().format(record("here", failed=True)).splitlines()
    finally:
        current_request_id.reset(token)
    assert first.endswith("here [request r-1]")
    assert second.startswith("Traceback")


@pytest.mark.parametrize("given", [b"a", b"a" * 128, b"5b0c1f0e-6f0e-4a52", b"a:b_c.d"], ids=repr)
def test_an_id_of_the_form_is_taken(given: bytes) -> None:
    assert request_id_from(given) == given.decode()


@pytest.mark.parametrize(
    "given", [None, b"", b"a" * 129, b"a b", b"a\nb", b"a\n", b"\xc3\xa4", b'"', b"<a>"], ids=repr
)
def test_anything_else_gets_a_new_id(given: bytes | None) -> None:
    made = {request_id_from(given) for _ in range(10)}
    assert len(made) == 10
    assert all(len(one) == 16 and one.isalnum() for one in made)


def test_no_line_holds_a_key_that_was_put_where_it_does_not_belong() -> None:
    made = record(
        '%s - "%s %s HTTP/%s" %d', "127.0.0.1:5", "GET", "/api/v0/x?key=elm_0123-abc_DEF456", "1.1", 200
    )
    assert without_keys(made)
    line = TextLines().format(made)
    assert line.endswith('127.0.0.1:5 - "GET /api/v0/x?key=elm_[key] HTTP/1.1" 200')
    other = record("%s met %d", "Ada", 3)
    assert without_keys(other)
    assert other.args == ("Ada", 3)
