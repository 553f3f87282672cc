"""`elluminate import`."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from elluminate.cli.connecting import say
from elluminate.cli.showing import write_new
from elluminate.exceptions import ValidationError

__all__ = ["import_file"]

_MOST_TOLD = 100


async def import_file(options: argparse.Namespace) -> int:
    """Write the suites that a file of another tool comes to; what did not come over is told on standard error."""
    from elluminate.suites.importing import files_of, import_suites

    output = Path(options.output)
    if output.suffix.lower() not in (".yaml", ".yml"):
        raise ValidationError(f"{options.output!r}: a suite ends in .yaml, for example suite.yaml")
    imported = import_suites(options.file, options.format)
    files = files_of(imported, output)
    there = [str(path) for path in files if path.exists()]
    if there:
        raise ValidationError(f"{there[0]!r} is there already, and stays as it is; give another path with -o")
    for path, text in files.items():
        write_new(path, text)
    for note in imported.notes[:_MOST_TOLD]:
        say(str(note))
    if len(imported.notes) > _MOST_TOLD:
        say(f"and {len(imported.notes) - _MOST_TOLD} more; they stand in the suites")
    for path in files:
        say(f"Written: {path}")
    print(f"{imported.converted} of {imported.graders} graders converted.")
    suites = [path for path in files if path.suffix != ".jsonl"]
    if len(suites) == 1:
        say(f"Run it with: {_command(suites[0])}")
    else:
        say(f"Run the {len(suites)} of them with:")
        for path in suites[:_MOST_TOLD]:
            say(f"  {_command(path)}")
        if len(suites) > _MOST_TOLD:
            say(f"  and so on, for the {len(suites) - _MOST_TOLD} others that are written")
    return int(options.strict and any(note.kind == "not converted" for note in imported.notes))


def _command(path: Path) -> str:
    return shlex.join(["elluminate", "run", str(path)])
