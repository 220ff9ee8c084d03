"""Up to when Twilio's lists were looked through."""

import sqlalchemy as sa
from alembic import op

from app.models import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("looked_until", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "looked_until")
