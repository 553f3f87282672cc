"""Scenario sets, personas and their groups, agents' tasks and trials.

Each part is made where it is missing: databases of the development between these two versions have some of
them. Columns are added in place, never by copying a table: with foreign keys on, SQLite would delete what
refers to the table that it replaces. There is no way down: that is the copy made before an upgrade.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> sa.Column[Any]:
    return sa.Column("id", _ID, autoincrement=True, nullable=False)


def _reference(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _ID, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    tables = set(sa.inspect(op.get_bind()).get_table_names())
    for name, create in _TABLES.items():
        if name not in tables:
            create()
    integer = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    for table, column, kind in _COLUMNS:
        if column not in {found["name"] for found in sa.inspect(op.get_bind()).get_columns(table)}:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind.format(integer=integer)}")
    for table, column in _INDEXES:
        name = f"ix_{table}_{column}"
        if name not in {found["name"] for found in sa.inspect(op.get_bind()).get_indexes(table)}:
            op.create_index(op.f(name), table, [column], unique=False)


def _create_personas() -> None:
    op.create_table(
        "personas",
        _id(),
        _reference("project_id"),
        sa.Column("name", sa.String(length=255), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        _time("deleted_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_personas_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personas")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_personas_project_id"), "personas", ["project_id"], unique=False)
    _unique_live_name("personas")


def _create_persona_versions() -> None:
    op.create_table(
        "persona_versions",
        _id(),
        _reference("persona_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("domain_knowledge", sa.Text(), nullable=True),
        _time("created_at"),
        sa.ForeignKeyConstraint(
            ["persona_id"], ["personas.id"], name=op.f("fk_persona_versions_persona_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persona_versions")),
        sa.UniqueConstraint("persona_id", "version", name=op.f("uq_persona_versions_persona_id_version")),
        sqlite_autoincrement=True,
    )


def _create_persona_groups() -> None:
    op.create_table(
        "persona_groups",
        _id(),
        _reference("project_id"),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        _time("deleted_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_persona_groups_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persona_groups")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_persona_groups_project_id"), "persona_groups", ["project_id"], unique=False)
    _unique_live_name("persona_groups")


def _create_persona_group_members() -> None:
    op.create_table(
        "persona_group_members",
        _id(),
        _reference("persona_group_id"),
        _reference("persona_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["persona_group_id"],
            ["persona_groups.id"],
            name=op.f("fk_persona_group_members_persona_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["persona_id"],
            ["personas.id"],
            name=op.f("fk_persona_group_members_persona_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persona_group_members")),
        sa.UniqueConstraint(
            "persona_group_id",
            "persona_id",
            name=op.f("uq_persona_group_members_persona_group_id_persona_id"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_persona_group_members_persona_id"), "persona_group_members", ["persona_id"], unique=False
    )


def _create_agent_tasks() -> None:
    op.create_table(
        "agent_tasks",
        _id(),
        _reference("experiment_id"),
        _reference("entry_id"),
        sa.Column("entry_identity", sa.String(length=64), nullable=False),
        sa.Column("task_name", sa.Text(), nullable=False),
        sa.Column("input_values", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("messages", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("criteria", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_agent_tasks_entry_id")),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name=op.f("fk_agent_tasks_experiment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_tasks")),
        sa.UniqueConstraint("experiment_id", "entry_id", name=op.f("uq_agent_tasks_experiment_id_entry_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agent_tasks_entry_id"), "agent_tasks", ["entry_id"], unique=False)


def _unique_live_name(table: str) -> None:
    op.create_index(
        f"uq_{table}_live_name",
        table,
        ["project_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


_TABLES = {
    "personas": _create_personas,
    "persona_versions": _create_persona_versions,
    "persona_groups": _create_persona_groups,
    "persona_group_members": _create_persona_group_members,
    "agent_tasks": _create_agent_tasks,
}
"""Those that others refer to come first."""

_COLUMNS = (
    ("collections", "is_scenario_set", "BOOLEAN DEFAULT FALSE NOT NULL"),
    (
        "criteria",
        "entry_id",
        "{integer} CONSTRAINT fk_criteria_entry_id REFERENCES entries (id) ON DELETE CASCADE",
    ),
    (
        "experiments",
        "persona_group_id",
        "{integer} CONSTRAINT fk_experiments_persona_group_id REFERENCES persona_groups (id)",
    ),
    (
        "responses",
        "persona_version_id",
        "{integer} CONSTRAINT fk_responses_persona_version_id REFERENCES persona_versions (id)",
    ),
    ("responses", "trajectory_ingest_error", "TEXT"),
    ("responses", "agent_trial", "JSON"),
    (
        "work_items",
        "persona_version_id",
        "{integer} CONSTRAINT fk_work_items_persona_version_id REFERENCES persona_versions (id)",
    ),
)

_INDEXES = (
    ("criteria", "entry_id"),
    ("experiments", "persona_group_id"),
    ("responses", "persona_version_id"),
    ("work_items", "persona_version_id"),
)
