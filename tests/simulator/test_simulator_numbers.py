"""The account's numbers: bought, pointed elsewhere, given back; and the applications that may stand in for them."""

from typing import Any

import httpx
import pytest
from twilio.rest import Client
from twilio_rest import ACCOUNT, KEY, LINE, PHONE, TEST_ACCOUNT, VERIFIED, Rest

from simulator.driver import Handset, Refused, Simulator

HELLO = "<Response><Say>Hello</Say></Response>"
OTHER = "<Response><Say>Somewhere else</Say></Response>"
FREE = "+14155550123"


def line_sid(rest: Rest) -> str:
    return rest.get("/IncomingPhoneNumbers.json")["incoming_phone_numbers"][0]["sid"]


def test_a_number_shows_where_its_webhooks_go(rest: Rest, site: Any) -> None:
    [line] = rest.get("/IncomingPhoneNumbers.json")["incoming_phone_numbers"]
    assert (line["phone_number"], line["friendly_name"], line["type"]) == (LINE, "(555) 000-1111", "local")
    assert (line["voice_url"], line["voice_method"]) == (f"{site.url}/voice", "POST")
    assert (line["sms_url"], line["status_callback"]) == (f"{site.url}/sms", f"{site.url}/number-status")
    assert line["capabilities"] == {"fax": False, "mms": True, "sms": True, "voice": True}
    assert rest.get(f"/IncomingPhoneNumbers/{line['sid']}.json") == line


def test_the_very_next_call_and_text_follow_a_change(rest: Rest, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/moved", OTHER)
    path = f"/IncomingPhoneNumbers/{line_sid(rest)}.json"
    changed = rest.post(path, VoiceUrl=f"{site.url}/moved", VoiceMethod="GET", SmsUrl=f"{site.url}/texts", StatusCallback="")
    assert (changed["voice_url"], changed["voice_method"], changed["status_callback"]) == (f"{site.url}/moved", "GET", "")
    phone.call(LINE)
    phone.text(LINE, "Hi")
    sim.advance(60)
    assert phone.said == ["Somewhere else"]
    assert [(seen.method, seen.path) for seen in site.seen if seen.path != "/texts"] == [("GET", "/moved")]
    assert [seen.method for seen in site.at("/texts")] == ["POST"]


def test_a_method_without_a_url_is_kept_for_the_url_that_comes(rest: Rest) -> None:
    path = f"/IncomingPhoneNumbers/{line_sid(rest)}.json"
    assert rest.post(path, VoiceUrl="", VoiceMethod="get")["voice_method"] == "GET"
    assert rest.post(path, VoiceUrl="https://app.example/v")["voice_method"] == "GET"


def test_a_fallback_set_by_rest_is_asked(rest: Rest, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", status=500)
    site.answer("/spare", OTHER)
    site.answer("/sms", status=500)
    spare = {"VoiceFallbackUrl": f"{site.url}/spare", "SmsFallbackUrl": f"{site.url}/spare-texts", "SmsFallbackMethod": "GET"}
    rest.post(f"/IncomingPhoneNumbers/{line_sid(rest)}.json", **spare)
    phone.call(LINE)
    phone.text(LINE, "Hi")
    sim.advance(60)
    assert phone.said == ["Somewhere else"]
    assert [seen.params["ErrorCode"] for seen in site.at("/spare")] == ["11200"]
    assert [seen.method for seen in site.at("/spare-texts")] == ["GET"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"VoiceUrl": "voice"}, 21402),
        ({"SmsUrl": "ftp://a.example/"}, 21402),
        ({"StatusCallback": "https://my_host/"}, 21402),
        ({"VoiceMethod": "PUT"}, 21403),
        ({"SmsFallbackMethod": "HEAD"}, 21403),
        ({"VoiceUrl": "", "VoiceFallbackUrl": "https://a.example/"}, 21405),
        ({"SmsUrl": "", "SmsFallbackUrl": "https://a.example/"}, 21406),
        ({"VoiceApplicationSid": "AP" + "0" * 32}, 21420),
        ({"SmsApplicationSid": "elsewhere"}, 21420),
        ({"FriendlyName": "x" * 65}, 21658),
        ({"VoiceCallerIdLookup": "perhaps"}, 20001),
        ({"AccountSid": "AC" + "9" * 32}, 21471),
    ],
)
def test_changes_that_are_refused_change_nothing(fields: dict[str, str], code: int, quiet_rest: Rest) -> None:
    path = f"/IncomingPhoneNumbers/{line_sid(quiet_rest)}.json"
    before = quiet_rest.get(path)
    quiet_rest.refused(path, code, **({"FriendlyName": "New"} | fields))
    assert quiet_rest.get(path) == before


