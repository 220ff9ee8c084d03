"""Conferences: named rooms, their participants, and what their owner is told.

Facts: https://www.twilio.com/docs/voice/twiml/conference and https://www.twilio.com/docs/voice/api/conference-resource
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from simulator.addresses import Target
from simulator.clock import Clock
from simulator.identifiers import new_sid
from simulator.records import Records
from simulator.voice.calls import Call
from simulator.voice.parameters import conference_params
from simulator.voice.recordings import Recording, Recordings, Rules
from simulator.voice.rooms import Room
from simulator.web.callbacks import Callbacks
from simulator.web.webhooks import PERCENT, Hook

EVENTS = frozenset({"start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"})
EVENT_NAMES = {
    "start": "conference-start",
    "end": "conference-end",
    "join": "participant-join",
    "leave": "participant-leave",
    "modify": "participant-modify",
    "speaker": "participant-speech-start",
    "announcement": "announcement-end",
}
MAX_PARTICIPANTS = 250


@dataclass(eq=False)
class Participant:
    """One call in a conference, with what was asked for it; who holds it says what it hears meanwhile."""

    call: Call
    label: str = ""
    start_on_enter: bool = True
    end_on_exit: bool = False
    beep: str = "true"
    wait: Target | None = None
    wait_is_silent: bool = False
    hold: Target | None = None
    announcements: deque[Target] = field(default_factory=deque)
    present: bool = True
    kicked: bool = False
    joined_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def sid(self) -> str:
        """What a participant is listed and found by: the call's SID."""
        return self.call.sid


@dataclass(eq=False)
class Conference:
    """A conference from its first participant to its last; the name may be used again afterwards."""

    account_sid: str
    name: str
    created_at: datetime
    status: str = "init"  # or in-progress, completed
    started: bool = False  # voices are mixed
    sid: str = field(default_factory=lambda: new_sid("CF"))
    updated_at: datetime = field(init=False)
    participants: dict[str, Participant] = field(default_factory=dict)
    invited: dict[str, Participant] = field(default_factory=dict)  # by the REST API, also those who have not answered yet
    room: Room = field(default_factory=Room)
    most: int = MAX_PARTICIPANTS
    callback: Target | None = None
    events: frozenset[str] = frozenset()
    recording: Recording | None = None
    recording_rules: Rules | None = None
    reason_ended: str | None = None
    call_ending: str | None = None
    sequence: int = 0

    def __post_init__(self) -> None:
        self.updated_at = self.created_at

    @property
    def over(self) -> bool:
        """Tell whether it has ended; the last ones may still be about to leave."""
        return self.status == "completed"


