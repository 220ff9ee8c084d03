"""Conferences and their participants over the REST API."""

import pytest
from conftest import Site
from twilio.rest import Client
from twilio_rest import LINE, PHONE, VERIFIED, Rest

from simulator.driver import Handset, Simulator

ROOM = "<Response><Dial><Conference {}>Room &amp; co</Conference></Dial></Response>"
NAME = "Room & co"


@pytest.fixture
def other(sim: Simulator) -> Handset:
    return sim.phone(VERIFIED)


def enter(sim: Simulator, site: Site, phone: Handset, attributes: str = "") -> str:
    """Let a phone call into the conference; returns the call's SID."""
    path = f"/enter/{phone.number}"
    site.answer(path, ROOM.format(attributes))
    sim.point(voice_url=site.url + path)
    sid = phone.call(LINE)
    sim.settle()
    return sid


def find(rest: Rest) -> str:
    """Find the SID of the only conference."""
    (conference,) = rest.get("/Conferences.json")["conferences"]
    return str(conference["sid"])


def test_a_conference_is_followed_from_its_first_participant_to_its_last(
    rest: Rest, sim: Simulator, site: Site, phone: Handset, other: Handset
) -> None:
    enter(sim, site, phone)
    path = f"/Conferences/{find(rest)}.json"
    waiting = rest.get(path)
    assert (waiting["friendly_name"], waiting["status"], waiting["reason_conference_ended"]) == (NAME, "in-progress", None)
    last = enter(sim, site, other)
    phone.hangup()
    sim.settle()
    other.hangup()
    sim.settle()
    over = rest.get(path)
    assert (over["status"], over["reason_conference_ended"], over["call_sid_ending_conference"]) == (
        "completed",
        "last-participant-left",
        last,
    )
    assert rest.get(path.replace(".json", "/Participants.json"))["participants"] == []


def test_conferences_are_listed_and_filtered(rest: Rest, sim: Simulator, site: Site, phone: Handset) -> None:
    enter(sim, site, phone)
    sid = find(rest)
    for wanted, found in (({"Status": "in-progress"}, [sid]), ({"Status": "completed"}, []), ({"FriendlyName": NAME}, [sid])):
        assert [each["sid"] for each in rest.get("/Conferences.json", **wanted)["conferences"]] == found
    assert rest.get("/Conferences.json", **{"DateCreated<": "2000-01-01"})["conferences"] == []
    assert [each["sid"] for each in rest.get("/Conferences.json", **{"DateUpdated>": "2000-01-01"})["conferences"]] == [sid]


def test_a_conference_is_ended_over_rest(rest: Rest, sim: Simulator, site: Site, phone: Handset, other: Handset) -> None:
    enter(sim, site, phone)
    enter(sim, site, other)
    ended = rest.post(f"/Conferences/{find(rest)}.json", Status="completed")
    assert (ended["status"], ended["reason_conference_ended"]) == ("completed", "conference-ended-via-api")
    sim.settle()
    assert (phone.state["state"], other.state["state"]) == ("idle", "idle")


def test_an_announcement_reaches_everybody_or_one(rest: Rest, sim: Simulator, site: Site, phone: Handset, other: Handset) -> None:
    first = enter(sim, site, phone)
    enter(sim, site, other)
    site.answer("/announce", "<Response><Say>Attention</Say></Response>")
    conference = find(rest)
    rest.post(f"/Conferences/{conference}.json", AnnounceUrl=f"{site.url}/announce")
    sim.advance(5)
    assert phone.said == other.said == ["Attention"]
    rest.post(f"/Conferences/{conference}/Participants/{first}.json", AnnounceUrl=f"{site.url}/announce", AnnounceMethod="GET")
    sim.advance(5)
    assert (phone.said, other.said) == (["Attention"] * 2, ["Attention"])
    assert [seen.method for seen in site.at("/announce")] == ["POST", "POST", "GET"]


def test_a_participant_is_muted_held_and_let_back(rest: Rest, sim: Simulator, site: Site, phone: Handset, other: Handset) -> None:
    first = enter(sim, site, phone)
    enter(sim, site, other)
    site.answer("/hold", '<Response><Say>Please hold</Say><Pause length="60"/></Response>')
    path = f"/Conferences/{find(rest)}/Participants/{first}.json"
    assert rest.post(path, Muted="true")["muted"] is True
    phone.speak("nobody hears this")
    sim.settle()
    assert all(line["text"] != "nobody hears this" for line in other.transcript)
    assert rest.post(path, Muted="false")["muted"] is False
    assert rest.post(path, Hold="true", HoldUrl=f"{site.url}/hold")["hold"] is True
    sim.advance(5)
    assert "Please hold" in phone.said
    assert [seen.method for seen in site.at("/hold")] == ["GET"]
    listed = path.removesuffix(f"/{first}.json") + ".json"
    assert [each["call_sid"] for each in rest.get(listed, Hold="true")["participants"]] == [first]
    assert len(rest.get(listed, Hold="false")["participants"]) == 1
    assert rest.post(path, Hold="false")["hold"] is False
    sim.settle()
    phone.speak("back again")
    sim.settle()
    assert other.transcript[-1]["text"] == "back again"


