"""Model endpoints that are not asked: however an address is written, wherever a name leads, nothing is connected to."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from elluminate_server.llm.address_classes import AddressClass, class_of
from elluminate_server.llm.reach import Reach
from elluminate_server.llm.types import EndpointRefusedError, ModelError
from tests.support.raw_server import RawServer, answers
from tests.unit.llm.endpoint_calls import BODY, ask, ask_once, endpoint

PUBLIC_ALONE = Reach(allows_private=False)
NEARBY_TOO = Reach(allows_private=True)

LOOPBACK = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7F.1",
    "017700000001",
    "0177.0.0.01",
    "localhost",
    "LOCALHOST.",
    "api.localhost",
    "%31%32%37.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[fe80::5efe:127.0.0.1]",
]
PRIVATE = [
    "10.0.0.1",
    "10.1",
    "167772161",
    "012.0.0.1",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.1.1",
    "0xc0a80101",
    "100.64.0.1",
    "198.18.0.1",
    "[fd12:3456::1]",
    "[fec0::1]",
    "[::ffff:192.168.1.1]",
    "[64:ff9b::10.0.0.1]",
]
NOWHERE_UNNAMED = [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.170.2",
    "169.254.1.1",
    "100.100.100.200",
    "168.63.129.16",
    "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "metadata.google.internal",
    "Metadata.Google.Internal.",
    "metadata",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::a9fe:a9fe%25lo]",
    "0.0.0.0",
    "0",
    "[::]",
    "224.0.0.1",
    "[ff02::1]",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.2.1",
    "[64:ff9b:1::10.0.0.1]",
    "[2001:db8::1]",
    "[100::1]",
]


@pytest.fixture
def listener() -> Iterator[RawServer]:
    with RawServer(answers(BODY)) as server:
        yield server


def refused(host: str, reach: Reach, listener: RawServer) -> EndpointRefusedError:
    with pytest.raises(EndpointRefusedError, match=r"ELLUMINATE_ALLOW_PRIVATE_ENDPOINTS=") as caught:
        ask_once(f"http://{host}:{listener.port}/v1", reach=reach, seconds=5.0)
    assert caught.value.is_hopeless
    assert not caught.value.retryable
    return caught.value


@pytest.mark.parametrize("host", [*LOOPBACK, *PRIVATE, *NOWHERE_UNNAMED])
def test_on_a_server_for_others_none_of_these_is_reached(host: str, listener: RawServer) -> None:
    refused(host, PUBLIC_ALONE, listener)
    assert listener.connections == 0


@pytest.mark.parametrize("host", NOWHERE_UNNAMED)
def test_on_this_machine_these_are_not_reached_either(host: str, listener: RawServer) -> None:
    refused(host, NEARBY_TOO, listener)
    assert listener.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f000001", "localhost"])
def test_without_the_refusal_these_would_be_reached(host: str, listener: RawServer) -> None:
    assert ask_once(f"http://{host}:{listener.port}/v1", reach=NEARBY_TOO) == BODY
    assert listener.connections == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("8.8.8.8", AddressClass.PUBLIC),
        ("172.32.0.1", AddressClass.PUBLIC),
        ("100.128.0.1", AddressClass.PUBLIC),
        ("2606:4700::1111", AddressClass.PUBLIC),
        ("::ffff:8.8.8.8", AddressClass.PUBLIC),
        ("64:ff9b::808:808", AddressClass.PUBLIC),
        ("4000::1", AddressClass.RESERVED),
        ("::2", AddressClass.RESERVED),
        ("fd20:ce::254", AddressClass.METADATA),
        ("fe80::a9fe:a9fe", AddressClass.LINK_LOCAL),
    ],
)
def test_an_address_has_a_class(text: str, kind: AddressClass) -> None:
    assert class_of(ipaddress.ip_address(text)) is kind


def test_a_refusal_names_the_host_what_it_is_and_the_way_out(listener: RawServer) -> None:
    error = refused("10.1", PUBLIC_ALONE, listener)
    assert str(error) == (
        f"The model endpoint http://10.1:{listener.port}/v1 is not asked by this server: 10.1 is a private address. "
        "Whoever runs the server can allow it: ELLUMINATE_ALLOW_PRIVATE_ENDPOINTS=10.1 there, and a restart."
    )


# Names


class Names:
    """What the operating system says where names lead to: each time the next addresses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        if ipaddress_or_none(host) is not None:
            return [info(str(host), port)]
        self.asked.append(host)
        addresses = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [info(address, port) for address in addresses]


