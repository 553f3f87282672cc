"""Writes docs/api.md and docs/contract.md: which operation each method uses, and what the contract offers.

    python docs/api_index.py            # write both
    python docs/api_index.py --check    # fail when one of them is not what would be written

Methods come from the package as it is imported, their operations from its source, the rest from the contract.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import elluminate.schemas
from elluminate import AsyncClient, Client

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "elluminate"
METHODS = ("get", "post", "put", "patch", "delete")
SENDING_MODULES = (
    "_operations",
    "_session",
    "schemas",
    "_following",
    "_exports",
    "_row_files",
    "async_client",
)
"""Where requests are made."""

OF_THE_SESSION = {"Session.check_version"}
"""The session's functions that a method is named after; what it does for every method is not repeated for each."""

Key = tuple[str, str]
"""A function: the module that defines it, and its qualified name."""


@cache
def contract() -> dict[str, Any]:
    """The contract as it stands."""
    with (ROOT / "openapi.yaml").open(encoding="utf-8") as document:
        loaded: dict[str, Any] = yaml.safe_load(document)
    return loaded


@cache
def operations() -> dict[str, dict[str, Any]]:
    """Every operation of the contract by its id, with its method and path."""
    return {
        operation["operationId"]: {**operation, "method": method.upper(), "path": path}
        for path, item in contract()["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


class _Source:
    """Functions of the package: the operations that each one builds, and the functions that it mentions."""

    def __init__(self) -> None:
        self.built: dict[Key, list[str]] = {}
        self.mentioned: dict[Key, list[str]] = {}
        self.by_name: dict[str, list[Key]] = {}
        for path in sorted(PACKAGE.rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if parts[1] in SENDING_MODULES:
                self._read(module, ast.parse(path.read_text(encoding="utf-8")))

    def _read(self, module: str, tree: ast.Module) -> None:
        builders = {
            alias.asname or alias.name: alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("elluminate_api.api.")
            for alias in node.names
        }
        for qualname, function in _functions(tree):
            if module == "elluminate._session" and qualname not in OF_THE_SESSION:
                continue
            key = (module, qualname)
            self.built[key], self.mentioned[key] = [], []
            self.by_name.setdefault(function.name, []).append(key)
            for node in sorted(ast.walk(function), key=_place):
                if isinstance(node, ast.Name) and node.id in builders:
                    self.built[key].append(builders[node.id])
                elif isinstance(node, ast.Attribute):
                    self.mentioned[key].append(node.attr)
                elif isinstance(node, ast.Name):
                    self.mentioned[key].append(node.id)

    def operations_of(self, start: Key) -> list[str]:
        """The operations behind a function, its own first, then those of what it calls."""
        found: dict[str, None] = {}
        seen, waiting = {start}, [start]
        while waiting:
            key = waiting.pop(0)
            found.update(dict.fromkeys(self.built.get(key, [])))
            for name in self.mentioned.get(key, []):
                for callee in self._meant(name, key):
                    if callee not in seen:
                        seen.add(callee)
                        waiting.append(callee)
        return list(found)

    def _meant(self, name: str, caller: Key) -> list[Key]:
        """The functions that a name may mean: the caller's own class or module wins over another's."""
        known = self.by_name.get(name, [])
        owner = caller[1].rpartition(".")[0]
        others = [key for key in known if key != caller]
        own = [key for key in others if key[0] == caller[0] and key[1].rpartition(".")[0] in (owner, "")]
        return own or (others if len(others) == 1 else [])


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{member.name}", member


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def rows(cls: type, prefixed: bool, without: Sequence[type] = ()) -> list[str]:
    """One table row per public method of a class, in the order of the source."""
    source = _source()
    lines = []
    inherited = {name for base in without for name, _ in _public(base)}
    for name, member in _public(cls):
        if name in inherited:
            continue
        function: Any = inspect.unwrap(member)
        asynchronous = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        spelled = f"`{name}`"
        if prefixed and asynchronous:
            if not name.startswith("a") or not hasattr(cls, name[1:]):
                continue  # the blocking twin, which is named beside its original
            spelled = f"`{name[1:]}`, `{name}`"
        behind = source.operations_of((function.__module__, function.__qualname__))
        sent = "<br>".join(f"`{one}`: `{operations()[one]['method']} {_short(one)}`" for one in behind)
        lines.append(f"| {spelled} | {_first_line(member)} | {sent or '-'} |")
    return lines


@cache
def _source() -> _Source:
    return _Source()


def _public(cls: type) -> list[tuple[str, Callable[..., Any]]]:
    """Public methods that this package defines: a class's own, then what it inherits."""
    found: dict[str, Callable[..., Any]] = {}
    for owner in cls.__mro__:
        if owner.__module__.startswith("elluminate."):
            for name, member in vars(owner).items():
                function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
                if not name.startswith("_") and inspect.isfunction(function):
                    found.setdefault(name, function)
    if issubclass(cls, AsyncClient):  # written in several modules; Client has them in a reader's order
        order = {name: place for place, name in enumerate(vars(Client))}
        return sorted(found.items(), key=lambda item: order.get(item[0], len(order)))
    return list(found.items())


def _short(operation: str) -> str:
    """An operation's path without what all have in common."""
    path = str(operations()[operation]["path"])
    return path.removeprefix("/projects/{project_id}") or path


def _first_line(member: Callable[..., Any]) -> str:
    text = " ".join((inspect.getdoc(member) or "").split("\n\n")[0].split())
    for role in (":meth:", ":class:"):
        text = text.replace(role, "")
    return text.replace("|", "\\|")


def models() -> list[type]:
    """The classes of `elluminate.schemas` that have methods of their own."""
    named = [getattr(elluminate.schemas, name) for name in sorted(elluminate.schemas.__all__)]
    return [
        cls
        for cls in dict.fromkeys(named)
        if inspect.isclass(cls) and cls.__module__.startswith("elluminate.schemas.") and _public(cls)
    ]


HEADER = "| method | what it does | operations and requests |\n|---|---|---|"


def api_index() -> str:
    """The text of docs/api.md."""
    parts = [
        "# Index of methods\n\n"
        "<!-- Written by docs/api_index.py: do not edit, run it. -->\n\n"
        "Every public method, with the operations of the [contract](contract.md) that it may use (its own first) and "
        "their requests. Paths are below `/api/v0/projects/{project_id}`, but for those that begin with "
        "`/version` or `/projects`, which are below `/api/v0`. A dash: it sends nothing of its own. The first call "
        "of a client also asks for the version and the projects.",
        "## Client and AsyncClient\n\n"
        "`Client` blocks; methods of `AsyncClient` are awaited, or iterated with `async for` where they stream. "
        "Names and arguments are the same.\n\n" + "\n".join([HEADER, *rows(AsyncClient, prefixed=False)]),
    ]
    for cls in models():
        bases = [base for base in models() if base is not cls and issubclass(cls, base)]
        table = "\n".join([HEADER, *rows(cls, prefixed=True, without=bases)])
        of_bases = "".join(f"Also the methods of `{base.__name__}`.\n\n" for base in bases)
        parts.append(f"## {cls.__name__}\n\n{of_bases}{table}")
    text = "\n".join(parts)
    unused = [f"`{name}`" for name in operations() if f"`{name}`: `" not in text]
    parts.append("## Operations without a method\n\n" + ", ".join(unused) + ".")
    return "\n\n".join(parts) + "\n"


def contract_page() -> str:
    """The text of docs/contract.md."""
    parts = [
        "# The contract\n\n"
        "<!-- Written by docs/api_index.py: do not edit, run it. -->\n\n"
        "[openapi.yaml](../openapi.yaml) is the only place where the wire format is written down: OpenAPI 3.1, with "
        "examples, bounds and the rules that hold for all operations. A running backend serves it at "
        "`/api/v0/openapi.json`, and a list of its operations at `/api/v0/docs/`.\n\n"
        f"{len(operations())} operations, by tag. All paths but `/healthz` are below `/api/v0`."
    ]
    for tag in contract()["tags"]:
        lines = [
            f"## {tag['name']}\n\n{tag['description']}\n",
            "| operation | request | what it does |",
            "|---|---|---|",
        ]
        for name, operation in operations().items():
            if operation["tags"] != [tag["name"]]:
                continue
            note = " Parts of it answer 501." if "501" in operation["responses"] else ""
            lines.append(
                f"| `{name}` | `{operation['method']} {operation['path']}` | {operation['summary']}.{note} |"
            )
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


PAGES: dict[str, Callable[[], str]] = {"docs/api.md": api_index, "docs/contract.md": contract_page}


def main() -> int:
    """Write the pages, or compare them with what would be written."""
    stale = []
    for page, written in PAGES.items():
        path, text = ROOT / page, written()
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8", newline="\n")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(page)
    for page in stale:
        sys.stderr.write(f"{page} is not current: run python docs/api_index.py\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
