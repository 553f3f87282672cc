"""The tables, and who writes what.

- `api` writes everything that a request changes: projects, keys, templates, collections and their rows,
  criteria, LLM configs, experiments, uploaded responses, annotations, idempotency keys.
- `execution` writes what a run produces: prompts, responses, ratings, the state of `tasks` and `work_items`,
  log lines and cursors, and on an experiment its `generation_task_id`, `has_internal_error`, `started_at`,
  `finished_at`.
- An experiment's results are computed from `responses` and `ratings` whenever they are read; no total is
  stored.

What holds for all of them:

- Ids count up and are never used again (AUTOINCREMENT on SQLite), so an old id cannot name a new thing.
- `deleted_at` hides a row that results still refer to. Its name or identity is free again: the unique indexes
  cover only rows that are not deleted. What nothing refers to is deleted for real.
- A prompt keeps the values and messages it was rendered with (`input_values`, `messages`), so that results
  stay what they were when a row is edited later.
- A criterion that has ratings is never edited: the old version gets `superseded_at`, a new row takes its
  `position`.
- A task's row owns its status. An experiment's `generation_task_id` names its running task and is NULL when
  there is none. Deleting an experiment sets its unfinished tasks to REVOKED and clears their `experiment_id`;
  whoever runs one has to check, in each of its write transactions, that it still holds the lease and the
  status is STARTED.
- `llm_configs.api_key` is in clear, because the provider has to be given it; it never leaves the server. The
  server's own API keys are only stored as SHA-256 digests.
"""

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
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from elluminate_server.store.columns import Id, Json, UtcDateTime, utc_now

__all__ = [
    "AgentTask",
    "ApiKey",
    "Base",
    "Collection",
    "CollectionColumn",
    "Criterion",
    "CriterionSet",
    "Entry",
    "Experiment",
    "IdempotencyKey",
    "LLMConfig",
    "LogCursor",
    "LogLine",
    "Organization",
    "Persona",
    "PersonaGroup",
    "PersonaGroupMember",
    "PersonaVersion",
    "Project",
    "Prompt",
    "PromptTemplate",
    "Rating",
    "Response",
    "Task",
    "WorkItem",
]


class Base(DeclarativeBase):
    """Base of all tables; names of constraints are fixed, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _id() -> Mapped[int]:
    return mapped_column(Id, primary_key=True, autoincrement=True)


def _reference(target: str, *, cascade: bool = False, index: bool = True) -> Any:
    return mapped_column(Id, ForeignKey(f"{target}.id", ondelete="CASCADE" if cascade else None), index=index)


def _created() -> Mapped[datetime.datetime]:
    return mapped_column(UtcDateTime, default=utc_now)


def _updated() -> Mapped[datetime.datetime]:
    return mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)


def _deleted() -> Mapped[datetime.datetime | None]:
    return mapped_column(UtcDateTime, default=None)


def _unique_while_live(name: str, *columns: str) -> Index:
    live = text("deleted_at IS NULL")
    return Index(name, *columns, unique=True, sqlite_where=live, postgresql_where=live)


_COUNTED: dict[str, Any] = {"sqlite_autoincrement": True}


class Organization(Base):
    """Owner of projects."""

    __tablename__ = "organizations"
    __table_args__ = (_COUNTED,)

    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(String(255))
    domain: Mapped[str] = mapped_column(String(255), default="")
    stripe_subscription_id: Mapped[str | None] = mapped_column(String(255), default=None)
    created_at: Mapped[datetime.datetime] = _created()
    updated_at: Mapped[datetime.datetime] = _updated()


class Project(Base):
    """Root container of everything below."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("organization_id", "name"), _COUNTED)

    id: Mapped[int] = _id()
    organization_id: Mapped[int] = _reference("organizations")
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    public_in_org: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime.datetime] = _created()
    updated_at: Mapped[datetime.datetime] = _updated()


class ApiKey(Base):
    """Key of one project; `digest` is the SHA-256 (hex) of the key, `prefix` its beginning, for lists."""

    __tablename__ = "api_keys"
    __table_args__ = (_COUNTED,)

    id: Mapped[int] = _id()
    project_id: Mapped[int] = _reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    prefix: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime.datetime] = _created()
    expires_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    revoked_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    last_used_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)


