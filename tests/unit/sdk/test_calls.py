"""A call that does not fit a method is explained, whichever public method it is; errors inside are left alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import elluminate.schemas
from elluminate import AsyncClient, Client, UsageError, evaluate
from elluminate._calls import Explained, explained
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.wire import Wire


def methods() -> Iterator[tuple[type[Any], str]]:
    named: list[Any] = [getattr(elluminate.schemas, name) for name in elluminate.schemas.__all__]
    models: list[type[Any]] = [model for model in named if inspect.isclass(model)]
    owners: list[type[Any]] = [Client, AsyncClient, *models]
    for owner in owners:
        if not issubclass(owner, Explained):
            continue  # its methods are written in the public class, and take next to nothing
        for name, member in inspect.getmembers(owner, inspect.isfunction):
            if name == "render_messages":
                continue  # it takes any name
            if not name.startswith("_") and inspect.unwrap(member).__module__.startswith("elluminate."):
                yield owner, name


METHODS = sorted(set(methods()), key=lambda method: (method[0].__name__, method[1]))


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Call, and take the first step of what begins to run only then."""
    result = function(*args, **kwargs)
    if inspect.isasyncgen(result):
        result = result.__anext__()
    if inspect.isgenerator(result):
        next(result)
    else:
        result.send(None)


@pytest.mark.parametrize(("owner", "name"), METHODS, ids=lambda part: getattr(part, "__name__", part))
def test_every_public_method_says_its_public_name(owner: type[Any], name: str) -> None:
    nobody = object.__new__(owner)
    if owner is Client:
        nobody._operations = object.__new__(AsyncClient)
    with pytest.raises(UsageError) as caught:
        call(getattr(owner, name), nobody, nonsense=1)
    assert str(caught.value).startswith(f"{owner.__name__}.{name}() has no argument 'nonsense'; it takes ")
    assert isinstance(caught.value, TypeError)
    assert caught.value.__suppress_context__


def test_the_table_of_methods_is_not_short() -> None:
    assert len(METHODS) > 220


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Client(bse_url="local:"), r"Client() has no argument 'bse_url'; did you mean base_url=…?"),  # type: ignore[call-arg]  # bad on purpose
        (lambda: AsyncClient(key="k"), r"AsyncClient() has no argument 'key'; did you mean api_key=…?"),  # type: ignore[call-arg]
        (lambda: evaluate("Explain"), "evaluate() lacks collection=…"),  # type: ignore[call-arg]
        (lambda: evaluate(), "evaluate() lacks prompt_template=… (None for none) and collection=…"),  # type: ignore[call-arg]
    ],
)
def test_what_is_no_method_is_explained_too(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert str(caught.value) == says


MISFITS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], str]] = {
    "by position": (
        "get_collection",
        ("C",),
        {},
        "{}.get_collection() takes its arguments by name; write name='C'",
    ),
    "an id by position": (
        "get_collection",
        (7,),
        {},
        "{}.get_collection() takes its arguments by name; write id=7",
    ),
    "one too many": (
        "update_collection",
        (None, "New"),
        {},
        "{}.update_collection() takes 1 argument by position (collection); write name='New'",
    ),
    "two too many": (
        "delete_collection",
        (None, 1, 2),
        {},
        "{}.delete_collection() takes 1 argument by position (collection), and was given 3",
    ),
    "misspelt": (
        "run_experiment",
        ("First", None, None),
        {"criterias": []},
        "{}.run_experiment() has no argument 'criterias'; did you mean criteria=…?",
    ),
    "unknown": (
        "delete_collection",
        (None,),
        {"force": True},
        "{}.delete_collection() has no argument 'force'; it takes collection",
    ),
    "twice": (
        "create_collection",
        ("C",),
        {"name": "C"},
        "{}.create_collection() was given name twice: by position and as name=…",
    ),
    "missing": (
        "run_experiment",
        ("First",),
        {},
        "{}.run_experiment() lacks prompt_template=… (None for none) and collection=…",
    ),
    "a secret in the wrong place": (
        "create_llm_config",
        tuple(range(20)) + ("secret",) * 20,
        {},
        "{}.create_llm_config() takes ",
    ),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_a_misfit_names_the_right_argument(misfit: str, world: WiredWorld, wire: Wire) -> None:
    operation, args, kwargs, says = MISFITS[misfit]
    client = world.client()
    with pytest.raises(UsageError) as caught:
        world.call(client, operation, *args, **kwargs)
    assert str(caught.value).startswith(says.format(type(client).__name__))
    assert "secret" not in str(caught.value)
    assert wire.requests == []


def test_an_error_inside_is_none_of_the_call(world: WiredWorld) -> None:
    def method(number: int) -> int:
        return number + "1"  # type: ignore[operator]  # bad on purpose

    with pytest.raises(TypeError) as caught:
        explained(method)(1)
    assert not isinstance(caught.value, UsageError)

    def calls_wrongly() -> int:
        return method()  # type: ignore[call-arg]  # bad on purpose

    with pytest.raises(TypeError) as caught:
        explained(calls_wrongly)()
    assert not isinstance(caught.value, UsageError)


def test_the_methods_of_a_users_subclass_stay_as_they_are() -> None:
    class Mine(AsyncClient):
        async def own(self, number: int) -> int:
            return number

    assert issubclass(Mine, Explained)
    assert not hasattr(Mine.own, "__wrapped__")


def test_a_coroutine_that_nobody_awaits_has_a_public_name() -> None:
    coroutine = AsyncClient(api_key="k").create_collection("C")
    assert "AsyncClient.create_collection" in repr(coroutine)
    coroutine.close()
