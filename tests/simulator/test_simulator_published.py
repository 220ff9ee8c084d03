"""What Twilio publishes is there without a network: applications point their waiting callers at it."""

from typing import Any

import pytest
from parties import LINE, conference, document
from twilio.rest import Client

from simulator.driver import Handset, Simulator

MUSIC = "http://com.twilio.music.classical.s3.amazonaws.com/BusyStrings.mp3"


def test_hold_music_lasts_a_minute(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", document(f"<Play>{MUSIC}</Play>", "<Say>still there?</Say>"))
    phone.call(LINE)
    assert phone.expect_play() == MUSIC
    sim.advance(59)
    assert phone.said == []
    phone.expect_say("still there?", within=2)


@pytest.mark.parametrize(
    "address", ["http://twimlets.com/holdmusic?Bucket=com.twilio.music.guitars&amp;Message=Please+hold", MUSIC]
)
def test_a_conference_waits_with_published_music(address: str, sim: Simulator, client: Client, site: Any, phone: Handset) -> None:
    site.answer("/voice", conference(waitUrl=address))
    phone.call(LINE)
    sim.advance(130)
    played = [line["text"] for line in phone.transcript if line["verb"] == "Play"]
    assert len(played) == 3
    assert phone.said == (["Please hold"] * 3 if "Message" in address else [])
    assert [entry["alerts"] for entry in sim.requests()] == [[]] * len(sim.requests())


def test_the_sample_document_is_carried_out(sim: Simulator, client: Client, phone: Handset) -> None:
    client.calls.create(to=phone.number, from_=LINE, url="http://demo.twilio.com/docs/voice.xml")
    phone.expect_say("sample document")
    phone.expect_play("classic.mp3")


def test_a_twimlet_says_and_plays_messages(sim: Simulator, client: Client, phone: Handset) -> None:
    url = f"http://twimlets.com/message?Message%5B0%5D=Hello+%26+welcome&Message%5B1%5D={MUSIC}"
    client.calls.create(to=phone.number, from_=LINE, url=url)
    phone.expect_say("Hello & welcome")
    phone.expect_play(MUSIC)


def test_a_twimlet_gives_back_the_document_in_its_address(sim: Simulator, client: Client, phone: Handset) -> None:
    url = "https://twimlets.com/echo?Twiml=%3CResponse%3E%3CSay%3Eas+you+wish%3C%2FSay%3E%3C%2FResponse%3E"
    client.calls.create(to=phone.number, from_=LINE, url=url)
    phone.expect_say("as you wish")
    phone.expect_hangup()