class CriterionSet(Base):
    """Named group of criteria; templates point to it (`prompt_templates.criterion_set_id`)."""

    __tablename__ = "criterion_sets"
    __table_args__ = (_unique_while_live("uq_criterion_sets_live_name", "project_id", "name"), _COUNTED)

    id: Mapped[int] = _id()
    project_id: Mapped[int] = _reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime.datetime] = _created()
    updated_at: Mapped[datetime.datetime] = _updated()
    deleted_at: Mapped[datetime.datetime | None] = _deleted()


class Criterion(Base):
    """One yes/no question of a set, or an older version of one (`superseded_at`)."""

    __tablename__ = "criteria"
    __table_args__ = (Index("ix_criteria_set_position", "criterion_set_id", "position"), _COUNTED)

    id: Mapped[int] = _id()
    criterion_set_id: Mapped[int] = _reference("criterion_sets", cascade=True, index=False)
    entry_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("entries.id", ondelete="CASCADE"), index=True, default=None
    )
    """The only row it is for; NULL for all rows."""
    criterion_str: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(String(255))
    position: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime.datetime] = _created()
    superseded_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    """Set when it was edited or deleted while ratings refer to it; it is not judged any more."""
    deleted_at: Mapped[datetime.datetime | None] = _deleted()
    """Set together with `superseded_at` when no newer version took its place."""


class PromptTemplate(Base):
    """One immutable version of a named template; JSON as in the contract."""

    __tablename__ = "prompt_templates"
    __table_args__ = (
        _unique_while_live("uq_prompt_templates_live_identity", "project_id", "identity"),
        _unique_while_live("uq_prompt_templates_live_version", "project_id", "name", "version"),
        _COUNTED,
    )

    id: Mapped[int] = _id()
    project_id: Mapped[int] = _reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[int] = mapped_column(Integer)
    messages: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    placeholders: Mapped[list[str]] = mapped_column(Json)
    response_format: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    tools: Mapped[list[dict[str, Any]] | None] = mapped_column(Json, default=None)
    tool_choice: Mapped[str | dict[str, Any] | None] = mapped_column(Json, default=None)
    parent_prompt_template_id: Mapped[int | None] = mapped_column(Id, default=None)
    identity: Mapped[str] = mapped_column(String(64))
    """`domain.identity.template_identity`."""
    criterion_set_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("criterion_sets.id", ondelete="SET NULL"), index=True, default=None
    )
    """The linked set."""
    created_at: Mapped[datetime.datetime] = _created()
    updated_at: Mapped[datetime.datetime] = _updated()
    deleted_at: Mapped[datetime.datetime | None] = _deleted()


class Collection(Base):
    """Named set of test cases, or of scenarios: both share the names, and runs go over both alike.

    A scenario is a row, a field of a scenario set a column; `goal` and `expected_conversation_outcome` are its
    first two columns.
    """

    __tablename__ = "collections"
    __table_args__ = (_unique_while_live("uq_collections_live_name", "project_id", "name"), _COUNTED)

    id: Mapped[int] = _id()
    project_id: Mapped[int] = _reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    collection_type: Mapped[str] = mapped_column(String(32), default="STANDARD")
    is_scenario_set: Mapped[bool] = mapped_column(Boolean, default=False)
    read_only: Mapped[bool] = mapped_column(Boolean, default=False)
    environment_config: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    created_at: Mapped[datetime.datetime] = _created()
    updated_at: Mapped[datetime.datetime] = _updated()
    deleted_at: Mapped[datetime.datetime | None] = _deleted()


class CollectionColumn(Base):
    """Column of a collection; `position` 0 is the first."""

    __tablename__ = "collection_columns"
    __table_args__ = (UniqueConstraint("collection_id", "name"), _COUNTED)

    id: Mapped[int] = _id()
    collection_id: Mapped[int] = _reference("collections", cascade=True, index=False)
    name: Mapped[str] = mapped_column(String(255))
    column_type: Mapped[str] = mapped_column(String(32), default="text")
    default_value: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(Integer)
    categorical_values: Mapped[list[str] | None] = mapped_column(Json, default=None)


