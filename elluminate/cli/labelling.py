"""What `elluminate label` does: shows answers one by one, and takes a key for each."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from elluminate import _terminal
from elluminate._tables import printable
from elluminate.cli.connecting import where
from elluminate.cli.nearest import MOST_NAMES, not_found
from elluminate.client import Client
from elluminate.exceptions import ElluminateError, NotFoundError
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.label_draws import LabelDraw, ToLabel

__all__ = ["LabelCommandError", "label"]

_VALUES = {"y": "YES", "n": "NO", "u": "UNSURE"}
_KEYS = "y yes, n no, u unsure, b back, q quit"
_LONGEST = 10_000
"""Characters of a text that are shown."""
_WIDTH = 72


class LabelCommandError(RuntimeError):
    """Nothing can be labelled; the message says why and what to do."""


def label(
    experiment: str,
    *,
    criterion: str | None,
    n: int,
    tell: Callable[[str], None],
    base_url: str | None = None,
) -> None:
    """Have somebody at a terminal label answers.

    Args:
        experiment: Its name, or its id.
        criterion: Text or label of the only criterion; None for all.
        n: How many answers at most.
        tell: Told what to show, a text at a time.
        base_url: Where the experiment is; None for the environment, and with nothing set, this machine.

    Raises:
        LabelCommandError: There is no terminal, or nothing to label, or the server refuses.
    """
    if not _terminal.is_there():
        raise LabelCommandError(
            "label waits for single keys, and this is no terminal. In a program, "
            "experiment.next_to_label(50).to_csv('to_label.csv') writes a file to fill in, and "
            "client.import_labels('to_label.csv') reads it."
        )
    try:
        with Client(base_url=where(base_url)) as client:
            found = _experiment(client, experiment)
            items = found.next_to_label(n, criterion)
            if not items:
                tell("There is nothing left to label.")
            else:
                with _terminal.single_keys() as key:
                    _go_through(client, items, key, tell)
            tell(str(found.agreement()))
    except ElluminateError as error:
        raise LabelCommandError(printable(str(error))) from error


def _experiment(client: Client, named: str) -> Experiment:
    try:
        return client.get_experiment(name=named)
    except NotFoundError:
        if not (named.isascii() and named.isdigit() and 0 < int(named) < 2**53):
            newest = itertools.islice(client.iter_experiments(), MOST_NAMES)
            raise not_found(named, [one.name for one in newest]) from None
        return client.get_experiment(id=int(named))


def _go_through(
    client: Client, items: LabelDraw, key: Callable[[], str], tell: Callable[[str], None]
) -> None:
    given: list[int] = []
    tell(f"{len(items)} to label, one key for each: {_KEYS}.")
    try:
        while len(given) < len(items):
            item = items[len(given)]
            tell(_shown(item, len(given) + 1, len(items)))
            choice = _choice(key, tell)
            if choice == "q":
                break
            if choice == "b":
                if given:
                    client.delete_label(given.pop())
                    tell("Back: the last label is withdrawn.")
                else:
                    tell("This is the first one.")
                continue
            stored = item.label(_VALUES[choice])
            given.append(stored.id)
            tell(stored.value.value)
    except (KeyboardInterrupt, EOFError):
        pass  # what was given is stored
    tell(f"\n{len(given)} of {len(items)} labelled.\n")


def _choice(key: Callable[[], str], tell: Callable[[str], None]) -> str:
    while True:
        choice = key().lower()
        if choice in (*_VALUES, "b", "q"):
            return choice
        tell(_KEYS)


def _shown(item: ToLabel, number: int, total: int) -> str:
    """The item, and nothing that tells the verdict; what would do more to a terminal than be shown is escaped."""
    head = f"{number} of {total} "
    parts = [f"\n{head.ljust(_WIDTH, '-')}"]
    # A program of one's own has no prompt: what it was given is the row.
    asked = ("Prompt", item.prompt) if item.prompt.strip() else ("Row", item.row)
    for name, text in (asked, ("Answer", item.answer), ("Criterion", item.question)):
        more = len(text) - _LONGEST
        left_out = f"… ({more} more characters)" if more > 0 else ""
        parts.append(f"{name}:\n{printable(text[:_LONGEST])}{left_out}\n")
    return "\n".join(parts)
