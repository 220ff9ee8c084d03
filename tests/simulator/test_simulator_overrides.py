"""Connection overrides: what a URL says after its # about time limits and second tries."""

import socket
from typing import Any

import pytest
from servers import is_silent, says, server, slowly

from simulator.driver import Handset, Simulator
from simulator.web.overrides import BadPolicy, Overrides, read_overrides, usual_overrides

LINE, PHONE = "+15550001111", "+15550002222"
HELLO = "<Response><Say>Hello</Say></Response>"
URL = "http://app.example/voice"


def asked(sim: Simulator, url: str) -> list[dict[str, Any]]:
    sim.point(voice_url=url)
    sid = sim.phone(PHONE).call(LINE)
    sim.advance(60)
    return [entry for entry in sim.requests(sid) if entry["kind"] == "voice"]


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("", Overrides()),
        ("#top", Overrides()),
        ("#ct=100&rt=200&tt=300", Overrides(0.1, 0.2, 0.3)),
        ("#ct=10000&rt=15000&tt=15000&rc=5", Overrides(10.0, 15.0, 15.0, 5)),
        ("#ct=99&rt=15001&tt=0&rc=6", Overrides()),
        ("#ct=soon&rt=-1&tt=&rc=many", Overrides()),
        ("#rc=0", Overrides(retries=0)),
        ("#rp=4xx,rt", Overrides(policies=frozenset({"4xx", "rt"}))),
        ("#rp=ALL", Overrides(policies=frozenset({"ct", "rt", "4xx", "5xx"}))),
        ("#e=ashburn&sni=y&x=1", Overrides()),
    ],
)
def test_overrides_are_read_and_what_is_out_of_range_is_ignored(fragment: str, expected: Overrides) -> None:
    assert read_overrides(URL + fragment, Overrides()) == expected


def test_a_policy_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadPolicy):
        read_overrides(URL + "#rp=6xx", Overrides())


def test_the_time_for_all_of_it_may_be_longer_for_people_who_debug() -> None:
    assert (usual_overrides(600).connect, usual_overrides(600).total, usual_overrides(600).silence) == (5.0, 600, None)
    assert (usual_overrides(0.2).connect, usual_overrides(0.2).silence) == (0.2, None)


@pytest.mark.parametrize(("status", "fragment", "tries"), [(503, "rc=2&rp=5xx", 3), (404, "rp=all", 2), (404, "rc=5&rp=5xx", 1)])
def test_a_status_is_tried_again_where_the_policy_says_so(
    status: int, fragment: str, tries: int, sim: Simulator, site: Any, phone: Handset
) -> None:
    site.answer("/voice", status=status)
    entries = asked(sim, f"{site.url}/voice#{fragment}")
    assert [entry["error_code"] for entry in entries] == [11200] * tries
    assert [entry["retry"] for entry in entries] == [False] + [True] * (tries - 1)
    assert {seen.target for seen in site.at("/voice")} == {"/voice"}
    assert len({seen.headers["I-Twilio-Idempotency-Token"] for seen in site.at("/voice")}) == 1


def test_the_first_answer_that_is_good_ends_the_tries(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", status=500)
    site.answer("/voice", HELLO)
    asked(sim, f"{site.url}/voice#rc=5&rp=all")
    assert len(site.at("/voice")) == 2
    assert phone.said == ["Hello"]


@pytest.mark.parametrize(("fragment", "tries"), [("rc=0", 1), ("rc=3", 4), ("rc=3&rp=5xx", 1)])
def test_a_refused_connection_is_tried_as_often_as_is_said(fragment: str, tries: int, sim: Simulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    entries = asked(sim, f"http://127.0.0.1:{port}/voice#{fragment}")
    assert [entry["error_code"] for entry in entries] == [11205] * tries


def test_silence_is_cut_short_and_tried_again_where_that_is_asked_for(sim: Simulator) -> None:
    with server(is_silent) as url:
        entries = asked(sim, f"{url}#rt=100&rc=1&rp=rt")
    assert [entry["error_code"] for entry in entries] == [11205, 11205]


def test_silence_between_two_parts_counts_and_not_their_sum(sim: Simulator) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" + HELLO.encode()
    with server(slowly(b"", answer)) as url:
        (entry,) = asked(sim, f"{url}#rt=500")
    assert entry["error_code"] is None


def test_a_total_cuts_off_what_is_never_silent(sim: Simulator) -> None:
    with server(slowly(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000)) as url:
        (entry,) = asked(sim, f"{url}#tt=100&rc=3&rp=all")
    assert entry["error_code"] == 11205


def test_overrides_that_cannot_be_read_are_an_error_and_nothing_is_sent(sim: Simulator, site: Any) -> None:
    sim.point(voice_fallback_url=f"{site.url}/fallback")
    first, second = asked(sim, f"{site.url}/voice#rp=never")
    assert (first["error_code"], first["status"], second["fallback"]) == (11243, None, True)
    assert site.at("/voice") == []
    assert site.at("/fallback")[0].params["ErrorCode"] == "11243"


def test_a_server_that_says_nothing_but_closes_is_not_asked_twice(sim: Simulator) -> None:
    with server(says(b"")) as url:
        assert [entry["error_code"] for entry in asked(sim, url)] == [11206]
