"""Reading the answer to a webhook as a document."""

from dataclasses import dataclass, field

from simulator.twiml.document import Alarm, Document, TwimlError, Verb, read_document
from simulator.web.webhooks import Reply


@dataclass(frozen=True)
class Fetched:
    """A document that can be carried out, and where what is wrong with it is told; inline TwiML has no base URL."""

    verbs: list[Verb]
    base_url: str
    alarm: Alarm = field(compare=False)
    request_id: int | None = None


def read_answer(reply: Reply, plain_verb: str = "Say") -> tuple[Document | None, int]:
    """Read a document; where there is none, the code that says why, which is also told in the journal."""
    if reply.error is not None:
        return None, reply.error
    try:
        return read_document(reply.body, reply.content_type, reply.url, plain_verb), 0
    except TwimlError as error:
        reply.entry.alert(error.code, str(error))
        return None, error.code