def test_a_bought_number_is_the_accounts_until_it_is_given_back(rest: Rest, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/mine", HELLO)
    with pytest.raises(Refused):
        phone.call(FREE)
    bought = rest.post("/IncomingPhoneNumbers.json", PhoneNumber=FREE, VoiceUrl=f"{site.url}/mine", FriendlyName="Shop")
    assert (bought["phone_number"], bought["friendly_name"], bought["sms_url"]) == (FREE, "Shop", "")
    phone.call(FREE)
    sim.advance(60)
    assert phone.said == ["Hello"]
    rest.post("/Messages.json", From=FREE, To=PHONE, Body="From the shop")
    rest.refused("/IncomingPhoneNumbers.json", 21422, PhoneNumber=FREE)
    assert [line["phone_number"] for line in rest.get("/IncomingPhoneNumbers.json")["incoming_phone_numbers"]] == [FREE, LINE]
    rest.delete(f"/IncomingPhoneNumbers/{bought['sid']}.json")
    rest.refused("/Messages.json", 21606, From=FREE, To=PHONE, Body="From the shop")
    rest.refused(f"/IncomingPhoneNumbers/{bought['sid']}.json", 20404, 404, "GET")


@pytest.mark.parametrize(
    ("path", "fields", "code"),
    [
        ("", {}, 21421),
        ("", {"PhoneNumber": "12"}, 21421),
        ("", {"PhoneNumber": LINE}, 21422),
        ("", {"PhoneNumber": VERIFIED}, 21422),
        ("", {"AreaCode": "12"}, 21451),
        ("", {"AreaCode": "533"}, 21452),
        ("", {"PhoneNumber": FREE, "VoiceUrl": "x"}, 21402),
        ("/TollFree", {"PhoneNumber": FREE}, 21458),
        ("/Local", {"PhoneNumber": "+18005550123"}, 21458),
    ],
)
def test_numbers_that_cannot_be_bought(path: str, fields: dict[str, str], code: int, quiet_rest: Rest) -> None:
    quiet_rest.refused(f"/IncomingPhoneNumbers{path}.json", code, **fields)
    assert len(quiet_rest.get("/IncomingPhoneNumbers.json")["incoming_phone_numbers"]) == 1


def test_somebodys_phone_cannot_be_bought(rest: Rest, phone: Handset) -> None:
    assert phone.state["number"] == PHONE
    rest.refused("/IncomingPhoneNumbers.json", 21422, PhoneNumber=PHONE)


# Twilio's magic numbers, https://www.twilio.com/docs/iam/test-credentials
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"PhoneNumber": "+15005550000"}, 21422),
        ({"PhoneNumber": "+15005550001"}, 21421),
        ({"PhoneNumber": FREE}, 21421),
        ({"AreaCode": "533"}, 21452),
    ],
)
def test_test_credentials_know_which_numbers_can_be_bought(fields: dict[str, str], code: int, magic_rest: Rest) -> None:
    magic_rest.refused("/IncomingPhoneNumbers.json", code, **fields)


