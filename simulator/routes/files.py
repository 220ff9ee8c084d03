"""The files of messages themselves: at the REST API's address, and where that sends on to.

Twilio answers the first with 307 to a store that needs no credentials but a key in its address. Whether the first needs
the account's credentials was once the account's choice, and newer editions of
https://www.twilio.com/docs/messaging/api/media-resource say that all must have them; here `protect_media` says.
"""

from quart import Blueprint, Response, g, request

from simulator.rest.errors import RestError
from simulator.routes import current_exchange, media
from simulator.routes.rest.blueprint import authenticate, refuse, require
from simulator.routes.rest.media import find_media

bp = Blueprint("files", __name__)
bp.register_error_handler(RestError, refuse)

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",  # it came from anywhere, and this is the phones' origin
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": "inline",
    "Cache-Control": "private, max-age=3600",
}


@media.bp.get("/Accounts/<account_sid>/Messages/<message_sid>/Media/<sid>")
async def locate_file(account_sid: str, message_sid: str, sid: str) -> Response:
    """Say where a file is."""
    if current_exchange().config.protect_media:
        g.account_sid = account_sid
        await authenticate()
    located = find_media(message_sid, sid)[1]
    if located.account_sid != account_sid:
        raise RestError(20404, path=request.path)
    return Response("", 307, {"Location": located.shown_at}, content_type="application/xml")


@bp.get("/media/<key>")
async def show_file(key: str) -> Response:
    """Give out a file to whoever knows its key."""
    located = require(current_exchange().messaging.media.find(key))
    return Response(located.file.content, 200, HEADERS, content_type=located.content_type)
