"""Rows in and out of files, row by row, and changed in place: blocking and async."""

import copy
import csv
import json
import pickle
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from elluminate import (
    AsyncClient,
    Client,
    ConfigurationError,
    ConflictError,
    ModelNotBoundError,
    NotSupportedError,
    StrippedColumnsWarning,
    ValidationError,
)
from elluminate.schemas import CollectionColumn, ColumnType, TemplateVariablesCollectionFilter
from elluminate.schemas.collection import TemplateVariablesCollectionWithEntries

pytestmark = pytest.mark.anyio

Collection = TemplateVariablesCollectionWithEntries


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(base_url="local::memory:") as client:
        yield client


@pytest.fixture
def collection(client: Client, request: pytest.FixtureRequest) -> Collection:
    return client.create_collection(request.node.name[:200])


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


VALUES: list[Any] = [
    {"plan": "team", "seats": [5, 1.5, None, True]},
    ["a, b", 'say "so"'],
    5,
    -5,
    1.0,
    1e16,
    12345678901234567890,
    True,
    None,
    "",
    "text",
    "5",
    "-5",
    " 5",
    "true",
    "null",
    "NaN",
    "1e999",
    '{"plan": "team"}',
    '"quoted"',
    "[" * 5000,
    '{"a": 1, "a": 2}',
    "=1+1",
    "'=1+1",
    "two\nlines",
    "007",
]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_values_of_a_json_column_come_back_as_what_they_are(
    client: Client, tmp_path: Path, kind: str
) -> None:
    columns: list[str | CollectionColumn] = [
        "number",
        CollectionColumn(name="data", column_type=ColumnType.JSON),
    ]
    rows = [{"number": str(number), "data": value} for number, value in enumerate(VALUES)]
    made = client.create_collection(f"Given {kind}", columns=columns, variables=rows)
    copied = client.create_collection(f"Copied {kind}", columns=columns)
    path = tmp_path / f"rows.{kind}"

    getattr(made, f"to_{kind}")(path)
    getattr(copied, f"add_from_{kind}")(path)

    assert [repr(row) for row in copied.to_dicts()] == [repr(row) for row in rows]
    assert getattr(copied, f"add_from_{kind}")(path, skip_existing=True) == []


def test_a_csv_cell_of_a_json_column_is_read_as_json_whatever_surrounds_its_name(
    client: Client, tmp_path: Path
) -> None:
    columns: list[str | CollectionColumn] = ["q", CollectionColumn(name="data", column_type=ColumnType.JSON)]
    collection = client.create_collection("Blanks around json", columns=columns)
    with pytest.warns(StrippedColumnsWarning):
        collection.add_from_csv(written(tmp_path / "in.csv", "q, data \n{},{}\n5,five\n"))
    assert collection.to_dicts() == [{"q": "{}", "data": {}}, {"q": "5", "data": "five"}]


def test_a_csv_file_comes_in_and_goes_out_unchanged(collection: Collection, tmp_path: Path) -> None:
    cells = [["Zürich", 'a "quoted", cell'], ["two\nlines", "\u2028"], ["", "'tis -1"]]
    given = tmp_path / "in.csv"
    with given.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([["place", "note"], *cells])

    added = collection.add_from_csv(given)
    collection.to_csv(tmp_path / "out.csv")

    assert [list(row.input_values.values()) for row in added] == cells
    assert collection.to_dicts() == [{"place": a, "note": b} for a, b in cells]
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["place", "note"], *cells]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("blanks.csv", " question ,\tanswer\nWhy?,So.\n"),
        ("blanks.jsonl", '{" question ": "Why?", "\\tanswer": "So."}\n'),
    ],
)
@pytest.mark.parametrize("way", ["blocking", "async"])
async def test_blanks_at_the_ends_of_columns_names_are_left_out_and_that_is_told(
    name: str, text: str, way: str, collection: Collection, tmp_path: Path
) -> None:
    path = written(tmp_path / name, text)
    method = f"add_from_{path.suffix[1:]}"
    with pytest.warns(
        StrippedColumnsWarning, match=r"' question ', '\\tanswer'; .* 'question', 'answer'"
    ) as caught:
        if way == "blocking":
            getattr(collection, method)(path)
        else:
            await getattr(collection, f"a{method}")(path)
    assert [Path(one.filename).name for one in caught] == [Path(__file__).name]
    assert collection.to_dicts() == [{"question": "Why?", "answer": "So."}]


