"""What `import elluminate` adds to the start of the interpreter."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.interleaving import Ratio, compare


def import_time(rounds: int) -> Ratio:
    """Starting the interpreter with the import / without it; whole processes, in turns."""
    return compare(lambda: _run("pass"), lambda: _run("import elluminate"), rounds=rounds)


def http_libraries_imported() -> list[str]:
    """HTTP libraries that `import elluminate` loads; there should be none before the first client is made."""
    known = {"httpx", "httpcore", "h11", "requests", "urllib3", "aiohttp"}
    output = _run("import elluminate, sys; print(*sys.modules)")
    return sorted(known & {name.partition(".")[0] for name in output.split()})


def _run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ).stdout
