"""Numbers bought, changed and given back."""

import re

from simulator.exchange import Account, Exchange
from simulator.lines import AccountNumber
from simulator.numbering import country_of, format_number, kind_of, parse_number
from simulator.rest import magic, market
from simulator.rest.errors import RestError
from simulator.rest.form import MAX_DETAIL, Form
from simulator.rest.ordering.endpoints import read_application, read_endpoints
from simulator.rest.verification import Verification, start_verification

MAX_DELAY = 60  # seconds


def buy_number(exchange: Exchange, account: Account, form: Form, kind: str = "") -> AccountNumber:
    """Make a number the account's: one that is named, or the first free one of an area code; tests buy nothing."""
    number = _choose(exchange, account, form)
    if kind and country_of(number) in market.NORTH_AMERICA and kind != kind_of(number):
        raise RestError(21458)
    line = AccountNumber(account.sid, number, exchange.clock.now(), kind=kind)
    change_number(exchange, line, form)
    if not account.test:
        exchange.numbers[number] = line
    return line


def _choose(exchange: Exchange, account: Account, form: Form) -> str:
    text, area = form.text("PhoneNumber").strip(), form.text("AreaCode").strip()
    if text:
        number = parse_number(text)
        if account.test:
            magic.check_purchase(number or text)
        if number is None:
            raise RestError(21421, number=text[:MAX_DETAIL])
        if not market.is_free(exchange, number):
            raise RestError(21422, number=number)
        return number
    if not re.fullmatch(r"[2-9][0-9]{2}", area):
        raise RestError(21451 if area else 21421, number="")
    if account.test:
        return magic.number_in(area)
    free = market.offer(exchange, "US", "local", area)
    if not free:
        raise RestError(21452, value=area)
    return free[0].number


def change_number(exchange: Exchange, line: AccountNumber, form: Form) -> None:
    """Change what a REST request names; the very next call or text follows it."""
    if form.text("AccountSid") not in {"", line.account_sid}:
        raise RestError(21471)
    endpoints = read_endpoints(form, line.endpoints)
    voice = read_application(exchange, form, "VoiceApplicationSid", line.voice_application)
    sms = read_application(exchange, form, "SmsApplicationSid", line.sms_application)
    lookup = form.flag("VoiceCallerIdLookup", line.caller_id_lookup)
    line.friendly_name = form.label("FriendlyName", line.friendly_name)
    line.endpoints, line.voice_application, line.sms_application = endpoints, voice, sms
    line.caller_id_lookup = lookup
    line.updated_at = exchange.clock.now()


def order_verification(exchange: Exchange, form: Form) -> Verification:
    """Call a number to verify it, unless it may be used already."""
    number = parse_number(form.text("PhoneNumber").strip())
    if number is None:
        raise RestError(21401, number=form.text("PhoneNumber")[:MAX_DETAIL])
    if number in exchange.numbers:
        raise RestError(21449, number=number)
    if number in exchange.caller_ids:
        raise RestError(21450, number=number)
    delay = form.text("CallDelay").strip() or "0"
    if not re.fullmatch(r"[0-9]{1,2}", delay) or int(delay) > MAX_DELAY:
        raise RestError(21454)
    extension = form.text("Extension").strip()
    if not re.fullmatch(r"[0-9A-D#*wW]{0,32}", extension):
        raise RestError(20001, name="Extension")
    name = form.label("FriendlyName", format_number(number))
    status = form.target("StatusCallback", "StatusCallbackMethod", invalid=21456)
    return start_verification(exchange, number, name, status, int(delay), extension)
