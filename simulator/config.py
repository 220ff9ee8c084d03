"""What a simulator is started with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """One account, its numbers and where its webhooks go; checked by whoever reads it (see `__main__`)."""

    account_sid: str
    auth_token: str
    numbers: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 5050
    voice_url: str = ""
    voice_fallback_url: str = ""
    sms_url: str = ""
    sms_fallback_url: str = ""
    status_url: str = ""
    voice_method: str = "POST"
    voice_fallback_method: str = "POST"
    sms_method: str = "POST"
    sms_fallback_method: str = "POST"
    status_method: str = "POST"
    speed: float = 1.0
    webhook_seconds: float = 15.0
    keep: int = 10_000
    keep_requests: int = 1000
    trial: bool = False
    balance: str = "100.00"
    calls_per_second: float = 1.0
    concurrency: int = 0
    caller_ids: tuple[str, ...] = ()
    public_url: str = ""
    skip_silent_recordings: bool = False
    countries: tuple[str, ...] = ()
    blocked_numbers: tuple[str, ...] = ()
    reply_limit: int = 15
    text_rate: float = 0.0
    messaging_service_sid: str = ""
    test_account_sid: str = ""
    test_auth_token: str = ""
    protect_media: bool = False

    def __repr__(self) -> str:
        """Show no secret and no number."""
        return f"Config(account_sid={self.account_sid!r}, host={self.host!r}, port={self.port})"
