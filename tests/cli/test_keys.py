"""`elluminate keys`: keys made, shown and revoked by whoever has the database."""

import re
from pathlib import Path

import pytest

from elluminate import AuthenticationError, Client, ElluminateError
from elluminate.__main__ import main
from elluminate_server.local import LocalServer


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("ELLUMINATE_API_KEY", raising=False)
    path = tmp_path / "test.db"
    path.touch(0o600)
    assert main(["migrate", "--database", str(path)]) == 0
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    assert main(["keys", *arguments]) == 0
    said = capsys.readouterr()
    return said.out, said.err


def test_a_key_is_made_listed_used_and_revoked(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "list", "--database", database)[0] == "There are no API keys.\n"
    out, about = run(capsys, "create", "Pipeline", "--days", "90", "--database", database)
    key = out.strip()
    assert key.startswith("elm_")
    assert "API key 1 ('Pipeline') of project 1 ('Default project'); it expires at" in about
    assert key not in about
    server = LocalServer(database)
    server.start()
    try:
        with Client(base_url=server.address.base_url, api_key=key) as client:
            client.list_collections()
            listed = run(capsys, "list", "--database", database)[0]
            assert listed.splitlines()[1].endswith("valid")
            assert key not in listed
            run(capsys, "revoke", "1", "--project", "Default project", "--database", database)
            with pytest.raises(AuthenticationError, match="'Pipeline' was revoked"):
                client.list_collections()
    finally:
        server.stop()
    assert run(capsys, "list", "--database", database)[0].splitlines()[1].endswith("revoked")
    assert "already" in run(capsys, "revoke", "1", "--database", database)[0]


def test_names_do_nothing_to_the_terminal(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["two\nlines", "\x1b]0;title\x07\x1b[2J", "turned \u202eround", "Zürich 東京"]
    for name in names:
        about = run(capsys, "create", name, "--database", database)[1]
        assert about.removesuffix("\n").isprintable()
    listed = run(capsys, "list", "--database", database)[0]

    lines = listed.splitlines()
    assert len(lines) == 1 + len(names)
    assert all(line.isprintable() for line in lines)
    assert r"two\nlines" in lines[1]
    assert r"\x1b]0;title\x07\x1b[2J" in lines[2]
    assert r"turned \u202eround" in lines[3]
    assert "Zürich 東京" in lines[4]
    assert "'two\\nlines'" in run(capsys, "revoke", "1", "--database", database)[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["revoke", "7"], "has no API key 7"),
        (["create", "Pipeline", "--project", "Nothing"], "no project with the id or name 'Nothing'"),
        (["create", " "], "not only blanks"),
        (["list", "--database", ":memory:"], "keeps no keys"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    database: str, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    given = arguments if "--database" in arguments else [*arguments, "--database", database]
    assert main(["keys", *given]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--project", "Nothing"], 1)])
def test_a_new_database_is_told_of(
    arguments: list[str], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "misspelt.db")
    told = f"There was no database {path}: a new one was made.\n"
    assert main(["keys", "create", "Pipeline", "--database", path, *arguments]) == code
    assert told in capsys.readouterr().err
    assert main(["keys", "create", "Pipeline", "--database", path]) == 0
    assert "new one" not in capsys.readouterr().err


def test_a_misspelt_database_is_not_made_to_be_upgraded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "misspelt.db")
    assert main(["migrate", "--database", path]) == 1
    says = f"elluminate: There is no database {path}. Correct the path; `elluminate serve` makes a new one.\n"
    assert capsys.readouterr().err == says
    assert list(tmp_path.iterdir()) == []

    # Set for a whole machine, it may be the one that is to be made before the first start.
    monkeypatch.setenv("ELLUMINATE_DATABASE_URL", path)
    assert main(["migrate"]) == 0
    said = capsys.readouterr()
    assert "was empty" in said.out
    assert said.err == f"There was no database {path}: a new one was made.\n"


@pytest.mark.parametrize("arguments", [[], ["create", "x", "--days", "0"], ["revoke", "x"]])
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["keys", *arguments])
    assert ended.value.code == 2


def test_the_secret_key_is_changed_while_a_server_runs(
    database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(capsys, "rotate-secret", "--database", database)[0].startswith(
        "The database holds no secrets yet"
    )
    key = run(capsys, "create", "Pipeline", "--database", database)[0].strip()
    server = LocalServer(database)
    server.start()
    try:
        with Client(base_url=server.address.base_url, api_key=key) as client:
            client.create_llm_config("Paid", "m", api_key="sk-0123456789abcdef")
            said = run(capsys, "rotate-secret", "--database", database)[0]
            assert re.fullmatch(
                rf"The database's secrets were sealed with the secret key (\w+), and are with (?!\1)\w+ in "
                rf"{re.escape(database)}\.secret-key now\.\n",
                said,
            )
            assert client.get_llm_config(name="Paid").api_key == "****cdef"
            client.create_llm_config("Another", "m", api_key="sk-0123456789ghijkl")
    finally:
        server.stop()
    monkeypatch.setenv("ELLUMINATE_SECRET_KEY", "key-of-the-operator-" * 2)
    said = run(capsys, "rotate-secret", "--database", database)[0]
    assert f"in ELLUMINATE_SECRET_KEY now. Nothing needs {database}.secret-key any more." in said
    Path(f"{database}.secret-key").unlink()
    assert "nothing was changed. Set it to NEW,OLD" in run(capsys, "rotate-secret", "--database", database)[0]
    assert run(capsys, "list", "--database", database)[0].splitlines()[1].endswith("valid")


def test_without_its_secret_key_a_database_is_told_in_one_line_with_the_way_out(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "create", "Pipeline", "--database", database)
    assert main(["keys", "rotate-secret", "--forget", "--database", database]) == 1
    assert "is here: nothing has to be forgotten" in capsys.readouterr().err
    Path(f"{database}.secret-key").unlink()
    for command in (["keys", "list"], ["serve", "--port", "0"], ["migrate"], ["keys", "rotate-secret"]):
        assert main([*command, "--database", database]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert f"there is no file {database}.secret-key" in said
        assert "`elluminate keys rotate-secret --forget`" in said
    with pytest.raises(ElluminateError, match=r"there is no file .*rotate-secret --forget"):
        Client(base_url=f"local:{database}").list_collections()

    said = run(capsys, "rotate-secret", "--forget", "--database", database)[0]
    assert "enter the keys of model providers again" in said
    assert run(capsys, "list", "--database", database)[0].splitlines()[1].endswith("revoked")
    with Client(base_url=f"local:{database}") as client:
        client.list_collections()
