"""The sound of recordings: a WAV file that any program can play, an MP3, and the parts of them that players ask for."""

import io
import math
import wave
from array import array
from datetime import UTC, datetime
from itertools import pairwise

import httpx
import pytest
from conftest import Site
from twilio_rest import ACCOUNT, KEY, LINE, Rest

from simulator.driver import Handset, Simulator
from simulator.voice import mp3
from simulator.voice import synthesis as voice
from simulator.voice.recordings import Recording, Rules, Sound

BYTES_A_SECOND = 16000


@pytest.fixture
def recording(rest: Rest, sim: Simulator, site: Site, phone: Handset) -> dict[str, str]:
    """A recording of six and a quarter seconds, on two channels."""
    site.answer("/voice", '<Response><Say>Hello</Say><Pause length="60"/></Response>')
    call = phone.call(LINE)
    sim.settle()
    rest.post(f"/Calls/{call}/Recordings.json", RecordingChannels="dual")
    sim.advance(6.25)
    stopped = rest.post(f"/Calls/{call}/Recordings/Twilio.CURRENT.json", Status="stopped")
    found: dict[str, str] = rest.get(f"/Recordings/{stopped['sid']}.json")
    return found


def test_without_an_extension_and_with_wav_it_is_a_wav_file(recording: dict[str, str], http: httpx.Client) -> None:
    plain, named = http.get(recording["media_url"]), http.get(recording["media_url"] + ".wav?Download=false")
    assert plain.content == named.content
    assert (plain.headers["Content-Type"], plain.headers["Content-Length"]) == ("audio/x-wav", str(len(plain.content)))
    with wave.open(io.BytesIO(plain.content)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth(), file.getnframes()) == (2, 8000, 2, 50000)


def test_with_mp3_it_is_an_mp3(recording: dict[str, str], http: httpx.Client) -> None:
    answer = http.get(recording["media_url"] + ".mp3")
    assert (answer.headers["Content-Type"], answer.headers["Content-Length"]) == ("audio/mpeg", str(len(answer.content)))
    assert answer.content[:2] == b"\xff\xe3"
    assert len(answer.content) == pytest.approx(6.25 * 48000 / 8, rel=0.05)


