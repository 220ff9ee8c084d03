"""Dial's Conference: a call takes part in a conference until it leaves, is taken out, or the conference ends.

Facts: https://www.twilio.com/docs/voice/twiml/conference
"""

from simulator.twiml.document import Verb
from simulator.voice.calls import CallEnded, Condition, Instructions
from simulator.voice.conferences import MAX_PARTICIPANTS, Conference, Participant
from simulator.voice.stage import HangUp, Outcome, Stage
from simulator.voice.verbs.line import talk, wait_with_music
from simulator.voice.verbs.record import read_recording_rules


async def confer(stage: Stage, noun: Verb, stars: bool, limit: float) -> tuple[str, dict[str, str]]:
    """Take part in a conference for at most some seconds; returns Dial's status and what else its action is told."""
    conferences, call = stage.telephony.conferences, stage.call
    name = noun.own_text
    if not name:
        stage.alarm(13237, "Dial: Conference: Invalid name", "warning")
        return "failed", {}
    participant = _participant(stage, noun)
    conference = conferences.open(call.account_sid, name)
    if not conference.participants:
        _configure(stage, noun, conference)
    if len(conference.participants) >= conference.most:
        stage.alarm(16020, "Dial: Conference: the conference is full", "warning")
        return "failed", {}
    call.muted = noun.flag("muted")
    call.coaching = noun.get("coach").strip()
    conferences.join(conference, participant)
    _beep(stage, conference, participant, "onEnter")
    try:
        await _attend(stage, conference, participant, stars, limit)
    except CallEnded:
        pass  # the action hears of it
    finally:
        conferences.leave(conference, participant)
        _beep(stage, conference, participant, "onExit")
    return "answered", {}


def _participant(stage: Stage, noun: Verb) -> Participant:
    return Participant(
        call=stage.call,
        label=noun.get("participantLabel"),
        start_on_enter=noun.flag("startConferenceOnEnter", True),
        end_on_exit=noun.flag("endConferenceOnExit"),
        beep=noun.get("beep", "true"),
        wait=stage.target(noun, "waitUrl", "waitMethod"),
        wait_is_silent="waitUrl" in noun.attributes,
    )


def _configure(stage: Stage, noun: Verb, conference: Conference) -> None:
    """Take from the first participant what holds for the whole conference."""
    conference.most = noun.number("maxParticipants", MAX_PARTICIPANTS)
    conference.callback = stage.target(noun, "statusCallback", "statusCallbackMethod")
    conference.events = frozenset(noun.get("statusCallbackEvent", "start end").split())
    if noun.get("record") in {"record-from-start", "true"}:
        conference.recording_rules = read_recording_rules(stage, noun, trim=True)


async def _attend(stage: Stage, conference: Conference, participant: Participant, stars: bool, limit: float) -> None:
    call, clock, telephony = stage.call, stage.clock, stage.telephony
    end = clock.after(limit)

    def waits() -> bool:
        return not conference.started or call.on_hold

    while participant.present and clock.until(end) > 0:
        waiting = waits()

        def changed(waiting: bool = waiting) -> bool:
            return not participant.present or bool(participant.announcements) or waits() != waiting

        stage.await_input(f"{'waits for' if waiting else 'takes part in'} the conference {conference.name}")
        if participant.announcements:
            target = participant.announcements.popleft()
            await call.unless(lambda: not participant.present, telephony.carry_out(call, Instructions(target)))
            telephony.conferences.announced(conference, participant, target)
        elif not waiting:
            if await talk(stage, stars, changed, clock.until(end)):
                return
        elif isinstance(await _wait(stage, participant, changed), HangUp):
            return


async def _wait(stage: Stage, participant: Participant, changed: Condition) -> Outcome:
    call = stage.call
    music = participant.hold if call.on_hold and participant.hold else participant.wait
    silent = participant.wait_is_silent and not call.on_hold
    outcome = await wait_with_music(stage, music, silent, changed, dict)
    if isinstance(outcome, HangUp) and outcome.failed:
        await stage.hold_until(changed)  # music that cannot be had is silence
        return None
    return outcome


def _beep(stage: Stage, conference: Conference, participant: Participant, when: str) -> None:
    if participant.beep in {"true", when}:
        for other in conference.participants.values():
            if other is not participant and conference.started:
                stage.telephony.hearing.note(other.call, "twilio", "Beep", "")
