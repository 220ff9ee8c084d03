"""Orders for conferences and their participants, and changes to them.

Facts: https://www.twilio.com/docs/voice/api/conference-participant-resource
"""

import re
from xml.sax.saxutils import escape, quoteattr

from simulator.addresses import Target
from simulator.exchange import Account, Exchange
from simulator.rest.errors import RestError
from simulator.rest.form import MAX_DETAIL, Form
from simulator.rest.ordering.calls import end_call, order_call
from simulator.rest.ordering.recordings import KNOWN_EVENTS, TRIM
from simulator.voice.calls import Instructions
from simulator.voice.conferences import EVENTS, MAX_PARTICIPANTS, Conference, Participant

LONGEST_LABEL = LONGEST_NAME = 128
BEEPS = ("true", "false", "onEnter", "onExit")
RECORD = {"true": "record-from-start", "record-from-start": "record-from-start", "false": "", "do-not-record": ""}
AFTER_EXIT_BEEP = {"true": "true", "onEnter": "true", "onExit": "onExit", "false": "onExit"}
WITHOUT_EXIT_BEEP = {"true": "onEnter", "onEnter": "onEnter", "onExit": "false", "false": "false"}


def list_participants(conference: Conference) -> dict[str, Participant]:
    """List by their calls who is in a conference, or on the way there; nobody, once it has ended."""
    if conference.over:
        return {}
    waited_for = {sid: each for sid, each in conference.invited.items() if not each.call.over}
    return waited_for | conference.participants


def find_participant(conference: Conference, name: str) -> Participant | None:
    """Find a participant by the call's SID or by the label."""
    everybody = list_participants(conference)
    return everybody.get(name) or next((each for each in everybody.values() if name and each.label == name), None)


def change_conference(exchange: Exchange, conference: Conference, form: Form) -> None:
    """End a conference, or announce something to everybody in it."""
    status = form.choice("Status", ("completed",), 20001)
    announcement = form.target("AnnounceUrl", "AnnounceMethod")
    if announcement is not None and not status:
        if conference.over:
            raise RestError(16022)
        exchange.conferences.announce(list(conference.participants.values()), announcement)
    if status:
        exchange.conferences.end(conference, "conference-ended-via-api")


def invite_participant(exchange: Exchange, account: Account, sid_or_name: str, form: Form) -> tuple[Conference, Participant]:
    """Call somebody into a conference, which begins with that where no other one has its name."""
    conference = _find_conference(exchange, sid_or_name)
    label = _read_label(conference, form)
    coached = _read_coached(conference, form)
    name = conference.name if conference else sid_or_name.strip()
    if not name.isprintable() or not 1 <= len(name) <= LONGEST_NAME:
        raise RestError(16003)
    twiml = _write_twiml(name, form, label, coached)
    call = order_call(exchange, account, _make_call_form(form), Instructions(twiml=twiml))
    conference = conference or exchange.conferences.open(account.sid, name)
    call.muted, call.coaching = bool(form.truth("Muted")), coached
    participant = Participant(
        call,
        label=label,
        start_on_enter=form.truth("StartConferenceOnEnter") is not False,
        end_on_exit=bool(form.truth("EndConferenceOnExit")),
        beep=form.text("Beep") or "true",
    )
    conference.invited[call.sid] = participant
    exchange.clock.spawn(_close_unattended(exchange, conference, participant), f"invitation {call.sid}")
    return conference, participant


async def _close_unattended(exchange: Exchange, conference: Conference, participant: Participant) -> None:
    """End a conference to which nobody has come when the last call into it is over."""
    while not participant.call.over:
        await exchange.clock.wait(participant.call.stirred)
    if not list_participants(conference):
        exchange.conferences.end(conference, "last-participant-left", participant)


def _find_conference(exchange: Exchange, sid_or_name: str) -> Conference | None:
    if not re.fullmatch("CF[0-9a-f]{32}", sid_or_name):
        return exchange.conferences.find(sid_or_name.strip())
    conference = exchange.conferences.conferences.get(sid_or_name)
    if conference is None or conference.over:
        raise RestError(16022)
    return conference


def _read_label(conference: Conference | None, form: Form) -> str:
    label = form.text("Label")
    if len(label) > LONGEST_LABEL or "/" in label or not label.isprintable() or re.fullmatch("CA[0-9a-fA-F]{32}", label):
        raise RestError(16024, value=label[:MAX_DETAIL])
    if conference is not None and label and find_participant(conference, label) is not None:
        raise RestError(16026)
    return label


