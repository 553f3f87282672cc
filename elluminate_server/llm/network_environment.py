"""What the environment says of the way to an endpoint: the proxy to go through, and whose certificates to trust."""

import base64
import functools
import ipaddress
import os
import platform
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import attrs

from elluminate_server.llm.shortages import shortage_of
from elluminate_server.llm.types import ModelError

__all__ = ["Proxy", "proxy_for", "tls_context"]

_DEFAULT_PORTS = {"http": 80, "https": 443}

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where Debian, Fedora, SUSE and Alpine keep certificates: for a Python that was built elsewhere and looks there."""


@attrs.frozen
class Proxy:
    """A proxy on the way to an endpoint.

    Attributes:
        url: Its address, without a user name and password.
        headers: What it is sent to let the call through.
    """

    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)


def proxy_for(url: str) -> Proxy | None:
    """The proxy for an address, from `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.

    Lower case wins. `NO_PROXY` names hosts, domains (`example.com`, `.example.com` and `*.example.com` are the same),
    addresses and networks (`10.0.0.0/8`), each with or without a port, or is `*`. Where no variable is set, Windows
    and macOS are asked for what is set there.

    Raises:
        ModelError: The variable names no HTTP proxy.
    """
    address = urlsplit(url)
    host, port = address.hostname or "", address.port or _DEFAULT_PORTS.get(address.scheme, 0)
    proxies = urllib.request.getproxies()
    given = proxies.get(address.scheme) or proxies.get("all")
    if not given or _is_exempt(host, port, proxies.get("no", "")) or urllib.request.proxy_bypass(host):
        return None
    proxy = urlsplit(given if "://" in given else f"http://{given}")
    if proxy.scheme not in _DEFAULT_PORTS or not proxy.hostname:
        raise ModelError(
            f"The proxy for {address.scheme} addresses is no HTTP proxy: its address begins with "
            f"{proxy.scheme + '://'!r}. Set {address.scheme.upper()}_PROXY to one that begins with http:// or "
            f"https://, or name {host} in NO_PROXY."
        )
    return Proxy(_without_credentials(proxy), _credentials(proxy))


def _without_credentials(proxy: SplitResult) -> str:
    return f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}"


def _credentials(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _is_exempt(host: str, port: int, no_proxy: str) -> bool:
    return any(_names(entry.strip().lower(), host.lower(), port) for entry in no_proxy.split(","))


def _names(entry: str, host: str, port: int) -> bool:
    """Whether an entry of `NO_PROXY` means a host.

    >>> [_names(entry, "llm.example.com", 443) for entry in ("example.com", "*.example.com:443", "ample.com")]
    [True, True, False]
    """
    if entry == "*":
        return True
    if entry.startswith("[") or entry.count(":") == 1:
        name, _, number = entry.removeprefix("[").partition("]:" if entry.startswith("[") else ":")
        if number and number != str(port):
            return False
        entry = name.removesuffix("]")
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        domain = entry.removeprefix("*").lstrip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def tls_context() -> ssl.SSLContext:
    """What is asked of an endpoint's certificate; the same object as long as the environment says the same.

    The certificates of `SSL_CERT_FILE`, else of `SSL_CERT_DIR`, else of `REQUESTS_CA_BUNDLE` are trusted, and no other
    ones; without them those that the operating system trusts.

    Raises:
        ModelError: A variable names something that holds no certificates.
    """
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
    given = next(((name, os.environ[name]) for name in names if os.environ.get(name)), None)
    return _of_the_system() if given is None else _of_variable(*given)


@functools.lru_cache(maxsize=8)
def _of_variable(variable: str, path: str) -> ssl.SSLContext:
    folders = [part for part in path.split(os.pathsep) if Path(part).is_dir()]
    try:
        if folders:
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:
        if shortage_of(error) is not None:
            raise
        raise ModelError(
            f"{variable} is {path!r}, where no certificates can be read: {error}. Give a file of certificates "
            "in PEM format, or unset the variable."
        ) from None


@functools.lru_cache(maxsize=1)
def _of_the_system() -> ssl.SSLContext:
    if platform.system() in ("Windows", "Darwin"):
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not (paths.capath and any(Path(paths.capath).iterdir())):
        for bundle in filter(os.path.isfile, _BUNDLES):
            return ssl.create_default_context(cafile=bundle)
    return ssl.create_default_context()
