"""Connections to places that are asked, and to no others: checked where they are connected to.

A name that is looked up twice may lead to two places. So the addresses that a name led to are checked, those alone are
connected to, and the address of each socket is checked once more when it is made.
"""

import ipaddress
import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from elluminate_server.llm.reach import AddressRefusedError, Reach

__all__ = ["guarded"]


def guarded(reach: Reach) -> dict[str, Any]:
    """Arguments for an `aiohttp.TCPConnector` with which it connects to addresses within reach alone."""

    def make_socket(info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, address = info
        _check(reach, address[0], address[0])
        return socket.socket(family, kind, protocol)

    return {"resolver": _GuardedResolver(reach), "socket_factory": make_socket}


class _GuardedResolver(AbstractResolver):
    """Asks the operating system where names lead to, and passes on what is within reach."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        allowed, refused = [], None
        for each in found:
            try:
                _check(self._reach, host, each["host"])
            except AddressRefusedError as error:
                refused = error
            else:
                allowed.append(each)
        if refused is not None and not allowed:
            raise refused
        return allowed

    async def close(self) -> None:
        await self._resolver.close()


def _check(reach: Reach, host: str, address: str) -> None:
    reach.check(host, ipaddress.ip_address(address.partition("%")[0]))
