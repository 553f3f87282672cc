"""Projects, the keys that open them, and the answers that repeated requests get again."""

import datetime

from sqlalchemy import (
    Boolean,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from elluminate_server.store.columns import UtcDateTime, utc_now
from elluminate_server.store.tables.base import (
    COUNTED,
    Base,
    created_at_column,
    id_column,
    reference,
    updated_at_column,
)


class Organization(Base):
    """Owner of projects."""

    __tablename__ = "organizations"
    __table_args__ = (COUNTED,)

    id: Mapped[int] = id_column()
    name: Mapped[str] = mapped_column(String(255))
    domain: Mapped[str] = mapped_column(String(255), default="")
    stripe_subscription_id: Mapped[str | None] = mapped_column(String(255), default=None)
    created_at: Mapped[datetime.datetime] = created_at_column()
    updated_at: Mapped[datetime.datetime] = updated_at_column()


class Project(Base):
    """Root container of everything below."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("organization_id", "name"), COUNTED)

    id: Mapped[int] = id_column()
    organization_id: Mapped[int] = reference("organizations")
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    public_in_org: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime.datetime] = created_at_column()
    updated_at: Mapped[datetime.datetime] = updated_at_column()


class ApiKey(Base):
    """Key of one project; `prefix` is its beginning, for lists.

    `digest` is the HMAC-SHA-256 (hex) of its SHA-256 (hex) under the pepper (`store.sealing`).
    """

    __tablename__ = "api_keys"
    __table_args__ = (COUNTED,)

    id: Mapped[int] = id_column()
    project_id: Mapped[int] = reference("projects", cascade=True)
    name: Mapped[str] = mapped_column(String(255))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    prefix: Mapped[str] = mapped_column(String(16))
    role: Mapped[str] = mapped_column(String(16), default="admin", server_default="admin")
    """See `domain.roles`."""
    created_at: Mapped[datetime.datetime] = created_at_column()
    expires_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    revoked_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    last_used_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)


class ServerSecret(Base):
    """With which secret key the database's secrets are sealed, and other notes about them: see `store.sealing`."""

    __tablename__ = "server_secrets"
    __table_args__ = (COUNTED,)

    id: Mapped[int] = id_column()
    name: Mapped[str] = mapped_column(String(64), unique=True)
    key_id: Mapped[str] = mapped_column(String(16))
    value: Mapped[str | None] = mapped_column(Text, default=None)

    def __repr__(self) -> str:
        return f"<ServerSecret {self.id} {self.name!r}>"


class IdempotencyKey(Base):
    """First answer to a POST with an Idempotency-Key, kept for `Settings.idempotency_lifetime`."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("project_id", "key"), COUNTED)

    id: Mapped[int] = id_column()
    project_id: Mapped[int] = reference("projects", cascade=True, index=False)
    """Project of the API key that the request came with."""
    key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 (hex) of method, path, query and body."""
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    is_compressed: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether `body` is compressed, as RFC 1950 has it (zlib)."""
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
