"""A suite's own program: found by module and function, from the suite's folder."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio

from elluminate._showing import quoted
from elluminate.exceptions import ValidationError

__all__ = ["found_target", "without_exit"]


def found_target(named: str, folder: Path) -> Callable[..., Any]:
    """The function that `module:function` names.

    Args:
        named: The name.
        folder: Where modules are looked for first, and from then on in this process.

    Raises:
        ValidationError: There is no such module or function, or importing it raises.
    """
    module_name, _, path = named.partition(":")
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.insert(0, place)
    try:
        found: Any = importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ValidationError(
            f"{quoted(named)}: the module {module_name!r} cannot be imported (from {place}): "
            f"{type(error).__name__}: {error}"
        ) from error
    for part in path.split("."):
        if not hasattr(found, part):
            raise ValidationError(f"target {quoted(named)}: {module_name!r} has no {path!r}")
        found = getattr(found, part)
    if not callable(found):
        raise ValidationError(f"target {quoted(named)} is no function, but {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def without_exit(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, of which nothing ends a suite but an interrupt: how that ends is not for what it tests to say.

    `sys.exit()`, a test framework's way to skip or fail a test, and whatever else is raised that is no `Exception`, are
    errors of the one row.
    """
    of_object = getattr(type(function), "__call__", None)  # noqa: B004  # an object with an async call
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(of_object):

        @functools.wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            try:
                return await function(*args, **kwargs)
            except (Exception, KeyboardInterrupt, GeneratorExit, anyio.get_cancelled_exc_class()):
                raise  # the last two may come from the loop that it runs in
            except BaseException as error:
                raise _ended(error) from error

        return awaited

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise _ended(error) from error

    return called


def _ended(error: BaseException) -> RuntimeError:
    if isinstance(error, SystemExit):
        return RuntimeError(f"it called sys.exit({error.code!r})")
    said = f": {error}" if str(error) else ""
    return RuntimeError(f"it raised {type(error).__qualname__}{said}")
