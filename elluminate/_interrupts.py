"""Ctrl-C while a run is waited for: what becomes of the run, in one line.

On a server it goes on. In this process (`local:`) nothing should cost money when the file is opened next time, to look
at it, say: the run is stopped, and `retry_failed()` goes on with it.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import anyio
from elluminate_api.api.experiments import cancel_experiment
from elluminate_api.models import Experiment

from elluminate._transport import is_blocking
from elluminate.exceptions import ElluminateError

if TYPE_CHECKING:
    from elluminate._progress import ExperimentProgress
    from elluminate._session import Session


def is_interrupt(error: BaseException) -> bool:
    """Whether the program is being interrupted, not only one task of it cancelled."""
    if isinstance(error, KeyboardInterrupt):
        return True
    if is_blocking() or not isinstance(error, anyio.get_cancelled_exc_class()):
        return False
    # asyncio.run turns Ctrl-C into the cancellation of its main task, and raises KeyboardInterrupt when that is over.
    handler = signal.getsignal(signal.SIGINT)
    runner = getattr(getattr(handler, "func", None), "__self__", None)
    return bool(getattr(runner, "_interrupt_count", 0))


async def leave_run(
    session: Session, experiment_id: int, name: str | None, progress: ExperimentProgress | None
) -> None:
    """Stop a run in this process, leave one on a server, and tell which on stderr.

    Args:
        session: What the run was watched through.
        experiment_id: The experiment.
        name: Its name, where the watcher knows it.
        progress: How far it was last; None when that was never told.
    """
    which = f"id={experiment_id}" if name is None else f"name={name!r}"
    what = f"the run of experiment {experiment_id if name is None else repr(name)}"
    how_far = ""
    if progress is not None:
        how_far = f" at {progress.told}"
    experiment = f"client.get_experiment({which})"
    if not session.config.is_local:
        _tell(
            f"Interrupted: {what} goes on at {session.config.base_url},{how_far or ' however far it is'}. Wait for it "
            f"with {experiment}.wait_until_finished(), or stop it with {experiment}.cancel()."
        )
        return
    try:
        with session.transport.shielded():
            request = cancel_experiment.build(await session.project_id(), experiment_id)
            await session.call(request, Experiment)
    except ElluminateError as error:
        _tell(f"Interrupted: {what} could not be stopped, and goes on at the next start: {error}")
        return
    _tell(
        f"Interrupted: {what} stands still{how_far}. Go on with {experiment}.retry_failed(), or drop it with "
        f"client.delete_experiment({experiment})."
    )


def tell_of_program(name: str, stored: int, total: int) -> None:
    """Tell on stderr what is there of an experiment whose program was interrupted."""
    _tell(
        f"Interrupted: {stored} of {total} answers of experiment {name!r} are stored. The same call of "
        "run_experiment(…, target=…) goes on with the others."
    )


def tell_of_suite(name: str) -> None:
    """Tell on stderr how to go on with a suite's run that was interrupted.

    Args:
        name: Of its experiment.
    """
    _tell(
        f"Run again as it is, the suite goes on with experiment {name!r}; elluminate run --new begins another."
    )


def tell_of_going_on(name: str, answered: int, total: int) -> None:
    """Tell on stderr that a suite goes on with an experiment that was broken off, and how much of it is there."""
    left = (
        f"{total - answered} of {total} answers are left"
        if answered < total
        else f"all {total} answers are there"
    )
    _tell(
        f"Going on with experiment {name!r}, whose run was broken off: {left}. To begin another: elluminate run --new"
    )


def _tell(line: str) -> None:
    # In a terminal, a line of progress may be open, and ^C stands in it.
    text = f"\n{line}\n" if sys.stderr.isatty() else f"{line}\n"
    try:
        sys.stderr.write(text)
    except UnicodeEncodeError:  # a terminal without UTF-8, as on some Windows machines
        sys.stderr.write(text.encode("ascii", "replace").decode("ascii"))
    sys.stderr.flush()
