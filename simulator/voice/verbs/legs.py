"""The legs of a Dial: calls to numbers, clients and SIP addresses, each with what its noun asks for."""

from dataclasses import dataclass

from simulator.addresses import Target
from simulator.numbering import country_of, is_client, parse_number
from simulator.twiml.document import Verb
from simulator.voice.calls import MAX_CALL_SECONDS, Call, CallStatus, Instructions, MachineDetection
from simulator.voice.stage import HangUp, Outcome, Stage


@dataclass
class Leg:
    """One call that a Dial places; it is ready when it was answered and its own document, if it has one, is over."""

    call: Call
    reachable: bool
    whisper: Target | None = None
    ready: bool = False

    @property
    def lost(self) -> bool:
        """Tell whether it is over, or goes on with instructions of its own."""
        return self.call.over or self.call.independent


def make_legs(stage: Stage, verb: Verb, caller_id: str, ring_seconds: float, time_limit: float) -> list[Leg]:
    """Read the nouns of a Dial, or its text, into legs; what cannot be called is told, and is no leg or an unreachable one."""
    nouns = [noun for noun in verb.children if noun.name in {"Number", "Client", "Sip"}]
    if not nouns and verb.own_text:
        nouns = [Verb("Number", {}, verb.own_text, own_text=verb.own_text)]
    legs = []
    for noun in nouns:
        address, reachable = _address(stage, noun)
        if address:
            legs.append(_make_leg(stage, noun, address, reachable, caller_id, ring_seconds, time_limit))
    return legs


def _address(stage: Stage, noun: Verb) -> tuple[str, bool]:
    """Read whom a noun names, and tell whether a call gets through to there."""
    if noun.name == "Sip":
        stage.alarm(12200, "SIP is not simulated: the call to it fails", "warning")
        return noun.own_text, False
    if noun.name == "Client":
        name = next((part.text for part in noun.parts("Identity")), noun.own_text)
        if is_client(f"client:{name}"):
            return f"client:{name}", True
        stage.alarm(13223, "Dial: Invalid client identifier", "warning")
        return "", False
    number = parse_number(noun.own_text)
    if number is None:
        stage.alarm(13223, "Dial: Invalid phone number format", "warning")
        return "", False
    settings = stage.telephony.settings
    if number in settings.blocked_numbers:
        stage.alarm(13225, "Dial: forbidden phone number", "warning")
        return number, False
    if settings.countries and country_of(number) not in settings.countries:
        stage.alarm(13227, "Dial: not authorized to call this country", "warning")
        return number, False
    if settings.trial and number not in stage.telephony.verified and number not in stage.telephony.numbers:
        stage.alarm(21219, "Dial: a trial account reaches verified numbers only", "warning")
        return number, False
    return number, True


def _make_leg(
    stage: Stage, noun: Verb, address: str, reachable: bool, caller_id: str, ring_seconds: float, time_limit: float
) -> Leg:
    parent = stage.call
    call = Call(
        account_sid=parent.account_sid,
        direction="outbound-dial",
        from_number=caller_id,
        to_number=address,
        status=CallStatus.QUEUED,
        created_at=stage.clock.now(),
        instructions=Instructions(),
        status_target=stage.target(noun, "statusCallback", "statusCallbackMethod"),
        status_events=frozenset(noun.get("statusCallbackEvent", "completed").split()),
        parent_sid=parent.sid,
        ring_seconds=ring_seconds,
        time_limit=min(time_limit, MAX_CALL_SECONDS),
        send_digits=noun.get("sendDigits"),
        machine_detection=_detection(stage, noun),
        parameters=tuple((part.get("name"), part.get("value")) for part in noun.parts("Parameter")),
    )
    return Leg(call, reachable, stage.target(noun, "url"))


def _detection(stage: Stage, noun: Verb) -> MachineDetection | None:
    """Read a noun's answering machine detection, which never keeps a Dial waiting."""
    mode = noun.get("machineDetection")
    target = stage.target(noun, "amdStatusCallback", "amdStatusCallbackMethod")
    return MachineDetection(mode, asynchronous=True, target=target) if mode else None


async def answer_leg(stage: Stage, leg: Leg) -> Outcome:
    """Carry out an answered leg's own document, unheard by the caller, then hold the leg until it ends."""
    telephony, call = stage.telephony, leg.call
    if leg.whisper is not None:
        try:
            outcome = await telephony.carry_out(call, Instructions(leg.whisper))
        finally:
            stage.call.stirred.notify()  # who dialled does not wait for a leg that is led elsewhere meanwhile
        if isinstance(outcome, HangUp):
            return outcome
    leg.ready = True
    call.activity = None
    stage.call.stirred.notify()
    await call.hold_until(stage.clock, lambda: False)
    return None