def test_columns_that_differ_by_blanks_at_their_ends_alone_are_refused(
    collection: Collection, tmp_path: Path
) -> None:
    for name, text in (("a.csv", "a, a\n1,2\n"), ("a.jsonl", '{"a": 1}\n{" a": 2}\n')):
        with pytest.raises(
            ValidationError, match="the columns ' a' and 'a', which differ by blanks at their ends"
        ):
            getattr(collection, f"add_from_{name[2:]}")(written(tmp_path / name, text))
    assert collection.variables == []


def test_a_column_that_is_named_with_blanks_comes_back_so(collection: Collection, tmp_path: Path) -> None:
    collection.add_many([{" a ": "x"}])
    collection.to_csv(tmp_path / "out.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        collection.add_from_csv(tmp_path / "out.csv")
    assert collection.to_dicts() == [{" a ": "x"}] * 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no header"),
        ("a,a\n1,2\n", "two columns are named 'a'"),
        ("a,\n1,2\n", "column 2 has no name"),
        ("a,b\n1,2\n\n3\n", r"line 4: 1 cells, and the header has 2 columns \(a, b\)"),
        ('a,b\n1,2\n"x"y,2\n', "after line 2"),
        (b"a\n\xff\n", "is not UTF-8"),
    ],
)
def test_a_broken_csv_file_is_refused_and_nothing_is_stored(
    collection: Collection, client: Client, tmp_path: Path, text: str | bytes, complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        collection.add_from_csv(written(tmp_path / "bad.csv", text))
    assert client.get_collection(id=collection.id).variables == []


def test_cells_may_be_separated_otherwise_and_be_long(collection: Collection, tmp_path: Path) -> None:
    long = "x" * 200_000
    path = written(tmp_path / "rows.csv", f"a;b\n{long};1,5\n")
    assert collection.add_from_csv(path, delimiter=";")[0].input_values == {"a": long, "b": "1,5"}
    with pytest.raises(ValidationError, match="single character"):
        collection.add_from_csv(path, delimiter=";;")


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        (None, "path must name a file, as a string or a Path, not None"),
        (0, r"path must name a file, as a string or a Path, not 0 \(int\)"),
        ([], r"path must name a file, as a string or a Path, not \[\] \(list\)"),
        (b"x", r"path must name a file, as a string or a Path, not b'x' \(bytes\)"),
        ("", r"path must name a file, as a string or a Path, not '' \(str\)"),
        ("a\0b", r"path holds a character that no file's name has: 'a\\x00b'"),
        (Path("a\0b"), "path holds a character that no file's name has"),
        ("\ud800", "path holds a character that no file's name has"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("method", ["add_from_csv", "add_from_jsonl", "to_csv", "to_jsonl"])
def test_what_names_no_file_is_refused(
    collection: Collection, method: str, path: Any, complaint: str
) -> None:
    collection.add_many([{"place": "x"}])
    with pytest.raises(ValidationError, match=complaint):
        getattr(collection, method)(path)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"place": "a", "note": "b", "place": "c"}', "line 2 has the key 'place' twice in one object"),
        ('{"place": {"x": [{"y": 1, "y": 1}]}}', "line 2 has the key 'y' twice in one object"),
        ('{"place": ' + "[" * 100_000 + "]" * 100_000 + "}", "line 2 is nested too deeply to be read"),
        ('{"place": ' + "9" * 5_000 + "}", "line 2 is not JSON"),
    ],
    ids=["twice", "twice inside", "deep", "long number"],
)
def test_a_json_line_that_means_no_one_thing_is_refused_and_nothing_is_stored(
    collection: Collection, client: Client, tmp_path: Path, line: str, complaint: str
) -> None:
    path = written(tmp_path / "bad.jsonl", f'{{"place": "x"}}\n{line}\n')
    with pytest.raises(ValidationError, match=complaint):
        collection.add_from_jsonl(path)
    assert client.get_collection(id=collection.id).variables == []


