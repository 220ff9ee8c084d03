"""Up to when Twilio's lists were looked through; indexes of the few rows that are looked for again and again."""

import sqlalchemy as sa
from alembic import op

from app.models import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CALL_ENDS = "'canceled', 'failed', 'no-answer', 'busy', 'completed'"
MESSAGE_ENDS = "'canceled', 'failed', 'undelivered', 'delivered', 'read', 'received'"
INDEXES = (
    ("ix_calls_open", "calls", ["updated_at"], f"status NOT IN ({CALL_ENDS})"),
    ("ix_messages_open", "messages", ["updated_at"], f"status NOT IN ({MESSAGE_ENDS})"),
    ("ix_calls_remarked", "calls", ["created_at"], "remark <> ''"),
    ("ix_messages_remarked", "messages", ["created_at"], "remark <> ''"),
    ("ix_calls_missed", "calls", ["created_at"], "outcome = 'missed'"),
    ("ix_messages_placed_to", "messages", ["to_number", "created_at"], "attempt IS NOT NULL"),
)


def upgrade() -> None:
    op.add_column("jobs", sa.Column("looked_until", UtcDateTime(), nullable=True))
    for name, table, columns, where in INDEXES:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for name, table, _, _ in INDEXES:
        op.drop_index(name, table)
    op.drop_column("jobs", "looked_until")