class Entry(Base):
    """Row of a collection: column name to value. A cell that is missing reads as its column's default."""

    __tablename__ = "entries"
    __table_args__ = (Index("ix_entries_collection_identity", "collection_id", "identity"), _COUNTED)

    id: Mapped[int] = _id()
    collection_id: Mapped[int] = _reference("collections", cascade=True)
    input_values: Mapped[dict[str, Any]] = mapped_column(Json)
    environment_config: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    identity: Mapped[str] = mapped_column(String(64))
    """`domain.identity.row_identity`."""
    created_at: Mapped[datetime.datetime] = _created()
    updated_at: Mapped[datetime.datetime] = _updated()
    deleted_at: Mapped[datetime.datetime | None] = _deleted()


class Persona(Base):
    """Simulated user; what it is like stands in its versions, the highest of which counts."""

    __tablename__ = "personas"
    __table_args__ = (_unique_while_live("uq_personas_live_name", "project_id", "name"), _COUNTED)

    id: Mapped[int] = _id()
    project_id: Mapped[int] = _reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime.datetime] = _created()
    updated_at: Mapped[datetime.datetime] = _updated()
    deleted_at: Mapped[datetime.datetime | None] = _deleted()


class PersonaVersion(Base):
    """What a persona is like; never edited, so that conversations keep whom they were held with."""

    __tablename__ = "persona_versions"
    __table_args__ = (UniqueConstraint("persona_id", "version"), _COUNTED)

    id: Mapped[int] = _id()
    persona_id: Mapped[int] = _reference("personas", cascade=True, index=False)
    version: Mapped[int] = mapped_column(Integer)
    description: Mapped[str] = mapped_column(Text)
    domain_knowledge: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[datetime.datetime] = _created()


class PersonaGroup(Base):
    """Named list of personas; each of them talks about every row of a multi-turn experiment."""

    __tablename__ = "persona_groups"
    __table_args__ = (_unique_while_live("uq_persona_groups_live_name", "project_id", "name"), _COUNTED)

    id: Mapped[int] = _id()
    project_id: Mapped[int] = _reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime.datetime] = _created()
    updated_at: Mapped[datetime.datetime] = _updated()
    deleted_at: Mapped[datetime.datetime | None] = _deleted()


class PersonaGroupMember(Base):
    """A persona's place in a group; `position` 0 is the first."""

    __tablename__ = "persona_group_members"
    __table_args__ = (UniqueConstraint("persona_group_id", "persona_id"), _COUNTED)

    id: Mapped[int] = _id()
    persona_group_id: Mapped[int] = _reference("persona_groups", cascade=True, index=False)
    persona_id: Mapped[int] = _reference("personas", cascade=True)
    position: Mapped[int] = mapped_column(Integer)


