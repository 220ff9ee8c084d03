"""Pictures: sent and received as files that can be fetched, kept, listed and deleted.

Facts: Twilio's pages on the Media resource, on accepted content types and on its requests for incoming messages; 307 to
a store: codeforamerica/vita-min pull request 563 (a log of such an answer).
"""

import base64
from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.driver import Handset, Refused, Simulator

LINE, SECOND, PHONE = "+15550001111", "+15550001112", "+15550002222"
ACCOUNT, KEY = "AC" + "1" * 32, "key-of-the-tests"
PNG, GIF = b"\x89PNG picture", b"GIF89a picture"
DATA = "data:image/png;base64," + base64.b64encode(PNG).decode()
FIVE_MB = 5 * 1024 * 1024
WITH_CAT = "<Response><Message><Body>Nice</Body><Media>/cat.png</Media></Message></Response>"


@pytest.fixture
def cat(site: Any) -> str:
    site.answer("/cat.png", PNG, kind="image/png")
    return f"{site.url}/cat.png"


def send(client: Client, *addresses: str, **fields: Any) -> Any:
    return client.messages.create(to=PHONE, from_=LINE, media_url=list(addresses), **fields)


def test_a_reply_with_a_picture_reaches_the_phone(sim: Simulator, site: Any, phone: Handset, cat: str, http: httpx.Client) -> None:
    site.answer("/sms", WITH_CAT)
    phone.text(LINE, "hi")
    sim.advance(5)
    text = phone.messages[-1]
    assert (text["body"], text["media_types"], text["sid"][:2]) == ("Nice", ["image/png"], "MM")
    (address,) = text["media"]
    assert address.startswith(f"{sim.url}/media/")
    shown = http.get(address)
    assert (shown.content, shown.headers["Content-Type"]) == (PNG, "image/png")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert shown.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("twiml", "body", "pictures"),
    [
        ("<Message>text<Media>/cat.png</Media></Message>", "text", 1),
        ("<Message><Media>/cat.png</Media></Message>", "", 1),
        ("<Message>\n <Body>a</Body>\n <Media>/cat.png</Media><Media> {site}/cat.png </Media></Message>", "a", 2),
    ],
)
def test_mixtures_of_text_and_pictures(
    twiml: str, body: str, pictures: int, sim: Simulator, site: Any, phone: Handset, cat: str
) -> None:
    site.answer("/sms", f"<Response>{twiml.format(site=site.url)}</Response>")
    phone.text(LINE, "hi")
    sim.advance(5)
    assert (phone.messages[-1]["body"], len(phone.messages[-1]["media"])) == (body, pictures)


def test_a_picture_is_fetched_signed_and_once(sim: Simulator, site: Any, phone: Handset, client: Client, cat: str) -> None:
    sent = send(client, f"{cat}?size=1", body="look")
    assert (sent.status, sent.num_media, sent.num_segments) == ("queued", "1", "1")
    assert site.at("/cat.png") == []
    sim.advance(5)
    (seen,) = site.at("/cat.png")
    assert (seen.method, "X-Twilio-Signature" in seen.headers) == ("GET", True)
    assert client.messages(sent.sid).fetch().status == "delivered"
    (request,) = sim.requests(sent.sid)
    assert (request["kind"], request["body"], request["error_code"]) == ("media", "", None)


@pytest.mark.parametrize(
    ("path", "answer", "code"),
    [
        ("/gone.png", {"status": 404}, 11200),
        ("/broken.png", {"status": 500}, 11200),
        ("/page.html", {"body": "<p>", "kind": "text/html"}, 12300),
        ("/drawing.svg", {"body": "<svg/>", "kind": "image/svg+xml"}, 12300),
        ("/untyped.png", {"body": PNG, "kind": None}, 12300),
        ("/empty.png", {"body": b"", "kind": "image/png"}, 63019),
        ("/huge.png", {"body": b"x" * (FIVE_MB + 1), "kind": "image/png"}, 11751),
    ],
)
def test_a_file_that_cannot_be_sent_fails_the_message(
    path: str, answer: dict[str, Any], code: int, sim: Simulator, site: Any, phone: Handset, client: Client
) -> None:
    site.answer(path, **answer)
    sent = send(client, site.url + path, body="look", status_callback=f"{site.url}/st")
    sim.advance(5)
    fetched = client.messages(sent.sid).fetch()
    assert (fetched.status, fetched.error_code) == ("failed", code)
    assert [(seen.params["MessageStatus"], seen.params.get("ErrorCode")) for seen in site.at("/st")] == [("failed", str(code))]
    assert sim.requests(sent.sid)[0]["error_code"] == code
    assert phone.messages == []
    assert client.messages(sent.sid).media.list() == []


