"""One client's conversation with its server: starting, calling, decoding."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Hashable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

import msgspec
from elluminate_api import models as api
from elluminate_api.api.projects import list_projects
from elluminate_api.api.version import check_version_compatible
from elluminate_api.types import Request

from elluminate import _http
from elluminate._collector import collector_at_rest
from elluminate._extras import how_to_install
from elluminate._paging import Paging
from elluminate._sending import CONTRACT_LEVEL, Link, Sending
from elluminate._transport import Transport, Transports, in_thread, is_blocking
from elluminate.exceptions import (
    AmbiguousProjectError,
    APIError,
    ConfigurationError,
    InvalidResponseError,
    NotFoundError,
    TransportError,
)

if TYPE_CHECKING:
    from elluminate._config import Config

T = TypeVar("T")

logger = logging.getLogger("elluminate")

API_PREFIX = "/api/v0"


decoding_for: contextvars.ContextVar[Session | None] = contextvars.ContextVar(
    "elluminate_session", default=None
)
"""The session whose answer is being decoded: every model made meanwhile, nested ones included, is bound to it."""


class Session(Paging, Sending):
    """What every operation of a client goes through.

    Attributes:
        config: The client's settings.
        projects: The projects that the credentials reach, once known.
        current_project: The project in use, once known.
    """

    def __init__(self, config: Config, like: Session | None = None) -> None:
        self.config = config
        self.projects: list[api.Project] = []
        self.current_project: api.Project | None = None
        self._of_models: Session | None = None
        self._owns_link = like is None
        # The connections have the timeouts of the settings that they were opened with.
        self._request_options: dict[str, Any] = {}
        if like is None:
            self._link = Link(Transports(config), _http.Credential(config.auth_headers))
            return
        self._link = like._link
        self.projects, self.current_project = list(like.projects), like.current_project
        self._request_options = like._request_options
        if config.timeout != like.config.timeout:
            self._request_options = {"timeout": _http.timeouts(config.timeout)}

    # --- starting

    @property
    def transport(self) -> Transport:
        """The transport of whoever drives the running coroutine."""
        return self._link.transports.current()

    def check_open(self) -> None:
        """Refuse to go on after the client was closed.

        Raises:
            ClientClosedError: It was.
        """
        self._link.transports.check_open()

    async def start(self) -> api.Project:
        """Reach the server, check versions and find the project; once, at the first use."""
        project = self.current_project
        if project is not None and not self._link.transports.closed:
            return project
        await self.ensure_connected()
        return await self.transport.alone(self._start)

    async def _start(self) -> api.Project:
        if self.current_project is None:
            if not self.config.skip_version_check:
                await self.check_version()
            self.current_project = await self._find_project()
        return self.current_project

    async def ensure_connected(self) -> None:
        """Know where requests go, which takes a moment where a `local:` server has to start."""
        if self._link.transports.base_url is not None:
            return
        if is_blocking() or not self.config.is_local:
            self._connect()
        else:  # starting a server takes a moment, which the caller's event loop should not miss
            await in_thread(self._connect)

    def _connect(self) -> None:
        with self._link.lock:
            if self._link.transports.base_url is None and not self._link.transports.closed:
                self._find_server()

    def _find_server(self) -> None:
        if not self.config.is_local:
            self._link.transports.connect(self.config.base_url + API_PREFIX)
            return
        try:
            from elluminate_server import serving
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"base_url {self.config.base_url!r} runs the server in this process, which needs "
                f"{how_to_install(error, 'server')}"
            ) from error
        try:
            address = serving.local_server(serving.parse_local_url(self.config.base_url))
        except (serving.ServingError, ValueError) as error:
            raise ConfigurationError(str(error)) from error
        self._link.release = partial(serving.release_local_server, address)
        self._link.credential = _http.Credential({"X-API-Key": address.api_key})
        self._link.transports.connect(address.base_url + API_PREFIX)

    async def check_version(self) -> None:
        """Ask whether the server supports this client; warn if not, and go on if it cannot be asked."""
        await self.ensure_connected()
        request = check_version_compatible.build(
            body=api.VersionCompatibleRequest(current_sdk_version=CONTRACT_LEVEL)
        )
        try:
            answer = await self.call(request)
        except TransportError:
            raise
        except APIError as error:
            logger.debug("the server could not be asked for its version: %s", error)
            return
        if not answer.is_compatible:
            needed = answer.required_sdk_version
            logger.warning(
                "the server asks for a client of level %s; this one speaks %s",
                needed or "unknown",
                CONTRACT_LEVEL,
            )

    async def _find_project(self) -> api.Project:
        try:
            page = await self.call(list_projects.build())
        except NotFoundError as error:
            raise ConfigurationError(
                f"{self.config.base_url} does not answer as an elluminate server ({error}); check the base URL"
            ) from error
        self.projects = page.items
        if not page.items:
            raise ConfigurationError("the credentials reach no project")
        return self._chosen(page.items)

    def _chosen(self, projects: list[api.Project]) -> api.Project:
        wanted = self.config.project_id
        if wanted is not None:
            for project in projects:
                if project.id == wanted:
                    return project
            raise NotFoundError(
                f"project {wanted} is not among those that the credentials reach: "
                + ", ".join(f"{project.id} ({project.name})" for project in projects)
            )
        if len(projects) == 1 or self.config.api_key or self.config.is_local:
            return projects[0]  # an API key belongs to exactly one project
        if self.config.fallback_to_newest:
            return max(projects, key=lambda project: project.id)
        raise AmbiguousProjectError(
            "the token reaches several projects, pass project_id=…: "
            + ", ".join(f"{project.id} ({project.name})" for project in projects)
        )

    def work_in(self, project: api.Project) -> None:
        """Use another project from now on."""
        self.projects = [*(known for known in self.projects if known.id != project.id), project]
        self.current_project, self._of_models = project, None

    def _session_of_models(self) -> Session:
        """What models that are read now are bound to: it stays in the project of now, wherever the client goes."""
        if self.current_project is None:
            return self
        if self._of_models is None:
            self._of_models = Session(self.config, like=self)
            self._of_models._of_models = self._of_models
        return self._of_models

    def is_news(self, text: Hashable) -> bool:
        """Whether nobody was warned of a text yet, with this client; from now on somebody was."""
        told = text in self._link.told
        self._link.told.add(text)
        return not told

    @property
    def place(self) -> tuple[str | None, int | None]:
        """The server and the project that this talks with; None for what is not known before the first call."""
        base_url, project = self._link.transports.base_url, self.current_project
        return (base_url and _http.server_of(base_url)), (None if project is None else project.id)

    def page(self, path: str) -> str | None:
        """The address of a page of the project in use; None where the server is a part of this process.

        Args:
            path: What follows the project, such as `experiments/7`.
        """
        project = self.current_project
        if self.config.is_local or project is None:
            return None
        return f"{self.config.base_url}/projects/{project.id}/{path}"

    def where(self) -> str:
        """The place in words."""
        project = self.current_project
        named = f"project {project.id} {project.name!r} of " if project else ""
        return f"{named}{self.config.base_url}"

    async def project_id(self) -> int:
        """The id of the project in use."""
        return (await self.start()).id

    async def aclose(self) -> None:
        """Close all connections, unless they belong to the client that this one is a copy of."""
        if not self._owns_link:
            return
        await self._link.transports.aclose()
        if self._link.release is None:
            return
        if is_blocking():
            self._release()
        else:  # another client's server may be starting, for which this waits
            await in_thread(self._release)

    def _release(self) -> None:
        with self._link.lock:
            release, self._link.release = self._link.release, None
            if release is not None:
                release()

    # --- sending

    @overload
    async def call(self, request: Request[T]) -> T: ...
    @overload
    async def call(self, request: Request[Any], into: type[T]) -> T: ...
    async def call(self, request: Request[Any], into: Any = None) -> Any:
        """Send a request and decode its answer.

        Args:
            request: Built by a module of `elluminate_api.api`.
            into: What to decode the answer into, if not the contract's own model.

        Raises:
            APIError: The server refused; a subclass per status.
            TransportError: There was no answer.
            InvalidResponseError: The answer breaks the contract.
            ValidationError: The body cannot be written as JSON.
        """
        with self._span_of(request) as span:
            response = await self._send(request, span)
            target = into or request.operation.success
            if response is None:
                return None
            if target is None:
                if response.content:  # of a page that something in between sent, nothing is known to be done
                    self._decoded(response, Any)
                return None
            return self._decoded(response, target)

    def _decoded(self, response: _http.Response, target: Any) -> Any:
        token = decoding_for.set(self._session_of_models())
        try:
            with collector_at_rest():
                return _decoder(target).decode(response.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _contract_broken(self._link.credential.without_echo(response), error) from error
        finally:
            decoding_for.reset(token)


@lru_cache(maxsize=512)
def _decoder(target: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(target)


def _contract_broken(response: _http.Response, error: Exception) -> InvalidResponseError:
    kind = response.headers.get("content-type", "no content type")
    where = f"{response.request.method} {response.request.url}"
    if isinstance(error, msgspec.ValidationError):
        reason, _, path = str(error).partition(" - at ")
        path = path.strip("`") or "$"
        return InvalidResponseError(
            f"the answer to {where} breaks the contract at {path}: {reason}; is the server newer than this client?",
            response=response,
            json_path=path,
        )
    start = " ".join(response.text.split())[:80]
    return InvalidResponseError(
        f"the answer to {where} is not JSON ({kind}): {start!r}; does a proxy or a login page stand in between?",
        response=response,
    )