class LLMConfig(Base):
    """Model and provider settings; the fields of the contract's `LLMConfig`."""

    __tablename__ = "llm_configs"
    __table_args__ = (_unique_while_live("uq_llm_configs_live_name", "project_id", "name"), _COUNTED)

    id: Mapped[int] = _id()
    project_id: Mapped[int] = _reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    llm_model_name: Mapped[str] = mapped_column(String(255))
    llm_base_url: Mapped[str | None] = mapped_column(Text, default=None)
    api_key: Mapped[str | None] = mapped_column(Text, default=None)
    api_version: Mapped[str | None] = mapped_column(String(255), default=None)
    max_connections: Mapped[int] = mapped_column(Integer, default=10)
    inference_type: Mapped[str] = mapped_column(String(32), default="openai")
    max_retries: Mapped[int | None] = mapped_column(Integer, default=None)
    timeout: Mapped[int | None] = mapped_column(Integer, default=None)
    system_message: Mapped[str | None] = mapped_column(Text, default=None)
    max_tokens: Mapped[int | None] = mapped_column(Integer, default=None)
    top_p: Mapped[float | None] = mapped_column(Float, default=None)
    temperature: Mapped[float | None] = mapped_column(Float, default=None)
    best_of: Mapped[int | None] = mapped_column(Integer, default=None)
    top_k: Mapped[int | None] = mapped_column(Integer, default=None)
    logprobs: Mapped[bool | None] = mapped_column(Boolean, default=None)
    top_logprobs: Mapped[int | None] = mapped_column(Integer, default=None)
    reasoning_effort: Mapped[str | None] = mapped_column(String(32), default=None)
    verbosity: Mapped[str | None] = mapped_column(String(32), default=None)
    custom_api_config: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    custom_response_parser: Mapped[str | None] = mapped_column(Text, default=None)
    input_price_per_mtok: Mapped[float | None] = mapped_column(Float, default=None)
    output_price_per_mtok: Mapped[float | None] = mapped_column(Float, default=None)
    created_at: Mapped[datetime.datetime] = _created()
    deleted_at: Mapped[datetime.datetime | None] = _deleted()

    def __repr__(self) -> str:
        # The generated one would be safe today; this says that the key must stay out.
        return f"<LLMConfig {self.id} {self.name!r}>"


class Experiment(Base):
    """Evaluation run of one template on one collection, judged by one criterion set."""

    __tablename__ = "experiments"
    __table_args__ = (UniqueConstraint("project_id", "name"), _COUNTED)

    id: Mapped[int] = _id()
    project_id: Mapped[int] = _reference("projects", cascade=True, index=False)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    prompt_template_id: Mapped[int | None] = _reference("prompt_templates")
    collection_id: Mapped[int] = _reference("collections")
    criterion_set_id: Mapped[int] = _reference("criterion_sets")
    llm_config_id: Mapped[int | None] = _reference("llm_configs")
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
    generation_task_id: Mapped[str | None] = mapped_column(String(32), default=None)
    """The running task; NULL when none runs."""
    has_internal_error: Mapped[bool] = mapped_column(Boolean, default=False)
    started_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    """When its first run began; NULL means that it never ran."""
    finished_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    created_at: Mapped[datetime.datetime] = _created()
    updated_at: Mapped[datetime.datetime] = _updated()


class AgentTask(Base):
    """Task of an AGENTIC experiment as it was when the experiment was created; one for each row."""

    __tablename__ = "agent_tasks"
    __table_args__ = (UniqueConstraint("experiment_id", "entry_id"), _COUNTED)

    id: Mapped[int] = _id()
    experiment_id: Mapped[int] = _reference("experiments", cascade=True, index=False)
    entry_id: Mapped[int] = _reference("entries")
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
    __table_args__ = (UniqueConstraint("experiment_id", "entry_id"), _COUNTED)

    id: Mapped[int] = _id()
    experiment_id: Mapped[int] = _reference("experiments", cascade=True, index=False)
    prompt_template_id: Mapped[int | None] = _reference("prompt_templates")
    entry_id: Mapped[int] = _reference("entries")
    entry_identity: Mapped[str] = mapped_column(String(64))
    """The row's identity when it was rendered; the prompt is stale when the row's is another now."""
    input_values: Mapped[dict[str, Any]] = mapped_column(Json)
    """The row's values when it was rendered, defaults filled in."""
    messages: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    resolved_tools: Mapped[list[dict[str, Any]] | None] = mapped_column(Json, default=None)
    resolved_tool_choice: Mapped[str | dict[str, Any] | None] = mapped_column(Json, default=None)
    resolved_response_format: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    created_at: Mapped[datetime.datetime] = _created()


class Response(Base):
    """Answer to one prompt in one epoch, or the reason why there is none (`error`)."""

    __tablename__ = "responses"
    __table_args__ = (
        Index("ix_responses_experiment_rows", "experiment_id", "entry_id", "epoch"),
        CheckConstraint("epoch >= 1", name="epoch"),
        _COUNTED,
    )

    id: Mapped[int] = _id()
    experiment_id: Mapped[int] = _reference("experiments", cascade=True, index=False)
    prompt_id: Mapped[int] = _reference("prompts", cascade=True)
    entry_id: Mapped[int] = _reference("entries")
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
    output_price_per_mtok: Mapped[float | None] = mapped_column(Float, default=None)
    created_at: Mapped[datetime.datetime] = _created()