def _read_coached(conference: Conference | None, form: Form, before: str = "") -> str:
    """Read which call alone is to hear this participant; empty for everybody, `before` where nothing is said."""
    wish, coached = form.truth("Coaching"), form.text("CallSidToCoach") or before
    if wish is False:
        return ""
    if wish and not coached:
        raise RestError(20001, name="CallSidToCoach")
    if coached != before and (conference is None or coached not in conference.participants):
        raise RestError(16028)
    return coached


def _make_call_form(form: Form) -> Form:
    """Read a participant's parameters as a call's: machines are looked for beside the conference, which does not wait."""
    callback = {
        "AsyncAmd": "true",
        "AsyncAmdStatusCallback": form.text("AmdStatusCallback"),
        "AsyncAmdStatusCallbackMethod": form.text("AmdStatusCallbackMethod"),
    }
    return form.replacing(callback | dict.fromkeys(("ApplicationSid", "FallbackUrl", "SendDigits"), ""))


def _write_twiml(name: str, form: Form, label: str, coached: str) -> str:
    """Write the document that leads a participant's call into the conference."""
    most = form.whole("MaxParticipants", MAX_PARTICIPANTS, 20001, MAX_PARTICIPANTS)
    if most < 2:
        raise RestError(20001, name="MaxParticipants")
    events = form.events("ConferenceStatusCallbackEvent", EVENTS, "start end", 20001)
    told = form.events("ConferenceRecordingStatusCallbackEvent", KNOWN_EVENTS, "completed", 20001)
    attributes = {
        "participantLabel": label,
        "coach": coached,
        "muted": _write_truth(form, "Muted"),
        "startConferenceOnEnter": _write_truth(form, "StartConferenceOnEnter"),
        "endConferenceOnExit": _write_truth(form, "EndConferenceOnExit"),
        "beep": form.choice("Beep", BEEPS, 20001),
        "maxParticipants": str(most),
        "record": RECORD[form.choice("ConferenceRecord", RECORD, 20001) or "false"],
        "trim": form.choice("ConferenceTrim", TRIM, 20001),
    }
    attributes |= _write_target("wait", form.target("WaitUrl", "WaitMethod"))
    attributes |= _write_target("statusCallback", form.target("ConferenceStatusCallback", "ConferenceStatusCallbackMethod"), events)
    recorded = form.target("ConferenceRecordingStatusCallback", "ConferenceRecordingStatusCallbackMethod")
    attributes |= _write_target("recordingStatusCallback", recorded, told)
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items() if value)
    if "WaitUrl" in form and not form.text("WaitUrl"):
        written += ' waitUrl=""'  # silence, where no attribute would be music
    return f"<Response><Dial><Conference{written}>{escape(name)}</Conference></Dial></Response>"


def _write_truth(form: Form, name: str) -> str:
    value = form.truth(name)
    return "" if value is None else str(value).lower()


def _write_target(name: str, target: Target | None, events: frozenset[str] = frozenset()) -> dict[str, str]:
    if target is None:
        return {}
    address = f"{name}Url" if name == "wait" else name
    written = {address: target.url, f"{name}Method": target.method}
    return written | ({f"{name}Event": " ".join(sorted(events))} if events else {})


def change_participant(exchange: Exchange, conference: Conference, participant: Participant, form: Form) -> None:
    """Mute, hold, coach or change a participant who is in the conference, or announce something to it."""
    hold = form.target("HoldUrl", "HoldMethod", default="GET")
    announcement = form.target("AnnounceUrl", "AnnounceMethod")
    wait = form.target("WaitUrl", "WaitMethod")
    before = participant.call.coaching
    coached = _read_coached(conference, form, before)
    exit_beep = form.truth("BeepOnExit")
    if "WaitUrl" in form:
        participant.wait, participant.wait_is_silent = wait, wait is None
    beep = None if exit_beep is None else (AFTER_EXIT_BEEP if exit_beep else WITHOUT_EXIT_BEEP)[participant.beep]
    exchange.conferences.change(
        conference,
        participant,
        muted=form.truth("Muted"),
        on_hold=form.truth("Hold"),
        hold=hold,
        coaching=None if coached == before else coached,
        end_on_exit=form.truth("EndConferenceOnExit"),
        beep=beep,
    )
    if announcement is not None:
        exchange.conferences.announce([participant], announcement)


def remove_participant(exchange: Exchange, conference: Conference, participant: Participant) -> None:
    """Take a participant out of the conference; one who has not come yet is not called any more."""
    if participant.sid in conference.participants:
        exchange.conferences.kick(participant)
    else:
        end_call(exchange, participant.call, "completed")
