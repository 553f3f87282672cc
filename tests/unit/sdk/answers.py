"""What a server answers, as plain JSON: one builder per kind of thing."""

from __future__ import annotations

from typing import Any

NOW = "2026-05-01T10:00:00Z"


def project(id: int = 1, **changes: Any) -> dict[str, Any]:
    organization = {
        "id": 1,
        "name": "Org",
        "domain": "org.test",
        "stripe_subscription_id": None,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return {
        "id": id,
        "name": f"Project {id}",
        "description": "",
        "organization": organization,
        "created_at": NOW,
        "updated_at": NOW,
    } | changes


def template(id: int = 10, **changes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "name": "Explain",
        "version": 1,
        "messages": [{"role": "user", "content": "Explain {{concept}}."}],
        "placeholders": ["concept"],
        "criterion_set_id": None,
        "created_at": NOW,
        "updated_at": NOW,
    } | changes


def bare_collection(id: int = 20, **changes: Any) -> dict[str, Any]:
    column = {"id": 1, "name": "concept", "column_type": "text", "default_value": "", "column_position": 0}
    return {
        "id": id,
        "name": "Concepts",
        "description": "",
        "columns": [column],
        "variables_count": 1,
        "created_at": NOW,
        "updated_at": NOW,
    } | changes


def row(id: int = 30, concept: str = "recursion", **changes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "input_values": {"concept": concept},
        "collection": bare_collection(),
        "created_at": NOW,
    } | changes


def collection(id: int = 20, rows: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    rows = [row()] if rows is None else rows
    return bare_collection(id) | {"variables": rows, "variables_count": len(rows)} | changes


def criterion(id: int = 40, text: str = "Is it correct?", **changes: Any) -> dict[str, Any]:
    return {"id": id, "criterion_str": text, "created_at": NOW, "label": None} | changes


def criterion_set(id: int = 50, **changes: Any) -> dict[str, Any]:
    return {"id": id, "name": "Quality", "criteria": [criterion()], "linked_prompt_templates": []} | changes


def llm_config(id: int | None = 60, **changes: Any) -> dict[str, Any]:
    return {"id": id, "name": "Small", "llm_model_name": "small-1", "inference_type": "openai"} | changes


def results(**changes: Any) -> dict[str, Any]:
    return {
        "mean_all_ratings": {"yes": 0.75, "no": 0.25},
        "mean_rating_by_criterion_id": {"40": {"yes": 0.75, "no": 0.25}},
        "input_tokens_per_response": [4],
        "output_tokens_per_response": [2],
        "duration_seconds_per_response": [0.5],
        "num_rated_responses": 4,
        "num_failed_responses": 0,
    } | changes


def experiment(id: int = 70, **changes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "name": "First try",
        "description": "",
        "collection": bare_collection(),
        "criterion_set": criterion_set(),
        "prompt_template": template(),
        "llm_config": llm_config(),
        "rated_responses": [],
        "generation_task_id": None,
        "results": None,
        "created_at": NOW,
        "updated_at": NOW,
    } | changes


def rating(id: int = 90, value: str = "YES", **changes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "criterion": criterion(),
        "rating": value,
        "reasoning": "It is.",
        "created_at": NOW,
    } | changes


def response(id: int = 80, text: str = "A function that calls itself.", **changes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "prompt": {
            "id": 81,
            "template_variables": row(),
            "prompt_template": template(),
            "messages": [{"role": "user", "content": "Explain recursion."}],
            "created_at": NOW,
        },
        "messages": [{"role": "assistant", "content": text}],
        "generation_metadata": None,
        "error": None,
        "epoch": 1,
        "created_at": NOW,
        "ratings": [rating()],
    } | changes


def task(status: str, **changes: Any) -> dict[str, Any]:
    return {"status": status, "error_msg": None} | changes
