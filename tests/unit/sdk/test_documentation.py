"""Everything public says what it is, and its blocking twin has the same name, signature and words."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import pydoc
import re
import typing
from collections.abc import Iterator
from typing import Any

import pytest

import elluminate
import elluminate.schemas
from elluminate import AsyncClient, Client

PUBLIC_MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(elluminate.__path__, "elluminate.")
    if not any(part.startswith("_") for part in name.split("."))
]


def public_things() -> Iterator[tuple[str, Any]]:
    seen: set[int] = set()
    for module_name in PUBLIC_MODULES:
        module = importlib.import_module(module_name)
        yield module_name, module
        for name, thing in vars(module).items():
            # Hooks are pytest's, which says what they do.
            if name.startswith(("_", "pytest_")) or not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            if not thing.__module__.startswith("elluminate.") or id(thing) in seen:
                continue
            seen.add(id(thing))
            yield f"{module_name}.{name}", thing
            if not inspect.isclass(thing):
                continue
            for method_name, method in vars(thing).items():
                target = method.fget if isinstance(method, property) else method
                if not method_name.startswith(("_", "pytest_")) and inspect.isfunction(target):
                    yield f"{module_name}.{name}.{method_name}", target


def test_everything_public_has_a_docstring() -> None:
    things = dict(public_things())
    assert len(things) > 150
    silent = [
        name
        for name, thing in things.items()
        # What attrs writes for a class without a docstring is not one.
        if not (inspect.getdoc(thing) or "").strip()
        or (inspect.getdoc(thing) or "").startswith("Method generated")
    ]
    assert silent == []


def test_the_first_line_of_a_docstring_is_a_sentence() -> None:
    odd = [
        name
        for name, thing in public_things()
        if not (inspect.getdoc(thing) or "").split("\n\n")[0].rstrip().endswith((".", ":"))
    ]
    assert odd == []


def methods() -> Iterator[tuple[str, Any]]:
    """The functions behind the public methods of clients and models."""
    models = [getattr(elluminate.schemas, name) for name in elluminate.schemas.__all__]
    classes: list[type] = [Client, *filter(inspect.isclass, models)]
    for owner in classes:
        for name, member in inspect.getmembers(owner, inspect.isroutine):
            function = inspect.unwrap(getattr(member, "__func__", member))
            is_ours = (getattr(function, "__module__", None) or "").startswith("elluminate.")
            if is_ours and not name.startswith("_"):
                yield f"{owner.__name__}.{name}", function


def test_every_parameter_of_a_method_is_described() -> None:
    checked = dict(methods())
    assert len(checked) > 100
    unexplained = [
        f"{name}({parameter})"
        for name, function in checked.items()
        for parameter in inspect.signature(function).parameters
        if parameter not in {"self", "cls"} and not is_described(parameter, inspect.getdoc(function) or "")
    ]
    assert unexplained == []


def is_described(parameter: str, doc: str) -> bool:
    return re.search(rf"^ +{parameter}:", doc, re.MULTILINE) is not None or f"`{parameter}`" in doc


OPERATIONS = [
    name
    for name, member in inspect.getmembers(AsyncClient)
    if not name.startswith("_")
    and (inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member))
]


def blocking_signature(operation: Any) -> inspect.Signature:
    signature = inspect.signature(operation)
    returned = str(signature.return_annotation).replace("AsyncGenerator", "Iterator")
    return signature.replace(return_annotation=returned)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_its_blocking_twin(name: str) -> None:
    operation, twin = getattr(AsyncClient, name), getattr(Client, name)
    assert inspect.signature(twin) == blocking_signature(operation)
    assert inspect.getdoc(twin) == inspect.getdoc(operation)
    assert (twin.__name__, twin.__qualname__) == (name, f"Client.{name}")
    assert not inspect.iscoroutinefunction(twin)


def test_the_table_of_operations_is_not_empty() -> None:
    assert len(OPERATIONS) >= 30


def test_both_clients_have_the_same_public_names() -> None:
    public = [{name for name in dir(client) if not name.startswith("_")} for client in (AsyncClient, Client)]
    assert public[0] == public[1]


def asynchronous(model: type[Any]) -> dict[str, Any]:
    """The asynchronous methods of a model, by name."""
    return {
        name: member
        for kind in model.__mro__
        for name, member in vars(kind).items()
        if name.startswith("a")
        and (inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member))
    }


MODELS = [
    thing
    for _, thing in public_things()
    if inspect.isclass(thing) and thing.__module__.startswith("elluminate.schemas.") and asynchronous(thing)
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_asynchronous_method_of_a_model_has_its_blocking_twin(model: type[Any]) -> None:
    for name, method in asynchronous(model).items():
        twin = getattr(model, name.removeprefix("a"), None)
        assert twin is not None, f"{model.__name__}.{name} has no twin"
        assert inspect.signature(twin) == blocking_signature(method)
        assert twin.__name__ == name.removeprefix("a")


def test_the_table_of_models_is_not_empty() -> None:
    assert len(MODELS) >= 7


@pytest.mark.parametrize(
    ("method", "things"),
    [
        (Client.iter_experiments, "Experiment"),
        (Client.stream_experiment, "ExperimentStatusEvent"),
        (elluminate.schemas.Experiment.iter_responses, "PromptResponse"),
    ],
)
def test_what_blocks_says_that_it_gives_an_iterator(method: Any, things: str) -> None:
    shown = pydoc.plain(pydoc.render_doc(method))

    assert f"-> 'Iterator[{things}]'" in shown
    assert "AsyncGenerator" not in shown
    hints = typing.get_type_hints(method)
    assert typing.get_origin(hints["return"]) is Iterator
    assert [one.__name__ for one in typing.get_args(hints["return"])] == [things]
