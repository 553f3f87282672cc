"""Experiments of any size, written straight into the tables: what pages show of ten thousand answers."""

from collections.abc import Sequence

from sqlalchemy import insert

from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import (
    Collection,
    CollectionColumn,
    Criterion,
    CriterionSet,
    Entry,
    Experiment,
    Prompt,
    PromptTemplate,
    Rating,
    Response,
)

CRITERIA = ("Is it short?", "Is it right?", "Is it kind?")


async def fill(
    store: Store,
    *,
    rows: int,
    epochs: int = 1,
    name: str = "Filled",
    criteria: Sequence[str] = CRITERIA,
    answer: str = "An answer about {topic}.",
    topic: str = "topic {number}",
    reasoning: str = "Because of {number}.",
    project_id: int = 1,
) -> int:
    """An experiment that is over, each row of which has an answer in each epoch; its id.

    Of the verdicts, every seventh is NO; every hundredth answer failed.
    """
    now = utc_now()
    async with store.write() as session:
        template = PromptTemplate(
            project_id=project_id,
            name=f"{name} template",
            version=1,
            messages=[{"role": "user", "content": "Explain {{topic}}."}],
            placeholders=["topic"],
            identity=f"{name}-identity"[:64],
        )
        collection = Collection(project_id=project_id, name=f"{name} rows")
        criterion_set = CriterionSet(project_id=project_id, name=f"{name} set")
        session.add_all([template, collection, criterion_set])
        await session.flush()
        session.add(CollectionColumn(collection_id=collection.id, name="topic", position=0))
        judged_by = [
            Criterion(criterion_set_id=criterion_set.id, criterion_str=text, label=text[:200], position=place)
            for place, text in enumerate(criteria)
        ]
        session.add_all(judged_by)
        experiment = Experiment(
            project_id=project_id,
            name=name,
            prompt_template_id=template.id,
            collection_id=collection.id,
            criterion_set_id=criterion_set.id,
            n_epochs=epochs,
            started_at=now,
            finished_at=now,
        )
        session.add(experiment)
        await session.flush()
        values = [{"topic": topic.format(number=number)} for number in range(rows)]
        entries = list(
            await session.scalars(
                insert(Entry).returning(Entry.id, sort_by_parameter_order=True),
                [
                    {"collection_id": collection.id, "input_values": value, "identity": f"{place:064x}"}
                    for place, value in enumerate(values)
                ],
            )
        )
        prompts = list(
            await session.scalars(
                insert(Prompt).returning(Prompt.id, sort_by_parameter_order=True),
                [
                    {
                        "experiment_id": experiment.id,
                        "prompt_template_id": template.id,
                        "entry_id": entry,
                        "entry_identity": f"{place:064x}",
                        "input_values": values[place],
                        "messages": [{"role": "user", "content": f"Explain {values[place]['topic']}."}],
                    }
                    for place, entry in enumerate(entries)
                ],
            )
        )
        responses = list(
            await session.scalars(
                insert(Response).returning(Response.id, sort_by_parameter_order=True),
                [
                    {
                        "experiment_id": experiment.id,
                        "prompt_id": prompts[place],
                        "entry_id": entries[place],
                        "epoch": epoch,
                        "messages": []
                        if (place * epochs + epoch) % 100 == 99
                        else [{"role": "assistant", "content": answer.format(topic=values[place]["topic"])}],
                        "error": "The endpoint is away." if (place * epochs + epoch) % 100 == 99 else None,
                        "duration_seconds": 0.5 + (place % 50) / 25,
                        "input_tokens": 20,
                        "output_tokens": 40,
                    }
                    for place in range(rows)
                    for epoch in range(1, epochs + 1)
                ],
            )
        )
        await session.execute(
            insert(Rating),
            [
                {
                    "response_id": response,
                    "criterion_id": criterion.id,
                    "rating": "NO" if (number + place) % 7 == 0 else "YES",
                    "reasoning": reasoning.format(number=number),
                    "origin": "judge",
                }
                for number, response in enumerate(responses)
                if (number + 1) % 100 != 99
                for place, criterion in enumerate(judged_by)
            ],
        )
        return experiment.id