def test_a_row_that_json_cannot_express_is_named(collection: Collection) -> None:
    deep: Any = []
    for _ in range(3_000):
        deep = [deep]
    for value, complaint in (
        (deep, "is nested too deeply"),
        (10**5_000, "holds a number of thousands of digits"),
        ({1: 2, "1": 3}, r"the keys 1 \(int\) and '1' \(str\), which are one and the same in JSON"),
    ):
        with pytest.raises(ValidationError, match=rf"^variables\[1\].place .*{complaint}"):
            collection.add_many([{"place": "x"}, {"place": value}])


def test_json_lines_come_in_and_go_out_unchanged(collection: Collection, tmp_path: Path) -> None:
    rows = [{"place": "Zürich\u2028", "note": "two\nlines"}, {"place": "x", "note": ""}]
    path = written(
        tmp_path / "in.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\r\n\n"
    )

    collection.add_from_jsonl(path)
    assert collection.add_from_jsonl(path, skip_existing=True) == []
    collection.to_jsonl(tmp_path / "out.jsonl")

    lines = (tmp_path / "out.jsonl").read_bytes().decode("utf-8").removesuffix("\n").split("\n")
    assert [json.loads(line) for line in lines] == rows == collection.to_dicts()


@pytest.mark.parametrize("line", ["{", "[1]", '"a"', '{"a": 1} {"a": 2}'])
def test_a_broken_line_is_named_and_nothing_is_stored(
    collection: Collection, client: Client, tmp_path: Path, line: str
) -> None:
    path = written(tmp_path / "bad.jsonl", '{"a": "1"}\n\n' + line + "\n")
    with pytest.raises(ValidationError, match="line 3"):
        collection.add_from_jsonl(path)
    assert client.get_collection(id=collection.id).variables == []


def test_a_data_frame_comes_in_and_goes_out(collection: Collection) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": ["x", None], "when": pandas.to_datetime(["2026-01-02", None])})
    collection.add_from_dataframe(frame)
    assert collection.to_dicts()[0] == {"a": "x", "when": "2026-01-02T00:00:00"}
    assert list(collection.to_pandas().columns) == ["a", "when"]


class Frame:
    """What an import needs of a data frame."""

    def __init__(self, rows: list[dict[Any, Any]]) -> None:
        self._rows = rows
        self.columns = list(rows[0])

    def notna(self) -> None: ...

    def astype(self, kind: type) -> "Frame":
        return self

    def where(self, wanted: None, other: None) -> "Frame":
        return self

    def to_dict(self, orient: str) -> list[dict[Any, Any]]:
        return self._rows


def test_frames_with_columns_that_cannot_be_used_are_refused(collection: Collection) -> None:
    assert collection.add_from_dataframe(Frame([{"a": "x"}]))[0].input_values == {"a": "x"}
    with pytest.raises(ValidationError, match="column 0 of the data frame"):
        collection.add_from_dataframe(Frame([{0: "x"}]))
    with pytest.raises(ValidationError, match="must be a pandas DataFrame, got list"):
        collection.add_from_dataframe([{"a": "x"}])


def test_without_pandas_its_name_is_told(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigurationError, match="pip install pandas"):
        collection.to_pandas()

    module = ModuleType("pandas")
    module.DataFrame = lambda rows, columns: (rows, columns)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pandas", module)
    collection.add_many([{"a": "1"}, {"a": "2"}])
    assert collection.to_pandas() == ([{"a": "1"}, {"a": "2"}], ["a"])


def test_rows_are_iterated_over_all_pages(collection: Collection) -> None:
    collection.add_many([{"n": str(number)} for number in range(250)])
    rows = collection.iter_entries()
    assert next(rows).input_values == {"n": "0"}
    assert [row.input_values["n"] for row in rows] == [str(number) for number in range(1, 250)]


def test_rows_are_changed_and_removed(collection: Collection, client: Client) -> None:
    first, second = collection.add_many([{"a": "1"}, {"a": "2"}])
    changed = collection.update_entry(second, {"a": "3"})
    collection.delete_entry(first)
    assert [row.input_values for row in collection.variables] == [{"a": "3"}]
    assert collection.variables == [changed]
    stored = client.get_collection(id=collection.id).variables
    assert [(row.id, row.input_values) for row in stored] == [(changed.id, {"a": "3"})]
    assert collection.variables_count == 1


