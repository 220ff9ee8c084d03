"""Every path of the REST API that is there is one of Twilio's, and answers as Twilio documents."""

import re
from itertools import product
from typing import Any

import pytest
from twilio_rest import LINE, OPERATIONS, PHONE, Rest, operation

from simulator.driver import Handset, Simulator
from simulator.server import create_app

REST = "/2010-04-01"
SHOUT = "<Response><Shout/><Say>Hello</Say></Response>"
IDENTIFIERS = ("sid", "call_sid", "country_code")
# What must have been fetched once the account below has one of each.
FETCHED = frozenset(
    f"GET /Accounts/{{AccountSid}}{path}.json"
    for path in (
        "/Applications/{Sid}",
        "/AvailablePhoneNumbers/{CountryCode}/TollFree",
        "/Calls/{Sid}",
        "/Calls/{CallSid}/Notifications/{Sid}",
        "/IncomingPhoneNumbers/{Sid}",
        "/IncomingPhoneNumbers/Local",
        "/Keys/{Sid}",
        "/Messages/{Sid}",
        "/Notifications/{Sid}",
        "/OutgoingCallerIds/{Sid}",
        "/Usage/Records/Yesterday",
    )
)


def served(sim: Simulator) -> list[str]:
    """List what the simulator serves, written as Twilio's OpenAPI writes it but with every placeholder as {}."""
    found = []
    for rule in create_app(sim.exchange).url_map.iter_rules():
        if not rule.rule.startswith(f"{REST}/") or not rule.rule.endswith(".json"):
            continue
        choices = [re.split(r",\s*", names) for names in re.findall(r"<any\(([^)]*)\):\w+>", rule.rule)]
        path = re.sub(r"<any\([^)]*\):\w+>", "\0", rule.rule.removeprefix(REST))
        path = re.sub(r"<[^>]*>", "{}", path)
        for names in product(*choices):
            chosen = path
            for name in names:
                chosen = chosen.replace("\0", name, 1)
            found += [f"{method} {chosen}" for method in sorted(rule.methods & {"GET", "POST", "DELETE"})]
    return found


def plain(name: str) -> str:
    return re.sub(r"\{\w+\}", "{}", name)


def test_every_path_of_the_rest_api_is_one_of_twilios(quiet_sim: Simulator) -> None:
    known = {plain(name) for name in OPERATIONS}
    found = served(quiet_sim)
    assert len(found) > 50
    assert [name for name in found if name not in known] == []


@pytest.fixture
def one_of_each(rest: Rest, sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", SHOUT)
    rest.post("/Applications.json", FriendlyName="Desk")
    rest.post("/Keys.json", FriendlyName="Laptop")
    rest.post("/Messages.json", From=LINE, To=PHONE, Body="Hi", MediaUrl=f"{site.url}/picture.png")
    phone.call(LINE)
    sim.advance(60)


def paths(rest: Rest, name: str) -> list[str]:
    """Fill the placeholders of an operation's path with what the lists above them name."""
    found = [""]
    for part in name.removesuffix(".json").split("/")[3:]:
        if part.startswith("{"):
            found = [f"{path}/{sid}" for path in found for sid in identifiers(rest, path)]
        else:
            found = [f"{path}/{part}" for path in found]
    return found


def identifiers(rest: Rest, path: str) -> list[str]:
    lists = [value for value in rest.get(f"{path}.json").values() if isinstance(value, list)]
    return [next(item[key] for key in IDENTIFIERS if key in item) for item in lists[0][:2]]


def test_everything_that_can_be_fetched_or_listed_has_twilios_shape(rest: Rest, sim: Simulator, one_of_each: None) -> None:
    there = set(served(sim))
    asked = set()
    for name in OPERATIONS:
        if name.startswith("GET /Accounts/{AccountSid}/") and plain(name) in there:
            for path in paths(rest, name):
                rest.get(f"{path}.json")
                rest.get(path)
                asked.add(operation("GET", path))
    assert asked >= FETCHED


def test_everything_that_does_not_exist_is_not_found(quiet_rest: Rest, quiet_sim: Simulator) -> None:
    there = set(served(quiet_sim))
    for name in OPERATIONS:
        method, _, path = name.partition(" ")
        if plain(name) in there and path.endswith("Sid}.json") and path.startswith("/Accounts/{AccountSid}/"):
            missing = re.sub(r"\{\w+\}", "XX" + "0" * 32, path.removeprefix("/Accounts/{AccountSid}"))
            quiet_rest.refused(missing, 20404, 404, method)
