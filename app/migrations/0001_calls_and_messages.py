"""Calls, messages, wrong passwords."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.models import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = ("default",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        *_traffic(),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sa.UniqueConstraint("sid", name="uq_calls_sid"),
    )
    op.create_index("ix_calls_to_number_created_at", "calls", ["to_number", "created_at"])
    op.create_table(
        "messages",
        *_traffic(),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("media", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("sid", name="uq_messages_sid"),
    )
    placed = sa.text("attempt IS NOT NULL")
    for table in ("calls", "messages"):
        op.create_index(f"uq_{table}_attempt", table, ["attempt"], unique=True, sqlite_where=placed, postgresql_where=placed)
    op.create_table(
        "sign_in_failures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_failures"),
    )
    op.create_index("ix_sign_in_failures_address_at", "sign_in_failures", ["address", "at"])


def downgrade() -> None:
    for table in ("sign_in_failures", "messages", "calls"):
        op.drop_table(table)


def _traffic() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.String(32), nullable=True),
        sa.Column("sid", sa.String(256), nullable=True),
        sa.Column("direction", sa.String(256), nullable=False),
        sa.Column("from_number", sa.String(256), nullable=False),
        sa.Column("to_number", sa.String(256), nullable=False),
        sa.Column("status", sa.String(256), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
    ]
