"""What is remembered of two numbers that text each other: how fast they are answered, and the application's cookies.

Facts: https://www.twilio.com/docs/api/errors/14107 (30 replies, each within 30 seconds of the one before, then none for
30 seconds; older editions of that page say 15 or 20: the strictest holds unless a setting says otherwise, so that what
passes here passes there) and https://www.twilio.com/docs/messaging/tutorials/how-to-create-sms-conversations (one set of
cookies for each pair of numbers, for four hours).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.web.cookies import Cookies

REPLY_LIMIT = 15
PAUSE = timedelta(seconds=30)
COOKIES_LAST = timedelta(hours=4)


@dataclass
class Conversation:
    """One pair of numbers, the account's first."""

    used_at: datetime
    replies: int = 0
    replied_at: datetime | None = None
    held_until: datetime | None = None
    cookies: Cookies | None = None

    def count_reply(self, now: datetime, limit: int) -> bool:
        """Count a reply; False says that it is one too many, and so are all for the next 30 seconds."""
        if self.held_until is not None and now < self.held_until:
            return False
        soon = self.held_until is None and self.replied_at is not None and now - self.replied_at < PAUSE
        self.replies = self.replies + 1 if soon else 1
        self.replied_at = now
        self.held_until = now + PAUSE if self.replies > limit else None
        return self.held_until is None

    def keep_cookies(self, cookies: Cookies) -> None:
        """Keep what an application set; most set nothing, and a jar takes more room than all the rest."""
        self.cookies = cookies if len(cookies) else None


class Conversations:
    """The pairs of numbers that have texted in the last four hours."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], Conversation] = {}
        self._most = 1000

    def between(self, own: str, other: str, now: datetime) -> Conversation:
        """Find the conversation of a number of the account with another; after four hours of silence it begins anew."""
        found = self._pairs.get((own, other))
        if found is None or now - found.used_at > COOKIES_LAST:
            found = self._pairs[own, other] = Conversation(now)
        found.used_at = now
        if len(self._pairs) > self._most:
            self._pairs = {pair: one for pair, one in self._pairs.items() if now - one.used_at <= COOKIES_LAST}
            self._most = 2 * len(self._pairs) + 1000
        return found
