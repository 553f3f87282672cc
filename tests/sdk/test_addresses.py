"""Where a browser shows what a client has: the addresses of pages."""

from pathlib import Path

import pytest

from elluminate import Client
from elluminate.exceptions import ModelNotBoundError
from elluminate.schemas import Experiment
from tests.support.serve_process import serving
from tests.unit.sdk.shown_models import models


def _experiment(client: Client) -> Experiment:
    template, _ = client.get_or_create_prompt_template("Explain", template="Explain {{topic}}.")
    collection = client.create_collection("Topics", variables=[{"topic": "tides"}])
    return client.run_experiment("First", template, collection, criteria=["Is it short?"])


def test_experiments_and_responses_have_addresses_on_a_server(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "served.db") as served,
        Client(base_url=served.base_url, api_key=served.api_key) as client,
    ):
        experiment = _experiment(client)
        project = f"{served.base_url}/projects/{client.projects[0].id}"
        assert experiment.url == f"{project}/experiments/{experiment.id}"
        (response,) = experiment.responses()
        assert response.url == f"{project}/responses/{response.id}"
        assert f"{project}/experiments/{experiment.id}" in (experiment._repr_html_() or "")


def test_a_server_in_this_process_has_none(tmp_path: Path) -> None:
    with Client(base_url=f"local:{tmp_path / 'test.db'}") as client:
        experiment = _experiment(client)
        assert experiment.url is None
        assert experiment.responses()[0].url is None
        assert experiment._repr_html_()


def test_one_made_by_hand_has_none_to_tell_and_is_shown_all_the_same() -> None:
    (experiment,) = [each for each in models() if isinstance(each, Experiment)][:1]
    with pytest.raises(ModelNotBoundError):
        _ = experiment.url
    assert experiment._repr_html_()
