"""Mistakes that callers make: the error or warning that tells each one, and that nothing was sent for it.

Each is made with the blocking and with the async client. A mistake belongs here when its caller would otherwise get
a result that looks right, or an error that does not say the way out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from elluminate import (
    AsyncClient,
    Client,
    ClientClosedError,
    ConfigurationError,
    EqualPromptsWarning,
    ExistingDiffersWarning,
    ForeignModelError,
    NoCriteriaWarning,
    NoResultsError,
    NotFetchedError,
    NotFoundError,
    OtherJudgeWarning,
    SingleBracesWarning,
    UnfilledBracesWarning,
    UsageError,
    ValidationError,
)
from tests.sdk.both_ways import BothWays, Way

Make = Callable[[Way, BothWays], Any]
"""Makes a mistake, with the client of one way and one of everything in its project."""


@frozen
class Mistake:
    """What somebody does, and what it is answered with.

    Attributes:
        make: Makes the mistake.
        told: What is raised, or warned of: then it goes on.
        says: A pattern of its words; `{client}` is the class of the client.
        sends: Whether it takes the server to notice.
    """

    make: Make
    told: type[Exception]
    says: str
    sends: bool = False


def called(owner: str, method: str, *args: Any, **kwargs: Any) -> Make:
    """Call a method of the client or of a thing; an argument that is a function is called with what is there."""

    def make(way: Way, both: BothWays) -> Any:
        def meant(value: Any) -> Any:
            return value(way, both) if callable(value) else value

        owning = way.client if owner == "client" else getattr(way.things, owner)
        named = {name: meant(value) for name, value in kwargs.items()}
        return way.call(owning, method, *[meant(value) for value in args], **named)

    return make


def of(name: str) -> Make:
    """That thing of the client."""

    def found(way: Way, both: BothWays) -> Any:
        return getattr(way.things, name)

    return found


def others(name: str) -> Make:
    """That thing of another project."""

    def found(way: Way, both: BothWays) -> Any:
        return getattr(both.others_things, name)

    return found


def file_of(text: str) -> Make:
    """A file that holds a text."""

    def written(way: Way, both: BothWays) -> Any:
        path = both.path.with_name("rows.csv")
        path.write_text(text, encoding="utf-8")
        return path

    return written


def named(what: str) -> Make:
    """A name that nothing has yet."""

    def free(way: Way, both: BothWays) -> str:
        return f"{what} ({way.world.name})"

    return free


def responses_of_a_listing(way: Way, both: BothWays) -> Any:
    listed = way.call(way.client, "list_experiments", way.things.template)
    return next(experiment for experiment in listed if experiment.name == "First").responses()


def run_of_more_than_a_name(way: Way, both: BothWays) -> Any:
    name = f"Filters ({way.world.name})"
    text = "Say {{topic}} and {{topic|upper}}."
    template = way.call(way.client, "create_prompt_template", name, template=text)
    return way.call(
        way.client, "run_experiment", name, template, way.things.collection, criteria=["Is it short?"]
    )


def run_of_the_same_prompt(way: Way, both: BothWays) -> Any:
    name = f"Same ({way.world.name})"
    template = way.call(way.client, "create_prompt_template", name, template="Explain the tides.")
    criteria = ["Is it short?"]
    return way.call(way.client, "run_experiment", name, template, way.things.collection, criteria=criteria)


def run_of_a_column_with_a_blank(way: Way, both: BothWays) -> Any:
    name = f"Blanks ({way.world.name})"
    template = way.call(way.client, "create_prompt_template", name, template="Greet them in {{city}}.")
    rows = [{"First name": "Ada", "city": "Köln"}]
    collection = way.call(way.client, "create_collection", name, variables=rows)
    criteria = ["Does it greet {{First name}}?"]
    return way.call(way.client, "run_experiment", name, template, collection, criteria=criteria)


def run_of_a_column_in_single_braces(way: Way, both: BothWays) -> Any:
    instructions = [{"role": "system", "content": f"Name {{topic}} ({way.world.name})."}]
    template = way.call(way.client, "create_prompt_template", f"Runs ({way.world.name})", instructions)
    return way.call(
        way.client,
        "run_experiment",
        f"Braces ({way.world.name})",
        template,
        way.things.collection,
        criterion_set=way.things.criterion_set,
    )


MISTAKES: dict[str, Mistake] = {
    # A call that does not fit.
    "a name by position": Mistake(
        called("client", "get_collection", "Topics"),
        UsageError,
        r"^{client}.get_collection\(\) takes its arguments by name; write name='Topics'$",
    ),
    "an argument misspelt": Mistake(
        called("client", "run_experiment", "New", of("template"), of("collection"), criterias=["Is it?"]),
        UsageError,
        r"^{client}.run_experiment\(\) has no argument 'criterias'; did you mean criteria=…\?$",
    ),
    "an argument of the method that creates": Mistake(
        called(
            "client", "run_experiment", "New", of("template"), of("collection"), evaluation_mode="AGENTIC"
        ),
        UsageError,
        r"^{client}.run_experiment\(\) has no argument 'evaluation_mode'; "
        r"create_experiment\(evaluation_mode=…\) takes it$",
    ),
    "an argument of the method that runs": Mistake(
        called("client", "stream_experiment", "New", None, of("collection"), target=lambda *_: len),
        UsageError,
        r"^{client}.stream_experiment\(\) has no argument 'target'; run_experiment\(target=…\) takes it$",
    ),
    "an argument of a model's method misspelt": Mistake(
        called("collection", "add_from_csv", "rows.csv", delimeter=";"),
        UsageError,
        r"add_from_csv\(\) has no argument 'delimeter'; did you mean delimiter=…\?$",
    ),
    "an argument left out": Mistake(
        called("client", "run_experiment", "New", of("template")),
        UsageError,
        r"^{client}.run_experiment\(\) lacks collection=…$",
    ),
    "a name where an object is wanted": Mistake(
        called("client", "delete_collection", "Topics"),
        ValidationError,
        r"^what is to be deleted must be a TemplateVariablesCollection as a client returns it, got 'Topics' \(str\); "
        r"for example client.get_collection\(name=…\)$",
    ),
    "an id as text": Mistake(
        called("client", "get_collection", id="7"),
        ValidationError,
        r"takes the id of a collection as a positive integer, not '7' \(str\); what a client returned has it as \.id$",
    ),
    "one row instead of a list of rows": Mistake(
        called("collection", "add_many", {"topic": "rain"}),
        ValidationError,
        r"one per row, not \{'topic': 'rain'\} \(dict\); for example \[\{'topic': 'tides'\}\]$",
    ),
    # Things that are others' here.
    "a template of another project": Mistake(
        called("client", "run_experiment", "New", others("template"), of("collection")),
        ForeignModelError,
        r"^prompt_template: PromptTemplate \d+ 'Tutor' belongs to project 2 'Another project' of http://127.*, but "
        r"{client}.run_experiment\(\) works in project 1 'Default project' of local:.*Give what a client of that",
    ),
    "a row of another project": Mistake(
        called("collection", "delete_entry", others("entry")),
        ForeignModelError,
        r"^entry: TemplateVariables \d+ belongs to project 2 'Another project'",
    ),
    "a name that nothing has": Mistake(
        called("client", "run_experiment", "New", "Tutro", "Topics"),
        NotFoundError,
        "there is no prompt template named 'Tutro' in this project",
        sends=True,
    ),
    # Columns and placeholders.
    "a column in another case": Mistake(
        called("collection", "add_many", [{"Topic": "rain"}]),
        ValidationError,
        r"variables\[0\] has the column 'Topic', and collection 'Topics' has 'topic': name it 'topic'",
    ),
    "a CSV of another country": Mistake(
        called("collection", "add_from_csv", file_of("topic;level\nrain;easy\n")),
        ValidationError,
        "delimiter=';'",
    ),
    "a row of another collection": Mistake(
        called("collection", "add_many", [{"question": "Why?"}]),
        ValidationError,
        r"variables\[0\] has none of the columns of collection 'Topics' \('topic'\)",
    ),
    "a placeholder without a column": Mistake(
        called(
            "client",
            "run_experiment",
            "New",
            of("template"),
            lambda way, both: way.things.agentic.collection,
            criteria=["Is it?"],
        ),
        ValidationError,
        r"has \{\{topic\}\}, and collection 'Tasks' has no such column; it has task",
        sends=True,
    ),
    "a criterion's placeholder without a column": Mistake(
        called(
            "client",
            "run_experiment",
            "New",
            of("template"),
            of("collection"),
            criteria=["Is it short?", "Does it name {{nope}}?"],
        ),
        ValidationError,
        r"the criterion 'Does it name \{\{nope\}\}\?' has \{\{nope\}\}, and collection 'Topics' has no such column; "
        "it has topic",
        sends=True,
    ),
    "a placeholder in single braces": Mistake(
        called("client", "create_prompt_template", named("Braces"), template="Explain {topic}."),
        SingleBracesWarning,
        r"^the prompt has \{topic\} and no placeholder, so that it is the same for every row; write \{\{topic\}\} ",
    ),
    "a column in single braces, run": Mistake(
        run_of_a_column_in_single_braces,
        SingleBracesWarning,
        r"^prompt template 'Runs \(\w+\)' has \{topic\}, which is sent as it stands although the collection has such",
    ),
    "a column in single braces, in a criterion": Mistake(
        called(
            "client",
            "run_experiment",
            named("Braced criterion"),
            of("template"),
            of("collection"),
            criteria=["Is it about {topic}?"],
        ),
        SingleBracesWarning,
        r"^the criterion 'Is it about \{topic\}\?' has \{topic\}, which is sent as it stands although",
    ),
    "more than a column's name in double braces": Mistake(
        run_of_more_than_a_name,
        UnfilledBracesWarning,
        r"^prompt template 'Filters \(\w+\)' has \{\{topic\|upper\}\}, which is sent as it stands; a placeholder is "
        r"the column's name alone: write \{\{topic\}\}",
    ),
    "a column that no placeholder can name": Mistake(
        run_of_a_column_with_a_blank,
        UnfilledBracesWarning,
        r"^the criterion 'Does it greet \{\{First name\}\}\?' has \{\{First name\}\}, which is sent as it stands; "
        "a placeholder's name has letters, digits and underscores alone: rename the column 'First name'",
    ),
    "a prompt that is the same for every row": Mistake(
        run_of_the_same_prompt,
        EqualPromptsWarning,
        r"^prompt template 'Same \(\w+\)' has no placeholder, so that each of the 2 rows of collection 'Topics' is "
        r"asked the same; write \{\{topic\}\} to have a row's value filled in",
    ),
    # What is not there yet.
    "no criteria": Mistake(
        called("client", "run_experiment", named("None"), of("template"), of("collection"), criteria=[]),
        NoCriteriaWarning,
        "has no criteria: its answers cost calls, and are not judged",
    ),
    "another description than that of what exists": Mistake(
        called("client", "get_or_create_collection", "Topics", {"description": "Of the sea"}),
        ExistingDiffersWarning,
        r"^collection 'Topics' exists already and was returned as it is, .* description: 'Of the sea' was given, '' is",
    ),
    "a judge misspelt": Mistake(
        called(
            "client",
            "create_experiment",
            named("Judge"),
            of("template"),
            of("collection"),
            criterion_set=of("criterion_set"),
            rating_version="mokc",
        ),
        OtherJudgeWarning,
        r"is judged by 'offline', and not by rating_version='mokc', which the server does not offer; did you mean "
        r"'mock'\? It has 'offline', 'mock': list_rating_versions\(\)$",
    ),
    "responses of a listing": Mistake(
        responses_of_a_listing,
        NotFetchedError,
        r"were not fetched; call fetch_responses\(\) first",
        sends=True,
    ),
    "rows of what has not run": Mistake(
        lambda way, both: way.things.fresh.to_dicts(),
        NoResultsError,
        r"experiment 'Not run yet' has not been answered.*call run\(\)",
    ),
    "a file of what has not run": Mistake(
        lambda way, both: way.things.fresh.to_csv(both.path.with_name("empty.csv")),
        NoResultsError,
        r"experiment 'Not run yet' has not been answered.*call run\(\)",
    ),
}


ERRORS = [name for name, mistake in MISTAKES.items() if not issubclass(mistake.told, Warning)]
WARNINGS = [name for name in MISTAKES if name not in ERRORS]


@pytest.mark.parametrize("name", ERRORS)
def test_a_mistake_is_told_and_changes_nothing(name: str, way: Way, both: BothWays) -> None:
    mistake = MISTAKES[name]
    before, sent = both.stored(), len(way.sent)
    with pytest.raises(mistake.told, match=mistake.says.replace("{client}", type(way.client).__name__)):
        mistake.make(way, both)
    assert both.stored() == before
    assert mistake.sends or way.sent[sent:] == []


@pytest.mark.parametrize("name", WARNINGS)
def test_what_may_be_a_mistake_is_warned_of_where_it_was_made(name: str, way: Way, both: BothWays) -> None:
    mistake = MISTAKES[name]
    assert issubclass(mistake.told, Warning)
    with pytest.warns(mistake.told, match=mistake.says) as caught:
        mistake.make(way, both)
    [warned] = [one for one in caught if issubclass(one.category, mistake.told)]
    assert Path(warned.filename).name == "worlds.py"


# --- opening and closing


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("local:{folder}/nope/evals.db", "nope"),
        ("local::memory", "a database in memory is local::memory:"),
        ("local::memory:a/b", "a database in memory is local::memory:"),
    ],
)
def test_a_local_address_that_makes_no_sense(
    kind: type[Any], address: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def connect() -> None:
        async with AsyncClient(base_url=address.format(folder=tmp_path)) as client:
            await client.list_projects()

    with pytest.raises(ConfigurationError, match=says):
        if kind is Client:
            Client(base_url=address.format(folder=tmp_path))
        else:
            asyncio.run(connect())
    assert list(tmp_path.iterdir()) == []


def client_of(kind: type[Any]) -> Any:
    return kind(base_url="local::memory:")


def test_with_is_not_for_the_async_client() -> None:
    says = "^AsyncClient is used by `async with`; `with` is for Client, which has the same methods, blocking$"
    with pytest.raises(UsageError, match=says), client_of(AsyncClient):
        pass


async def enter(client: Any) -> None:
    async with client:
        pass


@pytest.mark.anyio
async def test_async_with_is_not_for_the_blocking_client() -> None:
    says = "^Client is used by `with`; `async with` is for AsyncClient, which has the same methods, to be awaited$"
    with client_of(Client) as client, pytest.raises(UsageError, match=says):
        await enter(client)


def test_a_closed_client_is_not_entered_again() -> None:
    with client_of(Client) as client:
        pass
    with pytest.raises(ClientClosedError, match="this client was closed; make a new one"), client:
        pass


@pytest.mark.anyio
async def test_a_closed_async_client_is_not_entered_again() -> None:
    client = client_of(AsyncClient)
    await enter(client)
    with pytest.raises(ClientClosedError, match="this client was closed; make a new one"):
        await enter(client)


@pytest.mark.anyio
async def test_a_missing_await_is_named() -> None:
    async with client_of(AsyncClient) as client:
        collection = client.create_collection("Topics", variables=[{"topic": "tides"}])
        says = (
            r"^create_collection\(\.\.\.\) was given .* before it was awaited; write `await create_collection"
        )
        try:
            with pytest.raises(UsageError, match=says):
                await client.run_experiment("First", None, collection)
            with pytest.raises(UsageError, match=says):
                async for _ in client.stream_experiment("First", None, collection=collection):
                    pass
        finally:
            collection.close()
