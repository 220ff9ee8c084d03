"""API keys: another name and secret for the account."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from simulator.identifiers import new_sid

SECRET_BYTES = 24


@dataclass
class Key:
    """An API key; its secret is shown once, where it is made."""

    created_at: datetime
    friendly_name: str = ""
    sid: str = field(default_factory=lambda: new_sid("SK"))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES), repr=False)
    updated_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.updated_at = self.created_at
