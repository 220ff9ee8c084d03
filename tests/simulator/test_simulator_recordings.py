"""Recordings over the REST API: started, paused, stopped, listed, told of, deleted."""

import httpx
import pytest
from conftest import Site
from twilio.rest import Client
from twilio_rest import LINE, PHONE, Rest

from simulator.driver import Handset, Simulator

WAIT = '<Response><Say>Hello</Say><Pause length="60"/></Response>'


@pytest.fixture
def call(sim: Simulator, site: Site, phone: Handset) -> str:
    """A call that has been held for no time yet, and goes on for a minute."""
    site.answer("/voice", WAIT)
    sid = phone.call(LINE)
    sim.settle()
    return sid


def test_a_live_call_is_recorded_from_the_request_to_its_end(rest: Rest, sim: Simulator, phone: Handset, call: str) -> None:
    sim.advance(3)
    started = rest.post(f"/Calls/{call}/Recordings.json")
    assert (started["status"], started["source"], started["duration"], started["channels"], started["track"]) == (
        "in-progress",
        "StartCallRecordingAPI",
        None,
        1,
        "both",
    )
    sim.advance(12.5)
    phone.hangup()
    sim.settle()
    ended = rest.get(f"/Recordings/{started['sid']}.json")
    assert (ended["status"], ended["duration"], ended["call_sid"], ended["error_code"]) == ("completed", "12", call, None)
    assert ended["media_url"] == f"{sim.url}/2010-04-01/Accounts/{ended['account_sid']}/Recordings/{ended['sid']}"
    assert rest.get(f"/Calls/{call}/Recordings/{started['sid']}.json")["uri"].endswith(
        f"/Calls/{call}/Recordings/{ended['sid']}.json"
    )


def test_a_recording_is_paused_continued_and_stopped(rest: Rest, sim: Simulator, call: str) -> None:
    rest.post(f"/Calls/{call}/Recordings.json")
    current = f"/Calls/{call}/Recordings/Twilio.CURRENT.json"
    sim.advance(5)
    assert rest.post(current, Status="paused", PauseBehavior="skip")["status"] == "paused"
    sim.advance(10)
    assert rest.post(current, Status="in-progress")["status"] == "in-progress"
    sim.advance(2)
    stopped = rest.post(current, Status="stopped")
    assert (stopped["status"], stopped["duration"]) == ("completed", "7")
    rest.refused(current, 20404, 404, Status="stopped")
    rest.refused(f"/Calls/{call}/Recordings/{stopped['sid']}.json", 21220, Status="paused")
    again = rest.post(f"/Calls/{call}/Recordings.json")
    assert again["sid"] != stopped["sid"]


def test_a_pause_counts_as_silence_unless_it_is_skipped(rest: Rest, sim: Simulator, call: str) -> None:
    rest.post(f"/Calls/{call}/Recordings.json")
    current = f"/Calls/{call}/Recordings/Twilio.CURRENT.json"
    sim.advance(5)
    rest.post(current, Status="paused")
    sim.advance(10)
    rest.post(current, Status="in-progress")
    sim.advance(2)
    assert rest.post(current, Status="stopped")["duration"] == "17"


def test_a_stopped_recording_of_no_length_is_absent(rest: Rest, call: str) -> None:
    rest.post(f"/Calls/{call}/Recordings.json")
    stopped = rest.post(f"/Calls/{call}/Recordings/Twilio.CURRENT.json", Status="stopped")
    assert (stopped["status"], stopped["error_code"]) == ("absent", 16101)


def test_status_callbacks_tell_of_a_recording(rest: Rest, sim: Simulator, site: Site, call: str) -> None:
    hook = {"RecordingStatusCallback": f"{site.url}/recorded", "RecordingStatusCallbackEvent": "in-progress completed"}
    sid = rest.post(f"/Calls/{call}/Recordings.json", RecordingChannels="dual", **hook)["sid"]
    sim.advance(4)
    rest.post(f"/Calls/{call}/Recordings/{sid}.json", Status="stopped")
    sim.advance(1)
    told = [seen.params for seen in site.at("/recorded")]
    assert [each["RecordingStatus"] for each in told] == ["in-progress", "completed"]
    assert (told[1]["RecordingSid"], told[1]["RecordingDuration"], told[1]["RecordingChannels"]) == (sid, "4", "2")
    assert told[1]["RecordingUrl"].startswith(f"{sim.url}/2010-04-01/")