def test_a_collection_is_changed_in_place(collection: Collection, client: Client) -> None:
    collection.add_many([{"a": "1"}])
    other = client.create_collection(f"{collection.name} other")

    assert collection.update(name="Renamed", read_only=True) is collection
    assert (collection.name, collection.read_only, len(collection.variables)) == ("Renamed", True, 1)
    with pytest.raises(ConflictError):
        collection.delete_entry(collection.variables[0])
    assert len(collection.variables) == 1
    with pytest.raises(ConflictError) as caught:
        client.update_collection(other, name="Renamed")
    assert caught.value.resource_name == "Renamed"
    assert client.update_collection(collection, description="d", read_only=False).description == "d"


def test_collections_are_iterated_by_filter(client: Client) -> None:
    client.create_collection("Filtered Alpha", variables=[{"a": "1"}])
    client.create_collection("Filtered Beta")

    def names(**wanted: Any) -> list[str]:
        return [c.name for c in client.iter_collections(TemplateVariablesCollectionFilter(**wanted))]

    assert names(name_search="filtered") == ["Filtered Alpha", "Filtered Beta"]
    assert names(name_search="filtered", has_entries=True) == ["Filtered Alpha"]
    assert names(name="Filtered Beta") == ["Filtered Beta"]
    with pytest.raises(ValidationError, match="TemplateVariablesCollectionFilter"):
        next(client.iter_collections("Beta"))  # type: ignore[arg-type]  # bad on purpose


def test_copies_keep_their_client_and_pickles_do_not(collection: Collection) -> None:
    collection.add_many([{"a": "1"}])
    twin = copy.deepcopy(collection)
    twin.add_many([{"a": "2"}])
    assert len(collection.variables) == 1
    assert copy.copy(collection) == collection

    read = pickle.loads(pickle.dumps(collection))
    assert read == collection
    with pytest.raises(ModelNotBoundError):
        read.add_many([{"a": "3"}])


async def test_the_same_async(tmp_path: Path) -> None:
    async with AsyncClient(base_url="local::memory:") as client:
        collection = await client.create_collection("Async files")
        await collection.aadd_from_csv(written(tmp_path / "a.csv", "a\n1\n"))
        await collection.aadd_from_jsonl(written(tmp_path / "a.jsonl", '{"a": "2"}\n'))
        await collection.aadd_from_dataframe(Frame([{"a": "3"}]))
        assert [row.input_values["a"] async for row in collection.aiter_entries()] == ["1", "2", "3"]
        await collection.aupdate_entry(collection.variables[0], {"a": "0"})
        await collection.adelete_entry(collection.variables[1])
        assert collection.to_dicts() == [{"a": "0"}, {"a": "3"}]
        assert (await collection.aupdate(description="d")).description == "d"
        assert "Async files" in [c.name async for c in client.iter_collections()]


def test_a_corrected_file_updates_the_rows_that_its_key_names(collection: Collection, tmp_path: Path) -> None:
    file = tmp_path / "capitals.csv"
    first = collection.add_from_csv(written(file, "country,capital\nFrance,Pariss\nPeru,Lima\n"))
    assert (len(first.added), first.updated) == (2, [])

    again = collection.add_from_csv(
        written(file, "country,capital\nPeru,Lima\nFrance,Paris\nChad,N'Djamena\n"), key="country"
    )

    assert [row.input_values["country"] for row in again] == ["Peru", "France", "Chad"]
    assert [row.input_values["country"] for row in again.updated] == ["France"]
    assert [row.input_values["country"] for row in again.added] == ["Chad"]
    assert again.updated[0].id == first[0].id
    rows = [("France", "Paris"), ("Peru", "Lima"), ("Chad", "N'Djamena")]
    assert [tuple(row.input_values.values()) for row in collection.variables] == rows
    assert collection.variables_count == 3
    lines = written(tmp_path / "more.jsonl", '{"country": "Peru", "capital": "Cusco"}')
    (row,) = collection.add_from_jsonl(lines, key=["country"]).updated
    assert row.input_values["capital"] == "Cusco"


