"""The spend guard: which numbers, how often, for how much; one count for all workers, and what Twilio never took is given back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from spending import OTHERS, USUAL, Open, counted, dial, opener, placed, show, spent, text
from town import LINE, PHONE, Town
from visitors import BOTH_DATABASES, Script, Twilio

pytestmark = BOTH_DATABASES


@pytest.fixture
def open_limited(make_app: Callable[..., Flask]) -> Open:
    return opener(make_app)


REFUSED = [
    ("+19002345678", "premium-rate"),
    ("+15002345678", "personal number"),
    ("+447012345678", "personal number"),
    ("+448431234567", "premium-rate"),
    ("+443331234567", "rate of its own"),
    ("+447640123456", "pager"),
    ("+33899123456", "premium-rate"),
    ("+979123456789", "premium-rate"),
    ("+18762345678", "country JM"),  # numbers of the Caribbean look like those of the United States
    ("+18095551234", "country DO"),
    ("+14734071234", "country GD"),
    ("+12642351234", "country AI"),
    ("+17872345678", "country PR"),
    ("+16842345678", "country AS"),
    ("+14165551234", "country CA"),
    ("+5355555555", "country CU"),
    ("+881612345678", "in no country"),
    ("+80012345678", "in no country"),
    ("+17002345678", "in no country"),
]


def test_a_number_that_may_cost_much_is_refused(open_limited: Open, caplog: pytest.LogCaptureFixture) -> None:
    with open_limited() as (town, _):
        for number, why in REFUSED:
            caplog.clear()
            for refused in (
                town.script.post("/make_call", {"to": number}),
                town.script.post("/send_sms", {"to": number, "body": "hi"}),
                town.script.get(f"/make_call?to=%2B{number[1:]}"),
            ):
                assert (refused.status_code, refused.json["error"]["code"]) == (403, "spend_refused"), number
                assert why in refused.json["error"]["message"], number
                assert "ALLOWED_PREFIXES" in refused.json["error"]["message"]
            lines = [record.getMessage() for record in caplog.records if "spend refused" in record.getMessage()]
            assert len(lines) == 3
            assert all(f"…{number[-2:]}" in line and number not in line and "rule=" in line for line in lines)
        assert placed(town) == placed(town, "Messages") == town.calls() == town.messages() == []


def test_numbers_of_the_own_country_and_those_of_a_prefix_are_allowed(open_limited: Open) -> None:
    with open_limited(allowed_prefixes="+1555 +1876 +1900", refused_prefixes="+15550009 +19005") as (town, _):
        for number in ("+12125551234", "+18005551234", PHONE, "+18762345678", "+19002345678"):
            assert (dial(town, number), text(town, number)) == (201, 201), number
        for number in ("+15550009000", "+19005345678"):
            refused = town.script.post("/make_call", {"to": number})
            assert (refused.status_code, "REFUSED_PREFIXES" in refused.json["error"]["message"]) == (403, True)
        assert len(placed(town)) == len(placed(town, "Messages")) == 5


def test_the_countries_are_those_of_the_setting_or_that_of_the_own_number(make_app: Callable[..., Flask]) -> None:
    def shown(**changes: Any) -> str:
        return next(line for line in show(make_app(**(USUAL | changes))).splitlines() if line.startswith("Countries"))

    assert shown() == "Countries: US (ALLOWED_COUNTRIES)"
    assert shown(twilio_from_number="+14165551234") == "Countries: CA (ALLOWED_COUNTRIES)"
    assert shown(twilio_from_number="+18762345678") == "Countries: JM (ALLOWED_COUNTRIES)"
    assert shown(twilio_from_number="+447624123456") == "Countries: IM (ALLOWED_COUNTRIES)"
    assert shown(allowed_countries="CA GB") == "Countries: CA GB (ALLOWED_COUNTRIES)"


def test_one_number_is_called_so_often_and_each_limit_frees_by_the_clock(open_limited: Open) -> None:
    with open_limited() as (town, clock):
        assert dial(town) == 201
        refused = town.script.post("/make_call", {"to": PHONE})
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        assert refused.json == {
            "error": {
                "code": "spend_limited",
                "message": "No more than 1 call to one number in a minute (DESTINATION_LIMITS): "
                "try again at 10:01:00 UTC, in 60 seconds.",
            }
        }
        assert dial(town, OTHERS[0]) == 201
        clock.advance(59.5)
        assert town.script.post("/make_call", {"to": PHONE}).headers["Retry-After"] == "1"
        for _ in range(2):
            clock.advance(60)
            assert dial(town) == 201
        clock.advance(60)  # three in three minutes: the first of them has to be a quarter of an hour ago
        refused = town.script.post("/make_call", {"to": PHONE})
        assert "3 calls to one number in 15 minutes" in refused.json["error"]["message"]
        clock.advance(int(refused.headers["Retry-After"]) - 1)
        assert dial(town) == 429
        clock.advance(1)
        assert dial(town) == 201
        assert len(placed(town)) == 5


def test_a_second_click_on_send_is_the_same_text_and_exceeds_no_limit(open_limited: Open) -> None:
    with open_limited() as (town, clock):
        town.browser.sign_in()
        given = {"to": PHONE, "body": "Come home"}
        assert [town.browser.post("/send_sms", given).status_code for _ in range(2)] == [303, 303]
        assert town.browser.post("/send_sms", given | {"body": "Come home now"}).status_code == 429
        assert (text(town), counted(town.app)) == (429, 1)
        clock.advance(11)
        assert town.browser.post("/send_sms", given).status_code == 429
        assert len(placed(town, "Messages")) == 1


def test_calls_and_texts_to_one_number_are_counted_apart(open_limited: Open) -> None:
    with open_limited() as (town, _):
        assert [dial(town), text(town), dial(town), text(town)] == [201, 201, 429, 429]
        assert len(town.messages()) == len(placed(town, "Messages")) == 1


@pytest.mark.parametrize(("setting", "seconds", "words"), [("hourly_limit", 3600, "an hour"), ("daily_limit", 86400, "24 hours")])
def test_so_many_calls_and_texts_are_made_in_all(open_limited: Open, setting: str, seconds: int, words: str) -> None:
    with open_limited(**{setting: 3}) as (town, clock):
        assert [dial(town, OTHERS[0]), text(town, OTHERS[1])] == [201, 201]
        clock.advance(10)
        assert dial(town, OTHERS[2]) == 201
        refused = town.script.post("/send_sms", {"to": OTHERS[3], "body": "hi"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(seconds - 10))
        assert f"in {words} ({setting.upper()})" in refused.json["error"]["message"]
        clock.advance(seconds - 10)
        assert [text(town, OTHERS[3]), text(town, OTHERS[4]), text(town, OTHERS[5])] == [201, 201, 429]


def test_a_days_budget_is_kept_and_frees_a_day_later(open_limited: Open) -> None:
    with open_limited(daily_budget=0.05, message_price=0.02) as (town, clock):
        assert text(town, OTHERS[0]) == 201
        clock.advance(60)
        assert text(town, OTHERS[1]) == 201
        refused = town.script.post("/send_sms", {"to": OTHERS[2], "body": "hi"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(86400 - 60))
        assert "No more than $0.05 are spent in 24 hours (DAILY_BUDGET)" in refused.json["error"]["message"]
        alone = town.script.post("/send_sms", {"to": OTHERS[2], "body": "x" * 307})  # three segments
        assert (alone.status_code, alone.headers.get("Retry-After")) == (403, None)
        assert "this alone costs $0.06" in alone.json["error"]["message"]
        clock.advance(86400 - 60)
        assert text(town, OTHERS[2]) == 201


def tell(town: Town, call: dict[str, Any], status: str, **more: str) -> None:
    """Let Twilio tell how a placed call goes on."""
    twilio = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)
    params = {"CallSid": call["sid"], "CallStatus": status, "From": LINE, "To": call["to"], "Direction": "outbound-api"}
    assert twilio.post("/status/call", params | more).status_code == 204


def test_a_call_costs_its_minutes_while_it_goes_on_and_what_it_took_when_it_is_over(open_limited: Open) -> None:
    with open_limited(daily_budget=0.10, max_call_minutes=4) as (town, clock):
        first, second, third = (town.script.post("/make_call", {"to": number}).json for number in OTHERS[:3])
        assert spent(town.app) == "$0.06"
        clock.advance(61)
        assert spent(town.app) == "$0.12"
        assert dial(town, OTHERS[4]) == 429
        tell(town, second, "busy")
        assert spent(town.app) == "$0.08"
        clock.advance(3600)
        assert spent(town.app) == "$0.16"  # Twilio ended them after four minutes, whatever we heard of it
        tell(town, first, "completed", CallDuration="60")
        tell(town, third, "completed", CallDuration="61")
        for _ in range(2):  # late and repeated news
            tell(town, third, "in-progress")
            tell(town, first, "completed", CallDuration="60")
            tell(town, second, "busy")
        assert spent(town.app) == "$0.06"
        assert dial(town, OTHERS[4]) == 201


def test_twilio_ends_a_call_after_the_longest_time(open_limited: Open, tmp_path: Path) -> None:
    (tmp_path / "flow.toml").write_text(
        '[steps.start]\nsay = "Hello."\nnext = "wait"\n[steps.wait]\nkind = "queue"\nqueue = "q"\nwaiting = "Wait."\n'
    )
    with open_limited(max_call_minutes=2, flow_file=str(tmp_path / "flow.toml")) as (town, _):
        dial(town)
        town.phone.expect_hangup(within=200)
        town.sim.settle()
        (call,) = town.calls()
        assert (call.status, call.duration) == ("completed", 120)


def test_what_twilio_refuses_is_given_back_and_what_it_may_have_taken_is_not(open_limited: Open) -> None:
    with open_limited({"blocked_numbers": (OTHERS[9],)}, hourly_limit=2) as (town, _):
        assert [dial(town, OTHERS[9]) for _ in range(3)] == [502, 502, 502]
        town.phone.on_text("receive")
        town.sim.fault("rest", "lost", match="/Messages")
        assert text(town, OTHERS[0]) == 202
        assert counted(town.app) == 1
        assert dial(town, OTHERS[1]) == 201
        assert dial(town, OTHERS[2]) == 429


def test_what_was_only_concluded_never_to_be_taken_still_counts(open_limited: Open) -> None:
    with open_limited({"blocked_numbers": (OTHERS[9],)}) as (town, clock):
        town.sim.fault("rest", "error", count=2)
        attempt = town.script.post("/make_call", {"to": PHONE}).location.rpartition("/")[2]
        assert text(town) == 202
        clock.advance(700)
        assert town.app.test_cli_runner().invoke(args=["twilio", "reconcile"]).exit_code == 0
        assert [row.status for row in (*town.calls(), *town.messages())] == ["failed", "failed"]
        assert (counted(town.app), spent(town.app)) == (2, "$0.03")  # of the call, the minute that was reserved
        clock.advance(3600)
        assert spent(town.app) == "$0.03"
        assert dial(town, OTHERS[9]) == 502
        assert spent(town.app) == "$0.03"
        twilio = Twilio(town.app.test_client(), base_url=town.app.extensions["settings"].public_base_url)
        late = {"CallSid": "CA" + "7" * 32, "CallStatus": "completed", "CallDuration": "130", "Direction": "outbound-api"}
        assert twilio.post(f"/status/call?attempt={attempt}", late).status_code == 204
        assert spent(town.app) == "$0.07"


@pytest.mark.parametrize("changes", [{"hourly_limit": 5}, {"destination_limits": "5/60"}, {"daily_budget": 0.1}])
def test_of_twenty_at_once_at_two_workers_as_many_are_made_as_may_be(
    open_limited: Open, make_app: Callable[..., Flask], changes: dict[str, Any]
) -> None:
    with open_limited(**({"destination_limits": "1000/60"} | changes)) as (town, clock):
        settings = town.app.extensions["settings"]
        other = make_app(twilio_api_url=town.sim.url, public_base_url=settings.public_base_url, **(settings_of(town) | changes))
        other.extensions["now"] = clock
        scripts = [Script((town.app, other)[number % 2].test_client()) for number in range(20)]
        same = "destination_limits" in changes

        def ask(number: int) -> int:
            return scripts[number].post("/make_call", {"to": PHONE if same else OTHERS[number]}).status_code

        with ThreadPoolExecutor(20) as threads:
            answers = sorted(threads.map(ask, range(20)))
        assert answers == [201] * 5 + [429] * 15
        assert len(placed(town)) == len(town.calls()) == 5
        other.extensions["twilio_service"].close()


def settings_of(town: Town) -> dict[str, Any]:
    return {name: getattr(town.app.extensions["settings"], name) for name in USUAL}


def test_a_clock_that_jumped_ahead_and_came_back_locks_nobody_out(open_limited: Open) -> None:
    with open_limited(hourly_limit=2, daily_budget=0.04) as (town, clock):
        clock.advance(365 * 86400)
        assert [dial(town, OTHERS[0]), dial(town, OTHERS[1]), dial(town, OTHERS[2])] == [201, 201, 429]
        clock.advance(-365 * 86400)
        assert [dial(town, OTHERS[0]), dial(town, OTHERS[1]), dial(town, OTHERS[2])] == [201, 201, 429]
        clock.advance(-30)  # another machine's clock is a little behind: its count is the same
        assert dial(town, OTHERS[3]) == 429


@pytest.mark.parametrize(
    "limit", [{"hourly_limit": 1}, {"daily_limit": 1}, {"daily_budget": 0.02}, {"destination_limits": "1/3600"}]
)
def test_a_machine_whose_clock_is_behind_or_was_set_back_by_up_to_an_hour_counts_what_was_spent(
    open_limited: Open, limit: dict[str, Any]
) -> None:
    with open_limited(**limit) as (town, clock):
        assert dial(town) == 201
        for seconds in (120, 3480):
            clock.advance(-seconds)
            assert dial(town) == 429
        assert len(placed(town)) == 1


def test_what_a_clock_wrote_that_was_ahead_holds_up_a_short_limit_for_no_longer_than_twice_its_time(open_limited: Open) -> None:
    with open_limited(destination_limits="1/60") as (town, clock):
        assert dial(town) == 201
        clock.advance(-60)
        refused = town.script.post("/make_call", {"to": PHONE})
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "120")
        clock.advance(-1)
        assert dial(town) == 201


def test_a_reload_shows_the_call_that_the_limit_would_refuse(open_limited: Open) -> None:
    with open_limited() as (town, clock):
        town.browser.sign_in()
        pages = [town.browser.get("/make_call") for _ in range(3)]
        assert [page.status_code for page in pages] == [200, 200, 200]
        clock.advance(20)
        refused = town.browser.get("/make_call")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
        assert "No more than 1 call to one number in a minute" in refused.text
        assert len(placed(town)) == 1
