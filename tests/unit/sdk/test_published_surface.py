"""Programs written for the published client find every name, field, method and parameter that they know."""

import ast
import copy
import enum
import importlib
import inspect
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest

import elluminate
from elluminate import schemas

SURFACE = json.loads(
    (Path(__file__).parents[2] / "data" / "published_surface.json").read_text(encoding="utf-8")
)

PACKAGE = Path(elluminate.__file__).parent

GENERATED = sorted(
    name
    for name in schemas.__all__
    if isinstance(getattr(schemas, name), type) and getattr(schemas, name).__module__ == "elluminate.schemas"
)


def exported(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def readable(kind: type[Any]) -> set[str]:
    fields = {field.name for field in attrs.fields(kind)} if attrs.has(kind) else set()
    return fields | set(dir(kind)) | set(getattr(kind, "__annotations__", ()))


@pytest.mark.parametrize("module", SURFACE["modules"])
def test_every_published_name_is_there(module: str) -> None:
    there = importlib.import_module(module)
    assert [name for name in SURFACE["modules"][module] if not hasattr(sys.modules[module], name)] == []
    assert there is not None


@pytest.mark.parametrize("path", SURFACE["classes"])
def test_every_published_class_has_its_fields_and_methods(path: str) -> None:
    kind, known = exported(path), SURFACE["classes"][path]
    missing = sorted(set(known.get("has", ())) - readable(kind))
    for method, parameters in known.get("does", {}).items():
        ours = getattr(kind, method, None)
        if ours is None:
            missing.append(f"{method}()")
            continue
        has = inspect.signature(ours).parameters
        missing += [f"{method}({name})" for name in parameters if name not in has]
    assert missing == []


@pytest.mark.parametrize("file", ["__init__.py", "schemas/__init__.py"])
def test_what_type_checkers_see_is_what_is_loaded(file: str) -> None:
    module = importlib.import_module("elluminate" if file == "__init__.py" else "elluminate.schemas")
    declared = set()
    for node in ast.parse((PACKAGE / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If):
            for inner in node.body:
                if isinstance(inner, ast.ImportFrom):
                    declared |= {alias.asname or alias.name for alias in inner.names}
                elif isinstance(inner, ast.Assign):
                    declared |= {target.id for target in inner.targets if isinstance(target, ast.Name)}
    assert declared == set(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.parametrize(
    "statements",
    [
        "import elluminate.evaluate; import elluminate",
        "import elluminate; elluminate.evaluate; import elluminate.evaluate",
        "from elluminate.evaluate import reset_default_client; import elluminate",
        "from elluminate import evaluate; import elluminate",
    ],
)
def test_evaluate_is_a_function_whatever_was_imported_first(statements: str) -> None:
    check = f"{statements}; import inspect; print(inspect.isfunction(elluminate.evaluate))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_importing_the_package_loads_no_model() -> None:
    check = "import sys, elluminate; print({'elluminate_api', 'httpx', 'msgspec'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_exported_classes_say_where_users_find_them() -> None:
    assert len(GENERATED) > 60
    for name in GENERATED:
        kind = getattr(schemas, name)
        assert getattr(schemas, kind.__name__) is kind
    assert repr(schemas.RatingVersion) == "<class 'elluminate.schemas.RatingVersion'>"
    assert schemas.TaskStatus is elluminate.TaskStatus
    assert elluminate.TaskStatus.__module__ == "elluminate.streaming"


def smallest(info: Any) -> Any:
    """A value that a type accepts, as plain data."""
    match info:
        case msgspec.inspect.UnionType():
            return smallest(info.types[0])
        case msgspec.inspect.DataclassType():
            return {field.encode_name: smallest(field.type) for field in info.fields if field.required}
        case msgspec.inspect.EnumType():
            return next(iter(info.cls)).value
        case msgspec.inspect.LiteralType():
            return info.values[0]
        case msgspec.inspect.ListType() | msgspec.inspect.SetType():
            return []
        case msgspec.inspect.DictType():
            return {}
        case msgspec.inspect.StrType():
            return "ATIF-v1.7" if info.pattern and "ATIF" in info.pattern else "x"
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            return 1
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.DateType():
            return "2026-01-01"
        case msgspec.inspect.DateTimeType():
            return "2026-01-01T00:00:00Z"
        case msgspec.inspect.Metadata():
            return smallest(info.type)
        case msgspec.inspect.NoneType() | msgspec.inspect.AnyType():
            return None
    raise AssertionError(f"no value for {info}")


MODELS = sorted(name for name in schemas.__all__ if attrs.has(getattr(schemas, name)))


@pytest.mark.parametrize("name", MODELS)
def test_every_model_decodes_and_can_be_copied_and_pickled(name: str) -> None:
    kind = getattr(schemas, name)
    plain = smallest(msgspec.inspect.type_info(kind))

    model = msgspec.json.decode(msgspec.json.encode(plain), type=kind)

    assert type(model) is kind
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert type(twin) is kind
        assert twin == model
    assert attrs.resolve_types(kind) is kind


def test_enums_can_be_pickled_and_keep_values_they_do_not_know() -> None:
    for name in schemas.__all__:
        kind = getattr(schemas, name)
        if isinstance(kind, enum.EnumMeta):
            members: Any = list(kind)
            for member in members:
                assert pickle.loads(pickle.dumps(member)) is member
            assert pickle.loads(pickle.dumps(kind("of-tomorrow"))) == "of-tomorrow"


@pytest.mark.parametrize(
    "event",
    [
        elluminate.ExperimentStatusEvent(status=elluminate.TaskStatus.PENDING),
        elluminate.BatchStatusEvent(status=elluminate.TaskStatus.SUCCESS, result=[]),
        elluminate.ExperimentProgress(1, 1, 2),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_streams_tell_lives_where_users_find_it(event: Any) -> None:
    kind = type(event)
    assert getattr(importlib.import_module("elluminate.streaming"), kind.__name__) is kind
    assert kind.__module__ == "elluminate.streaming"
    assert pickle.loads(pickle.dumps(event)) == event
    assert attrs.resolve_types(kind) is kind


def test_a_pickle_is_read_by_a_process_that_has_imported_nothing() -> None:
    data = pickle.dumps(schemas.LLMConfig(id=7, name="judge"))
    check = f"import pickle; print(pickle.loads({data!r}))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("LLMConfig(id=7, name='judge'")
