"""Applications that answer badly, on purpose or not: each call ends with Twilio's code, and the simulator goes on."""

import gzip
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from servers import AUTHORITY, Talk, endlessly, resets, says, server, slowly

from simulator.driver import Handset, Simulator

ACCOUNT, LINE, PHONE = "AC" + "1" * 32, "+15550001111", "+15550002222"
SORRY = "We are sorry. An application error has occurred. Goodbye."
TWIML = b"<Response><Say>Hello</Say></Response>"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
WHOLE = OK + b"Content-Length: %d\r\n\r\n" % len(TWIML) + TWIML
MEGABYTES = bytes(20_000_000)
BOMB = gzip.compress(MEGABYTES)


@pytest.fixture(scope="module")
def victim() -> Iterator[Simulator]:
    """A simulator that all of them share: what one answer does to it, the next ones would show."""
    with Simulator(ACCOUNT, "key", [LINE]) as simulator:
        yield simulator


def asked(sim: Simulator, url: str) -> tuple[list[dict[str, Any]], Handset]:
    """Let a phone call a number whose document is at the URL, to its end; returns the requests, and the phone."""
    sim.point(voice_url=url)
    phone = sim.phone(PHONE)
    sid = phone.call(LINE)
    sim.advance(60)
    assert phone.state["state"] == "idle"
    return [entry for entry in sim.requests(sid) if entry["kind"] == "voice"], phone


