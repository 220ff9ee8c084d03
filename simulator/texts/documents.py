"""Getting the answer to a text: from its URL, or from the fallback where that fails."""

from dataclasses import replace

from simulator.addresses import Target
from simulator.texts.messages import Message
from simulator.texts.parameters import message_params
from simulator.twiml.document import Document
from simulator.twiml.grammar import MESSAGE_VERBS
from simulator.twiml.schema import known_verbs
from simulator.web.answers import Fetched, read_answer
from simulator.web.cookies import Cookies
from simulator.web.webhooks import Hook, Reply, Webhooks


async def fetch_message_document(
    webhooks: Webhooks, message: Message, target: Target, fallback: Target | None, cookies: Cookies
) -> Fetched | None:
    """Get the answer to an incoming message; None where there is none."""
    hook = Hook("message", message.sid, target.url, target.method, message_params(message), cookies=cookies)
    reply = await webhooks.fetch(hook)
    document, code = _read(reply)
    if document is None and fallback is not None:
        params = message_params(message, {"ErrorCode": str(code), "ErrorUrl": target.url})
        hook = replace(hook, url=fallback.url, method=fallback.method, params=params, fallback=True)
        reply = await webhooks.fetch(hook)
        document, code = _read(reply)
    if document is None:
        return None
    return Fetched(known_verbs(document, MESSAGE_VERBS, reply.entry.alert), document.base_url, reply.entry.alert)


def _read(reply: Reply) -> tuple[Document | None, int]:
    """Read the answer to a text, which may be no answer at all."""
    if reply.error is None and reply.status == 204:
        return Document((), reply.url), 0
    return read_answer(reply, plain_verb="Message")
