"""What the server has for whoever answers a request: an operation of the API, or a page."""

from typing import TypeVar

from starlette.requests import Request

from elluminate_server.execution import Executor
from elluminate_server.llm.providers import Models
from elluminate_server.settings import Settings
from elluminate_server.store.engine import Store

__all__ = ["AtServer"]

T = TypeVar("T")


class AtServer:
    """A request that has come to a server.

    Attributes:
        request: The request.
    """

    __slots__ = ()

    request: Request

    @property
    def store(self) -> Store:
        """The database."""
        store: Store = self.request.app.state.store
        return store

    @property
    def settings(self) -> Settings:
        """How the server runs."""
        settings: Settings = self.request.app.state.settings
        return settings

    @property
    def models(self) -> Models:
        """The models that answer and judge."""
        models: Models = self.request.app.state.models
        return models

    @property
    def executor(self) -> Executor:
        """What runs tasks."""
        executor: Executor = self.request.app.state.executor
        return executor

    def service(self, kind: type[T]) -> T:
        """What the server runs beside its requests, by its class; see `app`."""
        service: T = self.request.app.state.services[kind]
        return service