class Rating(Base):
    """Verdict on one response for one criterion. Rating again replaces it."""

    __tablename__ = "ratings"
    __table_args__ = (
        UniqueConstraint("response_id", "criterion_id"),
        CheckConstraint("rating IN ('YES', 'NO')", name="rating"),
        _COUNTED,
    )

    id: Mapped[int] = _id()
    response_id: Mapped[int] = _reference("responses", cascade=True, index=False)
    criterion_id: Mapped[int] = _reference("criteria")
    rating: Mapped[str] = mapped_column(String(3))
    reasoning: Mapped[str | None] = mapped_column(Text, default=None)
    generation_metadata: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    created_at: Mapped[datetime.datetime] = _created()


class Task(Base):
    """Background task; `kind` is experiment, responses or ratings, `status` the contract's `TaskStatus`."""

    __tablename__ = "tasks"
    __table_args__ = (Index("ix_tasks_status_lease", "status", "lease_expires_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """UUID, hexadecimal."""
    project_id: Mapped[int] = _reference("projects", cascade=True)
    experiment_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("experiments.id", ondelete="SET NULL"), index=True, default=None
    )
    kind: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16), default="PENDING")
    error_msg: Mapped[str | None] = mapped_column(Text, default=None)
    payload: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    """How often a process has taken it."""
    lease_owner: Mapped[str | None] = mapped_column(String(64), default=None)
    lease_expires_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    created_at: Mapped[datetime.datetime] = _created()
    started_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    finished_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)


class WorkItem(Base):
    """One piece of a task: an answer to produce and to rate. Unique, so that nothing is done twice."""

    __tablename__ = "work_items"
    __table_args__ = (
        UniqueConstraint("task_id", "entry_id", "epoch", "ordinal"),
        Index("ix_work_items_task_state", "task_id", "state"),
        _COUNTED,
    )

    id: Mapped[int] = _id()
    task_id: Mapped[str] = mapped_column(String(32), ForeignKey("tasks.id", ondelete="CASCADE"))
    entry_id: Mapped[int] = _reference("entries", cascade=True)
    epoch: Mapped[int] = mapped_column(Integer, default=1)
    ordinal: Mapped[int] = mapped_column(Integer, default=0)
    """Tells apart several pieces for the same row and epoch: the place in a batch, or of the persona in its group."""
    persona_version_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("persona_versions.id"), index=True, default=None
    )
    """Who talks with the model; NULL outside multi-turn experiments."""
    state: Mapped[str] = mapped_column(String(16), default="pending")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str | None] = mapped_column(Text, default=None)
    rating_errors: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    """Criterion id (decimal string) to the reason why it could not be judged."""
    payload: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    response_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("responses.id", ondelete="SET NULL"), index=True, default=None
    )


class LogLine(Base):
    """Line of a task's log; the id is the cursor."""

    __tablename__ = "log_lines"
    __table_args__ = (Index("ix_log_lines_task_cursor", "task_id", "id"), _COUNTED)

    id: Mapped[int] = _id()
    task_id: Mapped[str] = mapped_column(String(32), ForeignKey("tasks.id", ondelete="CASCADE"))
    line: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime.datetime] = _created()


class LogCursor(Base):
    """How far one waiter (`connection_uuid`) has read the log of one task."""

    __tablename__ = "log_cursors"

    connection_uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    task_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    last_line_id: Mapped[int] = mapped_column(Id, default=0)
    updated_at: Mapped[datetime.datetime] = _updated()


class IdempotencyKey(Base):
    """First answer to a POST with an Idempotency-Key, kept for 24 hours."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("project_id", "key"), _COUNTED)

    id: Mapped[int] = _id()
    project_id: Mapped[int] = _reference("projects", cascade=True, index=False)
    """Project of the API key that the request came with."""
    key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 (hex) of method, path, query and body."""
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