def test_all_files_together_are_at_most_five_megabytes(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    site.answer("/half.png", b"x" * (FIVE_MB // 2), kind="image/jpeg; charset=binary")
    fits = send(client, *[f"{site.url}/half.png"] * 2)
    too_much = send(client, *[f"{site.url}/half.png"] * 2, body="x")
    sim.advance(5)
    assert client.messages(fits.sid).fetch().status == "delivered"
    assert client.messages(too_much.sid).fetch().error_code == 11751
    assert phone.messages[0]["media_types"] == ["image/jpeg", "image/jpeg"]


def test_a_dropped_fetch_fails_the_message(sim: Simulator, site: Any, client: Client, cat: str) -> None:
    sim.fault("webhook", "refuse", match="/cat.png")
    sent = send(client, cat)
    sim.advance(20)
    assert client.messages(sent.sid).fetch().error_code == 11205


@pytest.mark.parametrize("attached", [DATA, "data:image/png," + "%89PNG%20picture", "{site}/cat.png"])
def test_a_phones_picture_is_announced_with_an_address_that_answers_it(
    attached: str, sim: Simulator, site: Any, phone: Handset, cat: str, http: httpx.Client
) -> None:
    sid = phone.text(LINE, media=[attached.format(site=site.url)])
    sim.advance(5)
    (seen,) = site.at("/sms")
    params = seen.params
    assert (params["NumMedia"], params["MediaContentType0"], params["Body"]) == ("1", "image/png", "")
    assert (params["MessageSid"], params["SmsSid"], sid[:2]) == (sid, sid, "MM")
    assert params["MediaUrl0"].startswith(f"{sim.url}/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}/Media/ME")
    first = http.get(params["MediaUrl0"])
    assert first.status_code == 307
    fetched = http.get(first.headers["Location"])
    assert (fetched.content, fetched.headers["Content-Type"]) == (PNG, "image/png")
    assert phone.messages[0]["media"] == [first.headers["Location"]]


def test_pictures_are_uploaded_in_a_form(sim: Simulator, site: Any, phone: Handset, http: httpx.Client) -> None:
    files = [("media", ("a.png", PNG, "image/png")), ("media", ("b.gif", GIF, "image/gif"))]
    answer = http.post(f"{sim.url}/phones/{PHONE}/text", data={"to": LINE, "body": "two"}, files=files)
    assert answer.status_code == 201
    sim.advance(5)
    (seen,) = site.at("/sms")
    assert (seen.params["NumMedia"], seen.params["NumSegments"]) == ("2", "2")
    assert [seen.params[f"MediaContentType{n}"] for n in (0, 1)] == ["image/png", "image/gif"]
    assert http.get(seen.params["MediaUrl1"], follow_redirects=True).content == GIF


def test_five_megabytes_can_be_uploaded(sim: Simulator, site: Any, phone: Handset, http: httpx.Client) -> None:
    big = b"x" * (FIVE_MB - 10)
    phone.text(LINE, "big", media=["data:image/jpeg;base64," + base64.b64encode(big).decode()])
    sim.advance(5)
    assert http.get(site.at("/sms")[0].params["MediaUrl0"], follow_redirects=True).content == big


@pytest.mark.parametrize(
    ("media", "code"),
    [
        (["data:image/png;base64,%%%"], "bad_media"),
        (["data:text/html,<script>"], "bad_media"),
        (["data:image/svg+xml,<svg/>"], "bad_media"),
        (["data:image/png"], "bad_media"),
        (["data:image/png,"], "bad_media"),
        (["data:image/png," + "x" * (FIVE_MB + 1)], "bad_media"),
        (["http://127.0.0.1:9/nothing.png"], "bad_media"),
        (["ftp://a.example/1.png"], "bad_body"),
        ([DATA] * 11, "bad_body"),
        ([7], "bad_body"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_a_phone_cannot_send(media: Any, code: str, quiet_sim: Simulator) -> None:
    with pytest.raises(Refused) as refusal:
        quiet_sim.phone(PHONE).text(LINE, "x", media=media)
    assert (refusal.value.status, refusal.value.code) == (400, code)
    assert quiet_sim.phone(PHONE).messages == []


def test_files_are_listed_fetched_and_deleted(
    sim: Simulator, site: Any, phone: Handset, client: Client, cat: str, http: httpx.Client
) -> None:
    site.answer("/dog.gif", GIF, kind="image/gif")
    sent = send(client, cat, f"{site.url}/dog.gif")
    sim.advance(5)
    files = client.messages(sent.sid).media.list()
    assert [file.content_type for file in files] == ["image/png", "image/gif"]
    first = files[0]
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sent.sid}/Media"
    assert (first.sid[:2], first.parent_sid, first.uri) == ("ME", sent.sid, f"{path}/{first.sid}.json")
    assert client.messages(sent.sid).media(first.sid).fetch().date_created == first.date_created
    page = http.get(f"{sim.url}{path}.json?PageSize=1", auth=(ACCOUNT, KEY)).json()
    assert set(page) == {"media_list", "page", "page_size", "start", "end", "uri"} | {
        f"{name}_page_uri" for name in ("first", "next", "previous")
    }
    (shown, _) = phone.messages[0]["media"]
    assert client.messages(sent.sid).media(first.sid).delete()
    assert [file.sid for file in client.messages(sent.sid).media.list()] == [files[1].sid]
    assert http.get(shown).status_code == 404
    for address in (f"{path}/{first.sid}", f"{path}/{first.sid}.json"):
        assert http.get(sim.url + address, auth=(ACCOUNT, KEY)).status_code == 404
    nobodys = f"{sim.url}/2010-04-01/Accounts/{ACCOUNT}/Messages/MM{'0' * 32}/Media.json"
    assert http.get(nobodys, auth=(ACCOUNT, KEY)).json()["code"] == 20404


def test_a_deleted_message_takes_its_files_along(
    sim: Simulator, client: Client, phone: Handset, cat: str, http: httpx.Client
) -> None:
    sent = send(client, cat)
    sim.advance(5)
    (shown,) = phone.messages[0]["media"]
    assert client.messages(sent.sid).delete()
    assert http.get(shown).status_code == 404


@pytest.mark.parametrize(("auth", "status"), [(None, 401), ((ACCOUNT, "wrong"), 401), ((ACCOUNT, KEY), 307)])
def test_an_account_may_lock_its_files(auth: Any, status: int, site: Any, http: httpx.Client) -> None:
    with Simulator(ACCOUNT, KEY, [LINE], sms_url=f"{site.url}/sms", protect_media=True) as sim:
        sim.phone(PHONE).text(LINE, media=[DATA])
        sim.advance(5)
        address = site.at("/sms")[0].params["MediaUrl0"]
        answer = http.get(address, auth=auth)
        assert answer.status_code == status
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)
        assert http.get(address.replace(ACCOUNT, "AC" + "9" * 32), auth=auth).status_code == 401


def test_links_start_with_the_address_that_the_simulator_was_told(site: Any) -> None:
    public = "https://simulator.example"
    with Simulator(ACCOUNT, KEY, [LINE], sms_url=f"{site.url}/sms", public_url=public) as sim:
        sim.phone(PHONE).text(LINE, media=[DATA])
        sim.advance(5)
        assert site.at("/sms")[0].params["MediaUrl0"].startswith(f"{public}/2010-04-01/Accounts/{ACCOUNT}/Messages/MM")


def test_a_picture_between_two_numbers_of_the_account_arrives(site: Any, cat: str, http: httpx.Client) -> None:
    with Simulator(ACCOUNT, KEY, [LINE, SECOND], sms_url=f"{site.url}/sms") as sim:
        site.answer("/sms", f'<Response><Message to="{SECOND}">on<Media>/cat.png</Media></Message></Response>')
        site.answer("/sms", "<Response/>")
        sim.phone(PHONE).text(LINE, "go")
        sim.advance(5)
        (_, second) = site.at("/sms")
        assert (second.params["To"], second.params["NumMedia"]) == (SECOND, "1")
        assert http.get(second.params["MediaUrl0"], follow_redirects=True).content == PNG


def test_an_applications_data_address_is_no_picture(client: Client, quiet_sim: Simulator) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        send(client, DATA)
    assert refusal.value.code == 21620
