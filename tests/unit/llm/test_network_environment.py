"""Proxies and certificates of the environment: which ones are taken, and real calls through them."""

import asyncio
import base64
import os
import platform
import select
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
import truststore

from elluminate_server.llm import network_environment
from elluminate_server.llm.endpoint import Endpoint, Received
from elluminate_server.llm.gates import Caller
from elluminate_server.llm.network_environment import Proxy, proxy_for, tls_context
from elluminate_server.llm.types import ModelError
from tests.support.raw_server import Act, RawServer, answers, says

KEY = "key-that-must-not-be-seen"
REQUEST = {"model": "gpt-test", "messages": []}
BODY = b'{"choices": []}'
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *map(str.lower, VARIABLES), *CERTIFICATES):
        monkeypatch.delenv(name, raising=False)


def ask(base_url: str, *, times: int = 1) -> bytes:
    async def run() -> bytes:
        asked = Endpoint(base_url=base_url, api_key=KEY)
        try:
            bodies = {(await _once(asked)).body for _ in range(times)}
        finally:
            await asked.aclose()
        assert len(bodies) == 1
        return bodies.pop()

    return asyncio.run(run())


async def _once(asked: Endpoint) -> Received:
    impatient = asked.called_by(Caller(patience=0))
    return await impatient.ask("/chat/completions", REQUEST, attempt_seconds=20, max_retries=0)