class Conferences:
    """All conferences of the account."""

    def __init__(self, clock: Clock, callbacks: Callbacks, recordings: Recordings, kept: int) -> None:
        self.conferences: Records[Conference] = Records(kept)
        self._clock = clock
        self._callbacks = callbacks
        self._recordings = recordings

    def find(self, name: str) -> Conference | None:
        """Find the conference of a name that has not ended."""
        running = (each for each in self.conferences.values() if each.name == name and not each.over)
        return next(running, None)

    def open(self, account_sid: str, name: str) -> Conference:
        """Find the conference of a name, or begin a new one."""
        conference = self.find(name)
        if conference is None:
            conference = Conference(account_sid, name, self._clock.now())
            self.conferences[conference.sid] = conference
        return conference

    def join(self, conference: Conference, participant: Participant) -> None:
        """Let a participant in: one who may start it makes the conference count as in progress, the second one starts it.

        Applications look for those in progress while somebody waits there alone; Twilio's pages tell only of the start.
        """
        now = self._clock.now()
        conference.participants[participant.sid] = participant
        participant.joined_at = participant.updated_at = now
        participant.call.conference = conference.name
        self._report(conference, "join", participant)
        if conference.started:
            self._admit(conference, [participant])
            return
        if conference.status == "init" and participant.start_on_enter:
            self._set_status(conference, "in-progress")
        everybody = list(conference.participants.values())
        if len(everybody) > 1 and conference.status == "in-progress":
            conference.started = True
            self._admit(conference, everybody)
            self._report(conference, "start", participant)
            if conference.recording_rules is not None:
                calls = [each.call for each in everybody]
                conference.recording = self._recordings.start(calls, "Conference", conference.recording_rules, conference.sid)

    def leave(self, conference: Conference, participant: Participant) -> None:
        """Let a participant go; the last one, or one who ends it by leaving, ends the conference."""
        if conference.participants.pop(participant.sid, None) is None:
            return
        call = participant.call
        participant.present = False
        conference.room.leave(call)
        if conference.recording in call.recordings and conference.recording is not None:
            call.recordings.remove(conference.recording)
        self._report(conference, "leave", participant)
        call.conference, call.muted, call.on_hold, call.coaching = None, False, False, ""
        how = "kicked" if participant.kicked else "left"
        if participant.end_on_exit:
            self.end(conference, f"participant-with-end-conference-on-exit-{how}", participant)
        elif not conference.participants:
            self.end(conference, f"last-participant-{how}", participant)
        self._end_callbacks(conference)

    def end(self, conference: Conference, reason: str, by: Participant | None = None) -> None:
        """End a conference: everybody in it goes on with what comes next for them."""
        if conference.over:
            return
        self._set_status(conference, "completed")
        conference.reason_ended = reason
        conference.call_ending = by.sid if by else None
        for participant in list(conference.participants.values()):
            participant.present = False
            participant.call.stirred.notify()
        if conference.recording is not None:
            self._recordings.finish(conference.recording, [each.call for each in conference.participants.values()])
        self._report(conference, "end", by)
        self._end_callbacks(conference)

    def _end_callbacks(self, conference: Conference) -> None:
        """Say that nothing follows, once the conference has ended and the last one has left."""
        if conference.over and not conference.participants:
            self._callbacks.end(conference.sid)

    def kick(self, participant: Participant) -> None:
        """Take a participant out."""
        participant.present, participant.kicked = False, True
        participant.call.stirred.notify()

    def change(
        self,
        conference: Conference,
        participant: Participant,
        muted: bool | None = None,
        on_hold: bool | None = None,
        hold: Target | None = None,
        coaching: str | None = None,
        end_on_exit: bool | None = None,
        beep: str | None = None,
    ) -> None:
        """Mute, hold, coach or change a participant; what is not given stays. Each change is reported."""
        call = participant.call
        if muted is not None and muted != call.muted:
            call.muted = muted
            self._report(conference, "mute", participant)
        if on_hold is not None and on_hold != call.on_hold:
            call.on_hold = on_hold
            self._report(conference, "hold", participant)
        if coaching is not None:
            call.coaching = coaching
        participant.hold = hold if hold is not None else participant.hold
        participant.end_on_exit = participant.end_on_exit if end_on_exit is None else end_on_exit
        participant.beep = beep or participant.beep
        if coaching is not None or end_on_exit is not None or beep is not None:
            self._report(conference, "modify", participant)
        participant.updated_at = self._clock.now()
        call.stirred.notify()

    def announce(self, participants: Iterable[Participant], target: Target) -> None:
        """Say something to participants, whoever talks."""
        for participant in participants:
            participant.announcements.append(target)
            participant.call.stirred.notify()

    def announced(self, conference: Conference, participant: Participant, target: Target) -> None:
        """Report that an announcement is over."""
        self._report(conference, "announcement", participant, {"AnnounceUrl": target.url})

    def _admit(self, conference: Conference, participants: list[Participant]) -> None:
        for participant in participants:
            conference.room.enter(participant.call)
            if conference.recording is not None and not conference.recording.over:
                participant.call.recordings.append(conference.recording)

    def _set_status(self, conference: Conference, status: str) -> None:
        conference.status = status
        conference.updated_at = self._clock.now()

    def _report(
        self, conference: Conference, event: str, participant: Participant | None, extra: dict[str, str] | None = None
    ) -> None:
        if conference.callback is not None and event in conference.events:
            name = EVENT_NAMES.get(event, "")
            if participant is not None and event in {"mute", "hold"}:
                on = participant.call.muted if event == "mute" else participant.call.on_hold
                name = f"participant-{event}" if on else f"participant-un{event}"
            details = {"FriendlyName": conference.name, "ConferenceSid": conference.sid, "StatusCallbackEvent": name}
            details |= {"AccountSid": conference.account_sid, "SequenceNumber": str(conference.sequence + 1)}
            if event == "end":
                details["ReasonConferenceEnded"] = conference.reason_ended or ""
                details |= {"CallSidEndingConference": conference.call_ending} if conference.call_ending else {}
            elif participant is not None:
                details |= _participant_details(participant)
            target = conference.callback
            params = conference_params(details | (extra or {}), self._clock.now())
            self._callbacks.post(Hook("conference-status", conference.sid, target.url, target.method, params, PERCENT))
        conference.sequence += 1


def _participant_details(participant: Participant) -> dict[str, str]:
    call = participant.call
    details = {
        "CallSid": call.sid,
        "Muted": str(call.muted).lower(),
        "Hold": str(call.on_hold).lower(),
        "Coaching": str(bool(call.coaching)).lower(),
        "EndConferenceOnExit": str(participant.end_on_exit).lower(),
        "StartConferenceOnEnter": str(participant.start_on_enter).lower(),
    }
    if call.coaching:
        details["CallSidToCoach"] = call.coaching
    if participant.label:
        details["ParticipantLabel"] = participant.label
    return details
