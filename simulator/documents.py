"""Getting a TwiML document: from its URL, from the fallback where that fails, or from inline text."""

from dataclasses import dataclass, field, replace

from simulator.calls import Call, Instructions, Target
from simulator.cookies import Cookies
from simulator.grammar import MESSAGE_VERBS, VOICE_VERBS
from simulator.journal import Entry
from simulator.messages import Message
from simulator.parameters import message_params, voice_params
from simulator.schema import known_verbs
from simulator.twiml import Alarm, Document, TwimlError, Verb, read_document, read_markup
from simulator.webhooks import Hook, Reply, Webhooks

ERROR_SENTENCE = "We are sorry. An application error has occurred. Goodbye."


@dataclass(frozen=True)
class Fetched:
    """A document that can be carried out, and where what is wrong with it is told; inline TwiML has no base URL."""

    verbs: list[Verb]
    base_url: str
    alarm: Alarm = field(compare=False)
    request_id: int | None = None


async def fetch_voice_document(webhooks: Webhooks, call: Call, instructions: Instructions, endless: bool = False) -> Fetched | None:
    """Get the next document of a call; None where neither its URL nor the fallback gave one.

    `endless` says that this is one redirect too many in a row in which nothing was heard: it is not followed.
    """
    if instructions.target is None:
        return _read_inline(webhooks, call, instructions.twiml)
    target = instructions.target
    extra = dict(instructions.params)
    hook = Hook("voice", call.sid, target.url, target.method, voice_params(call, extra), cookies=call.cookies)
    reply = await webhooks.fetch(hook)
    if endless:
        reply.entry.alert(11215, "HTTP too many redirects: documents go on and nothing is heard")
        return None
    document, code = _read(reply)
    if document is None and call.fallback is not None and not call.over:
        params = voice_params(call, extra | {"ErrorCode": str(code), "ErrorUrl": target.url})
        hook = replace(hook, url=call.fallback.url, method=call.fallback.method, params=params, fallback=True)
        reply = await webhooks.fetch(hook)
        document, code = _read(reply)
    if document is None:
        return None
    entry = reply.entry
    return Fetched(known_verbs(document, VOICE_VERBS, entry.alert), document.base_url, entry.alert, entry.id)


async def fetch_message_document(
    webhooks: Webhooks, message: Message, target: Target, fallback: Target | None, cookies: Cookies
) -> Fetched | None:
    """Get the answer to an incoming message; None where there is none."""
    hook = Hook("message", message.sid, target.url, target.method, message_params(message), cookies=cookies)
    reply = await webhooks.fetch(hook)
    document, code = _read_answer(reply)
    if document is None and fallback is not None:
        params = message_params(message, {"ErrorCode": str(code), "ErrorUrl": target.url})
        hook = replace(hook, url=fallback.url, method=fallback.method, params=params, fallback=True)
        reply = await webhooks.fetch(hook)
        document, code = _read_answer(reply)
    if document is None:
        return None
    return Fetched(known_verbs(document, MESSAGE_VERBS, reply.entry.alert), document.base_url, reply.entry.alert)


def _read_answer(reply: Reply) -> tuple[Document | None, int]:
    """Read the answer to a text, which may be no answer at all."""
    if reply.error is None and reply.status == 204:
        return Document((), reply.url), 0
    return _read(reply, plain_verb="Message")


def _read(reply: Reply, plain_verb: str = "Say") -> tuple[Document | None, int]:
    if reply.error is not None:
        return None, reply.error
    try:
        return read_document(reply.body, reply.content_type, reply.url, plain_verb), 0
    except TwimlError as error:
        reply.entry.alert(error.code, str(error))
        return None, error.code


def _read_inline(webhooks: Webhooks, call: Call, text: str) -> Fetched | None:
    """Read a document that came by the REST API; what is wrong with it is in the journal, as a request never made."""
    entry: Entry | None = None

    def alarm(code: int, told: str, level: str) -> None:
        nonlocal entry
        entry = entry or webhooks.note_document(call.sid, text)
        entry.alert(code, told, level)

    try:
        document = read_markup(text)
    except TwimlError as error:
        alarm(error.code, str(error), "error")
        return None
    return Fetched(known_verbs(document, VOICE_VERBS, alarm), "", alarm)
