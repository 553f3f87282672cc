"""What an experiment is made of: templates, collections, criteria, models, personas."""

import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from elluminate_server.store.columns import Id, Json, UtcDateTime
from elluminate_server.store.tables.base import (
    COUNTED,
    Base,
    created_at_column,
    deleted_at_column,
    id_column,
    reference,
    unique_while_live,
    updated_at_column,
)


class CriterionSet(Base):
    """Named group of criteria; templates point to it (`prompt_templates.criterion_set_id`)."""

    __tablename__ = "criterion_sets"
    __table_args__ = (unique_while_live("uq_criterion_sets_live_name", "project_id", "name"), COUNTED)

    id: Mapped[int] = id_column()
    project_id: Mapped[int] = reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime.datetime] = created_at_column()
    updated_at: Mapped[datetime.datetime] = updated_at_column()
    deleted_at: Mapped[datetime.datetime | None] = deleted_at_column()


class Criterion(Base):
    """One yes/no question of a set, or an older version of one (`superseded_at`)."""

    __tablename__ = "criteria"
    __table_args__ = (Index("ix_criteria_set_position", "criterion_set_id", "position"), COUNTED)

    id: Mapped[int] = id_column()
    criterion_set_id: Mapped[int] = reference("criterion_sets", cascade=True, index=False)
    entry_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("entries.id", ondelete="CASCADE"), index=True, default=None
    )
    """The only row it is for; NULL for all rows."""
    criterion_str: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(String(255))
    rule: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    """What decides it, as `domain.checks.rules` stores it; NULL where a judge does."""
    position: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime.datetime] = created_at_column()
    superseded_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    """Set when it was edited or deleted while ratings refer to it; it is not judged any more."""
    deleted_at: Mapped[datetime.datetime | None] = deleted_at_column()
    """Set together with `superseded_at` when no newer version took its place."""


class PromptTemplate(Base):
    """One immutable version of a named template; JSON as in the contract."""

    __tablename__ = "prompt_templates"
    __table_args__ = (
        unique_while_live("uq_prompt_templates_live_identity", "project_id", "identity"),
        unique_while_live("uq_prompt_templates_live_version", "project_id", "name", "version"),
        COUNTED,
    )

    id: Mapped[int] = id_column()
    project_id: Mapped[int] = reference("projects", cascade=True)
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
    created_at: Mapped[datetime.datetime] = created_at_column()
    updated_at: Mapped[datetime.datetime] = updated_at_column()
    deleted_at: Mapped[datetime.datetime | None] = deleted_at_column()


class Collection(Base):
    """Named set of test cases, or of scenarios: both share the names, and runs go over both alike.

    A scenario is a row, a field of a scenario set a column; `goal` and `expected_conversation_outcome` are its
    first two columns.
    """

    __tablename__ = "collections"
    __table_args__ = (unique_while_live("uq_collections_live_name", "project_id", "name"), COUNTED)

    id: Mapped[int] = id_column()
    project_id: Mapped[int] = reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    collection_type: Mapped[str] = mapped_column(String(32), default="STANDARD")
    is_scenario_set: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    read_only: Mapped[bool] = mapped_column(Boolean, default=False)
    environment_config: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    created_at: Mapped[datetime.datetime] = created_at_column()
    updated_at: Mapped[datetime.datetime] = updated_at_column()
    deleted_at: Mapped[datetime.datetime | None] = deleted_at_column()


class CollectionColumn(Base):
    """Column of a collection; `position` 0 is the first."""

    __tablename__ = "collection_columns"
    __table_args__ = (UniqueConstraint("collection_id", "name"), COUNTED)

    id: Mapped[int] = id_column()
    collection_id: Mapped[int] = reference("collections", cascade=True, index=False)
    name: Mapped[str] = mapped_column(String(255))
    column_type: Mapped[str] = mapped_column(String(32), default="text")
    default_value: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(Integer)
    categorical_values: Mapped[list[str] | None] = mapped_column(Json, default=None)


