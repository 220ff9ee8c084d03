"""The answer to an incoming text: what its TwiML sends, and where it goes on.

Facts: https://www.twilio.com/docs/messaging/twiml/message and …/redirect; limits and codes: https://www.twilio.com/docs/api/errors
(14101 to 14111; 14106 says 50 documents, 14109 says 10 messages).
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.addresses import Target, is_web_address, resolve
from simulator.texts.messages import Message
from simulator.twiml.document import Alarm, Verb
from simulator.web.answers import Fetched

MAX_DOCUMENTS = 50
MAX_REPLIES = 10


@dataclass(frozen=True)
class Draft:
    """A message that a document asks for; numbers are as the document writes them."""

    sender: str
    to: str
    body: str
    files: tuple[str, ...] = ()
    callback: Target | None = None


Send = Callable[[Draft, Alarm], Message | None]


@dataclass
class Answer:
    """The documents that answer one incoming message, one after the other."""

    message: Message
    send: Send
    documents: int = 0
    sent: int = 0

    def may_ask(self, fetched: Fetched) -> bool:
        """Count a document that was got; False says that no further one may be asked for."""
        self.documents += 1
        if self.documents < MAX_DOCUMENTS:
            return True
        fetched.alarm(14106, f"Document retrieval limit reached: {MAX_DOCUMENTS}", "warning")
        return False

    def carry_out(self, fetched: Fetched) -> Target | None:
        """Perform the verbs of a document; a target says where the next one is."""
        for verb in fetched.verbs:
            method = verb.get("method", "POST").strip().upper()
            if method not in {"GET", "POST"}:
                fetched.alarm(13710 if verb.name == "Redirect" else 14104, "Invalid Method attribute", "warning")
                method = "POST"
            if verb.name == "Redirect":
                return Target(resolve(fetched.base_url, verb.text), method)
            if self.sent == MAX_REPLIES:
                fetched.alarm(14109, f"TwiML Reply message limit exceeded: {MAX_REPLIES}", "warning")
                continue
            self.sent += 1
            self.send(self._draft(verb, method, fetched), fetched.alarm)
        return None

    def _draft(self, verb: Verb, method: str, fetched: Fetched) -> Draft:
        bodies = [part.text for part in verb.parts("Body")]
        callback = None
        address = verb.get("action") or verb.get("statusCallback")
        if address:
            callback = Target(resolve(fetched.base_url, address), method)
            if not is_web_address(callback.url):
                fetched.alarm(14105, "Invalid statusCallback attribute", "warning")
                callback = None
        return Draft(
            sender=verb.get("from") or self.message.to_number,
            to=verb.get("to") or self.message.from_number,
            body=" ".join(bodies) or verb.own_text,
            files=tuple(resolve(fetched.base_url, part.text) for part in verb.parts("Media")),
            callback=callback,
        )
