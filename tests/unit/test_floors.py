"""The arrows of the house: an import goes down, or stays in its room, and never in a circle.

Type-only imports and those inside functions count, too: who needs a module to be understood knows it.
"""

import ast
import functools
import graphlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FLOORS = {
    # Top down. A room is a module or a folder; those on one floor do not know each other.
    "elluminate_server": """
        commands
        viewing
        serving  celery_worker
        local  worker
        demo
        app  worker_port  key_commands  backup_commands  prune_commands  audit_commands
        metrics  listening
        housekeeping  broker
        api  pages
        writing
        reading
        http
        keys  connections
        execution
        store
        settings
        llm
        domain  operating
    """,
    "elluminate": """
        __main__
        mcp_server
        cli  pytest_plugin
        evaluate
        client
        async_client
        _operations
        reports
        suites
        gates
        streaming
        schemas
        _binding  _client_base  _following
        _interrupts
        _session  _blocking  _program_calls
        _paging  _sending
        _transport
        _http
        _config  _bodies  _lookup  _messages  _exports  _notebooks  names  utils
        _retries  _checks  _calls  _columns  _existing  _braces  _progress  _row_files
        _file_errors  checks
        exceptions
        _answers  _collector  _extras  _file_kinds  _formulas  _homes  _markup  _progress_bars  _showing  _spans
        _tables  _terminal  _turns  _warnings
        _distribution  statistics
    """,
}
PACKAGES = ["elluminate_server", "elluminate"]


@functools.cache
def imports(package: str) -> dict[str, set[str]]:
    """Module of the package to what it imports of this project's packages."""
    files = {_name(file): file for file in (ROOT / package).rglob("*.py")}
    return {name: set(_imported(file)) for name, file in files.items()}


def _name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported(file: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{file}: imports are absolute here"
            found += [_module_of(node.module, alias.name) for alias in node.names]
    return [name for name in found if name.partition(".")[0] in PACKAGES]


def _module_of(module: str, name: str) -> str:
    """`from a import b` is about the module a.b if there is one, else about a."""
    inside = ROOT.joinpath(*module.split("."), name)
    return f"{module}.{name}" if inside.with_suffix(".py").exists() or inside.is_dir() else module


def _room(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("package", FLOORS)
def test_an_import_goes_down_or_stays_in_its_room(package: str) -> None:
    floors = [line.split() for line in FLOORS[package].strip().splitlines()]
    height = {room: len(floors) - number for number, rooms in enumerate(floors) for room in rooms}
    modules = {name: known for name, known in imports(package).items() if name != package}

    assert {_room(name) for name in modules} == set(height), "the table names what there is"
    up = [
        f"{name} imports {other}"
        for name, known in modules.items()
        for other in known
        if other.startswith(f"{package}.")
        if _room(other) != _room(name) and height[_room(other)] >= height[_room(name)]
    ]
    assert up == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_imports_go_in_a_circle(package: str) -> None:
    graph = {
        name: {other for other in known if other.startswith(f"{package}.")} - {name}
        for name, known in imports(package).items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_server_imports_nothing_of_the_sdk() -> None:
    names = {other for known in imports("elluminate_server").values() for other in known}

    of_the_sdk = {name for name in names if name.partition(".")[0] == "elluminate"}
    assert {name for name in of_the_sdk if _room(name) != "statistics"} <= {
        "elluminate._markup",  # what a report and a page show alike
        "elluminate._formulas",  # what a CSV file holds is the same, whichever side writes or reads it
        "elluminate._file_kinds",
        "elluminate._row_files",
        "elluminate.exceptions",
        "elluminate._collector",  # a process has one collector, whichever side makes the objects
        "elluminate._spans",  # and one provider of tracers
        "elluminate.suites.origins",  # the line of a description that says of which suite it is
    }


def test_statistics_need_nothing_but_the_standard_library() -> None:
    for file in (ROOT / "elluminate" / "statistics").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                assert top in sys.stdlib_module_names or name.startswith("elluminate.statistics"), file


def test_a_module_of_the_api_has_handlers_and_knows_no_other() -> None:
    handlers = [name for name in imports("elluminate_server") if name.startswith("elluminate_server.api.")]

    assert [name for name in handlers if "@operation(" not in _text(name)] == []
    assert [name for name in handlers if imports("elluminate_server")[name] & set(handlers)] == []


def test_handlers_get_what_they_need_from_the_call() -> None:
    handlers = [name for name in imports("elluminate_server") if name.startswith("elluminate_server.api.")]

    assert [name for name in handlers if "app.state" in _text(name)] == []


def _text(module: str) -> str:
    return ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
