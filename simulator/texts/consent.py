"""Opt-outs: STOP, START and HELP, which Twilio answers by itself."""

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO"})

STOPPED = "You have successfully been unsubscribed. You will not receive any more messages from this number."
STARTED = "You have successfully been re-subscribed to messages from this number. Reply HELP for help."
HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."


class OptOuts:
    """Who wants no texts from which number of the account."""

    def __init__(self) -> None:
        self._pairs: set[tuple[str, str]] = set()

    def blocked(self, sender: str, recipient: str) -> bool:
        """Tell whether a recipient has opted out of a sender."""
        return (sender, recipient) in self._pairs

    def hear(self, own: str, other: str, body: str) -> str | None:
        """Act on a text that is one of the words, in any case; returns Twilio's own answer to it."""
        word = body.strip().upper()
        if word in STOP_WORDS:
            self._pairs.add((own, other))
            return STOPPED
        if word in START_WORDS and (own, other) in self._pairs:
            self._pairs.discard((own, other))
            return STARTED
        if word in HELP_WORDS:
            return HELPED
        return None