# Which proxy


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        pytest.param({}, "https://llm.example/v1", None, id="none"),
        pytest.param({"HTTPS_PROXY": "http://p:1"}, "https://llm.example/v1", "http://p:1", id="https"),
        pytest.param({"https_proxy": "http://p:1"}, "https://llm.example/v1", "http://p:1", id="lower case"),
        pytest.param(
            {"HTTPS_PROXY": "http://q:1", "https_proxy": "http://p:1"},
            "https://llm.example/v1",
            "http://p:1",
            id="lower case first",
            marks=pytest.mark.skipif(os.name == "nt", reason="names of variables have no case there"),
        ),
        pytest.param({"HTTP_PROXY": "http://p:1"}, "https://llm.example/v1", None, id="of the other scheme"),
        pytest.param({"HTTP_PROXY": "http://p:1"}, "http://llm.example/v1", "http://p:1", id="http"),
        pytest.param({"ALL_PROXY": "http://p:1"}, "http://llm.example/v1", "http://p:1", id="all"),
        pytest.param(
            {"ALL_PROXY": "http://q:1", "HTTPS_PROXY": "http://p:1"},
            "https://llm.example/v1",
            "http://p:1",
            id="the scheme's own first",
        ),
        pytest.param(
            {"HTTPS_PROXY": "p:3128"}, "https://llm.example/v1", "http://p:3128", id="without a scheme"
        ),
        pytest.param({"HTTPS_PROXY": "https://p"}, "https://llm.example/v1", "https://p", id="over TLS"),
        pytest.param({"HTTPS_PROXY": ""}, "https://llm.example/v1", None, id="empty"),
        pytest.param(
            {"HTTP_PROXY": "http://[::1]:1"}, "http://llm.example", "http://[::1]:1", id="an IPv6 proxy"
        ),
    ],
)
def test_the_proxy_is_that_of_the_scheme(
    variables: dict[str, str], url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == (None if proxy is None else Proxy(proxy))


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_exempt"),
    [
        ("*", "https://llm.example/v1", True),
        ("llm.example", "https://llm.example/v1", True),
        ("LLM.example", "https://llm.EXAMPLE/v1", True),
        ("other.example, llm.example ", "https://llm.example/v1", True),
        ("example", "https://llm.example/v1", True),
        (".example", "https://llm.example/v1", True),
        ("*.example", "https://llm.example/v1", True),
        ("m.example", "https://llm.example/v1", False),
        ("llm.example:443", "https://llm.example/v1", True),
        ("llm.example:80", "https://llm.example/v1", False),
        ("llm.example:8080", "http://llm.example:8080/v1", True),
        ("localhost", "http://localhost:11434/v1", True),
        ("127.0.0.1", "http://127.0.0.1:11434/v1", True),
        ("127.0.0.1:11434", "http://127.0.0.1:11434/v1", True),
        ("127.0.0.1:80", "http://127.0.0.1:11434/v1", False),
        ("10.0.0.0/8", "http://10.1.2.3/v1", True),
        ("10.0.0.0/8", "http://11.1.2.3/v1", False),
        ("10.0.0.0/8", "http://ten.example/v1", False),
        ("::1", "http://[::1]:11434/v1", True),
        ("[::1]", "http://[::1]:11434/v1", True),
        ("[::1]:11434", "http://[::1]:11434/v1", True),
        ("[::1]:80", "http://[::1]:11434/v1", False),
        ("fd00::/8", "http://[fd12::1]/v1", True),
        ("not/a/network", "http://10.1.2.3/v1", False),
        (",,", "https://llm.example/v1", False),
    ],
)
def test_what_no_proxy_names_is_asked_directly(
    no_proxy: str, url: str, is_exempt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (proxy_for(url) is None) is is_exempt


@pytest.mark.parametrize("proxy", ["socks5://p:1080", "ftp://p", "http://"])
def test_a_proxy_that_is_none_of_http_is_refused_with_its_variable(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ModelError, match=r"HTTPS_PROXY.*llm\.example in NO_PROXY"):
        ask("https://llm.example/v1")


def test_a_proxys_password_is_kept_out_of_its_address_and_its_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me%40home:p%3Ass@proxy.example:3128")
    proxy = proxy_for("https://llm.example/v1")
    assert proxy is not None
    assert proxy.url == "http://proxy.example:3128"
    sent = proxy.headers["Proxy-Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"me@home:p:ss"
    assert sent not in repr(proxy)


# Through a proxy


def test_a_proxy_gets_the_whole_address_and_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(answers(BODY)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
        assert ask("http://llm.example/v1", times=2) == BODY
    head = proxy.requests[0].decode()
    assert head.startswith("POST http://llm.example/v1/chat/completions HTTP/1.1\r\nHost: llm.example\r\n")
    assert "Proxy-Authorization: Basic " + base64.b64encode(b"me:secret").decode() in head
    assert (len(proxy.requests), proxy.connections) == (2, 1)


def tunnels(port: int) -> Act:
    """Opens a tunnel to a port of this machine, whatever address was asked for."""

    def act(connection: socket.socket) -> bool:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as far:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = [connection, far]
            while True:
                for end in select.select(ends, [], [], 30)[0]:
                    piece = end.recv(65536)
                    if not piece:
                        return False
                    (far if end is connection else connection).sendall(piece)

    return act


def test_a_tunnel_is_asked_for_with_the_password_and_the_key_goes_through_it_alone(
    certificates: trustme.CA, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trust(certificates, tmp_path / "ca.pem", "SSL_CERT_FILE", monkeypatch)
    with RawServer(answers(BODY), tls=tls) as far, RawServer(tunnels(far.port)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
        assert ask(f"https://localhost:{far.port}/v1", times=2) == BODY
    (asked,) = proxy.requests
    assert asked.startswith(f"CONNECT localhost:{far.port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:secret") in asked
    assert KEY.encode() not in asked
    assert b"User-Agent: elluminate-open" in asked
    assert len(far.requests) == 2
    assert b"Proxy-Authorization" not in far.requests[0]


@pytest.mark.parametrize(
    ("status", "retryable"), [("407 Proxy Authentication Required", False), ("502 Bad Gateway", True)]
)
def test_a_proxy_that_refuses_is_told_with_its_status(
    status: str, retryable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(says(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
        with pytest.raises(ModelError, match=f"a proxy that answered {status[:3]}.*HTTPS_PROXY") as caught:
            ask("https://llm.example/v1")
    assert caught.value.retryable is retryable
    assert "secret" not in str(caught.value)


def test_a_proxy_that_is_not_there_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(
            ModelError, match=r"behind a proxy that could not be reached.*HTTP_PROXY"
        ) as caught:
            ask("http://llm.example/v1")
    assert caught.value.retryable
    assert "secret" not in str(caught.value)


# Certificates


@pytest.fixture(scope="module")
def certificates() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(certificates: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificates.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def secure(tls: ssl.SSLContext) -> Iterator[RawServer]:
    with RawServer(answers(BODY), tls=tls) as server:
        yield server


def trust(authority: trustme.CA, path: Path, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv(variable, str(path))


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_file_of_certificates_is_trusted(
    variable: str,
    secure: RawServer,
    certificates: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trust(certificates, tmp_path / "ca.pem", variable, monkeypatch)
    assert ask(secure.base_url) == BODY


def test_a_folder_of_certificates_is_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert tls_context().verify_mode is ssl.CERT_REQUIRED
    assert tls_context() is tls_context()


def test_what_the_variables_name_is_trusted_alone_and_the_first_of_them_counts(
    secure: RawServer, certificates: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(certificates, tmp_path / "ca.pem", "REQUESTS_CA_BUNDLE", monkeypatch)
    trust(trustme.CA(), tmp_path / "other.pem", "SSL_CERT_FILE", monkeypatch)
    with pytest.raises(ModelError, match=r"certificate that is not trusted.*SSL_CERT_FILE"):
        ask(secure.base_url)


def test_a_certificate_that_nobody_vouches_for_is_refused_and_no_key_sent(secure: RawServer) -> None:
    with pytest.raises(ModelError, match=r"certificate that is not trusted.*SSL_CERT_FILE") as caught:
        ask(secure.base_url)
    assert not caught.value.retryable
    assert secure.requests == []


def test_a_certificate_of_another_name_is_refused(
    certificates: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(certificates, tmp_path / "ca.pem", "SSL_CERT_FILE", monkeypatch)
    other = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificates.issue_cert("other.example").configure_cert(other)
    with RawServer(answers(BODY), tls=other) as server, pytest.raises(ModelError, match="not trusted"):
        ask(server.base_url)
    assert server.requests == []


@pytest.mark.parametrize("variable", CERTIFICATES)
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_refused_with_their_variable(
    variable: str, content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(ModelError, match=rf"{variable} is .*ca\.pem"):
        ask("https://llm.example/v1")


def test_without_tls_no_certificates_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with RawServer(answers(BODY)) as server:
        assert ask(server.base_url) == BODY


@pytest.mark.parametrize("system", ["Windows", "Darwin"])
def test_windows_and_macos_are_asked_whom_they_trust(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    network_environment._of_the_system.cache_clear()
    try:
        assert isinstance(tls_context(), truststore.SSLContext)
    finally:
        network_environment._of_the_system.cache_clear()
