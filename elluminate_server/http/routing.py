"""The contract's paths as one route, among which a path's own is found without trying the others."""

from collections import defaultdict
from collections.abc import Sequence

from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import Receive, Scope, Send

__all__ = ["Resources"]

_Shape = tuple[int, str]
"""How many steps a path has, and the words of one of them."""

_ANY = ""
_FOUND = "elluminate.resource"
"""In a request's scope: the route that fits."""


class Resources(BaseRoute):
    """Routes of which each path fits few: they are told apart by how many steps it has, and by one of these.

    Args:
        routes: The routes, the first of those that fit first. No parameter of theirs takes more than one step.
        step: Which step tells them apart, from 0; best the one in which they differ most.
    """

    def __init__(self, routes: Sequence[Route], step: int) -> None:
        self._routes = list(routes)
        self._step = step + 1  # a path begins with a slash
        self._by_shape: dict[_Shape, list[Route]] = defaultdict(list)
        shapes = {shape for route in routes for shape in self._shapes_of(route.path)}
        for route in routes:
            count, word = self._shape_of(route.path)
            fitting = [shape for shape in shapes if shape[0] == count and word in (shape[1], _ANY)]
            for shape in fitting:
                self._by_shape[shape].append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether one of the routes fits a request."""
        if scope["type"] != "http":
            return Match.NONE, {}
        count, word = self._shape_of(scope["path"].removeprefix(scope.get("root_path", "")))
        unnamed = self._by_shape.get((count, _ANY), [])
        for route in self._by_shape.get((count, word), unnamed):
            match, child_scope = route.matches(scope)
            if match is not Match.NONE:
                return match, {**child_scope, _FOUND: route}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the route that fits answer."""
        await scope[_FOUND].handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        """No route has a name."""
        raise NoMatchFound(name, dict(path_params))

    def _shape_of(self, path: str) -> _Shape:
        steps = path.split("/")
        word = steps[self._step] if len(steps) > self._step else _ANY
        return len(steps), _ANY if word.startswith("{") else word

    def _shapes_of(self, path: str) -> tuple[_Shape, _Shape]:
        count, word = self._shape_of(path)
        return (count, word), (count, _ANY)
