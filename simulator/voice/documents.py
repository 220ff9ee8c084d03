"""Getting a call's next document: from its URL, from the fallback where that fails, or from inline text."""

from dataclasses import replace

from simulator.twiml.document import TwimlError, read_markup
from simulator.twiml.grammar import VOICE_VERBS
from simulator.twiml.schema import known_verbs
from simulator.voice.calls import Call, Instructions
from simulator.voice.parameters import voice_params
from simulator.web.answers import Fetched, read_answer
from simulator.web.journal import Entry
from simulator.web.webhooks import Hook, Webhooks

ERROR_SENTENCE = "We are sorry. An application error has occurred. Goodbye."


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
    document, code = read_answer(reply)
    if document is None and call.fallback is not None and not call.over:
        params = voice_params(call, extra | {"ErrorCode": str(code), "ErrorUrl": target.url})
        hook = replace(hook, url=call.fallback.url, method=call.fallback.method, params=params, fallback=True)
        reply = await webhooks.fetch(hook)
        document, code = read_answer(reply)
    if document is None:
        return None
    entry = reply.entry
    return Fetched(known_verbs(document, VOICE_VERBS, entry.alert), document.base_url, entry.alert, entry.id)


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
