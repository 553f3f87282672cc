"""A database of its own for each module of tests that says `local::memory:`, and the event loop of coroutines."""

import signal
import sys
from collections.abc import Iterator

import pytest

from tests.support.compiled_statements import share_compiled_statements


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of tests that are coroutines; a test that must hold under trio, too, names both."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """Also where the tests were started in the background by a shell, which has Ctrl-C ignored from there on down."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def data_folder_of_these_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests, and programs that they start, put into the user's data folder goes into one of their own: the
    database of `local:`, the secret keys of databases.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_statements() -> None:
    share_compiled_statements()


@pytest.fixture(scope="module", autouse=True)
def memory_of_this_module() -> Iterator[None]:
    _forget()
    yield
    _forget()


def _forget() -> None:
    serving = sys.modules.get("elluminate_server.serving")  # nothing to forget where nothing was served
    if serving is not None:
        serving.stop_local_server(":memory:")
