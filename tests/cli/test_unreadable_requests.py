"""What is no HTTP request, or one that is too long to be read, is answered as every refusal is."""

import json
import socket

import pytest

from elluminate_server import serving


@pytest.mark.parametrize(
    "request_line",
    ["GET /api/v0/projects?name=" + "a" * 70_000 + " HTTP/1.1", "no request at all"],
    ids=["too long", "malformed"],
)
def test_an_unreadable_request_gets_json_with_a_detail(request_line: str) -> None:
    address = serving.local_server(":memory:")
    host, port = address.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(f"{request_line}\r\nHost: {host}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/json" in head
    assert "65,535 bytes" in json.loads(body)["detail"]
