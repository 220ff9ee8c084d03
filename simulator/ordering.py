"""What a REST request orders: a call or a message, checked as Twilio checks it, and changes to either."""

import re

from simulator import magic
from simulator.addresses import is_web_address
from simulator.calls import (
    DEFAULT_RING_SECONDS,
    EVENTS,
    MAX_CALL_SECONDS,
    MAX_RING_SECONDS,
    Call,
    CallStatus,
    Instructions,
    MachineDetection,
)
from simulator.errors import RestError
from simulator.exchange import Account, Exchange
from simulator.form import MAX_DETAIL, Form
from simulator.messages import MAX_BODY, MAX_MEDIA, Media, Message, MessageStatus

MAX_TWIML = 4000
TRIAL_PREFIX = "Sent from your Twilio trial account - "


def order_call(exchange: Exchange, account: Account, form: Form) -> Call:
    """Make the call that a REST request asks for and queue it; with test credentials nothing is dialled."""
    to = form.number("To", missing=21201, invalid=21211)
    sender = form.number("From", missing=21213, invalid=21212)
    _check_caller(exchange, account, sender, to)
    events = form.texts("StatusCallbackEvent")
    for event in events:
        if event not in EVENTS:
            raise RestError(21626, value=event[:MAX_DETAIL])
    digits = form.text("SendDigits")
    if digits and not re.fullmatch(r"[0-9A-D#*wW]{1,32}", digits):
        raise RestError(21206)
    line = exchange.numbers.get(sender)
    call = Call(
        account_sid=account.sid,
        direction="outbound-api",
        from_number=sender,
        to_number=to,
        status=CallStatus.QUEUED,
        created_at=exchange.clock.now(),
        instructions=_instructions(form, required=True),
        fallback=form.target("FallbackUrl", "FallbackMethod"),
        status_target=form.target("StatusCallback", "StatusCallbackMethod", invalid=21609),
        status_events=frozenset(events or ["completed"]),
        phone_number_sid=line.sid if line else None,
        ring_seconds=form.whole("Timeout", DEFAULT_RING_SECONDS, 21208, MAX_RING_SECONDS),
        time_limit=form.whole("TimeLimit", MAX_CALL_SECONDS, 20001, MAX_CALL_SECONDS),
        send_digits=digits,
        machine_detection=_machine_detection(form),
    )
    if not account.test:
        exchange.telephony.place(call)
    return call


def _machine_detection(form: Form) -> MachineDetection | None:
    mode = form.choice("MachineDetection", ("Enable", "DetectMessageEnd"), 21234)
    asynchronous = form.choice("AsyncAmd", ("true", "false"), 20001) == "true"
    target = form.target("AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod")
    timeout = form.whole("MachineDetectionTimeout", 30, 20001, 59)
    return MachineDetection(mode, asynchronous, target, timeout) if mode else None


def _check_caller(exchange: Exchange, account: Account, sender: str, to: str) -> None:
    if account.test:
        magic.check_call(sender, to)
        return
    if sender not in exchange.numbers and sender not in exchange.config.caller_ids:
        raise RestError(21210, number=sender)
    if exchange.config.trial and to not in exchange.config.caller_ids:
        raise RestError(21219, number=to)


def _instructions(form: Form, required: bool) -> Instructions:
    if form.text("ApplicationSid"):
        raise RestError(21218)
    target = form.target("Url", "Method")
    twiml = "" if target else form.text("Twiml")
    if len(twiml) > MAX_TWIML:
        raise RestError(21658, name="Twiml")
    if required and target is None and not twiml:
        raise RestError(21205, value="")
    return Instructions(target, twiml)


def change_call(exchange: Exchange, call: Call, form: Form) -> None:
    """Redirect or end a call as a REST request says; a call that is over cannot be changed (21220)."""
    status = form.choice("Status", ("canceled", "completed"), 21475)
    instructions = _instructions(form, required=False)
    fallback = form.target("FallbackUrl", "FallbackMethod")
    callback = form.target("StatusCallback", "StatusCallbackMethod", invalid=21609)
    limit = form.whole("TimeLimit", int(call.time_limit), 20001, MAX_CALL_SECONDS)
    if call.over:
        raise RestError(21220)
    redirected = instructions.target is not None or bool(instructions.twiml)
    if redirected and not status and call.answered_at is None:
        raise RestError(21220)
    call.time_limit = limit
    call.fallback = fallback or call.fallback
    call.status_target = callback or call.status_target
    if status:
        _end_call(exchange, call, status)
    elif redirected:
        exchange.telephony.redirect(call, instructions)
    call.stirred.notify()


def _end_call(exchange: Exchange, call: Call, status: str) -> None:
    """End a call: `canceled` leaves an answered one alone, `completed` cancels one that is not answered."""
    if call.answered_at is None:
        exchange.telephony.finish(call, CallStatus.CANCELED, report=call.status is not CallStatus.QUEUED)
    elif status == "completed":
        exchange.telephony.finish(call, CallStatus.COMPLETED)


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
    if len(media) > MAX_MEDIA:
        raise RestError(21623)
    for url in media:
        if not is_web_address(url):
            raise RestError(21620, value=url[:MAX_DETAIL])
    if form.text("ScheduleType"):
        raise RestError(35118)
    callback = form.target("StatusCallback", "StatusCallbackMethod", invalid=21609)
    _check_sender(exchange, account, sender, to)
    message = Message(
        account_sid=account.sid,
        direction="outbound-api",
        from_number=sender,
        to_number=to,
        body=TRIAL_PREFIX + body if exchange.config.trial and not account.test else body,
        status=MessageStatus.QUEUED,
        created_at=exchange.clock.now(),
        media=tuple(Media(url) for url in media),
        status_target=callback,
    )
    if not account.test:
        exchange.messaging.send(message)
    return message


def _check_sender(exchange: Exchange, account: Account, sender: str, to: str) -> None:
    if account.test:
        magic.check_message(sender, to)
        return
    if sender not in exchange.numbers:
        raise RestError(21606, number=sender)
    if exchange.config.trial and to not in exchange.config.caller_ids:
        raise RestError(21608, number=to)
    if exchange.messaging.opt_outs.blocked(sender, to):
        raise RestError(21610)


def change_message(exchange: Exchange, message: Message, form: Form) -> None:
    """Redact a message (an empty Body) or cancel one that is still queued."""
    if form.choice("Status", ("canceled",), 21475):
        if message.status is not MessageStatus.QUEUED:
            raise RestError(30409)
        message.status = MessageStatus.CANCELED
    if "Body" in form:
        if form.text("Body"):
            raise RestError(20001, name="Body")
        message.body = ""
    message.updated_at = exchange.clock.now()