@pytest.mark.parametrize("fields", [{"PhoneNumber": "+15005550006"}, {"AreaCode": "500"}])
def test_test_credentials_buy_nothing_in_truth(fields: dict[str, str], magic_rest: Rest, rest: Rest) -> None:
    bought = magic_rest.post("/IncomingPhoneNumbers.json", **fields)
    assert (bought["account_sid"], bought["phone_number"]) == (TEST_ACCOUNT, "+15005550006")
    assert len(rest.get("/IncomingPhoneNumbers.json")["incoming_phone_numbers"]) == 1
    magic_rest.refused("/IncomingPhoneNumbers.json", 20008, 403, "GET")


def test_numbers_are_found_by_what_they_are(rest: Rest) -> None:
    rest.post("/IncomingPhoneNumbers/TollFree.json", PhoneNumber="+18445550123", FriendlyName="Free")
    rest.post("/IncomingPhoneNumbers/Mobile.json", PhoneNumber="+447700900123")
    rest.post("/IncomingPhoneNumbers/Local.json", PhoneNumber=FREE)

    def found(path: str = "", **fields: str) -> list[str]:
        lines = rest.get(f"/IncomingPhoneNumbers{path}.json", **fields)["incoming_phone_numbers"]
        return [line["phone_number"] for line in lines]

    assert (found("/TollFree"), found("/Mobile"), found("/Local")) == (["+18445550123"], ["+447700900123"], [FREE, LINE])
    assert (found(FriendlyName="Free"), found(PhoneNumber="+1415"), found(PhoneNumber="8**555")) == (
        ["+18445550123"],
        [FREE],
        ["+18445550123"],
    )
    assert found(Origin="hosted") == []


def test_numbers_that_can_be_bought_are_the_same_at_every_search(rest: Rest) -> None:
    path = "/AvailablePhoneNumbers/US/Local.json"
    offers = rest.get(path, AreaCode="415")["available_phone_numbers"]
    assert offers == rest.get(path, AreaCode="415")["available_phone_numbers"]
    assert {one["region"] for one in offers} == {"CA"}
    chosen = offers[0]["phone_number"]
    rest.post("/IncomingPhoneNumbers.json", PhoneNumber=chosen)
    assert chosen not in [one["phone_number"] for one in rest.get(path, AreaCode="415")["available_phone_numbers"]]
    assert rest.post("/IncomingPhoneNumbers.json", AreaCode="415")["phone_number"] == offers[1]["phone_number"]


def test_a_search_keeps_to_what_is_asked_for(quiet_rest: Rest) -> None:
    def found(place: str, **fields: str) -> list[str]:
        offers = quiet_rest.get(f"/AvailablePhoneNumbers/{place}.json", **fields)["available_phone_numbers"]
        return [one["phone_number"] for one in offers]

    assert len(found("US/Local", PageSize="7")) == 7
    assert all(number.startswith("+1206") for number in found("US/Local", InRegion="WA"))
    assert all(number.startswith("+1206") for number in found("US/Local", InLocality="seattle"))
    assert found("US/Local", Contains="415*****42") == ["+14155550142"]
    assert found("US/Local", AreaCode="533") == []
    assert found("US/Local", AreaCode="416") == []
    assert found("CA/Local", AreaCode="416")[0].startswith("+1416")
    assert found("US/TollFree", Contains="844")[0].startswith("+1844")
    assert found("GB/Mobile")[0].startswith("+447")


def test_countries_and_their_kinds_of_numbers(quiet_rest: Rest) -> None:
    codes = {one["country_code"] for one in quiet_rest.get("/AvailablePhoneNumbers.json")["countries"]}
    assert {"US", "CA", "GB", "DE"} <= codes
    assert list(quiet_rest.get("/AvailablePhoneNumbers/US.json")["subresource_uris"]) == ["local", "toll_free"]
    assert list(quiet_rest.get("/AvailablePhoneNumbers/DE.json")["subresource_uris"]) == ["local", "mobile", "toll_free"]
    for place in ("XX", "XX/Local", "US/Mobile", "us/Local"):
        quiet_rest.refused(f"/AvailablePhoneNumbers/{place}.json", 20404, 404, "GET")


