"""Orders for messages, and changes to them."""

from simulator import magic
from simulator.addresses import is_web_address
from simulator.calls import Target
from simulator.errors import RestError
from simulator.exchange import Account, Exchange
from simulator.form import MAX_DETAIL, Form
from simulator.lines import reach
from simulator.media import MAX_FILES
from simulator.messages import MAX_BODY, Message, MessageStatus
from simulator.ordering.endpoints import read_application

MAX_VALIDITY = 36_000  # seconds that a message may wait


def order_message(exchange: Exchange, account: Account, form: Form) -> Message:
    """Make the message that a REST request asks for and queue it; with test credentials nothing is sent."""
    to = form.number("To", missing=21604, invalid=21211)
    if not form.text("From") and form.text("MessagingServiceSid"):
        raise RestError(21701)
    sender = form.number("From", missing=21603, invalid=21212)
    body, media = form.text("Body"), form.texts("MediaUrl")
    if not body and not media:
        raise RestError(21602)
    if len(body) > MAX_BODY:
        raise RestError(21617)
    if len(media) > MAX_FILES:
        raise RestError(21623)
    for url in media:
        if not is_web_address(url):
            raise RestError(21620, value=url[:MAX_DETAIL])
    validity = form.text("ValidityPeriod").strip()
    if validity and not (validity.isdecimal() and 1 <= int(validity) <= MAX_VALIDITY):
        raise RestError(21624)
    if form.text("ScheduleType"):
        raise RestError(35118)
    callback = form.target("StatusCallback", "StatusCallbackMethod", invalid=21609) or _application_callback(exchange, form)
    _check_sender(exchange, account, sender, to)
    message = Message(
        account_sid=account.sid,
        direction="outbound-api",
        from_number=sender,
        to_number=to,
        body=body if account.test else exchange.messaging.terms.prefix + body,
        status=MessageStatus.QUEUED,
        created_at=exchange.clock.now(),
        files=tuple(media),
        status_target=callback,
    )
    if not account.test:
        exchange.messaging.send(message)
    return message


def _application_callback(exchange: Exchange, form: Form) -> Target | None:
    """Find where an application wants to be told; a StatusCallback of the message's own goes before it."""
    application = read_application(exchange, form, "ApplicationSid", None)
    return None if application is None else reach(application.message_status)


def _check_sender(exchange: Exchange, account: Account, sender: str, to: str) -> None:
    if account.test:
        magic.check_message(sender, to)
        return
    if sender not in exchange.numbers:
        raise RestError(21606, number=sender)
    if to == sender:
        raise RestError(21266)
    if not exchange.reaches(to):
        raise RestError(21608, number=to)
    if exchange.messaging.opt_outs.blocked(sender, to):
        raise RestError(21610)


def change_message(exchange: Exchange, message: Message, form: Form) -> None:
    """Redact a message (an empty Body) or cancel one that is still queued, never both: docs/api/errors/30400."""
    if form.text("Body") or ("Body" in form) == bool(form.text("Status")):
        raise RestError(30400)
    if form.choice("Status", ("canceled",), 30400):
        if message.status is not MessageStatus.QUEUED:
            raise RestError(30409)
        exchange.messaging.cancel(message)
    else:
        message.body = ""
        message.move(message.status, exchange.clock.now())
