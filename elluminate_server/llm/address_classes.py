"""What kind of place an address leads to: read in every way in which it can be written.

The ranges are those of IANA's registries of special-purpose addresses (RFC 6890 and its successors); the metadata
services are those that clouds document.
"""

import enum
import ipaddress
import unicodedata
from typing import TypeAlias
from urllib.parse import unquote

__all__ = ["AddressClass", "IpAddress", "class_of", "class_of_name", "normal_host", "readings"]

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressClass(enum.Enum):
    """Where an address leads to; its value is how it is told."""

    PUBLIC = "a public address"
    LOOPBACK = "a loopback address"
    PRIVATE = "a private address"
    LINK_LOCAL = "a link-local address"
    METADATA = "the address of a cloud's metadata service"
    UNSPECIFIED = "an unspecified address"
    MULTICAST = "a multicast address"
    RESERVED = "a reserved address"


_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",  # most clouds
        "169.254.170.2",  # credentials of containers
        "169.254.170.23",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
    )
)

_METADATA_NAMES = frozenset(
    {
        "metadata",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.tencentyun.com",
        "instance-data",
        "instance-data.ec2.internal",
    }
)

_RANGES = [
    (ipaddress.ip_network(network), kind)
    for kind, networks in {
        AddressClass.LOOPBACK: "127.0.0.0/8 ::1/128",
        AddressClass.UNSPECIFIED: "0.0.0.0/8 ::/128",
        AddressClass.LINK_LOCAL: "169.254.0.0/16 fe80::/10",
        AddressClass.PRIVATE: "10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.168.0.0/16 198.18.0.0/15 fc00::/7 fec0::/10",
        AddressClass.MULTICAST: "224.0.0.0/4 ff00::/8",
        AddressClass.RESERVED: "192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 "
        "64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 3fff::/20 5f00::/16",
    }.items()
    for network in networks.split()
]
_ASSIGNED_V6 = ipaddress.ip_network("2000::/3")

_V4_WITHIN = [
    (ipaddress.ip_network("::ffff:0:0/96"), 0),  # mapped
    (ipaddress.ip_network("::ffff:0:0:0/96"), 0),  # translated
    (ipaddress.ip_network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.ip_network("2002::/16"), 80),  # 6to4
]
"""Networks of IPv6 whose addresses hold one of IPv4, and the bits to the right of it."""
_COMPATIBLE = ipaddress.ip_network("::/96")
_TEREDO = ipaddress.ip_network("2001::/32")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)

_DOTS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))


def class_of(address: IpAddress) -> AddressClass:
    """The class of an address; of one that holds another one, that one's, unless its own says more.

    >>> [class_of(ipaddress.ip_address(text)).name for text in ("8.8.8.8", "::ffff:10.0.0.1", "64:ff9b::7f00:1")]
    ['PUBLIC', 'PRIVATE', 'LOOPBACK']
    """
    within = v4_within(address)
    if within is not None:
        return class_of(within)
    if address in _METADATA:
        return AddressClass.METADATA
    for network, kind in _RANGES:
        if address.version == network.version and address in network:
            return kind
    if address.version == 6 and address not in _ASSIGNED_V6:
        return AddressClass.RESERVED
    return AddressClass.PUBLIC


def v4_within(address: IpAddress) -> ipaddress.IPv4Address | None:
    """The address of IPv4 that one of IPv6 stands for or leads to; None where there is none.

    >>> v4_within(ipaddress.ip_address("2002:7f00:1::"))
    IPv4Address('127.0.0.1')
    """
    if isinstance(address, ipaddress.IPv4Address):
        return None
    number = int(address)
    for network, right in _V4_WITHIN:
        if address in network:
            return ipaddress.IPv4Address(number >> right & 0xFFFF_FFFF)
    if address in _TEREDO:
        return ipaddress.IPv4Address(~number & 0xFFFF_FFFF)
    if address in _COMPATIBLE and number > 0xFFFF:
        return ipaddress.IPv4Address(number)
    if number >> 32 & 0xFFFF_FFFF in _ISATAP:
        return ipaddress.IPv4Address(number & 0xFFFF_FFFF)
    return None


def normal_host(host: str) -> str:
    """A host as it is compared: what programs read alike is written alike.

    >>> normal_host("LOCALHOST."), normal_host("[::1%25eth0]"), normal_host("１２７｡0.0.1")
    ('localhost', '::1', '127.0.0.1')
    """
    text = unicodedata.normalize("NFKC", unquote(host).translate(_DOTS)).lower().rstrip(".")
    text = text.removeprefix("[").removesuffix("]")
    return text.partition("%")[0] if ":" in text else text


def readings(host: str) -> list[IpAddress]:
    """The addresses as which a host may be read without asking anybody: none of a name.

    Beside the usual forms those of `inet_aton`: one to four parts, decimal, hexadecimal or octal, the last of them for
    all that is left. A zero in front means octal to some and nothing to others: that gives two.

    >>> [str(address) for address in readings("0x7f.1")], [str(address) for address in readings("010.0.0.1")]
    (['127.0.0.1'], ['8.0.0.1', '10.0.0.1'])
    """
    text = normal_host(host)
    if ":" in text:
        try:
            return [ipaddress.IPv6Address(text)]
        except ValueError:
            return []
    found = [_read_v4(text, octal) for octal in (True, False)]
    return [ipaddress.IPv4Address(number) for number in dict.fromkeys(found) if number is not None]


def _read_v4(text: str, octal: bool) -> int | None:
    parts = [_read_part(part, octal) for part in text.split(".")]
    *first, last = parts
    if len(parts) > 4 or last is None or last >= 256 ** (4 - len(first)):
        return None
    number = last
    for place, part in enumerate(first):
        if part is None or part > 255:
            return None
        number += part << 8 * (3 - place)
    return number


def _read_part(part: str, octal: bool) -> int | None:
    if not part.isascii() or not part.isalnum():
        return None
    try:
        if part.startswith("0x"):
            return int(part[2:] or "0", 16)
        return int(part, 8 if octal and part.startswith("0") and len(part) > 1 else 10)
    except ValueError:
        return None


def class_of_name(host: str) -> AddressClass | None:
    """The class of a name that means the same everywhere (RFC 6761, and what clouds call theirs); None of any other."""
    text = normal_host(host)
    if text == "localhost" or text.endswith(".localhost"):
        return AddressClass.LOOPBACK
    return AddressClass.METADATA if text in _METADATA_NAMES else None