def test_an_application_stands_in_for_a_numbers_own_addresses(rest: Rest, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/app-voice", OTHER)
    made = rest.post("/Applications.json", FriendlyName="Desk", VoiceUrl=f"{site.url}/app-voice", SmsUrl=f"{site.url}/app-sms")
    number = f"/IncomingPhoneNumbers/{line_sid(rest)}.json"
    assert rest.post(number, VoiceApplicationSid=made["sid"])["voice_application_sid"] == made["sid"]
    phone.call(LINE)
    phone.text(LINE, "Hi")
    sim.advance(60)
    assert (phone.said, len(site.at("/voice")), len(site.at("/sms")), len(site.at("/number-status"))) == (
        ["Somewhere else"],
        0,
        1,
        0,
    )
    assert rest.post(number, SmsApplicationSid=made["sid"], VoiceApplicationSid="")["voice_application_sid"] == ""
    phone.text(LINE, "Hi again")
    sim.advance(5)
    assert len(site.at("/app-sms")) == 1
    rest.post(f"/Applications/{made['sid']}.json", SmsUrl=f"{site.url}/app-sms-2")
    phone.text(LINE, "And again")
    sim.advance(5)
    assert len(site.at("/app-sms-2")) == 1
    rest.delete(f"/Applications/{made['sid']}.json")
    assert rest.get(number)["sms_application_sid"] == ""


def test_an_application_is_made_changed_and_deleted(rest: Rest) -> None:
    hooks = {"VoiceUrl": "https://a.example/v", "VoiceMethod": "GET", "VoiceFallbackUrl": "https://a.example/f"}
    made = rest.post("/Applications.json", FriendlyName="Desk", SmsStatusCallback="https://a.example/s", **hooks)
    assert (made["voice_url"], made["voice_method"], made["message_status_callback"]) == (
        "https://a.example/v",
        "GET",
        "https://a.example/s",
    )
    path = f"/Applications/{made['sid']}.json"
    changed = rest.post(path, VoiceUrl="", VoiceFallbackUrl="", PublicApplicationConnectEnabled="true")
    assert (changed["voice_url"], changed["friendly_name"], changed["public_application_connect_enabled"]) == ("", "Desk", True)
    assert rest.get("/Applications.json", FriendlyName="Desk")["applications"] == [rest.get(path)]
    assert rest.get("/Applications.json", FriendlyName="Nobody")["applications"] == []
    rest.refused(path, 21402, MessageStatusCallback="s")
    rest.delete(path)
    rest.refused(path, 20404, 404, "GET")


def test_a_call_by_an_application_uses_its_addresses_and_ignores_the_requests(
    rest: Rest, sim: Simulator, site: Any, phone: Handset
) -> None:
    site.answer("/app-voice", status=500)
    site.answer("/app-fallback", OTHER)
    made = rest.post(
        "/Applications.json",
        VoiceUrl=f"{site.url}/app-voice",
        VoiceMethod="GET",
        VoiceFallbackUrl=f"{site.url}/app-fallback",
        StatusCallback=f"{site.url}/app-status",
    )
    ignored = {"Url": f"{site.url}/voice", "StatusCallback": f"{site.url}/status", "StatusCallbackEvent": "ringing"}
    ignored["FallbackUrl"] = f"{site.url}/fallback"
    rest.post("/Calls.json", From=LINE, To=PHONE, ApplicationSid=made["sid"], **ignored)
    sim.advance(60)
    assert phone.said == ["Somewhere else"]
    assert [(seen.method, seen.path) for seen in site.seen] == [
        ("GET", "/app-voice"),
        ("POST", "/app-fallback"),
        ("POST", "/app-status"),
    ]
    empty = rest.post("/Applications.json")["sid"]
    rest.refused("/Calls.json", 21218, From=LINE, To=PHONE, ApplicationSid=empty)


def test_a_messages_status_goes_to_its_application_unless_it_has_an_address_of_its_own(
    rest: Rest, sim: Simulator, site: Any
) -> None:
    made = rest.post("/Applications.json", MessageStatusCallback=f"{site.url}/app-status")["sid"]
    text = {"From": LINE, "To": PHONE, "Body": "Hi", "ApplicationSid": made}
    rest.post("/Messages.json", **text)
    sim.advance(5)
    rest.post("/Messages.json", **text, StatusCallback=f"{site.url}/own-status")
    sim.advance(5)
    last = [seen.params["MessageStatus"] for seen in site.at("/app-status")][-1]
    assert (last, len(site.at("/app-status"))) == ("delivered", len(site.at("/own-status")))
    rest.refused("/Messages.json", 21420, **(text | {"ApplicationSid": "AP" + "0" * 32}))


def test_verified_numbers_are_listed_renamed_and_forgotten(rest: Rest) -> None:
    [caller] = rest.get("/OutgoingCallerIds.json", PhoneNumber=VERIFIED)["outgoing_caller_ids"]
    assert (caller["phone_number"], caller["friendly_name"]) == (VERIFIED, "(555) 000-3333")
    path = f"/OutgoingCallerIds/{caller['sid']}.json"
    assert rest.post(path, FriendlyName="Desk")["friendly_name"] == "Desk"
    assert rest.get(path)["friendly_name"] == "Desk"
    rest.post("/Calls.json", From=VERIFIED, To=PHONE, Twiml=HELLO)
    rest.delete(path)
    rest.refused(path, 20404, 404, "GET")
    rest.refused("/Calls.json", 21210, From=VERIFIED, To=PHONE, Twiml=HELLO)
    assert rest.get("/OutgoingCallerIds.json", FriendlyName="Desk")["outgoing_caller_ids"] == []


def test_twilios_client_buys_points_and_releases_a_number(client: Client, site: Any) -> None:
    offers = client.available_phone_numbers("US").local.list(area_code=415, limit=3)
    bought = client.incoming_phone_numbers.create(phone_number=offers[0].phone_number, voice_url=f"{site.url}/voice")
    assert bought.update(voice_method="GET").voice_method == "GET"
    assert [line.phone_number for line in client.incoming_phone_numbers.list()] == [offers[0].phone_number, LINE]
    assert client.incoming_phone_numbers.toll_free.list() == []
    assert bought.delete()
    application = client.applications.create(friendly_name="Desk", voice_url=f"{site.url}/voice")
    assert client.calls.create(to=PHONE, from_=LINE, application_sid=application.sid).status == "queued"
    assert [caller.phone_number for caller in client.outgoing_caller_ids.list()] == [VERIFIED]


def test_a_key_opens_the_account_until_it_is_deleted(rest: Rest, http: httpx.Client, sim: Simulator) -> None:
    made = rest.post("/Keys.json", FriendlyName="Laptop")
    other = Rest(http, sim.url, ACCOUNT, made["secret"], user=made["sid"])
    assert other.get("/Calls.json")["calls"] == []
    Rest(http, sim.url, ACCOUNT, KEY, user=made["sid"]).refused("/Calls.json", 20003, 401, "GET")
    path = f"/Keys/{made['sid']}.json"
    assert rest.post(path, FriendlyName="Desktop") == rest.get("/Keys.json")["keys"][0]
    rest.delete(path)
    rest.refused(path, 20404, 404, "GET")
    other.refused("/Calls.json", 20003, 401, "GET")


def test_the_one_account_is_listed(quiet_rest: Rest) -> None:
    assert quiet_rest.get("/Accounts.json")["accounts"] == [quiet_rest.get(".json")]
    assert quiet_rest.get("/Accounts.json", Status="closed")["accounts"] == []
