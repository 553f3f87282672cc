"""Rows that come from files, and rows and results that go to files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from elluminate import ValidationError
from tests.congruence.caller import Caller


class _Frame:
    """What an import needs of a data frame, so that pandas need not be there."""

    columns = ("concept", "reader")

    def notna(self) -> None: ...

    def astype(self, kind: type) -> _Frame:
        return self

    def where(self, wanted: None, other: None) -> _Frame:
        return self

    def to_dict(self, orient: str) -> list[dict[str, Any]]:
        return [{"concept": "frames", "reader": None}]


async def files(call: Caller, template: Any) -> None:
    """In from a CSV file, a JSON Lines file and a frame; out to both kinds of file."""
    table, lines, ragged = (call.folder / name for name in ("rows.csv", "rows.jsonl", "ragged.csv"))
    table.write_text('concept,reader\nZürich,"a ""cat"""\n"two\nlines",all\n', encoding="utf-8")
    lines.write_text('{"concept": "tea", "reader": "a child"}\n', encoding="utf-8")
    ragged.write_text("concept,reader\na,b,c\n", encoding="utf-8")
    collection = await call.do("create_collection", "From files", columns=["concept", "reader"])
    await call.of(collection, "add_from_csv", table)
    await call.of(collection, "add_from_jsonl", lines)
    assert await call.of(collection, "add_from_jsonl", lines, skip_existing=True) == []
    await call.of(collection, "add_many", [{"concept": "tea", "reader": "a pupil"}], key=["concept"])
    (line_two,) = [await call.of(collection, "add_from_csv", ragged, raises=ValidationError)]
    assert "line 2" in str(line_two)
    await call.of(collection, "add_from_dataframe", _Frame())
    entries = await call.each_of(collection, "iter_entries")
    assert len(entries) == 4
    await call.of(collection, "delete_entry", entries[-1])
    whole = await call.do("get_collection", id=collection.id)
    call.note("collection as dicts", whole.to_dicts())
    whole.to_csv(call.folder / "collection.csv")
    whole.to_jsonl(call.folder / "collection.jsonl")
    call.note("collection as CSV", (call.folder / "collection.csv").read_text(encoding="utf-8"))
    call.note("collection as JSON Lines", _read_lines(call.folder / "collection.jsonl"))

    ran = await call.do("run_experiment", "Of files", template, whole, criteria=["Is it short?"])
    call.note("results as dicts", ran.to_dicts())
    ran.to_csv(call.folder / "results.csv")
    ran.to_jsonl(call.folder / "results.jsonl")
    with (call.folder / "results.csv").open(encoding="utf-8", newline="") as file:
        results = list(csv.DictReader(file))
    assert len(results) == len(ran.rated_responses)
    call.note("results as CSV", results)
    call.note("results as JSON Lines", _read_lines(call.folder / "results.jsonl"))


def _read_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