def test_a_key_that_cannot_be_one_is_refused_before_anything_is_sent(collection: Collection) -> None:
    rows = [{"country": "Peru"}, {"country": "Chad", "capital": "?"}]
    collection.add_many(rows)
    for key, words in (
        ("", "must be the name of a column"),
        ([], "must be the name of a column"),
        ([5], "must be the name of a column"),
        (
            "capital",
            r"variables\[0\] has no 'capital', which key=… names as what tells rows apart; it has 'country'",
        ),
    ):
        with pytest.raises(ValidationError, match=words):
            collection.add_many(rows, key=key)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="skip_existing=True leaves rows as they are"):
        collection.add_many(rows, skip_existing=True, key="country")
    assert collection.add_many([], key="country") == []


def test_a_server_without_keys_is_said_to_have_none(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elluminate_server.http.pipeline import HANDLERS

    monkeypatch.delitem(HANDLERS, "put_template_variables_batch")
    with pytest.raises(NotSupportedError, match=r"update_entry\(\).*add_many\(\)"):
        collection.add_many([{"country": "Peru"}], key="country")
    assert collection.variables == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            "name\nMüller\n".encode("utf-16"),
            r"is text in UTF-16; save it as UTF-8, or pass encoding='utf-16'",
        ),
        (
            "name\nMüller\n".encode("utf-32"),
            r"is text in UTF-32; save it as UTF-8, or pass encoding='utf-32'",
        ),
        (
            b"PK\x03\x04\x14\x00\xff\xfe",
            r"is a spreadsheet \(.*\) or another archive, and no text; save its rows as",
        ),
    ],
    ids=["utf-16", "utf-32", "xlsx"],
)
def test_a_file_that_is_something_else_is_told_what_it_is(
    collection: Collection, tmp_path: Path, content: bytes, told: str
) -> None:
    path = written(tmp_path / "rows.csv", content)
    with pytest.raises(ValidationError, match=told):
        collection.add_from_csv(path)
    with pytest.raises(ValidationError, match=told.partition(", or pass")[0]):
        collection.add_from_jsonl(path)
    assert collection.variables == []


def test_a_csv_file_in_another_encoding_is_read_where_that_is_said(
    collection: Collection, tmp_path: Path
) -> None:
    path = written(tmp_path / "rows.csv", "name\nMüller\n".encode("latin-1"))
    with pytest.raises(
        ValidationError, match=r"is not UTF-8 \(.*\); save it as UTF-8, or pass encoding='latin-1'"
    ):
        collection.add_from_csv(path)
    with pytest.raises(ValidationError, match="is not in the encoding 'utf-16'"):
        collection.add_from_csv(path, encoding="utf-16")
    for unknown in ("nope", "rot13", 5):
        with pytest.raises(ValidationError, match="encoding must be one that Python knows for text"):
            collection.add_from_csv(path, encoding=unknown)  # type: ignore[arg-type]
    collection.add_from_csv(path, encoding="latin-1")
    collection.add_from_csv(written(path, "\ufeffname\nŁukasz\n"), encoding="UTF8")
    assert [entry.input_values for entry in collection.iter_entries()] == [
        {"name": "Müller"},
        {"name": "Łukasz"},
    ]


def test_a_file_that_is_not_there_is_told_in_words(collection: Collection, tmp_path: Path) -> None:
    written(tmp_path / "rows.csv", "name\na\n")
    for read in (collection.add_from_csv, collection.add_from_jsonl):
        with pytest.raises(
            FileNotFoundError, match=r"there is no file '.*row.csv' \(did you mean 'rows.csv'\?\)"
        ):
            read(tmp_path / "row.csv")
    for write in (collection.to_csv, collection.to_jsonl):
        with pytest.raises(FileNotFoundError, match=r"there is no folder '.*none'"):
            write(tmp_path / "none" / "rows.csv")


def test_a_file_without_rows_is_refused_and_an_empty_list_is_not(
    collection: Collection, tmp_path: Path
) -> None:
    header = written(tmp_path / "header.csv", "name\n")
    blank = written(tmp_path / "blank.jsonl", "\n")
    for read, path in ((collection.add_from_csv, header), (collection.add_from_jsonl, blank)):
        with pytest.raises(
            ValidationError, match=rf"{path.name} has no rows, so that there is nothing to add"
        ):
            read(path, skip_existing=True)
    assert collection.add_many([]) == []
