"""Multi-turn experiments: who talks with whom, when it ends, and what becomes of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from elluminate_server.execution.generation import Generated, Subject, prompt_row
from elluminate_server.execution.multi_turn import Scene, converse, load_scene
from elluminate_server.execution.plans import Plan, load_plan
from elluminate_server.llm.offline import OfflineModel
from elluminate_server.llm.simulated_user import END_MARK
from elluminate_server.llm.types import Answer, ModelError, UserCase, UserTurn
from elluminate_server.store.tables import Persona, PersonaVersion, Prompt
from tests.execution.backend import Backend
from tests.execution.scene import scene
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.anyio

MOON = {
    "goal": "Understand tides, moons and gravity",
    "expected_conversation_outcome": "Can explain why tides exist.",
}
RAIN = {"goal": "Understand rain", "expected_conversation_outcome": "Can explain clouds."}


def group(backend: Backend, *names: str) -> dict[str, Any]:
    personas = [
        backend.post("personas", {"name": name, "description": f"{name} is curious."}) for name in names
    ]
    made: dict[str, Any] = backend.post(
        "persona-groups", {"name": " ".join(names), "persona_ids": [one["id"] for one in personas]}
    )
    return made


def scenario_set(backend: Backend, *scenarios: dict[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = backend.post("scenario-sets", {"name": "Lessons"})
    backend.post(f"scenario-sets/{made['id']}/scenarios/batch", {"scenarios": list(scenarios)})
    return made


def experiment(backend: Backend, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = backend.post(
        "experiments", {"name": "Talks", "description": "", "evaluation_mode": "MULTI_TURN", **fields}
    )
    return made


def texts(response: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in response["messages"]]


def test_each_persona_talks_about_each_scenario(backend: Backend) -> None:
    template = backend.post(
        "prompt_templates",
        {"name": "Tutor", "messages": [{"role": "system", "content": "Help with: {{goal}}."}]},
    )
    criteria = backend.post(
        "criterion_sets",
        {"name": "Quality", "criteria": [{"criterion_str": "Is it about tides?"}]},
    )
    lessons = scenario_set(backend, MOON, RAIN)
    made = experiment(
        backend,
        prompt_template_id=template["id"],
        scenario_set_id=lessons["id"],
        persona_group_id=group(backend, "Ada", "Grace")["id"],
        criterion_set_id=criteria["id"],
    )
    status = backend.ended(made, backend.run(made, n_epochs=2))

    assert (status["status"], status["total_responses"]) == ("SUCCESS", 8)
    responses = backend.responses(experiment_id=made["id"])
    goals = [one["prompt"]["template_variables"]["input_values"]["goal"] for one in responses]
    assert [
        (goal[11:15], one["epoch"], one["persona"]["name"])
        for goal, one in zip(goals, responses, strict=True)
    ] == [(goal, epoch, name) for goal in ("tide", "rain") for epoch in (1, 2) for name in ("Ada", "Grace")]
    assert {one["termination_reason"] for one in responses} == {"persona_ended"}
    assert responses[0]["prompt"]["messages"][0]["content"] == f"Help with: {MOON['goal']}."
    assert texts(responses[0]) == [
        ("user", "I am Ada. Please tell me about Understand, tides, moons and gravity."),
        ("assistant", "Offline answer about Ada, Understand and tides: words of the request, nothing more."),
        ("user", "Please tell me about moons and gravity."),
        ("assistant", "Offline answer about moons and gravity: words of the request, nothing more."),
        ("user", "Thank you."),
    ]
    assert [one["ratings"][0]["rating"] for one in responses] == ["YES"] * 4 + ["NO"] * 4

    read = backend.get(f"experiments/{made['id']}")
    assert (read["collection"]["id"], read["collection"]["name"]) == (lessons["id"], "Lessons")
    assert read["collection"]["collection_type"] == "PERSONA"
    assert [(one["name"], one["column_type"]) for one in read["collection"]["columns"]] == [
        ("goal", "persona_goal"),
        ("expected_conversation_outcome", "text"),
    ]
    assert read["results"]["num_rated_responses"] == 8
    samples = backend.get(f"experiments/{made['id']}/map")["samples"]
    assert [(one["persona"]["name"], len(one["responses"])) for one in samples] == [
        ("Ada", 2),
        ("Grace", 2),
        ("Ada", 2),
        ("Grace", 2),
    ]


async def test_a_row_that_did_not_fill_the_template_fails_for_the_next_persona_too(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        experiment_id = await stage.add_experiment(rows=2)
        async with stage.store.write() as session:
            session.add(persona := Persona(project_id=stage.project_id, name="Grace"))
            await session.flush()
            session.add(version := PersonaVersion(persona_id=persona.id, version=1, description="Patient."))
            plan = await load_plan(session, experiment_id)
            assert plan is not None
            unfilled = Subject(entry_id=1, entry_identity="1", values={}, error="too large")
            session.add(Prompt(**prompt_row(plan, unfilled)))
        talk = attrs.evolve(plan, is_conversation=True)
        async with stage.store.read() as session:
            failed = await load_scene(session, talk, 1, version.id)
            good = await load_scene(session, talk, 2, version.id)
            bare = await load_scene(session, attrs.evolve(talk, template_messages=None), 1, version.id)
    assert failed is not None
    assert good is not None
    assert bare is not None
    assert failed.subject.error is not None
    assert (good.subject.error, bare.subject.error) == (None, None)
    assert good.subject.messages == [{"role": "user", "content": "Explain topic2."}]


def test_a_collection_with_goals_needs_no_template(backend: Backend) -> None:
    collection = backend.post(
        "collections", {"name": "Goals", "variables": [{"goal": "Understand rain"}, {"goal": ""}]}
    )
    made = experiment(
        backend, collection_id=collection["id"], persona_group_id=group(backend, "Ada")["id"], generate=True
    )
    assert backend.ended(made, made["generation_task_id"])["status"] == "SUCCESS"

    talked, silent = backend.responses(experiment_id=made["id"])
    assert (talked["termination_reason"], talked["prompt"]["messages"]) == ("persona_ended", [])
    assert (silent["termination_reason"], silent["messages"]) == ("failed", [])
    assert "no goal" in silent["error"]


def test_a_conversation_keeps_the_persona_it_was_held_with(backend: Backend) -> None:
    ada = group(backend, "Ada")
    made = experiment(
        backend,
        scenario_set_id=scenario_set(backend, RAIN)["id"],
        persona_group_id=ada["id"],
    )
    persona = ada["personas"][0]
    backend.http.put(f"personas/{persona['id']}", json={"description": "Patient."}).raise_for_status()
    backend.ended(made, backend.run(made))
    backend.http.put(f"personas/{persona['id']}", json={"description": "Angry."}).raise_for_status()
    backend.http.delete(f"persona-groups/{ada['id']}").raise_for_status()
    backend.http.delete(f"personas/{persona['id']}").raise_for_status()

    (response,) = backend.responses(experiment_id=made["id"])
    assert response["persona"] == {"id": persona["id"], "name": "Ada", "version": 2}


def test_the_default_model_plays_and_the_llm_config_answers(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    config = backend.post("llm_configs", {"name": "Tested", "llm_model_name": "under-test", "api_key": ""})
    made = experiment(
        backend,
        scenario_set_id=scenario_set(backend, RAIN)["id"],
        persona_group_id=group(backend, "Ada")["id"],
        llm_config_id=config["id"],
    )
    model_server.say("Why does it rain?", "Because of clouds.", f"I see.\n{END_MARK}")
    backend.ended(made, backend.run(made))

    (response,) = backend.responses(experiment_id=made["id"])
    assert texts(response) == [
        ("user", "Why does it rain?"),
        ("assistant", "Because of clouds."),
        ("user", "I see."),
    ]
    first, second, third = (request.json for request in model_server.requests[:3])
    assert (first["model"], second["model"], third["model"]) == ("scripted", "under-test", "scripted")
    assert "Ada is curious." in first["messages"][0]["content"]
    assert second["messages"] == [{"role": "user", "content": "Why does it rain?"}]
    assert [message["role"] for message in third["messages"]] == ["system", "user", "assistant", "user"]
    assert response["generation_metadata"]["llm_model_config"]["llm_model_name"] == "under-test"


def test_a_failed_conversation_is_held_again_by_the_same_persona(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    made = experiment(
        backend,
        scenario_set_id=scenario_set(backend, RAIN)["id"],
        persona_group_id=group(backend, "Ada", "Grace")["id"],
        generation_params={"max_connections": 1},
    )
    model_server.fail(2, status=400)
    backend.ended(made, backend.run(made))
    failed = backend.responses(experiment_id=made["id"])
    assert [one["error"] is not None for one in failed] == [True, True]

    again = backend.post(f"experiments/{made['id']}/retry-failed", {}, status=200)
    backend.ended(made, again["generation_task_id"])
    retried = backend.responses(experiment_id=made["id"])
    assert [(one["persona"]["name"], one["termination_reason"], one["error"]) for one in retried] == [
        ("Ada", "turn_limit", None),
        ("Grace", "turn_limit", None),
    ]
    assert [len(one["messages"]) for one in retried] == [20, 20]


class Talker(OfflineModel):
    """Says what it is given, one text for each turn; an exception is raised."""

    def __init__(self, *said: str | ModelError) -> None:
        self.said = list(said)
        self.heard: list[list[str]] = []

    def _next(self, transcript: Sequence[Mapping[str, Any]]) -> str:
        self.heard.append([str(message["content"]) for message in transcript])
        text = self.said.pop(0)
        if isinstance(text, ModelError):
            raise text
        return text

    async def answer(self, messages: Sequence[Mapping[str, Any]], **_: Any) -> Answer:
        message = {"role": "assistant", "content": self._next(messages)}
        return Answer(messages=[message], input_tokens=2, output_tokens=1)

    async def play_user(self, case: UserCase) -> UserTurn:
        text = self._next(case.transcript)
        return UserTurn(text=text.removesuffix("!"), ends=text.endswith("!"))


async def talk(model: Talker, user: Talker, *, max_turns: int = 10, goal: str = "Learn") -> Generated:
    plan = Plan(
        project_id=1,
        experiment_id=1,
        collection_id=1,
        template_id=None,
        template_messages=None,
        tools=None,
        tool_choice=None,
        response_format=None,
        defaults={},
        config=None,
        generation_params={},
        criteria=(),
        run_asked_at=None,
        rating_version=None,
    )
    subject = Subject(
        entry_id=1, entry_identity="", values={}, messages=[{"role": "system", "content": "Be kind."}]
    )
    scene = Scene(
        subject=subject, case=UserCase(name="Ada", description="d", goal=goal), persona_version_id=7
    )

    return await converse(plan, scene, model, user, max_turns=max_turns)


def said(generated: Generated) -> list[str]:
    return [message["content"] for message in generated.messages]


async def test_the_limit_of_turns_ends_a_conversation() -> None:
    held = await talk(Talker("a1", "a2"), Talker("u1", "u2"), max_turns=2)
    assert said(held) == ["u1", "a1", "u2", "a2"]
    assert (held.termination_reason, held.error, held.persona_version_id) == ("turn_limit", None, 7)
    assert (held.usage.input_tokens, held.usage.output_tokens) == (4, 2)


async def test_both_sides_hear_all_that_was_said() -> None:
    model, user = Talker("a1", "a2"), Talker("u1", "u2", "!")
    held = await talk(model, user)
    assert model.heard == [["Be kind.", "u1"], ["Be kind.", "u1", "a1", "u2"]]
    assert user.heard == [[], ["u1", "a1"], ["u1", "a1", "u2", "a2"]]
    assert (said(held), held.termination_reason) == (["u1", "a1", "u2", "a2"], "persona_ended")


async def test_a_failing_side_is_named_and_what_was_said_is_kept() -> None:
    broken = await talk(Talker("a1", ModelError("quota used up")), Talker("u1", "u2"))
    assert (said(broken), broken.termination_reason) == (["u1", "a1", "u2"], "failed")
    assert broken.error == "quota used up"

    unplayed = await talk(Talker("a1"), Talker("u1", ModelError("quota used up")))
    assert (said(unplayed), unplayed.error) == (
        ["u1", "a1"],
        "The persona 'Ada' could not be played: quota used up",
    )


@pytest.mark.parametrize("words", ["bye!", "!"])
async def test_a_conversation_without_any_answer_failed(words: str) -> None:
    held = await talk(Talker(), Talker(words))
    assert (held.termination_reason, "before the model said" in str(held.error)) == ("failed", True)
