"""What each answer to a text costs, with that text; no more in one row for many of them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAME, WHERE = "ix_messages_answered", sa.text("answer_cost IS NOT NULL")


def upgrade() -> None:
    op.add_column("messages", sa.Column("answer_cost", sa.BigInteger(), nullable=True))
    op.create_index(NAME, "messages", ["created_at", "answer_cost"], sqlite_where=WHERE, postgresql_where=WHERE)
    op.execute("DELETE FROM spendings WHERE kind = 'answers'")


def downgrade() -> None:
    op.drop_index(NAME, "messages")
    op.drop_column("messages", "answer_cost")
