"""Redis, RabbitMQ and PostgreSQL as Debian's packages have them, each a process that tests may kill and start again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["PostgreSQL", "RabbitMQ", "Redis", "Service"]

BOUND = 60.0
"""Seconds that a start or an end may take."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Service:
    """A server on a port of its own, with its data in a temporary folder."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="elluminate-scale-"))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> list[str]:
        raise NotImplementedError

    @property
    def environment(self) -> dict[str, str]:
        """What it is told beside what the tests are."""
        return {}

    @property
    def user(self) -> int | None:
        """Whom it runs as; None for whoever tests."""
        return None

    def start(self) -> None:
        """Start, and return when it takes connections."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                user=self.user,
                env=os.environ | self.environment,
                start_new_session=True,
            )
        wait(self.is_ready, f"{type(self).__name__} is ready")

    def is_ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """`kill -9`, of all of its processes."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(BOUND)
        wait(lambda: not self.is_ready(), f"{type(self).__name__} is gone")

    def close(self) -> None:
        """Kill it, and remove its data."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Service):
    """Keeps nothing: what it had is gone when it is started again."""

    @property
    def command(self) -> list[str]:
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


class RabbitMQ(Service):
    """One node without plugins, whose queues are kept in its folder."""

    def __init__(self) -> None:
        super().__init__()
        self._names = free_port()
        (self.folder / "enabled_plugins").write_text("[].\n")

    @property
    def command(self) -> list[str]:
        # Not the one on the path, which becomes another user.
        return ["/usr/lib/rabbitmq/bin/rabbitmq-server"]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),  # for the secret that its processes share
            "RABBITMQ_NODENAME": f"elluminate{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "ERL_EPMD_PORT": str(self._names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(self.folder),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
        }

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def close(self) -> None:
        super().close()
        # Erlang's server of names is a process of its own, which stays.
        subprocess.run(["epmd", "-port", str(self._names), "-kill"], check=False, capture_output=True)


class PostgreSQL(Service):
    """A cluster of its own."""

    def __init__(self) -> None:
        super().__init__()
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        assert programs, "no PostgreSQL: install Debian's package postgresql"
        self._programs = programs[-1]
        if self.user is not None:
            os.chown(self.folder, self.user, -1)
        self.folder.chmod(0o755)
        made = [
            str(self._programs / "initdb"),
            "-D",
            str(self.folder / "data"),
            "-U",
            "elluminate",
            "--auth=trust",
            "-E",
            "UTF8",
        ]
        subprocess.run(made, user=self.user, check=True, capture_output=True)

    @property
    def user(self) -> int | None:
        # It refuses to run as root.
        return pwd.getpwnam("postgres").pw_uid if os.getuid() == 0 else None

    @property
    def command(self) -> list[str]:
        settings = [
            "listen_addresses=127.0.0.1",
            "max_connections=300",
            f"unix_socket_directories={self.folder}",
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        return [
            *(str(self._programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)),
            *options,
        ]

    def is_ready(self) -> bool:
        asked = [str(self._programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return subprocess.run(asked, check=False).returncode == 0

    @property
    def url(self) -> str:
        """Its first database."""
        return f"postgresql://elluminate@127.0.0.1:{self.port}/postgres"

    def kill(self) -> None:
        """`kill -9`; what its backends still do ends when they notice."""
        super().kill()
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)


def wait(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds, for `BOUND` seconds at most."""
    end = time.monotonic() + BOUND
    while not condition():
        assert time.monotonic() < end, f"not within {BOUND:.0f} s: {what}"
        time.sleep(0.02)
