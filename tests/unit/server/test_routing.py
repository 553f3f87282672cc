"""A path is answered by the first route that fits it, as if each were tried in turn."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Mount, NoMatchFound, Route
from starlette.testclient import TestClient

from elluminate_server.app import create_app
from elluminate_server.http.contract import operations
from elluminate_server.http.routing import Resources
from elluminate_server.settings import Settings

PATHS = ["/v/p/{a}/x", "/v/p/{a}/x/{b}", "/v/p/{a}/x/stats", "/v/p/{a}/{c}", "/v/p/{a}/{c}/{b}", "/v", "/v/p"]
ASKED = [
    "/",
    "/v",
    "/v/",
    "/v/p",
    "/v/p/1",
    "/v/p/1/x",
    "/v/p/1/x/",
    "/v/p/1/y",
    "/w/p/1/x",
    "/v/p/1/x/stats",
]
ASKED += ["/v/p/1/x/2", "/v/p/1/y/2", "/v/p/1/x/2/3"]


def answering(path: str) -> Route:
    async def answer(request: Request) -> Response:
        return PlainTextResponse(f"{path} {sorted(request.path_params.items())}")

    return Route(path, answer)


@pytest.mark.parametrize("under", ["", "/below"])
@pytest.mark.parametrize(
    "path", [*ASKED, "//v", "/v/p//x", "/v/p/{a}/x", "/v/p/1/%7Bc%7D", "/v/p/1%2F2/x", "/v/p/ä/x"]
)
def test_it_is_the_one_that_trying_all_in_turn_would_find(path: str, under: str) -> None:
    routes = [answering(each) for each in sorted(PATHS, key=lambda each: "stats" not in each)]
    answers = []
    for given in ([Resources(routes, step=3)], routes):
        app = Starlette(routes=[Mount(under, routes=given)] if under else given)
        app.router.redirect_slashes = False
        answer = TestClient(app).get(under + path)
        answers.append((answer.status_code, answer.text))
    assert answers[0] == answers[1]


def test_every_operation_of_the_contract_has_a_route_of_its_own() -> None:
    app = create_app(Settings(database_url=":memory:", api_key="a-key-for-tests"))
    (resources,) = (route for route in app.routes if isinstance(route, Resources))
    found = set()
    for operation in operations().values():
        path = operation.path.replace("{", "").replace("}", "")
        match, scope = resources.matches({"type": "http", "path": path, "method": operation.method})
        assert match is Match.FULL
        found.add((operation.path, id(scope["endpoint"])))
    assert len({path for path, _ in found}) == len({endpoint for _, endpoint in found}) == len(found)
    assert resources.matches({"type": "websocket", "path": "/api/v0/projects"})[0] is Match.NONE
    with pytest.raises(NoMatchFound):
        resources.url_path_for("anything")