class RowUpload(Base):
    """Rows that are being added in pieces: unseen until they are all there, and taken away if that never happens."""

    __tablename__ = "row_uploads"
    __table_args__ = (COUNTED,)

    id: Mapped[int] = id_column()
    collection_id: Mapped[int] = reference("collections", cascade=True)
    is_new_collection: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether the collection is unseen as well until then."""
    expires_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    """When it counts as abandoned; put off with every piece."""


class Entry(Base):
    """Row of a collection: column name to value. A cell that is missing reads as its column's default."""

    __tablename__ = "entries"
    __table_args__ = (
        Index("ix_entries_collection_identity", "collection_id", "identity"),
        # Counted without reading the rows: whatever shows a collection shows how many it has.
        Index(
            "ix_entries_live",
            "collection_id",
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "ix_entries_upload",
            "upload_id",
            sqlite_where=text("upload_id IS NOT NULL"),
            postgresql_where=text("upload_id IS NOT NULL"),
        ),
        COUNTED,
    )

    id: Mapped[int] = id_column()
    collection_id: Mapped[int] = reference("collections", cascade=True)
    input_values: Mapped[dict[str, Any]] = mapped_column(Json)
    environment_config: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    identity: Mapped[str] = mapped_column(String(64))
    """`domain.identity.row_identity`."""
    created_at: Mapped[datetime.datetime] = created_at_column()
    updated_at: Mapped[datetime.datetime] = updated_at_column()
    deleted_at: Mapped[datetime.datetime | None] = deleted_at_column()
    upload_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("row_uploads.id", ondelete="CASCADE"), default=None
    )
    """The upload that has not brought all its rows yet; until then `deleted_at` hides the row."""


class Persona(Base):
    """Simulated user; what it is like stands in its versions, the highest of which counts."""

    __tablename__ = "personas"
    __table_args__ = (unique_while_live("uq_personas_live_name", "project_id", "name"), COUNTED)

    id: Mapped[int] = id_column()
    project_id: Mapped[int] = reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime.datetime] = created_at_column()
    updated_at: Mapped[datetime.datetime] = updated_at_column()
    deleted_at: Mapped[datetime.datetime | None] = deleted_at_column()


class PersonaVersion(Base):
    """What a persona is like; never edited, so that conversations keep whom they were held with."""

    __tablename__ = "persona_versions"
    __table_args__ = (UniqueConstraint("persona_id", "version"), COUNTED)

    id: Mapped[int] = id_column()
    persona_id: Mapped[int] = reference("personas", cascade=True, index=False)
    version: Mapped[int] = mapped_column(Integer)
    description: Mapped[str] = mapped_column(Text)
    domain_knowledge: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[datetime.datetime] = created_at_column()


class PersonaGroup(Base):
    """Named list of personas; each of them talks about every row of a multi-turn experiment."""

    __tablename__ = "persona_groups"
    __table_args__ = (unique_while_live("uq_persona_groups_live_name", "project_id", "name"), COUNTED)

    id: Mapped[int] = id_column()
    project_id: Mapped[int] = reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime.datetime] = created_at_column()
    updated_at: Mapped[datetime.datetime] = updated_at_column()
    deleted_at: Mapped[datetime.datetime | None] = deleted_at_column()


class PersonaGroupMember(Base):
    """A persona's place in a group; `position` 0 is the first."""

    __tablename__ = "persona_group_members"
    __table_args__ = (UniqueConstraint("persona_group_id", "persona_id"), COUNTED)

    id: Mapped[int] = id_column()
    persona_group_id: Mapped[int] = reference("persona_groups", cascade=True, index=False)
    persona_id: Mapped[int] = reference("personas", cascade=True)
    position: Mapped[int] = mapped_column(Integer)


class LLMConfig(Base):
    """Model and provider settings; the fields of the contract's `LLMConfig`."""

    __tablename__ = "llm_configs"
    __table_args__ = (unique_while_live("uq_llm_configs_live_name", "project_id", "name"), COUNTED)

    id: Mapped[int] = id_column()
    project_id: Mapped[int] = reference("projects", cascade=True)
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
    created_at: Mapped[datetime.datetime] = created_at_column()
    deleted_at: Mapped[datetime.datetime | None] = deleted_at_column()

    def __repr__(self) -> str:
        # The generated one would be safe today; this says that the key must stay out.
        return f"<LLMConfig {self.id} {self.name!r}>"
