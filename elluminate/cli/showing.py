"""`elluminate report`, `list`, `cancel`, `export` and `init`."""

from __future__ import annotations

import argparse
import importlib.resources
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from elluminate._file_errors import refuse_unwritable
from elluminate._markup import percent
from elluminate._tables import printable, shortened, text_table
from elluminate.async_client import AsyncClient
from elluminate.cli.connecting import connected, say
from elluminate.cli.evaluating import meant, write_reports
from elluminate.exceptions import ValidationError
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.filters import ExperimentFilter

__all__ = ["cancel", "export", "init", "list_things", "listed_experiments", "report", "write_new"]


async def report(options: argparse.Namespace) -> int:
    """Write what an experiment came to into files."""
    from elluminate.reports import checked_report_path, result_of

    outputs = [checked_report_path(path) for path in options.output]
    async with connected(options.base_url) as client:
        experiment = await meant(client, options.experiment)
        are_written = write_reports(result_of(experiment, await experiment.astatistics()), outputs)
    return 0 if are_written else 2


async def cancel(options: argparse.Namespace) -> int:
    """Stop what an experiment runs; what is there stays."""
    async with connected(options.base_url) as client:
        experiment = await meant(client, options.experiment)
        name = repr(experiment.name)
        if experiment.generation_task_id is None:
            say(f"Nothing of experiment {name} is running, so that nothing was cancelled.")
            return 0
        await experiment.acancel()
        results = experiment.results
        verdicts = results.verdicts if results else None
        given = "" if verdicts is None else f" with {verdicts.given} of {verdicts.expected} verdicts"
        say(
            f"Cancelled: experiment {name} stands still{given}. client.get_experiment(name={name}).retry_failed() goes "
            "on with it."
        )
    return 0


async def export(options: argparse.Namespace) -> int:
    """Write the answers and verdicts of an experiment into a file."""
    path = Path(options.output)
    if path.suffix.lower() not in (".csv", ".jsonl"):
        raise ValidationError(
            f"{options.output!r}: an export ends in .csv or .jsonl, for example answers.csv"
        )
    refuse_unwritable(path)
    async with connected(options.base_url) as client:
        experiment = await meant(client, options.experiment)
        write = experiment.to_csv if path.suffix.lower() == ".csv" else experiment.to_jsonl
        write(path)
    say(f"Written: {path}")
    return 0


async def init(options: argparse.Namespace) -> int:
    """Write a commented suite; one that is there stays."""
    text = importlib.resources.files("elluminate.cli").joinpath("suite.yaml").read_text("utf-8")
    write_new(Path(options.path), text)
    print(f"Written: {options.path}. Run it with: elluminate run {options.path}")
    return 0


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, with its folder.

    Raises:
        ValidationError: It is there, and stays as it is.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise ValidationError(
            f"{str(path)!r} is there already, and stays as it is; give another path"
        ) from None


async def list_things(options: argparse.Namespace) -> int:
    """List what there is, the newest first."""
    async with connected(options.base_url) as client:
        rows = [row async for row in _rows(client, options.what, options.search, options.limit)]
    if options.format == "json":
        for row in rows:
            print(json.dumps(row, ensure_ascii=False, default=str))
    elif not rows:
        say(f"There are no {options.what}{' with this in their names' if options.search else ''}.")
    else:
        head = list(rows[0])
        print(printable(text_table([*head], [[_cell(row[name]) for name in head] for row in rows])))
    return 0


async def _rows(
    client: AsyncClient, what: str, search: str | None, limit: int
) -> AsyncIterator[dict[str, Any]]:
    if what == "experiments":
        async for row in listed_experiments(client, search, limit):
            yield row
        return
    of_kind: dict[str, Callable[[], Awaitable[Sequence[Any]]]] = {
        "templates": client.list_prompt_templates,
        "collections": client.list_collections,
        "criteria": client.list_criterion_sets,
        "models": client.list_llm_configs,
    }
    listed = await of_kind[what]()
    for one in itertools.islice(_wanted(listed, search), limit):
        yield _of_thing(what, one)


async def listed_experiments(
    client: AsyncClient, search: str | None, limit: int
) -> AsyncIterator[dict[str, Any]]:
    """The newest experiments, each as a flat dict.

    Args:
        client: Of the server.
        search: Only those whose name has this in it; None for all.
        limit: How many at most.
    """
    experiments = client.iter_experiments(ExperimentFilter(experiment_name_search=search))
    async with aclosing(experiments):
        number = 0
        async for experiment in experiments:
            yield _of_experiment(experiment)
            number += 1
            if number >= limit:
                return


def _wanted(listed: Sequence[Any], search: str | None) -> Iterator[Any]:
    wanted = (search or "").casefold()
    return (one for one in reversed(listed) if wanted in (one.name or "").casefold())


def _of_experiment(experiment: Experiment) -> dict[str, Any]:
    results = experiment.results
    verdicts = results.verdicts if results else None
    rate = None
    if results is not None and verdicts is not None and verdicts.given:
        rate = results.mean_all_ratings.yes
    state = (
        "running" if experiment.generation_task_id else "failed" if experiment.has_internal_error else "over"
    )
    return {
        "name": experiment.name,
        "id": experiment.id,
        "created": experiment.created_at.strftime("%Y-%m-%d %H:%M") if experiment.created_at else None,
        "state": state,
        "pass_rate": rate,
        "verdicts": None if verdicts is None else verdicts.given,
        "missing": None if verdicts is None else verdicts.missing,
    }


def _of_thing(what: str, one: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"name": one.name, "id": one.id}
    match what:
        case "templates":
            row |= {"version": one.version, "placeholders": ", ".join(sorted(one.placeholders or ()))}
        case "collections":
            row["rows"] = one.variables_count
        case "criteria":
            row["criteria"] = len(one.criteria or ())
        case _:
            row["model"] = one.llm_model_name
    return row


def _cell(value: Any) -> str:
    return "-" if value is None else percent(value) if isinstance(value, float) else shortened(str(value), 80)
