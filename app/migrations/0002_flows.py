"""How far calls came, recordings, opt-outs, relays of texts."""

import sqlalchemy as sa
from alembic import op

from app.models import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CALL_COLUMNS = ("parent_sid", "outcome", "answered_by", "step")
TEXT = 256


def upgrade() -> None:
    for name in CALL_COLUMNS:
        op.add_column("calls", sa.Column(name, sa.String(TEXT), nullable=True))
    op.add_column("calls", sa.Column("announcement", sa.Text(), nullable=True))
    op.add_column("calls", sa.Column("acknowledge", sa.Boolean(), nullable=True))
    is_leg = sa.text("parent_sid IS NOT NULL")
    op.create_index("ix_calls_parent_sid", "calls", ["parent_sid"], sqlite_where=is_leg, postgresql_where=is_leg)
    op.create_table(
        "recordings",
        sa.Column("id", sa.Integer(), nullable=False),
        *_texts("sid", "call_sid", "step", "from_number", "to_number"),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("transcription", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_recordings"),
        sa.UniqueConstraint("sid", name="uq_recordings_sid"),
    )
    op.create_index("ix_recordings_call_sid", "recordings", ["call_sid"])
    op.create_table(
        "opt_outs",
        sa.Column("id", sa.Integer(), nullable=False),
        *_texts("line", "number"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_opt_outs"),
        sa.UniqueConstraint("line", "number", name="uq_opt_outs_line_number"),
    )
    op.create_table(
        "relays",
        sa.Column("id", sa.Integer(), nullable=False),
        *_texts("line", "person", "texter"),
        sa.Column("tag", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_relays"),
        sa.UniqueConstraint("line", "person", "texter", name="uq_relays_line_person_texter"),
        sa.UniqueConstraint("line", "person", "tag", name="uq_relays_line_person_tag"),
    )


def downgrade() -> None:
    for table in ("relays", "opt_outs", "recordings"):
        op.drop_table(table)
    op.drop_index("ix_calls_parent_sid", "calls")
    for name in ("acknowledge", "announcement", *CALL_COLUMNS):
        op.drop_column("calls", name)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(TEXT), nullable=False) for name in names]
