"""Labels through the clients: given, listed, drawn, in files, and held against the judge's verdicts."""

from __future__ import annotations

import copy
import json
import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from elluminate import (
    AsyncClient,
    Client,
    ModelNotBoundError,
    NotFoundError,
    NotSupportedError,
    PermissionDeniedError,
    ValidationError,
)
from elluminate.schemas import CriterionIn, Experiment, Label, Rating
from elluminate_server.http.pipeline import HANDLERS
from elluminate_server.local import LocalServer
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.anyio

HOSTILE = [
    '=HYPERLINK("http://x")',
    "two\r\nlines",
    'a "quote", a comma',
    "'=1",
    "ümlaut 🙂",
    " blank ",
    "\ttab",
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    found = LocalServer(str(tmp_path / "test.db"))
    found.start()
    yield found
    found.stop()


@pytest.fixture
def admin(server: LocalServer) -> Iterator[Client]:
    with Client(base_url=server.address.base_url, api_key=server.address.api_key) as client:
        yield client


@pytest.fixture
def experiment(admin: Client) -> Experiment:
    return ran(admin)


def ran(client: Client, rows: int = 8) -> Experiment:
    template = client.create_prompt_template("Tutor", template="Explain {{topic}}.")
    topics = [{"topic": f"topic {number}"} for number in range(rows)]
    collection = client.create_collection("Topics", variables=topics)
    criteria = ["Is it short?", "Is it in verse?"]
    return client.run_experiment("First", template, collection, criteria=criteria)


def other_key(admin: Client, name: str, role: Literal["reader", "editor"]) -> Client:
    made = admin.create_api_key(name, role=role)
    return Client(base_url=admin.base_url, api_key=made.key)


def test_a_rating_is_labelled_beside_its_verdict(admin: Client, experiment: Experiment) -> None:
    rating = experiment.responses()[0].ratings[0]
    verdict = rating.rating
    label = rating.label("NO", reason="Too long.")
    assert isinstance(label, Label)
    assert (label.value, label.reason, label.key_name) == ("NO", "Too long.", "server process")
    assert (rating.rating, rating.labels) == (verdict, [label])
    again = admin.get_experiment(name="First").responses()[0].ratings[0]
    assert (again.rating, again.labels) == (verdict, [label])
    newer = rating.label("YES")
    assert rating.labels == [newer]
    assert admin.list_labels("First") == [newer]
    assert [one.value for one in admin.list_labels("First", earlier=True)] == ["NO", "YES"]


async def test_labels_are_given_and_read_by_the_async_client(admin: Client, experiment: Experiment) -> None:
    async with AsyncClient(base_url=admin.base_url, api_key=admin.session.config.api_key) as client:
        found = await client.get_experiment(name="First")
        (item, *_) = await found.anext_to_label(3)
        given = await item.alabel("YES")
        response = found.responses()[0]
        other = await response.alabel("Is it short?", "UNSURE")
        assert [one.id for one in await client.list_labels(found)] == sorted([given.id, other.id])
        assert (await found.aagreement()).judges
        assert await response.arating_history() == []
        await client.delete_label(other)
        assert await client.list_labels(found, mine=True) == [given]
        with pytest.raises(NotFoundError):
            await client.delete_label(other.id)


def test_a_response_is_labelled_by_a_criterion_its_id_or_its_text(experiment: Experiment) -> None:
    response = experiment.responses()[0]
    criterion = response.ratings[0].criterion
    for given in (criterion, criterion.id, criterion.criterion_str):
        assert response.label(given, "YES").criterion_id == criterion.id
    with pytest.raises(ValidationError, match="'Is it kind'; its verdicts are by 'Is it short"):
        response.label("Is it kind", "YES")
    with pytest.raises(NotFoundError, match="no criterion 987654"):
        response.label(987_654, "YES")


@pytest.mark.parametrize(
    ("value", "reason", "named"),
    [
        ("MAYBE", None, "value must be one of NO, UNSURE, YES"),
        (True, None, "value must be one of NO, UNSURE, YES"),
        ("YES", 7, "reason must be a string"),
        ("YES", "x" * 10_001, "at most 10000 characters, not 10001"),
    ],
)
def test_what_is_no_label_is_refused(experiment: Experiment, value: str, reason: str, named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        experiment.responses()[0].ratings[0].label(value, reason)


def test_a_rating_made_by_hand_cannot_be_labelled(experiment: Experiment) -> None:
    rating = experiment.responses()[0].ratings[0]
    kept: Rating = pickle.loads(pickle.dumps(rating))  # our own
    assert (kept, kept._session) == (rating, None)
    with pytest.raises(ModelNotBoundError):
        kept.label("YES")
    assert copy.copy(rating).label("YES").value == "YES"
    by_hand = Rating(id=1, criterion=rating.criterion, rating=rating.rating, created_at=rating.created_at)
    with pytest.raises(ValidationError, match="take it from experiment"):
        by_hand.label("YES")


def test_earlier_verdicts_can_be_read_after_another_rating(admin: Client, experiment: Experiment) -> None:
    response = experiment.responses()[0]
    label = response.ratings[0].label("NO")
    before = {rating.criterion.id: rating for rating in response.ratings}
    for _ in admin.stream_batch_rate([response]):
        pass
    history = response.rating_history()
    assert {one.criterion_id for one in history} == before.keys()
    for one in history:
        was = before[one.criterion_id]
        assert (one.rating, one.reasoning, one.created_at) == (was.rating, was.reasoning, was.created_at)
        assert one.rating_version == experiment.rating_version
        assert one.generation_metadata is not None
    assert admin.get_experiment(name="First").responses()[0].ratings[0].labels == [label]


def test_a_judge_is_weighed_with_the_labels_of_all_and_its_predecessor_beside_it(
    client: Client, model_server: ModelServer
) -> None:
    said = {"now": "NO"}
    model_server.verdict = lambda request: json.dumps({"reasoning": "So it is.", "rating": said["now"]})
    experiment = ran(client, rows=4)
    for item in experiment.next_to_label(100):
        item.label("NO")
    said["now"] = "YES"
    for _ in client.stream_batch_rate(experiment.responses()):
        pass
    fresh = client.get_experiment(name="First")
    found = fresh.agreement()
    # The same judge by name and model: its verdicts of now count.
    assert [one.pass_rate.estimate for one in found.judges] == [1.0, 1.0]
    assert [one.n for one in found.judges] == [4, 4]
    assert not found.is_validated
    assert "judge not validated: 4 labels; it says YES to all" in str(found)
    assert "judge not validated" in str(fresh.statistics())


def test_the_summary_says_judge_not_validated_where_somebody_labelled(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment.print_results_summary()
    assert "validated" not in capsys.readouterr().out
    experiment.next_to_label(1)[0].label("NO")
    experiment.print_results_summary()
    assert "judge not validated: 1 label;" in capsys.readouterr().out


def test_what_is_drawn_is_what_this_key_has_not_labelled(admin: Client, experiment: Experiment) -> None:
    first = experiment.next_to_label(100)
    assert len(first) == 16
    for item in first[:5]:
        item.label("YES")
    pairs = [(item.response_id, item.criterion.id) for item in experiment.next_to_label(100)]
    assert pairs == [(item.response_id, item.criterion.id) for item in first[5:]]
    with other_key(admin, "Ada", "editor") as ada:
        hers = ada.get_experiment(name="First")
        assert len(hers.next_to_label(100)) == 16
        only = hers.next_to_label(100, "Is it short?")
        assert Counter(item.question for item in only) == {"Is it short?": 8}
        only[0].label("NO")
        with pytest.raises(PermissionDeniedError, match="withdrawn with that key"):
            ada.delete_label(admin.list_labels(mine=True)[0])
    with pytest.raises(ValidationError, match="none of experiment 'First' is 'Is it kind'; give the id"):
        experiment.next_to_label(1, criterion="Is it kind")
    with pytest.raises(ValidationError, match="n must be"):
        experiment.next_to_label(0)


def test_labels_are_listed_by_what_they_are_about(admin: Client, experiment: Experiment) -> None:
    response = experiment.responses()[0]
    (short, verse) = (rating.label("YES") for rating in response.ratings)
    assert admin.list_labels(experiment) == admin.list_labels(experiment.id) == [short, verse]
    assert admin.list_labels(response=response, criterion=response.ratings[1].criterion) == [verse]
    assert admin.list_labels(criterion_set=experiment.criterion_set) == [short, verse]
    assert admin.list_labels(response=response.id + 1) == []
    assert "2 labels" in repr(admin.list_labels())
    with pytest.raises(NotFoundError):
        admin.list_labels("Nothing of that name")
    with pytest.raises(ValidationError, match="mine must be True or False"):
        admin.list_labels(mine="yes")  # type: ignore[arg-type]


def test_a_reader_reads_labels_and_gives_none(admin: Client, experiment: Experiment) -> None:
    given = experiment.responses()[0].ratings[0].label("YES")
    with other_key(admin, "Dashboard", "reader") as reader:
        assert reader.list_labels() == [given]
        found = reader.get_experiment(name="First")
        assert found.agreement().judges
        with pytest.raises(PermissionDeniedError, match="put_labels takes an editor"):
            found.next_to_label(1)[0].label("YES")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_labels_come_back_from_a_file_as_they_were(
    admin: Client, experiment: Experiment, tmp_path: Path, encoding: str
) -> None:
    items = experiment.next_to_label(len(HOSTILE))
    for item, reason in zip(items, HOSTILE, strict=True):
        item.label("UNSURE", reason)
    before = admin.list_labels("First")
    before.to_csv(tmp_path / "labels.csv", encoding=encoding)
    assert admin.import_labels(tmp_path / "labels.csv") == before  # it is all there already
    for label in before:
        admin.delete_label(label)
    again = admin.import_labels(tmp_path / "labels.csv")
    told = [(one.response_id, one.criterion_id, one.value, one.reason) for one in before]
    assert [(one.response_id, one.criterion_id, one.value, one.reason) for one in again] == told
    text = (tmp_path / "labels.csv").read_text(encoding="utf-8-sig")
    assert "\"'=HYPERLINK" in text


def test_a_draw_is_filled_in_by_a_spreadsheet_and_read_again(
    admin: Client, experiment: Experiment, tmp_path: Path
) -> None:
    path = tmp_path / "to_label.csv"
    experiment.next_to_label(4).to_csv(path)
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    assert head == "response_id,criterion_id,prompt,answer,criterion,label,reason"
    assert not any("offline" in row.lower() and "YES" in row for row in rows)
    assert admin.import_labels(path) == []
    filled = [rows[0].removesuffix(",,") + ",yes,", rows[1].removesuffix(",,") + ", No ,because", *rows[2:]]
    path.write_text("\n".join([head, *filled]), encoding="utf-8")
    assert [(one.value, one.reason) for one in admin.import_labels(path)] == [
        ("YES", None),
        ("NO", "because"),
    ]
    assert len(experiment.next_to_label(100)) == 14


def test_every_wrong_row_of_a_file_is_told_with_its_line_and_nothing_is_sent(
    admin: Client, experiment: Experiment, tmp_path: Path
) -> None:
    response = experiment.responses()[0]
    pair = f"{response.id},{response.ratings[0].criterion.id}"
    path = tmp_path / "labels.csv"
    path.write_text(
        f'response_id,criterion_id,label,reason\n{pair},YES,"two\nlines"\nx,1,YES,\n{pair},MAYBE,\n{pair},NO,\n'
        f"{pair},,\n0,{2**53},UNSURE,{'x' * 10_001}\n",
        encoding="utf-8",
    )
    with pytest.raises(ValidationError) as refused:
        admin.import_labels(path)
    told = str(refused.value)
    assert "line 4: response_id must be a positive integer, not 'x'" in told
    assert "line 5: label must be YES, NO or UNSURE, or empty, not 'MAYBE'" in told
    assert f"line 6: response {response.id} and criterion" in told
    assert "have a label in line 2 already" in told
    assert "line 8: response_id" in told
    assert "line 8: criterion_id" in told
    assert "line 8: reason must have at most 10000" in told
    assert "line 7" not in told
    assert admin.list_labels(earlier=True) == []
    path.write_text("response_id,label\n1,YES\n", encoding="utf-8")
    with pytest.raises(ValidationError, match="there is no column 'criterion_id'"):
        admin.import_labels(path)
    path.write_text(f"response_id;criterion_id;label\n{pair.replace(',', ';')};YES\n", encoding="utf-8")
    assert len(admin.import_labels(path, delimiter=";")) == 1
    with pytest.raises(
        FileNotFoundError, match=r"there is no file '.*label.csv' \(did you mean 'labels.csv'\?\)"
    ):
        admin.import_labels(tmp_path / "label.csv")


def test_a_file_names_what_is_not_there_and_none_of_it_is_stored(
    admin: Client, experiment: Experiment, tmp_path: Path
) -> None:
    response = experiment.responses()[0]
    number = response.ratings[0].criterion.id
    path = tmp_path / "labels.csv"
    path.write_text(
        f"response_id,criterion_id,label\n{response.id},{number},YES\n987654,{number},NO\n", encoding="utf-8"
    )
    with pytest.raises(NotFoundError, match="no response 987654"):
        admin.import_labels(path)
    assert admin.list_labels(earlier=True) == []


def test_a_server_without_labels_says_what_does_instead(
    admin: Client, experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("list_labels", "put_labels", "list_earlier_ratings"):
        monkeypatch.delitem(HANDLERS, name)
    response = experiment.responses()[0]
    with pytest.raises(NotSupportedError, match=r"keeps no labels .* response.annotate\(\)"):
        response.ratings[0].label("YES")
    for ask in (admin.list_labels, experiment.agreement, lambda: experiment.next_to_label(1)):
        with pytest.raises(NotSupportedError, match="keeps no labels"):
            ask()
    with pytest.raises(NotSupportedError, match="keeps no earlier verdicts"):
        response.rating_history()
    assert experiment.statistics().not_validated == ()


def test_a_criterion_is_named_by_text_before_label_or_by_id(admin: Client, experiment: Experiment) -> None:
    criteria = [
        CriterionIn(criterion_str="Is it short?", label="length"),
        CriterionIn(criterion_str="Is it in verse?", label="Is it short?"),
        CriterionIn(criterion_str="Is it kind?", label="same"),
        CriterionIn(criterion_str="Is it calm?", label="same"),
    ]
    second = admin.run_experiment("Second", "Tutor", "Topics", criteria=criteria)
    ids = [one.id for one in second.criterion_set.criteria or ()]

    def drawn(criterion: str | int) -> set[int]:
        return {item.criterion.id for item in second.next_to_label(4, criterion)}

    assert drawn("Is it short?") == {ids[0]}
    assert drawn(str(ids[2])) == {ids[2]}
    with pytest.raises(ValidationError, match=rf"more than one .* \(id {ids[2]}\), .* \(id {ids[3]}\)"):
        drawn("same")
