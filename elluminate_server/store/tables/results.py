"""Experiments and what comes of them: prompts, responses, ratings, frozen tasks."""

import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from elluminate_server.domain.flaws import Flaw
from elluminate_server.store.columns import Id, Json, UtcDateTime, utc_now
from elluminate_server.store.tables.base import (
    COUNTED,
    Base,
    created_at_column,
    deleted_at_column,
    id_column,
    reference,
    updated_at_column,
)


class Experiment(Base):
    """Evaluation run of one template on one collection, judged by one criterion set."""

    __tablename__ = "experiments"
    __table_args__ = (UniqueConstraint("project_id", "name"), COUNTED)

    id: Mapped[int] = id_column()
    project_id: Mapped[int] = reference("projects", cascade=True, index=False)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    prompt_template_id: Mapped[int | None] = reference("prompt_templates")
    collection_id: Mapped[int] = reference("collections")
    criterion_set_id: Mapped[int] = reference("criterion_sets")
    llm_config_id: Mapped[int | None] = reference("llm_configs")
    """NULL means the server's default model."""
    rating_version: Mapped[str | None] = mapped_column(String(255), default=None)
    rating_mode: Mapped[str] = mapped_column(String(32), default="detailed")
    n_epochs: Mapped[int] = mapped_column(Integer, default=1)
    generation_params: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    evaluation_mode: Mapped[str] = mapped_column(String(32), default="STANDARD")
    persona_group_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("persona_groups.id"), index=True, default=None
    )
    """Who talks in a multi-turn experiment; NULL in every other."""
    response_column_id: Mapped[int | None] = mapped_column(Id, default=None)
    agent_config: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    evaluation_agent_config: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    cache_seconds: Mapped[int | None] = mapped_column(Id, default=None)
    """How old answers to equal calls may be that its runs take; NULL where they take none, and keep none."""
    answers_from_elsewhere: Mapped[bool | None] = mapped_column(Boolean, default=None)
    """Whether its answers are uploaded, so that no model is ever asked for one; NULL is not."""
    generation_task_id: Mapped[str | None] = mapped_column(String(32), default=None)
    """The running task; NULL when none runs."""
    has_internal_error: Mapped[bool] = mapped_column(Boolean, default=False)
    started_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    """When its first run began; NULL means that it never ran."""
    finished_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    created_at: Mapped[datetime.datetime] = created_at_column()
    updated_at: Mapped[datetime.datetime] = updated_at_column()
    deleted_at: Mapped[datetime.datetime | None] = deleted_at_column()
    """Of a large one, whose responses are then taken away in pieces; readers see none of it any more."""


class AgentTask(Base):
    """Task of an AGENTIC experiment as it was when the experiment was created; one for each row."""

    __tablename__ = "agent_tasks"
    __table_args__ = (UniqueConstraint("experiment_id", "entry_id"), COUNTED)

    id: Mapped[int] = id_column()
    experiment_id: Mapped[int] = reference("experiments", cascade=True, index=False)
    entry_id: Mapped[int] = reference("entries")
    entry_identity: Mapped[str] = mapped_column(String(64))
    task_name: Mapped[str] = mapped_column(Text)
    input_values: Mapped[dict[str, Any]] = mapped_column(Json)
    """The row's values, defaults filled in."""
    messages: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """The instruction as a prompt; empty when the collection has no raw_input column."""
    criteria: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """The contract's `AgentResultCriterionDefinition` objects."""


class Prompt(Base):
    """A template rendered with one row; one for each row of an experiment."""

    __tablename__ = "prompts"
    __table_args__ = (UniqueConstraint("experiment_id", "entry_id"), COUNTED)

    id: Mapped[int] = id_column()
    experiment_id: Mapped[int] = reference("experiments", cascade=True, index=False)
    prompt_template_id: Mapped[int | None] = reference("prompt_templates")
    entry_id: Mapped[int] = reference("entries")
    entry_identity: Mapped[str] = mapped_column(String(64))
    """The row's identity when it was rendered; the prompt is stale when the row's is another now."""
    input_values: Mapped[dict[str, Any]] = mapped_column(Json)
    """The row's values when it was rendered, defaults filled in."""
    messages: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    resolved_tools: Mapped[list[dict[str, Any]] | None] = mapped_column(Json, default=None)
    resolved_tool_choice: Mapped[str | dict[str, Any] | None] = mapped_column(Json, default=None)
    resolved_response_format: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    created_at: Mapped[datetime.datetime] = created_at_column()