def ipaddress_or_none(host: Any) -> Any:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def info(address: str, port: int) -> Any:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["10.0.0.7"],
        ["169.254.169.254"],
        ["fd00:ec2::254"],
    ],
    ids=lambda addresses: addresses[0],
)
def test_a_name_that_leads_to_such_an_address_is_refused(
    addresses: list[str], listener: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(monkeypatch, addresses)
    error = refused("llm.example", PUBLIC_ALONE, listener)
    assert "llm.example is" in str(error)
    assert (names.asked, listener.connections) == (["llm.example"], 0)


def test_of_a_name_with_several_addresses_only_those_are_connected_to_that_may_be(
    listener: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    allowed = Reach.of("127.0.0.1", is_private_usual=False)
    assert ask_once(f"http://llm.example:{listener.port}/v1", reach=allowed) == BODY
    assert listener.connections == 1


def test_a_name_that_leads_elsewhere_the_second_time_is_refused_then(
    listener: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """127.0.0.1, which is allowed, stands for a public address: no test connects to one."""
    names = Names(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
    allowed = Reach.of("127.0.0.1", is_private_usual=False)
    base_url = f"http://llm.example:{listener.port}/v1"
    assert ask_once(base_url, reach=allowed) == BODY
    with pytest.raises(EndpointRefusedError, match=r"llm\.example is a loopback address"):
        ask_once(base_url, reach=allowed)
    assert (names.asked, listener.connections) == (["llm.example"] * 2, 1)


def test_what_was_checked_is_what_is_connected_to(
    listener: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name leads to a public address when it is looked up, and to this machine whenever it is again."""
    names = Names(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    connected: list[Any] = []

    async def connect(_loop: Any, _socket: Any, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", connect)
    with pytest.raises(ModelError, match="could not be reached"):
        ask_once(f"http://llm.example:{listener.port}/v1", reach=PUBLIC_ALONE)
    assert connected == [("93.184.215.14", listener.port)]
    assert names.asked == ["llm.example"]
    with pytest.raises(EndpointRefusedError):
        ask_once(f"http://llm.example:{listener.port}/v1", reach=PUBLIC_ALONE)
    assert len(connected) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_such_an_address_is_not_followed(status: int, listener: RawServer) -> None:
    away = answers(b"", status=f"{status} Elsewhere", location=f"http://127.0.0.1:{listener.port}/v1")
    with RawServer(away) as server, pytest.raises(ModelError, match="Redirects are not followed"):
        ask_once(server.base_url, reach=Reach.of("", is_private_usual=False, own=[server.base_url]))
    assert listener.connections == 0


@pytest.mark.parametrize(
    "host", ["2130706433", "0127.0.0.1", "localhost", "169.254.169.254", "[::ffff:a9fe:a9fe]"]
)
def test_behind_a_proxy_an_address_is_refused_as_it_is_written(
    host: str, listener: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", listener.base_url.removesuffix("/v1"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(EndpointRefusedError):
        ask_once(f"http://{host}:8080/v1", reach=PUBLIC_ALONE)
    assert listener.connections == 0
    # A name is the proxy's to look up, and the proxy itself is the operator's.
    assert ask_once("http://llm.example/v1", reach=PUBLIC_ALONE) == BODY


# What the operator names


@pytest.mark.parametrize(
    ("said", "hosts", "others"),
    [
        ("true", ["127.0.0.1", "10.0.0.1", "localhost"], ["169.254.169.254", "0.0.0.0"]),
        ("10.1.0.0/16", ["10.1.2.3", "[::ffff:10.1.2.3]", "10.66051"], ["10.2.0.1", "127.0.0.1"]),
        ("llm.internal, 192.168.1.5", ["LLM.internal.", "192.168.1.5"], ["192.168.1.6", "localhost"]),
        ("localhost", ["localhost"], ["127.0.0.1"]),
        ("true, 169.254.0.0/16", ["127.0.0.1", "169.254.169.254"], ["[fe80::1]"]),
        ("metadata.google.internal", ["metadata.google.internal"], ["169.254.169.254"]),
        ("fd00::/8, ::1", ["[fd00::1]", "[::1]"], ["[fe80::1]"]),
        ("", ["8.8.8.8", "api.example.com"], ["127.0.0.1"]),
    ],
)
def test_what_is_named_is_asked_and_nothing_else(said: str, hosts: list[str], others: list[str]) -> None:
    reach = Reach.of(said, is_private_usual=False)
    for host in hosts:
        reach.check_written(f"http://{host}/v1")
    for host in others:
        with pytest.raises(OSError, match="is not asked by this server"):
            reach.check_written(f"http://{host}/v1")


@pytest.mark.parametrize("said", ["10.0.0.0/99", "http://llm.internal", "a b", "host:80", "*", "-,:"])
def test_an_entry_that_is_neither_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="neither true or false nor"):
        Reach.of(said, is_private_usual=False)


def test_false_refuses_on_this_machine_too() -> None:
    with pytest.raises(OSError, match="a loopback address"):
        Reach.of("false", is_private_usual=True).check_written("http://127.0.0.1/v1")


def test_the_servers_own_endpoint_is_asked_at_its_host_and_port_alone(listener: RawServer) -> None:
    async def run() -> None:
        reach = Reach.of("", is_private_usual=False, own=[listener.base_url])
        async with endpoint(listener.base_url, reach=reach) as asked:
            assert await ask(asked) == BODY
        with pytest.raises(OSError, match="a loopback address"):
            reach.check_written(f"http://127.0.0.1:{listener.port + 1}/v1")

    asyncio.run(run())
