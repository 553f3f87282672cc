"""Models that a notebook shows as tables, made by hand and full of one text."""

from __future__ import annotations

import datetime
from typing import Any

from elluminate.schemas import (
    AddedRows,
    CollectionColumn,
    Criterion,
    CriterionSet,
    Experiment,
    ExperimentResults,
    Label,
    LabelValue,
    LLMConfig,
    MeanRating,
    MissingVerdict,
    MissingVerdictCause,
    MissingVerdictReason,
    ModelCosts,
    Prompt,
    PromptResponse,
    PromptTemplate,
    Rating,
    RatingValue,
    ScenarioField,
    ScenarioSet,
    TemplateVariables,
    TemplateVariablesCollectionWithEntries,
    VerdictCounts,
)
from elluminate.schemas.label_draws import draw
from elluminate.schemas.labels import Labels
from elluminate.schemas.response import Responses

MADE = datetime.datetime(2026, 11, 25, 12, 30, tzinfo=datetime.UTC)


def results(text: str = "no answer") -> ExperimentResults:
    """Two criteria, 1 and 2, over four answers: three verdicts of the first are there, none of the second."""
    reason = MissingVerdictReason(cause=MissingVerdictCause.NOT_JUDGED, reason=text, count=5)
    first = VerdictCounts(
        expected=4, given=3, pending=0, missing_answer_failed=0, missing_not_judged=1, reasons=[]
    )
    second = VerdictCounts(
        expected=4, given=0, pending=0, missing_answer_failed=0, missing_not_judged=4, reasons=[]
    )
    whole = VerdictCounts(
        expected=8,
        given=3,
        pending=0,
        missing_answer_failed=0,
        missing_not_judged=5,
        reasons=[reason],
        missing_for_other_reasons=1,
    )
    return ExperimentResults(
        mean_all_ratings=MeanRating(yes=2 / 3, no=1 / 3),
        mean_rating_by_criterion_id={1: MeanRating(yes=2 / 3, no=1 / 3)},
        input_tokens_per_response=[],
        output_tokens_per_response=[],
        duration_seconds_per_response=[],
        num_rated_responses=3,
        num_failed_responses=0,
        num_truncated_responses=1,
        answer_costs=ModelCosts(count=4, priced_count=4, cost_usd=0.5),
        verdicts=whole,
        verdicts_by_criterion_id={1: first, 2: second},
    )


def models(text: str = "tides", *, rows: int = 3, columns: int = 2, criteria: int = 2) -> list[Any]:
    """One of each, with this text wherever a user, a model or a judge puts one."""
    names = [f"{text}{number}" for number in range(columns)]
    collection = TemplateVariablesCollectionWithEntries(
        id=1,
        name=text,
        description=text,
        variables_count=rows,
        columns=[CollectionColumn(name=name, default_value=text) for name in names],
        variables=[],
    )
    entries = [
        TemplateVariables(
            id=number, input_values=dict.fromkeys(names, text), collection=collection, created_at=MADE
        )
        for number in range(rows)
    ]
    collection.variables = entries
    template = PromptTemplate(
        id=3,
        name=text,
        version=2,
        messages=[
            {"role": text, "content": text},
            {"role": "user", "content": [{"type": "text", "text": text}, {"type": text, text: text}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": text}]},
        ],
        placeholders={text},
        response_format_json_schema={text: text},
    )
    questions = [
        Criterion(id=number, criterion_str=f"{text}{number}", label=text, created_at=MADE)
        for number in range(1, criteria + 1)
    ]
    questions[0].template_variables = entries[0]
    criterion_set = CriterionSet(id=4, name=text, criteria=questions, linked_prompt_templates=[template])
    config = LLMConfig(
        id=5, name=text, llm_model_name=text, description=text, system_message=text, api_key="sk-never-shown"
    )
    responses = [
        PromptResponse(
            id=number,
            prompt=Prompt(id=number, prompt_template=template, template_variables=entry, created_at=MADE),
            messages=[{"role": "assistant", "content": text}],
            generation_metadata=None,
            error=text if number == 1 else None,
            annotation=text,
            epoch=1,
            created_at=MADE,
            ratings=[
                Rating(id=number, criterion=question, rating=RatingValue.YES, created_at=MADE, reasoning=text)
                for question in questions
            ],
            missing_verdicts=[
                MissingVerdict(criterion_id=9, cause=MissingVerdictCause.NOT_JUDGED, reason=text)
            ],
        )
        for number, entry in enumerate(entries)
    ]
    experiment = Experiment(
        id=6,
        name=text,
        collection=collection,
        criterion_set=criterion_set,
        llm_config=config,
        prompt_template=template,
        created_at=MADE,
        updated_at=MADE,
        results=results(text),
        rated_responses=responses,
    )
    scenarios = ScenarioSet(
        id=7, name=text, fields=[ScenarioField(id=8, name=text, field_type="text", default_value=text)]
    )
    label = Label(
        id=10,
        experiment_id=6,
        response_id=1,
        criterion_id=1,
        value=LabelValue.NO,
        reason=text,
        key_name=text,
        created_at=MADE,
    )
    return [
        experiment,
        results(text),
        responses[0],
        Responses(responses),
        collection,
        entries[0],
        AddedRows(entries),
        criterion_set,
        questions[0],
        template,
        config,
        scenarios,
        Labels([label]),
        draw(responses[1:], 5, seed=""),
    ]
