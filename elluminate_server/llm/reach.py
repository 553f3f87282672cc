"""Which places this server asks as model endpoints: those that its users may name, and those that its operator named.

Whoever may create LLM configs chooses where the server sends requests. Without a bound, that would be everything that
the server's machine reaches and its users do not: its own ports, its network, and its cloud's metadata service, which
gives out credentials.
"""

import ipaddress
from collections.abc import Iterable
from typing import Self, TypeAlias
from urllib.parse import urlsplit

import attrs

from elluminate_server.llm.address_classes import (
    AddressClass,
    IpAddress,
    class_of,
    class_of_name,
    normal_host,
    readings,
    v4_within,
)

__all__ = ["ALLOWING_VARIABLE", "AddressRefusedError", "Reach"]

ALLOWING_VARIABLE = "ELLUMINATE_ALLOW_PRIVATE_ENDPOINTS"

_PORTS = {"http": 80, "https": 443}
_NEARBY = (AddressClass.LOOPBACK, AddressClass.PRIVATE)

IpNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class AddressRefusedError(OSError):
    """A place is not asked.

    An `OSError`, as whatever else keeps a connection from being made.

    Attributes:
        host: The host.
        kind: What its address is.
        refused: That it is not asked, as the rest of a sentence that begins with the endpoint.
        way_out: What to do, as a sentence.
    """

    def __init__(self, host: str, kind: AddressClass) -> None:
        self.host = host
        self.kind = kind
        self.refused = f"is not asked by this server: {host} is {kind.value}"
        super().__init__(self.refused)
        self.way_out = (
            f"Whoever runs the server can allow it: {ALLOWING_VARIABLE}={host} there, and a restart."
        )


@attrs.frozen(kw_only=True)
class Reach:
    """Which places are asked.

    Public addresses are; loopback and private ones where `allows_private` says so; all others, link-local ones and
    metadata services among them, only where they are named.

    Attributes:
        allows_private: Whether loopback and private addresses are asked.
        hosts: Hosts that are asked wherever they lead to.
        networks: Networks whose addresses are asked.
        own: Hosts with their ports that are asked: the endpoints of the server's own models.
    """

    allows_private: bool = True
    hosts: frozenset[str] = frozenset()
    networks: tuple[IpNetwork, ...] = ()
    own: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def of(cls, text: str, *, is_private_usual: bool, own: Iterable[str] = ()) -> Self:
        """The reach that a setting describes.

        Args:
            text: `true`, `false`, hosts, addresses and networks, separated by commas; may be empty.
            is_private_usual: Whether loopback and private addresses are asked where the text does not say.
            own: Base URLs of the server's own models.

        Raises:
            ValueError: An entry is none of these.

        >>> Reach.of("llm.internal, 10.1.0.0/16", is_private_usual=False).allows_private
        False
        """
        private, hosts, networks = is_private_usual, set(), []
        for entry in filter(None, (part.strip() for part in text.split(","))):
            if entry.lower() in ("true", "false"):
                private = entry.lower() == "true"
            elif (network := _network(entry)) is not None:
                networks.append(network)
            elif _is_name(entry):
                hosts.add(normal_host(entry))
            else:
                raise ValueError(
                    f"holds {entry!r}, which is neither true or false nor a host name, an address or a network like "
                    "10.1.0.0/16"
                )
        places = frozenset(_place(url) for url in own)
        return cls(allows_private=private, hosts=frozenset(hosts), networks=tuple(networks), own=places)

    def names(self, base_url: str) -> bool:
        """Whether the operator named the host of an endpoint, wherever it leads to."""
        place = _place(base_url)
        return place in self.own or place[0] in self.hosts

    def check(self, host: str, address: IpAddress) -> None:
        """Refuse an address to which a host leads.

        Raises:
            AddressRefusedError: It is not asked.
        """
        kind = class_of(address)
        if not self._allows(kind) and not self._has_network_of(address):
            raise AddressRefusedError(host, kind)

    def check_written(self, base_url: str) -> None:
        """Refuse an endpoint as far as that needs nobody to be asked where its host leads to.

        Args:
            base_url: An address that `addresses.check_address` takes.

        Raises:
            AddressRefusedError: It is not asked.
        """
        if self.names(base_url):
            return
        host = urlsplit(base_url).hostname or ""
        kind = class_of_name(host)
        if kind is not None and not self._allows(kind):
            raise AddressRefusedError(normal_host(host), kind)
        for address in readings(host):
            self.check(normal_host(host), address)

    def _allows(self, kind: AddressClass) -> bool:
        return kind is AddressClass.PUBLIC or (self.allows_private and kind in _NEARBY)

    def _has_network_of(self, address: IpAddress) -> bool:
        forms = [address, within] if (within := v4_within(address)) is not None else [address]
        return any(form in network for network in self.networks for form in forms)


def _place(base_url: str) -> tuple[str, int]:
    parts = urlsplit(base_url)
    return normal_host(parts.hostname or ""), parts.port or _PORTS.get(parts.scheme, 0)


def _network(entry: str) -> IpNetwork | None:
    try:
        return ipaddress.ip_network(entry.removeprefix("[").removesuffix("]"), strict=False)
    except ValueError:
        return None


def _is_name(entry: str) -> bool:
    labels = entry.rstrip(".").split(".")
    return all(label and label.replace("-", "").replace("_", "").isalnum() for label in labels)
