"""Orders for calls, and changes to them."""

import re
from dataclasses import dataclass

from simulator.addresses import Target
from simulator.exchange import Account, Exchange
from simulator.lines import reach
from simulator.numbering import is_client
from simulator.rest import magic
from simulator.rest.errors import RestError
from simulator.rest.form import MAX_DETAIL, Form
from simulator.rest.ordering.recordings import read_recording_rules
from simulator.voice.calls import (
    DEFAULT_RING_SECONDS,
    EVENTS,
    MAX_CALL_SECONDS,
    MAX_RING_SECONDS,
    Call,
    CallStatus,
    Instructions,
    MachineDetection,
)

MAX_TWIML = 4000


def order_call(exchange: Exchange, account: Account, form: Form, instructions: Instructions | None = None) -> Call:
    """Make the call that a REST request asks for and queue it; with test credentials nothing is dialled.

    What the call is to do comes from the form, unless instructions are given.
    """
    to = _callee(form)
    sender = _caller(form, to)
    _check_caller(exchange, account, sender, to)
    digits = form.text("SendDigits")
    if digits and not re.fullmatch(r"[0-9A-D#*wW]{1,32}", digits):
        raise RestError(21206)
    course = _course(exchange, form, instructions)
    line = exchange.numbers.get(sender)
    call = Call(
        account_sid=account.sid,
        direction="outbound-api",
        from_number=sender,
        to_number=to,
        status=CallStatus.QUEUED,
        created_at=exchange.clock.now(),
        instructions=course.instructions,
        fallback=course.fallback,
        status_target=course.status,
        status_events=course.events,
        phone_number_sid=line.sid if line else None,
        ring_seconds=form.whole("Timeout", DEFAULT_RING_SECONDS, 21208, MAX_RING_SECONDS),
        time_limit=form.whole("TimeLimit", MAX_CALL_SECONDS, 20001, MAX_CALL_SECONDS),
        send_digits=digits,
        machine_detection=_machine_detection(form),
        recording_rules=read_recording_rules(form, trim=True) if form.truth("Record") else None,
    )
    if not account.test:
        if exchange.telephony.queue_full:
            raise RestError(22005)
        _tell_unknown_events(exchange, call, form)
        exchange.telephony.place(call, reachable=not _is_sip(to))
    return call


def _tell_unknown_events(exchange: Exchange, call: Call, form: Form) -> None:
    """Warn of events that do not exist, for which the call is made all the same and nothing is told.

    An application that sent all events in one field saw no callback, not a refusal: vellum-ai/vellum-assistant#6044.
    """
    unknown = sorted(set(form.texts("StatusCallbackEvent")) - set(EVENTS))
    if unknown:
        told = ", ".join(unknown)[:MAX_DETAIL]
        exchange.webhooks.note_document(call.sid, form.text("Twiml")).alert(
            21626, f"Invalid 'StatusCallbackEvent': {told}", "warning"
        )


def _is_sip(address: str) -> bool:
    return address.lower().startswith(("sip:", "sips:"))


def _callee(form: Form) -> str:
    """Read whom to call: a number, a client, or a SIP address, which nothing here answers."""
    text = form.text("To").strip()
    return text if is_client(text) or _is_sip(text) else form.number("To", missing=21201, invalid=21211)


def _caller(form: Form, to: str) -> str:
    """Read who calls; to a client, a client may. https://www.twilio.com/docs/voice/api/call-resource"""
    text = form.text("From").strip()
    return text if is_client(text) and is_client(to) else form.number("From", missing=21213, invalid=21212)


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
    if sender not in exchange.numbers and sender not in exchange.caller_ids and not is_client(sender):
        raise RestError(21210, number=sender)
    if to in exchange.config.blocked_numbers:
        raise RestError(21216)
    if not exchange.permits(to):
        raise RestError(21215, number=to)
    if not is_client(to) and not exchange.reaches(to):
        raise RestError(21219, number=to)


@dataclass(frozen=True)
class _Course:
    """What a call is to do, and where its events are told."""

    instructions: Instructions
    fallback: Target | None
    status: Target | None
    events: frozenset[str] = frozenset({"completed"})


def _course(exchange: Exchange, form: Form, instructions: Instructions | None) -> _Course:
    """Read the addresses of a call; where an application is named, its own count and those of the request are ignored."""
    if form.text("ApplicationSid"):
        application = exchange.applications.get(form.text("ApplicationSid").strip())
        if application is None or not application.endpoints.voice.url:
            raise RestError(21218)
        endpoints = application.endpoints
        return _Course(Instructions(endpoints.voice), reach(endpoints.voice_fallback), reach(endpoints.status))
    instructions = instructions or _instructions(form)
    if instructions.target is None and not instructions.twiml:
        raise RestError(21205, value="")
    events = form.texts("StatusCallbackEvent")
    return _Course(
        instructions,
        form.target("FallbackUrl", "FallbackMethod"),
        form.target("StatusCallback", "StatusCallbackMethod", invalid=21609),
        frozenset(events or ["completed"]).intersection(EVENTS),
    )


def _instructions(form: Form) -> Instructions:
    target = form.target("Url", "Method")
    twiml = "" if target else form.text("Twiml")
    if len(twiml) > MAX_TWIML:
        raise RestError(21658, name="Twiml")
    return Instructions(target, twiml)


def change_call(exchange: Exchange, call: Call, form: Form) -> None:
    """Redirect or end a call as a REST request says; a call that is over cannot be changed (21220)."""
    status = form.choice("Status", ("canceled", "completed"), 21475)
    instructions = _instructions(form)
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
        end_call(exchange, call, status)
    elif redirected:
        exchange.telephony.redirect(call, instructions)
    call.stirred.notify()


def end_call(exchange: Exchange, call: Call, status: str) -> None:
    """End a call: `canceled` leaves an answered one alone, `completed` cancels one that is not answered."""
    if call.answered_at is None:
        exchange.telephony.finish(call, CallStatus.CANCELED, report=call.status is not CallStatus.QUEUED)
    elif status == "completed":
        exchange.telephony.finish(call, CallStatus.COMPLETED)