@pytest.mark.parametrize("kind", [".wav", ".mp3"])
def test_a_part_is_sent_where_a_range_is_asked_for(kind: str, recording: dict[str, str], http: httpx.Client) -> None:
    url = recording["media_url"] + kind
    whole = http.get(url)
    assert whole.headers["Accept-Ranges"] == "bytes"
    size = len(whole.content)
    for asked, begin, end in (("0-99", 0, 100), ("30-49", 30, 50), (f"{size - 7}-", size - 7, size), ("-500", size - 500, size)):
        part = http.get(url, headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, whole.content[begin:end])
        assert part.headers["Content-Range"] == f"bytes {begin}-{end - 1}/{size}"
        assert part.headers["Content-Length"] == str(end - begin)
    beyond = http.get(url, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"], beyond.content) == (416, f"bytes */{size}", b"")


def test_who_has_it_already_is_told_so(recording: dict[str, str], http: httpx.Client) -> None:
    first = http.get(recording["media_url"])
    again = http.get(recording["media_url"], headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    stale = http.get(recording["media_url"], headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (stale.status_code, len(stale.content)) == (200, len(first.content))


def test_head_tells_the_length_alone(recording: dict[str, str], http: httpx.Client) -> None:
    for kind in ("", ".mp3"):
        whole, head = http.get(recording["media_url"] + kind), http.head(recording["media_url"] + kind)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == whole.headers["Content-Length"]


def test_channels_are_mixed_where_one_is_requested(recording: dict[str, str], http: httpx.Client) -> None:
    with wave.open(io.BytesIO(http.get(recording["media_url"] + "?RequestedChannels=1").content)) as file:
        assert (file.getnchannels(), file.getnframes()) == (1, 50000)
    refused = http.get(recording["media_url"] + ".wav?RequestedChannels=3")
    assert (refused.status_code, refused.json()["code"]) == (400, 16113)


def test_a_recording_that_runs_has_no_sound_yet(rest: Rest, sim: Simulator, site: Site, phone: Handset, http: httpx.Client) -> None:
    site.answer("/voice", '<Response><Say>Hello</Say><Pause length="60"/></Response>')
    call = phone.call(LINE)
    sim.settle()
    started = rest.post(f"/Calls/{call}/Recordings.json")
    url = f"{sim.url}/2010-04-01/Accounts/{ACCOUNT}/Recordings/{started['sid']}"
    assert http.get(url).json()["code"] == 20404
    assert http.get(url.replace(ACCOUNT, "AC" + "9" * 32)).status_code == 404


def test_protected_media_are_given_to_the_account_only(site: Site, http: httpx.Client) -> None:
    site.answer("/voice", '<Response><Say>Hello</Say><Pause length="5"/></Response>')
    with Simulator(ACCOUNT, KEY, [LINE], voice_url=f"{site.url}/voice", protect_media=True) as sim:
        call = sim.phone("+15550002222").call(LINE)
        sim.settle()
        sid = Rest(http, sim.url).post(f"/Calls/{call}/Recordings.json")["sid"]
        sim.advance(10)
        url = f"{sim.url}/2010-04-01/Accounts/{ACCOUNT}/Recordings/{sid}"
        refused = http.get(url)
        assert (refused.status_code, refused.json()["code"]) == (401, 20003)
        assert http.get(url, auth=(ACCOUNT, KEY)).status_code == 200


def test_what_both_sides_say_and_press_is_in_the_file(
    rest: Rest, sim: Simulator, site: Site, phone: Handset, http: httpx.Client
) -> None:
    site.answer("/voice", '<Response><Say>Hi</Say><Pause length="4"/><Say>four words of ours</Say></Response>')
    call = phone.call(LINE)
    sim.advance(0.4)
    sid = rest.post(f"/Calls/{call}/Recordings.json", RecordingChannels="dual")["sid"]
    sim.advance(1)
    phone.speak("two words")
    sim.advance(1)
    phone.press("5")
    sim.advance(10)
    media = http.get(rest.get(f"/Recordings/{sid}.json")["media_url"])
    with wave.open(io.BytesIO(media.content)) as file:
        heard = array("h", file.readframes(file.getnframes()))
    left, right = heard[0::2], heard[1::2]
    seconds = [[any(side[start : start + 8000]) for start in range(0, 40000, 8000)] for side in (left, right)]
    assert seconds == [[False, True, True, False, False], [False, False, False, False, True]]
    assert loudness(left[16000:16800], 770) > 0.15 < loudness(left[16000:16800], 1336)


def make_recording(*sounds: Sound, length: float, rules: Rules | None = None) -> Recording:
    recording = Recording(ACCOUNT, "CA" + "0" * 32, "DialVerb", datetime.now(UTC), rules or Rules())
    recording.sounds.extend(sounds)
    recording.length = length
    return recording


def samples(recording: Recording, channels: int = 1) -> voice.Samples:
    return voice.mix(recording, channels, 0, voice.count_frames(recording))


def loudness(part: voice.Samples, pitch: float) -> float:
    """Measure how much of a pitch (Hz) is in some samples, from 0 to 1 (Goertzel)."""
    angle = 2 * math.pi * pitch / voice.RATE
    real = sum(value * math.cos(angle * index) for index, value in enumerate(part))
    imaginary = sum(value * math.sin(angle * index) for index, value in enumerate(part))
    return 2 * math.hypot(real, imaginary) / len(part) / voice.LOUDEST


def test_speech_is_heard_when_it_was_said_and_silence_is_silent() -> None:
    heard = samples(make_recording(Sound(1, 2, "speech", "Hello there dear Monkey", True), length=5))
    assert not any(heard[:8000])
    assert max(heard[8000:24000]) > 2000
    assert not any(heard[24000:])


def test_speech_does_not_click() -> None:
    heard = samples(
        make_recording(Sound(0.5, 4, "speech", "a quite long sentence with many different words in it", False), length=5)
    )
    assert max(abs(after - before) for before, after in pairwise(heard)) < 4000


def test_keys_are_heard_as_their_two_tones() -> None:
    heard = samples(make_recording(Sound(0, 0.4, "digits", "1#", True), length=1))
    one, hash_key = heard[:800], heard[1600:2400]
    assert loudness(one, 697) > 0.15 < loudness(one, 1209)
    assert loudness(hash_key, 941) > 0.15 < loudness(hash_key, 1477)
    assert loudness(one, 941) < 0.03 > loudness(hash_key, 697)


def test_the_caller_is_on_the_left_channel_and_the_account_on_the_right() -> None:
    sounds = Sound(0, 1, "speech", "left", True), Sound(1, 1, "speech", "right", False)
    both = samples(make_recording(*sounds, length=2), channels=2)
    left, right = both[0::2], both[1::2]
    assert [any(left[:8000]), any(left[8000:])] == [True, False]
    assert [any(right[:8000]), any(right[8000:])] == [False, True]


def test_two_who_speak_at_once_are_both_heard() -> None:
    one, other = Sound(0, 1, "digits", "1", True), Sound(0, 1, "digits", "0", False)
    mixed = samples(make_recording(one, other, length=1))[:800]
    assert loudness(mixed, 697) > 0.15 < loudness(mixed, 941)


def test_a_sound_that_outlasts_the_recording_is_cut_off() -> None:
    recording = make_recording(Sound(0.5, 10, "speech", "on and on and on", True), length=1)
    assert len(samples(recording)) == 8000


@pytest.mark.parametrize("channels", [1, 2])
def test_any_part_is_the_same_as_in_the_whole(channels: int) -> None:
    recording = make_recording(Sound(0.3, 2, "speech", "one two three four", True), Sound(1, 1, "digits", "42", False), length=3.0)
    size = voice.count_bytes(recording, channels)
    whole = b"".join(voice.stream_wave(recording, channels, 0, size))
    assert len(whole) == size
    for begin, end in ((0, 44), (10, 45), (43, 47), (44, size), (16043, 16047), (size - 1, size)):
        assert b"".join(voice.stream_wave(recording, channels, begin, end)) == whole[begin:end]


def test_hours_of_sound_are_never_in_memory_at_once() -> None:
    recording = make_recording(Sound(0, 14400, "speech", "on " * 36000, True), length=14400)
    size = voice.count_bytes(recording, 1)
    pieces = list(voice.stream_wave(recording, 1, size - 10 * BYTES_A_SECOND, size))
    assert max(map(len, pieces)) <= BYTES_A_SECOND
    assert size == 44 + 14400 * BYTES_A_SECOND


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("length", [0.0, 0.0001, 0.072, 0.0721, 0.9, 2.3456])
def test_an_mp3_is_as_long_as_it_was_said_to_be(length: float, channels: int) -> None:
    recording = make_recording(Sound(0, 2, "speech", "one two three four", True), length=length)
    size = mp3.count_bytes(recording, channels)
    whole = b"".join(mp3.stream_mp3(recording, channels, 0, size))
    assert len(whole) == size
    assert b"".join(mp3.stream_mp3(recording, channels, size // 3, size - 5)) == whole[size // 3 : size - 5]