REFUSED: dict[str, tuple[Talk, int]] = {
    "an endless body": (endlessly(OK + b"\r\n", b"x" * 65536), 11750),
    "an endless body of a known length": (endlessly(OK + b"Content-Length: 9999999999\r\n\r\n", b"x" * 65536), 11750),
    "endless chunks": (endlessly(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n"), 11750),
    "a chunk that is too long": (endlessly(OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", b"x" * 65536), 11750),
    "a bomb in gzip": (says(OK + b"Content-Encoding: gzip\r\n\r\n", BOMB), 11750),
    "a bomb in deflate": (says(OK + b"Content-Encoding: deflate\r\n\r\n", zlib.compress(MEGABYTES)), 11750),
    "endless gzip that holds nothing": (
        endlessly(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff" * 10_000),
        11750,
    ),
    "gzip that is cut off": (says(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(TWIML)[:-9]), 11206),
    "gzip that is none": (says(OK + b"Content-Encoding: gzip\r\n\r\n", TWIML), 11206),
    "endless headers": (endlessly(OK, b"X-More: " + b"x" * 1000 + b"\r\n"), 11206),
    "an endless header": (endlessly(OK + b"X-More: ", b"x" * 65536), 11206),
    "an endless status line": (endlessly(b"HTTP/1.1 200 ", b"x" * 65536), 11206),
    "a Location of 100 kB": (says(b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 100_000 + b"\r\n\r\n"), 11206),
    "endless interim answers": (endlessly(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), 11206),
    "another protocol": (says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), 11206),
    "no headers at all, as in HTTP/0.9": (says(TWIML), 11206),
    "a status that is none": (says(b"HTTP/1.1 2000 OK\r\n\r\n"), 11206),
    "a NUL in a header": (says(OK + b"X-Nul: a\0b\r\n\r\n", TWIML), 11206),
    "a header without a colon": (says(OK + b"nonsense\r\n\r\n", TWIML), 11206),
    "headers that are cut off": (says(OK[:-5]), 11206),
    "a body that is shorter than it says": (says(OK + b"Content-Length: 100\r\n\r\n", TWIML), 11206),
    "chunks that are cut off": (says(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<Resp"), 11206),
    "chunks of no length": (says(OK + b"Transfer-Encoding: chunked\r\n\r\nlong\r\n"), 11206),
    "two lengths": (says(OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), 11206),
    "a negative length": (says(OK + b"Content-Length: -3\r\n\r\nabcd"), 11206),
    "a length and chunks": (says(OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 11206),
    "a connection that breaks": (resets, 11206),
    "a cookie without a name": (says(OK + b"Set-Cookie: =1\r\n\r\n", TWIML), 11206),
    "a cookie with a control character": (says(OK + b"Set-Cookie: a=\t1\r\n\r\n", TWIML), 11206),
    "a way into a file": (says(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n"), 11100),
    "a way to nowhere": (says(b"HTTP/1.1 302 Found\r\nLocation: http://[::bad/\r\n\r\n"), 11100),
    "a way back to itself": (says(b"HTTP/1.1 302 Found\r\nLocation: /voice\r\n\r\n"), 11215),
    "a redirect without a way": (says(b"HTTP/1.1 302 Found\r\n\r\n"), 11200),
    "not modified": (says(b"HTTP/1.1 304 Not Modified\r\n\r\n"), 11200),
}


@pytest.mark.parametrize(("talk", "code"), REFUSED.values(), ids=REFUSED)
def test_an_answer_that_cannot_be_used_ends_the_call_with_its_code(talk: Talk, code: int, victim: Simulator) -> None:
    with server(talk) as url:
        entries, phone = asked(victim, url)
    assert entries[-1]["error_code"] == code
    assert phone.transcript[-1]["text"] == SORRY
    assert all(len(entry["body"]) <= 65536 for entry in entries)


TAKEN: dict[str, Talk] = {
    "after interim answers": says(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + WHOLE),
    "with another answer behind it": says(WHOLE + WHOLE.replace(b"Hello", b"Wrong")),
    "with nonsense behind it": says(WHOLE + b"\0\0\0"),
    "that ends with its connection": says(OK + b"\r\n", TWIML),
    "in chunks with trailers": says(
        OK + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n" % len(TWIML) + TWIML + b"\r\n0\r\nContent-Type: text/plain\r\n\r\n"
    ),
    "in gzip": says(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(TWIML)),
    "in deflate": says(OK + b"Content-Encoding: deflate\r\n\r\n", zlib.compress(TWIML)),
    "in bare deflate": says(OK + b"Content-Encoding: deflate\r\n\r\n", zlib.compress(TWIML)[2:-4]),
    "of HTTP/1.0": says(b"HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n", TWIML),
    "byte by byte": says(*(bytes([byte]) for byte in WHOLE)),
    "with a flood of cookies": says(OK + b"".join(b"Set-Cookie: a%d=1\r\n" % number for number in range(2000)) + b"\r\n" + TWIML),
}


@pytest.mark.parametrize("talk", TAKEN.values(), ids=TAKEN)
def test_an_odd_answer_is_taken(talk: Talk, victim: Simulator) -> None:
    with server(talk) as url:
        entries, phone = asked(victim, url)
    assert [entry["error_code"] for entry in entries] == [None]
    assert phone.said == ["Hello"]


@pytest.mark.parametrize(
    "talk",
    [slowly(OK + b"\r\n", b"x" * 6000), slowly(b"", WHOLE * 100), slowly(OK, b"X: y\r\n" * 1000)],
    ids=["body", "answer", "headers"],
)
def test_an_answer_that_never_ends_is_given_up_when_the_time_is_over(talk: Talk) -> None:
    with server(talk) as url, Simulator(ACCOUNT, "key", [LINE], webhook_seconds=0.2) as sim:
        ((entry,), phone) = asked(sim, url)
        assert entry["error_code"] == 11205
        assert 0.19 <= entry["seconds"] < 5  # the event loop counts in milliseconds
        assert phone.transcript[-1]["text"] == SORRY


@pytest.mark.parametrize(("certificate", "code"), [("expired", 11236), ("elsewhere", 11235), ("unknown", 11237)])
def test_a_certificate_that_is_not_good_has_its_code(certificate: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with server(says(WHOLE), certificate) as url, Simulator(ACCOUNT, "key", [LINE]) as sim:
        ((entry,), phone) = asked(sim, url)
        assert entry["error_code"] == code
        assert phone.transcript[-1]["text"] == SORRY


def test_a_good_certificate_is_accepted_and_may_lead_to_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with server(says(WHOLE)) as plain, Simulator(ACCOUNT, "key", [LINE]) as sim:
        with server(says(WHOLE), "good") as url:
            assert asked(sim, url)[1].said == ["Hello"]
        with server(says(b"HTTP/1.1 307 Moved\r\nLocation: " + plain.encode() + b"\r\n\r\n"), "good") as url:
            entries, phone = asked(sim, url)
            assert [entry["url"] for entry in entries] == [url, plain]
            assert phone.said == ["Hello"]


def test_a_sound_without_end_is_cut_off_and_the_call_goes_on(sim: Simulator, site: Any, phone: Handset) -> None:
    with server(endlessly(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n", b"x" * 65536)) as url:
        site.answer("/voice", f"<Response><Play>{url}</Play><Say>Then</Say></Response>")
        phone.call(LINE)
        sim.advance(60)
    assert phone.said == ["Then"]
