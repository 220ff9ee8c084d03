"""Redirect, Reject, Hangup and Leave: where a call goes on, or not; and Sms, a text beside it."""

from simulator.addresses import Target
from simulator.twiml.document import Verb
from simulator.voice.calls import CallStatus, Instructions
from simulator.voice.stage import HangUp, LeaveQueue, Outcome, Stage


async def redirect(stage: Stage, verb: Verb) -> Outcome:
    """Go on with another document; the method is POST unless it is given, whatever this one was fetched with."""
    return Instructions(Target(stage.resolve(verb.text), verb.get("method", "POST")))


async def reject(stage: Stage, verb: Verb) -> Outcome:
    """Refuse an incoming call that is not answered yet; any other is only ended."""
    reason = verb.get("reason", "rejected")
    if stage.call.answered_at is not None:
        return HangUp()
    return HangUp(CallStatus.BUSY if reason == "busy" else CallStatus.NO_ANSWER)


async def hangup(stage: Stage, verb: Verb) -> Outcome:
    """End the call."""
    return HangUp()


async def sms(stage: Stage, verb: Verb) -> Outcome:
    """Send a text during a call: from the account's number to the phone, unless the verb says otherwise.

    With an action, the call goes on with its answer; the status callback is always a POST. https://www.twilio.com/docs/api/twiml/sms
    """
    call = stage.call
    own = call.to_number if call.incoming else call.from_number
    message = stage.telephony.send_text(
        verb.get("from") or own,
        verb.get("to") or call.phone_number,
        verb.text,
        stage.target(verb, "statusCallback", ""),
        stage.alarm,
    )
    action = stage.target(verb, "action")
    if action is None:
        return None
    told = (("SmsSid", message.sid), ("SmsStatus", "sending")) if message else (("SmsStatus", "invalid"),)
    return Instructions(action, params=told)


async def leave(stage: Stage, verb: Verb) -> Outcome:
    """Leave the queue that the call waits in; outside of one there is nothing to leave."""
    return LeaveQueue() if stage.call.queue is not None else None