class Response(Base):
    """Answer to one prompt in one epoch, or the reason why there is none (`error`)."""

    __tablename__ = "responses"
    __table_args__ = (
        # In the order in which they are listed, so that a late page costs as little as the first.
        Index("ix_responses_row_order", "experiment_id", "entry_id", "epoch", "persona_version_id", "id"),
        CheckConstraint("epoch >= 1", name="epoch"),
        COUNTED,
    )

    id: Mapped[int] = id_column()
    experiment_id: Mapped[int] = reference("experiments", cascade=True, index=False)
    prompt_id: Mapped[int] = reference("prompts", cascade=True)
    entry_id: Mapped[int] = reference("entries")
    epoch: Mapped[int] = mapped_column(Integer, default=1)
    messages: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """The contract's `ResponseMessage` objects; what there is of them when `error` is set."""
    error: Mapped[str | None] = mapped_column(Text, default=None)
    annotation: Mapped[str] = mapped_column(Text, default="")
    termination_reason: Mapped[str | None] = mapped_column(String(255), default=None)
    persona_version_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("persona_versions.id"), index=True, default=None
    )
    """Who talked with the model; NULL outside multi-turn experiments."""
    trajectory: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None, deferred=True)
    """Megabytes, where it is there: read only when asked for (`undefer`)."""
    trajectory_ingest_error: Mapped[str | None] = mapped_column(Text, default=None)
    """Why an uploaded trajectory was dropped."""
    agent_trial: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    """What was uploaded with a trial and has no column: task_name, reward, steps, cost_usd, metadata."""
    generation_metadata: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    """The contract's `GenerationMetadata` (`llm.types.Usage.metadata`); the next ones repeat parts of it."""
    llm_model_name: Mapped[str | None] = mapped_column(String(255), default=None)
    duration_seconds: Mapped[float | None] = mapped_column(Float, default=None)
    input_tokens: Mapped[int | None] = mapped_column(Id, default=None)
    output_tokens: Mapped[int | None] = mapped_column(Id, default=None)
    reasoning_tokens: Mapped[int | None] = mapped_column(Id, default=None)
    input_price_per_mtok: Mapped[float | None] = mapped_column(Float, default=None)
    """US dollars that a million of its tokens came to when it was made, cached ones at their price; NULL if unknown."""
    output_price_per_mtok: Mapped[float | None] = mapped_column(Float, default=None)
    judged_as_of: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    """The moment whose criteria it is judged by (`execution.moments`); NULL for when it was stored."""
    flaw: Mapped[Flaw | None] = mapped_column(Text, default=None)
    cached: Mapped[bool | None] = mapped_column(Boolean, default=None)
    """Whether no model was asked, because an equal call had been answered before."""
    created_at: Mapped[datetime.datetime] = created_at_column()


class KeptResults(Base):
    """Results of an experiment that is over; a trigger drops them when something changes that they are made of."""

    __tablename__ = "kept_results"

    experiment_id: Mapped[int] = mapped_column(
        Id, ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    token: Mapped[str] = mapped_column(String(32))
    """Of whoever computes them: nothing has changed since it was written when it is still there."""
    body: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    """The contract's `ExperimentResults` as JSON; NULL while they are computed."""


class KeptCall(Base):
    """What a model answered to a call, kept for runs that would make an equal one (`execution.kept_calls`)."""

    __tablename__ = "kept_calls"

    project_id: Mapped[int] = mapped_column(
        Id, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """SHA-256 of all that shapes the answer."""
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    """JSON."""
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)


class Rating(Base):
    """Verdict on one response for one criterion. Rating again replaces it."""

    __tablename__ = "ratings"
    __table_args__ = (
        UniqueConstraint("response_id", "criterion_id"),
        CheckConstraint("rating IN ('YES', 'NO')", name="rating"),
        COUNTED,
    )

    id: Mapped[int] = id_column()
    response_id: Mapped[int] = reference("responses", cascade=True, index=False)
    criterion_id: Mapped[int] = reference("criteria")
    rating: Mapped[str] = mapped_column(String(3))
    reasoning: Mapped[str | None] = mapped_column(Text, default=None)
    generation_metadata: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    """The contract's `GenerationMetadata`; the next ones repeat parts of it."""
    input_tokens: Mapped[int | None] = mapped_column(Id, default=None)
    output_tokens: Mapped[int | None] = mapped_column(Id, default=None)
    cost_usd: Mapped[float | None] = mapped_column(Float, default=None)
    """What the judge's call came to when it was made; NULL if unknown."""
    origin: Mapped[str | None] = mapped_column(String(16), default=None)
    """Who gave it: judge, check, or program; NULL in rows that are older than the column."""
    created_at: Mapped[datetime.datetime] = created_at_column()