def test_a_participant_is_found_by_its_label_and_taken_out(
    rest: Rest, sim: Simulator, site: Site, phone: Handset, other: Handset
) -> None:
    first = enter(sim, site, phone, 'participantLabel="the boss"')
    enter(sim, site, other)
    path = f"/Conferences/{find(rest)}/Participants/the%20boss.json"
    found = rest.get(path)
    assert (found["call_sid"], found["label"], found["status"]) == (first, "the boss", "connected")
    rest.delete(path)
    sim.settle()
    assert phone.state["state"] == "idle"
    assert other.state["state"] == "in-call"
    rest.refused(path, 20404, 404, "GET")


def test_a_supervisor_is_heard_by_one_participant_only(
    rest: Rest, sim: Simulator, site: Site, phone: Handset, other: Handset
) -> None:
    third = sim.phone("+15550004444")
    agent = enter(sim, site, phone)
    supervisor = enter(sim, site, other)
    enter(sim, site, third)
    path = f"/Conferences/{find(rest)}/Participants/{supervisor}.json"
    rest.refused(path, 20001, Coaching="true")
    rest.refused(path, 16028, CallSidToCoach="CA" + "0" * 32)
    coaching = rest.post(path, Coaching="true", CallSidToCoach=agent)
    assert (coaching["coaching"], coaching["call_sid_to_coach"]) == (True, agent)
    other.speak("offer a discount")
    sim.settle()
    assert phone.transcript[-1]["text"] == "offer a discount"
    assert all(line["text"] != "offer a discount" for line in third.transcript)
    assert rest.post(path, Coaching="false")["call_sid_to_coach"] is None


def test_who_ends_the_conference_by_leaving_can_be_changed(
    rest: Rest, sim: Simulator, site: Site, phone: Handset, other: Handset
) -> None:
    first = enter(sim, site, phone)
    enter(sim, site, other)
    path = f"/Conferences/{find(rest)}/Participants/{first}.json"
    assert rest.post(path, EndConferenceOnExit="true", BeepOnExit="false")["end_conference_on_exit"] is True
    phone.hangup()
    sim.settle()
    assert other.state["state"] == "idle"
    assert rest.get(f"/Conferences/{find(rest)}.json")["reason_conference_ended"] == (
        "participant-with-end-conference-on-exit-left"
    )


def test_a_participant_is_called_into_a_conference_that_begins_with_it(
    rest: Rest, sim: Simulator, site: Site, phone: Handset, other: Handset
) -> None:
    phone.on_ring("ring")
    events = {"StatusCallback": f"{site.url}/call", "StatusCallbackEvent": ["answered", "completed"]}
    conference_events = {
        "ConferenceStatusCallback": f"{site.url}/room?a=1&b=2",
        "ConferenceStatusCallbackEvent": "start end join leave",
    }
    fields = {"From": LINE, "To": PHONE, "Label": 'agent "7"', "EndConferenceOnExit": "true", "WaitUrl": ""}
    path = "/Conferences/Room%20%26%20co/Participants.json"
    created = rest.post(path, **fields, **events, **conference_events)
    assert (created["status"], created["label"], created["end_conference_on_exit"]) == ("queued", 'agent "7"', True)
    assert created["queue_time"] == "0"
    conference = created["conference_sid"]
    assert rest.get(f"/Conferences/{conference}.json")["friendly_name"] == NAME
    one = f"/Conferences/{conference}/Participants/{created['call_sid']}.json"
    sim.advance(1)
    assert rest.get(one)["status"] == "ringing"
    assert rest.get(one)["queue_time"] is None
    rest.refused(one, 20404, 404, Muted="true")
    phone.answer()
    sim.settle()
    assert rest.get(one)["status"] == "connected"
    enter(sim, site, other)
    assert rest.get(f"/Conferences/{conference}.json")["status"] == "in-progress"
    phone.hangup()
    sim.settle()
    assert other.state["state"] == "idle"
    assert [seen.params["CallStatus"] for seen in site.at("/call")] == ["in-progress", "completed"]
    told = [seen.params["StatusCallbackEvent"] for seen in site.at("/room")]
    assert told[:3] == ["participant-join", "participant-join", "conference-start"]
    assert site.at("/room")[0].params["ParticipantLabel"] == 'agent "7"'


def test_a_participant_is_called_into_a_running_conference_by_its_sid(
    rest: Rest, sim: Simulator, site: Site, phone: Handset, other: Handset, client: Client
) -> None:
    enter(sim, site, phone)
    conference = find(rest)
    made = client.conferences(conference).participants.create(from_=LINE, to=VERIFIED, label="guest", muted=True)
    assert (made.conference_sid, made.muted, made.label) == (conference, True, "guest")
    sim.advance(10)
    assert {each.label for each in client.conferences(conference).participants.list()} == {"guest", None}
    assert client.conferences(conference).participants("guest").fetch().status == "connected"
    assert [each.label for each in client.conferences(conference).participants.list(muted=True)] == ["guest"]
    client.conferences(conference).participants("guest").update(muted=False)
    client.conferences(conference).participants("guest").delete()
    sim.settle()
    assert other.state["state"] == "idle"
    assert client.conferences(conference).update(status="completed").status == "completed"