def test_a_call_that_is_placed_with_record_is_recorded_from_the_answer_on(rest: Rest, sim: Simulator, site: Site) -> None:
    fields = {
        "Record": "true",
        "RecordingStatusCallback": f"{site.url}/recorded",
        "RecordingChannels": "dual",
        "Trim": "do-not-trim",
    }
    placed = rest.post("/Calls.json", To=PHONE, From=LINE, Twiml='<Response><Pause length="9"/></Response>', **fields)
    sim.advance(60)
    (recording,) = rest.get(f"/Calls/{placed['sid']}/Recordings.json")["recordings"]
    assert (recording["source"], recording["duration"], recording["channels"]) == ("OutboundAPI", "9", 2)
    assert [seen.params["RecordingSource"] for seen in site.at("/recorded")] == ["OutboundAPI"]


def test_recordings_are_listed_and_filtered(rest: Rest, sim: Simulator, call: str, client: Client) -> None:
    first = rest.post(f"/Calls/{call}/Recordings.json")["sid"]
    sim.advance(3)
    rest.post(f"/Calls/{call}/Recordings/{first}.json", Status="stopped")
    second = rest.post(f"/Calls/{call}/Recordings.json")["sid"]
    assert [each["sid"] for each in rest.get("/Recordings.json")["recordings"]] == [second, first]
    assert [each["sid"] for each in rest.get("/Recordings.json", CallSid="CA" + "0" * 32)["recordings"]] == []
    assert rest.get("/Recordings.json", **{"DateCreated>": "2999-01-01"})["recordings"] == []
    assert [each.sid for each in client.recordings.list(call_sid=call)] == [second, first]
    assert client.calls(call).recordings(first).fetch().duration == "3"
    assert client.calls(call).recordings("Twilio.CURRENT").update(status="stopped").sid == second


def test_a_deleted_recording_is_gone_but_for_who_asks_for_it(rest: Rest, sim: Simulator, call: str, http: httpx.Client) -> None:
    recording = rest.post(f"/Calls/{call}/Recordings.json")
    path = f"/Recordings/{recording['sid']}.json"
    rest.refused(path, 20009, 409, "DELETE")
    sim.advance(3)
    rest.post(f"/Calls/{call}/Recordings/{recording['sid']}.json", Status="stopped")
    media = rest.get(path)["media_url"]
    assert http.get(media).status_code == 200
    rest.delete(path)
    rest.refused(path, 20404, 404, "GET")
    rest.refused(path, 20404, 404, "DELETE")
    assert http.get(media).status_code == 404
    assert rest.get("/Recordings.json")["recordings"] == []
    (kept,) = rest.get("/Recordings.json", IncludeSoftDeleted="true")["recordings"]
    assert (kept["sid"], kept["status"]) == (recording["sid"], "deleted")
    assert rest.get(path, IncludeSoftDeleted="true")["status"] == "deleted"


def test_what_cannot_be_recorded_is_refused(rest: Rest, sim: Simulator, phone: Handset, call: str) -> None:
    path = f"/Calls/{call}/Recordings.json"
    rest.refused("/Calls/CA" + "0" * 32 + "/Recordings.json", 20404, 404)
    for wrong in (
        {"Trim": "yes"},
        {"RecordingChannels": "3"},
        {"RecordingTrack": "left"},
        {"RecordingStatusCallbackEvent": "done"},
    ):
        rest.refused(path, 20001, **wrong)
    rest.refused(path, 21205, RecordingStatusCallback="/recorded")
    rest.post(path)
    rest.refused(path, 16108)
    rest.refused(f"/Calls/{call}/Recordings/Twilio.CURRENT.json", 20001, Status="over")
    rest.refused(f"/Calls/{call}/Recordings/Twilio.CURRENT.json", 20001)
    phone.hangup()
    sim.settle()
    rest.refused(path, 21220)
