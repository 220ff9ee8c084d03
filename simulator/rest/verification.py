"""Verifying that a number is somebody's: it is called, and whoever answers enters the code that REST gave out.

Facts: https://www.twilio.com/docs/voice/api/outgoing-caller-ids and, for the callback, Twilio's announcement of it,
https://www.twilio.com/blog/2012/03/introducing-status-callback-for-caller-id-verification-calls.html
"""

import secrets
from dataclasses import dataclass

from simulator.addresses import Target
from simulator.exchange import Exchange
from simulator.lines import CallerId
from simulator.twiml.document import Verb
from simulator.voice.calls import Call, CallStatus, Instructions
from simulator.voice.parameters import call_status_params
from simulator.voice.stage import HangUp, Stage
from simulator.voice.verbs.gather import gather
from simulator.voice.verbs.speech import say
from simulator.web.webhooks import PERCENT, Hook

CALLER = "+14157234000"  # who calls: Twilio, not the account
CODE_DIGITS = 6
ATTEMPTS = 3
SECONDS_TO_ENTER = "10"
HERE = "http://verification.invalid/"  # Gather wants an action; it is not asked, as the digits are looked at here
ASKING = "This is a call to verify your phone number. Please enter the six digits of your verification code."
WRONG = "That is not the code."
VERIFIED = "Thank you. Your phone number is verified. Goodbye."
FAILED = "Your phone number could not be verified. Goodbye."


@dataclass
class Verification:
    """One attempt to verify a number; `status` is who is told of its end."""

    call: Call
    friendly_name: str
    status: Target | None = None
    code: str = ""
    caller: CallerId | None = None

    def __post_init__(self) -> None:
        self.code = self.code or f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def start_verification(
    exchange: Exchange, number: str, friendly_name: str, status: Target | None, delay: float = 0.0, extension: str = ""
) -> Verification:
    """Call a number, after a delay in seconds, to let its owner enter the code; an extension is dialled first."""
    call = Call(
        account_sid=exchange.config.account_sid,
        direction="outbound-api",
        from_number=CALLER,
        to_number=number,
        status=CallStatus.QUEUED,
        created_at=exchange.clock.now(),
        instructions=Instructions(),
        send_digits=extension,
    )
    verification = Verification(call, friendly_name, status)
    exchange.telephony.calls[call.sid] = call
    exchange.clock.spawn(_verify(exchange, verification, delay), f"verification {call.sid}")
    return verification


async def _verify(exchange: Exchange, verification: Verification, delay: float) -> None:
    call = verification.call
    await exchange.clock.sleep(delay)

    async def script() -> HangUp:
        return await _ask(exchange, verification)

    exchange.telephony.place(call, script=script)
    while not call.over:
        await exchange.clock.wait(call.stirred)
    if verification.status is not None:
        exchange.telephony.callbacks.post(_report(exchange, verification, verification.status))


async def _ask(exchange: Exchange, verification: Verification) -> HangUp:
    """Ask for the code a few times."""
    call = verification.call
    stage = Stage(exchange.telephony, call, HERE, lambda *_: None)
    asking = Verb("Say", {}, ASKING)
    for _ in range(ATTEMPTS):
        form = {"numDigits": str(CODE_DIGITS), "timeout": SECONDS_TO_ENTER, "action": HERE}
        heard = await gather(stage, Verb("Gather", form, "", (asking,)))
        if not isinstance(heard, Instructions):
            continue
        if secrets.compare_digest(dict(heard.params)["Digits"].encode(), verification.code.encode()):
            verification.caller = exchange.verify(call.to_number, verification.friendly_name)
            await say(stage, Verb("Say", {}, VERIFIED))
            return HangUp()
        await say(stage, Verb("Say", {}, WRONG))
    await say(stage, Verb("Say", {}, FAILED))
    return HangUp()


def _report(exchange: Exchange, verification: Verification, target: Target) -> Hook:
    params = call_status_params(verification.call, "completed", exchange.clock.now())
    if verification.caller is None:
        params += [("VerificationStatus", "failed")]
    else:
        params += [("VerificationStatus", "success"), ("OutgoingCallerIdSid", verification.caller.sid)]
    return Hook("verification", verification.call.sid, target.url, target.method, params, PERCENT)