def test_a_participant_who_has_not_answered_is_called_off(rest: Rest, sim: Simulator, phone: Handset) -> None:
    phone.on_ring("ring")
    made = rest.post("/Conferences/new/Participants.json", From=LINE, To=PHONE)
    sim.advance(1)
    path = f"/Conferences/{made['conference_sid']}/Participants/{made['call_sid']}.json"
    rest.delete(path)
    sim.settle()
    assert phone.state["state"] == "idle"
    rest.refused(path, 20404, 404, "GET")
    conference = rest.get(f"/Conferences/{made['conference_sid']}.json")
    assert (conference["status"], conference["reason_conference_ended"]) == ("completed", "last-participant-left")


def test_a_recorded_participant_and_a_recorded_conference(
    rest: Rest, sim: Simulator, site: Site, phone: Handset, other: Handset
) -> None:
    told = {"ConferenceRecordingStatusCallback": f"{site.url}/recorded"}
    made = rest.post("/Conferences/new/Participants.json", From=LINE, To=PHONE, Record="true", ConferenceRecord="true", **told)
    sim.advance(5)
    site.answer("/voice", "<Response><Dial><Conference>new</Conference></Dial></Response>")
    other.call(LINE)
    sim.settle()
    other.speak("let us begin now")
    sim.advance(4)
    conference = f"/Conferences/{made['conference_sid']}"
    (running,) = rest.get(f"{conference}/Recordings.json")["recordings"]
    assert (running["source"], running["status"]) == ("Conference", "in-progress")
    assert rest.post(f"{conference}/Recordings/Twilio.CURRENT.json", Status="paused")["status"] == "paused"
    assert rest.post(f"{conference}/Recordings/{running['sid']}.json", Status="in-progress")["status"] == "in-progress"
    rest.post(f"{conference}.json", Status="completed")
    sim.advance(5)
    assert rest.get(f"{conference}/Recordings/{running['sid']}.json")["status"] == "completed"
    assert [seen.params["ConferenceSid"] for seen in site.at("/recorded")] == [made["conference_sid"]]
    sources = {each["source"] for each in rest.get(f"/Calls/{made['call_sid']}/Recordings.json")["recordings"]}
    assert "OutboundAPI" in sources
    rest.delete(f"{conference}/Recordings/{running['sid']}.json")
    assert rest.get("/Recordings.json", ConferenceSid=made["conference_sid"])["recordings"] == []


def test_participants_that_are_refused(rest: Rest, sim: Simulator, site: Site, phone: Handset) -> None:
    first = enter(sim, site, phone, 'participantLabel="boss"')
    conference = find(rest)
    path, good = f"/Conferences/{conference}/Participants.json", {"From": LINE, "To": VERIFIED}
    refusals: list[tuple[dict[str, str], int]] = [
        ({"To": ""}, 21201),
        ({"From": "+15550009999"}, 21210),
        ({"Label": "boss"}, 16026),
        ({"Label": "a/b"}, 16024),
        ({"Label": first}, 16024),
        ({"Label": "x" * 129}, 16024),
        ({"Beep": "loud"}, 20001),
        ({"MaxParticipants": "1"}, 20001),
        ({"ConferenceRecord": "often"}, 20001),
        ({"ConferenceTrim": "often"}, 20001),
        ({"ConferenceStatusCallbackEvent": "start nothing"}, 20001),
        ({"ConferenceStatusCallback": "/relative"}, 21205),
        ({"WaitUrl": "/relative"}, 21205),
        ({"CallSidToCoach": "CA" + "0" * 32}, 16028),
        ({"Coaching": "true"}, 20001),
    ]
    for wrong, code in refusals:
        rest.refused(path, code, **(good | wrong))
    rest.refused("/Conferences/CF" + "0" * 32 + "/Participants.json", 16022, **good)
    for name in ("%20", "a%00b", "x" * 129):
        rest.refused(f"/Conferences/{name}/Participants.json", 16003, **good)
    rest.refused("/Conferences/CF" + "0" * 32 + ".json", 20404, 404, "GET")
    rest.refused("/Conferences/CF" + "0" * 32 + "/Recordings.json", 20404, 404, "GET")
    rest.refused(f"/Conferences/{conference}.json", 20001, Status="paused")
    rest.post(f"/Conferences/{conference}.json", Status="completed")
    rest.refused(f"/Conferences/{conference}.json", 16022, AnnounceUrl=f"{site.url}/announce")
    rest.refused(path, 16022, **good)
    assert len(rest.get("/Calls.json")["calls"]) == 1
