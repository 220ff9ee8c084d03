"""Events, spending and its kill switch, the audit, refused webhooks, jobs; what is left to settle."""

import sqlalchemy as sa
from alembic import op

from app.models import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = 256
TABLES = ("events", "spendings", "stops", "audit", "refused_webhooks", "jobs")


def upgrade() -> None:
    for table in ("calls", "messages"):
        op.add_column(table, sa.Column("checked_at", UtcDateTime(), nullable=True))
        op.add_column(table, sa.Column("remark", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("erased_at", UtcDateTime(), nullable=True))
        _index(f"ix_{table}_unknown", table, "created_at", "attempt IS NOT NULL AND sid IS NULL")
    op.add_column("recordings", sa.Column("checked_at", UtcDateTime(), nullable=True))
    op.add_column("messages", sa.Column("due_at", UtcDateTime(), nullable=True))
    _index("ix_messages_due_at", "messages", "due_at", "due_at IS NOT NULL")
    op.add_column("messages", sa.Column("tries", sa.Integer(), nullable=True))
    op.add_column("sign_in_failures", sa.Column("guess", sa.String(64), nullable=True))
    op.add_column("sign_in_failures", sa.Column("wrong", sa.Boolean(), nullable=True))
    op.add_column("relays", sa.Column("turn", sa.Integer(), nullable=False, server_default="0"))
    _create(
        "events",
        _text("kind"),
        sa.Column("attempt", sa.String(32), nullable=True),
        _text("sid", nullable=True),
        *_texts("source", "status"),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("error_code", sa.Integer(), nullable=True),
    )
    for column in ("at", "attempt", "sid"):
        op.create_index(f"ix_events_{column}", "events", [column])
    _create(
        "spendings",
        *_texts("kind", "number", "occasion"),
        _text("call_sid", nullable=True),
        _text("leg_sid", nullable=True),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("occasion", name="uq_spendings_occasion"),
    )
    op.create_index("ix_spendings_number_at", "spendings", ["number", "at"])
    op.create_index("ix_spendings_at_cost", "spendings", ["at", "cost"])
    op.create_index("ix_spendings_call_sid", "spendings", ["call_sid"])
    _create("stops", _text("who"), sa.Column("reason", sa.Text(), nullable=False))
    _create("audit", *_texts("who", "address", "action", "subject"))
    op.create_index("ix_audit_at", "audit", ["at"])
    _create(
        "refused_webhooks",
        *_texts("address", "cause", "detail"),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.UniqueConstraint("address", "cause", name="uq_refused_webhooks_address_cause"),
    )
    op.create_index("ix_refused_webhooks_at", "refused_webhooks", ["at"])
    op.create_table(
        "jobs",
        _text("name"),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_jobs"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("relays", "turn")
    for column in ("wrong", "guess"):
        op.drop_column("sign_in_failures", column)
    common = ("erased_at", "remark", "checked_at")
    op.drop_index("ix_messages_due_at", "messages")
    for table in ("calls", "messages"):
        op.drop_index(f"ix_{table}_unknown", table)
    for table, columns in (("messages", ("tries", "due_at", *common)), ("calls", common), ("recordings", ("checked_at",))):
        for column in columns:
            op.drop_column(table, column)


def _create(name: str, *columns: sa.schema.SchemaItem) -> None:
    """A table of things that happen at a time."""
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )


def _index(name: str, table: str, column: str, where: str) -> None:
    """An index of the rows of which that holds."""
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(TEXT), nullable=nullable)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [_text(name) for name in names]
