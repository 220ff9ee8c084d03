"""The account's numbers, and where the webhooks of each go."""

from dataclasses import dataclass

from simulator.calls import Target

URLS = frozenset({"voice_url", "voice_fallback_url", "sms_url", "sms_fallback_url", "status_url"})


@dataclass
class AccountNumber:
    """A number of the account; a webhook without a target asks nobody."""

    number: str
    sid: str
    voice: Target | None = None
    voice_fallback: Target | None = None
    sms: Target | None = None
    sms_fallback: Target | None = None
    status: Target | None = None

    def point(self, **urls: str) -> None:
        """Set webhooks by the names in URLS; those not named stay, an empty one is taken away. ValueError for others."""
        unknown = sorted(set(urls) - URLS)
        if unknown:
            raise ValueError(f"no such webhook: {', '.join(unknown)}")
        for name, url in urls.items():
            setattr(self, name.removesuffix("_url"), Target(url) if url else None)
