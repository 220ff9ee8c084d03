"""Transcriptions over the REST API."""

import httpx
from conftest import Site
from twilio.rest import Client
from twilio_rest import ACCOUNT, KEY, LINE, Rest

from simulator.driver import Handset, Simulator

RECORD = '<Response><Record timeout="3" maxLength="30" transcribe="true" action="/done"/></Response>'


def leave_message(sim: Simulator, site: Site, phone: Handset, words: str) -> str:
    """Say something onto the record; returns the recording's SID."""
    site.answer("/voice", RECORD)
    site.answer("/done", "<Response><Hangup/></Response>")
    phone.call(LINE)
    sim.advance(1)
    phone.speak(words)
    sim.advance(60)
    return site.at("/done")[-1].params["RecordingSid"]


def test_what_was_said_is_read_in_a_transcription(
    rest: Rest, sim: Simulator, site: Site, phone: Handset, http: httpx.Client
) -> None:
    recording = leave_message(sim, site, phone, "please call me back as soon as you can")
    (listed,) = rest.get("/Transcriptions.json")["transcriptions"]
    assert (listed["recording_sid"], listed["status"]) == (recording, "completed")
    assert listed["transcription_text"] == "please call me back as soon as you can"
    path = f"/Transcriptions/{listed['sid']}"
    assert rest.get(path + ".json") == rest.get(f"/Recordings/{recording}{path}.json") == listed
    assert rest.get(f"/Recordings/{recording}/Transcriptions.json")["transcriptions"] == [listed]
    text = http.get(f"{sim.url}/2010-04-01/Accounts/{ACCOUNT}{path}.txt", auth=(ACCOUNT, KEY))
    assert (text.text, text.headers["Content-Type"].partition(";")[0]) == (listed["transcription_text"], "text/plain")
    rest.refused("/Recordings/RE" + "0" * 32 + path + ".json", 20404, 404, "GET")


def test_a_transcription_is_deleted(rest: Rest, sim: Simulator, site: Site, phone: Handset, client: Client) -> None:
    recording = leave_message(sim, site, phone, "hello and goodbye to all of you")
    (found,) = client.recordings(recording).transcriptions.list()
    assert found.transcription_text == "hello and goodbye to all of you"
    client.recordings(recording).delete()
    rest.delete(f"/Transcriptions/{found.sid}.json")
    rest.refused(f"/Transcriptions/{found.sid}.json", 20404, 404, "GET")
    assert client.transcriptions.list() == []
