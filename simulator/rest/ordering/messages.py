"""Orders for messages, and changes to them."""

import re
from datetime import UTC, datetime, timedelta

from simulator.addresses import Target, is_web_address
from simulator.exchange import Account, Exchange
from simulator.identifiers import SERVICE_SID
from simulator.lines import reach
from simulator.rest import magic
from simulator.rest.errors import RestError
from simulator.rest.form import MAX_DETAIL, Form
from simulator.rest.ordering.endpoints import read_application
from simulator.texts.media import MAX_FILES
from simulator.texts.messages import MAX_BODY, WAITING, Message, MessageStatus
from simulator.texts.senders import LONGEST_WAIT

SOONEST, LATEST = timedelta(minutes=5), timedelta(days=35)  # for a scheduled message


def order_message(exchange: Exchange, account: Account, form: Form) -> Message:
    """Make the message that a REST request asks for and queue it; with test credentials nothing is sent."""
    to = form.number("To", missing=21604, invalid=21211)
    service_sid = _read_service(exchange, account, form)
    chosen_later = service_sid is not None and form.text("From") in {"", service_sid}
    sender = "" if chosen_later else form.number("From", missing=21603, invalid=21212)
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
    validity = form.text("ValidityPeriod").strip() or str(LONGEST_WAIT)
    if not re.fullmatch("[0-9]{1,5}", validity) or not 1 <= int(validity) <= LONGEST_WAIT:
        raise RestError(21624)
    send_at = _read_schedule(exchange, form, service_sid)
    callback = form.target("StatusCallback", "StatusCallbackMethod", invalid=21609) or _application_callback(exchange, form)
    _check_sender(exchange, account, sender, to)
    message = Message(
        account_sid=account.sid,
        direction="outbound-api",
        from_number=sender,
        to_number=to,
        body=body if account.test else exchange.messaging.terms.prefix + body,
        status=_first_status(service_sid, send_at),
        created_at=exchange.clock.now(),
        files=tuple(media),
        status_target=callback,
        service_sid=service_sid,
        send_at=send_at,
        validity=int(validity),
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
    if not sender and not exchange.numbers:
        raise RestError(21704)
    if sender and sender not in exchange.numbers:
        raise RestError(21606, number=sender)
    if to == sender:
        raise RestError(21266)
    if not exchange.permits(to):
        raise RestError(21408, number=to)
    if not exchange.reaches(to):
        raise RestError(21608, number=to)
    if sender and exchange.messaging.opted_out(sender, to):
        raise RestError(21610)
    if sender and exchange.messaging.is_full(sender):
        raise RestError(21611)


def _read_service(exchange: Exchange, account: Account, form: Form) -> str | None:
    """Read which messaging service is to send a message; it may stand in place of the sender, too."""
    given = form.text("From") if SERVICE_SID.fullmatch(form.text("From")) else form.text("MessagingServiceSid")
    if given and (account.test or given != exchange.config.messaging_service_sid):
        raise RestError(21701)
    return given or None


def _read_schedule(exchange: Exchange, form: Form, service_sid: str | None) -> datetime | None:
    """Read when a message is to be sent; None says at once."""
    if not form.text("ScheduleType"):
        return None
    if form.text("ScheduleType") != "fixed":
        raise RestError(35126)
    if service_sid is None:
        raise RestError(35118)
    if not form.text("SendAt"):
        raise RestError(35111)
    try:
        moment = datetime.fromisoformat(form.text("SendAt"))
    except ValueError:
        raise RestError(35115) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not SOONEST <= moment - exchange.clock.now() <= LATEST:
        raise RestError(35114)
    return moment


def _first_status(service_sid: str | None, send_at: datetime | None) -> MessageStatus:
    if service_sid is None:
        return MessageStatus.QUEUED
    return MessageStatus.ACCEPTED if send_at is None else MessageStatus.SCHEDULED


def change_message(exchange: Exchange, message: Message, form: Form) -> None:
    """Redact a message (an empty Body) or cancel one that is still queued, never both: docs/api/errors/30400."""
    if form.text("Body") or ("Body" in form) == bool(form.text("Status")):
        raise RestError(30400)
    if form.choice("Status", ("canceled",), 30400):
        if message.status not in WAITING:
            raise RestError(30409)
        exchange.messaging.cancel(message)
    else:
        message.body = ""
        message.move(message.status, exchange.clock.now())
