"""Sending a webhook once more, as it was, with its answer looked at and not carried out."""

from simulator.twiml.document import TwimlError, read_document
from simulator.web.cookies import Cookies
from simulator.web.journal import Entry
from simulator.web.webhooks import PERCENT, PLUS, Hook, Webhooks

ANSWERED_WITH_TWIML = frozenset({"voice", "message"})


async def replay(webhooks: Webhooks, entry: Entry) -> Entry:
    """Send the request of an entry again, newly signed; returns the record of the last request that this took."""
    hook = Hook(
        entry.kind,
        entry.sid,
        entry.url,
        entry.method,
        entry.params if entry.method == "POST" else [],  # those of a GET are in its URL
        space=PLUS if "+" in entry.content else PERCENT,
        cookies=_cookies(entry),
        fallback=entry.fallback,
        truncate=entry.kind == "media",
        replay_of=entry.id,
    )
    reply = await webhooks.fetch(hook)
    if reply.error is None and entry.kind in ANSWERED_WITH_TWIML and reply.status != 204:
        try:
            read_document(reply.body, reply.content_type, reply.url)
        except TwimlError as error:
            reply.entry.alert(error.code, str(error))
    return reply.entry


def _cookies(entry: Entry) -> Cookies:
    sent = next((value for name, value in entry.request_headers if name.lower() == "cookie"), "")
    jar = Cookies()
    jar.keep(entry.url, sent.split("; ") if sent else [])
    return jar
