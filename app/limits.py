"""The spend guard: what may be called and texted, how often, and for how much in a day; asked before anything that costs.

All of it is decided in the transaction that writes what is spent, so that many workers and machines share one count. The rules,
in their order: stopped, refused_prefix, kind, country, destination, hour, day, budget.
"""

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from math import ceil, inf
from time import monotonic

from flask import current_app
from sqlalchemy import Connection

from app import metrics, phone, segments
from app.clock import now
from app.database import read, write
from app.errors import InvalidNumber, SpendLimited, SpendRefused
from app.flow import Flow
from app.flow.steps import Dial
from app.ledger import Guard, spending
from app.ledger.spending import DAY, What
from app.phone import PhoneNumber
from app.settings import Settings, current_settings

HOUR = timedelta(hours=1)
FRESH = 2.0  # seconds for which a process believes what it read of the kill switch: each text would pay for reading it
DOLLAR = 1_000_000  # money is counted in millionths
EARLIEST = 1000  # spendings that are looked through for when a budget frees

# Kinds of number (https://github.com/google/libphonenumber/blob/master/FAQ.md) whose callers pay more than for a landline or a
# mobile, or pay somebody who gets a share. A toll-free number costs no more than others, and may get texts in North America.
SPECIAL = {
    "premium_rate": "a premium-rate number",
    "shared_cost": "a shared-cost number",
    "personal_number": "a personal number, which is forwarded at the caller's cost",
    "pager": "a pager",
    "uan": "a company's number with a rate of its own",
    "voicemail": "a number of a voicemail service",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """A call or text that somebody wants made: `occasion` names it, `own` says that the flow file names its number."""

    kind: What
    number: str
    occasion: str
    own: bool = False
    call_sid: str | None = None
    body: str = ""


def call_to(number: str) -> Guard:
    """The guard of a call that is about to be placed."""
    return lambda connection, attempt: _authorise(connection, Wish("call", number, attempt))


def text_to(number: str, body: str, *, own: bool) -> Guard:
    """The guard of a text that is about to be sent."""
    return lambda connection, attempt: _authorise(connection, Wish("text", number, attempt, own, body=body))


@dataclass(frozen=True)
class InCall:
    """What the flow may do in a call. `visit` is Twilio's name of a webhook; the same one again is a repetition."""

    call_sid: str
    visit: str

    def may_ring(self, step: str, numbers: Collection[str]) -> Collection[str]:
        """Those of the numbers, all named by the flow file, that may be rung from that step."""
        wishes = [Wish("call", number, self._occasion(step, number), True, self.call_sid) for number in numbers]
        return _allowed(wishes) if wishes else ()

    def may_send(self, step: str, number: str, body: str, own: bool) -> bool:
        """Whether a text may be sent from that step."""
        return bool(_allowed([Wish("text", number, self._occasion(step, number), own, self.call_sid, body)]))

    def _occasion(self, step: str, number: str) -> str:
        return sha256("\n".join((self.call_sid, self.visit, step, number)).encode()).hexdigest()


def is_stopped(*, look: bool = True) -> bool:
    """Whether the kill switch is on, as this process knew it two seconds ago; without a `look`, when it last knew."""
    seen, stopped = current_app.extensions.get("stopped", (-inf, False))
    if look and monotonic() - seen > FRESH:
        with read() as session:
            stopped = spending.stopped(session.connection()) is not None
        current_app.extensions["stopped"] = monotonic(), stopped
    return bool(stopped)


def stop(who: str, reason: str) -> bool:
    """Let nothing that costs be done any more, by any worker; False if it was stopped already."""
    changed = spending.stop(who, reason)
    current_app.extensions.pop("stopped", None)
    log.warning("spending stopped by=%s new=%s", who, changed)
    return changed


def resume(who: str) -> bool:
    """End that; False if there was nothing to end."""
    changed = spending.resume()
    current_app.extensions.pop("stopped", None)
    log.warning("spending resumed by=%s new=%s", who, changed)
    return changed


@dataclass(frozen=True)
class Overview:
    """How things stand: who stopped spending, why and when; calls and texts in the last hour and day; dollars in the last day."""

    stopped: tuple[str, str, datetime] | None
    hour: int
    day: int
    dollars: float


def overview() -> Overview:
    """How much was spent lately. Raises LedgerUnavailable."""
    with read() as session:
        connection = session.connection()
        dollars = spending.spent(connection, current_settings().max_call_minutes) / DOLLAR
        return Overview(spending.stopped(connection), spending.count(connection, HOUR), spending.count(connection, DAY), dollars)


def countries(settings: Settings) -> tuple[str, ...]:
    """The countries that may be called and texted."""
    return settings.allowed_countries or _home(settings.twilio_from_number)


@cache
def _home(number: str) -> tuple[str, ...]:
    """The country of our own number; one that belongs to none, such as +1 555, counts to where most with its calling code are."""
    country = phone.parse(number).country or phone.country_of(number)
    return (country,) if country else ()


def check_number(settings: Settings, number: PhoneNumber) -> None:
    """Raises SpendRefused for a number that is never called or texted."""
    if prefix := next((each for each in settings.refused_prefixes if number.e164.startswith(each)), None):
        raise SpendRefused(f"Numbers that begin with {prefix} are never called or texted (REFUSED_PREFIXES).", "refused_prefix")
    if number.e164.startswith(settings.allowed_prefixes):
        return
    if number.kind in SPECIAL:
        raise SpendRefused(
            f"That is {SPECIAL[number.kind]}, which may cost much more than others, so it is not called or texted. "
            "To allow it, put its beginning into ALLOWED_PREFIXES.",
            "kind",
        )
    allowed = countries(settings)
    if number.country not in allowed:
        where = f"That number is in the country {number.country}" if number.country.isalpha() else "That number is in no country"
        raise SpendRefused(
            f"{where}; only numbers in {', '.join(allowed) or 'none'} are called and texted. "
            "To allow others, set ALLOWED_COUNTRIES, or put the number's beginning into ALLOWED_PREFIXES.",
            "country",
        )


def is_allowed(number: str) -> bool:
    """Whether a number is called and texted at all, whatever else stands in the way for now."""
    try:
        check_number(current_settings(), phone.parse(number))
    except (InvalidNumber, SpendRefused):
        return False
    return True


def never_rung(settings: Settings, flow: Flow) -> Iterator[str]:
    """A sentence for each number that a flow rings and that is never called; it is left out of every Dial."""
    for place in flow.places.values():
        numbers = flow.people(place.step.to, place.flow) if isinstance(place.step, Dial) else ()
        for number in numbers:
            if not number.startswith("client:"):
                try:
                    check_number(settings, phone.parse(number))
                except SpendRefused as refusal:
                    yield f"the step {place.name} never rings {phone.masked(number)}: {refusal}"


def _allowed(wishes: Iterable[Wish]) -> Collection[str]:
    """The numbers of those that may be made; one that may not is no fault of the call that asks."""

    def work(connection: Connection) -> Collection[str]:
        found = []
        for wish in wishes:
            try:
                _authorise(connection, wish)
                found.append(wish.number)
            except SpendRefused:  # it is in the log
                continue
        return found

    return write(work)


def _authorise(connection: Connection, wish: Wish) -> None:
    """Write that it is about to be made, unless a rule forbids it. Raises SpendRefused, SpendLimited."""
    try:
        _check(connection, wish)
    except SpendRefused as refusal:
        wait = refusal.retry_after if isinstance(refusal, SpendLimited) else None
        metrics.spend_refused(refusal.rule)
        log.warning("spend refused kind=%s to=%s rule=%s seconds=%s", wish.kind, phone.masked(wish.number), refusal.rule, wait)
        raise


def _check(connection: Connection, wish: Wish) -> None:
    settings = current_settings()
    spending.begin(connection)
    _check_stop(connection)
    if spending.is_known(connection, wish.occasion):
        return
    try:
        number = phone.parse(wish.number)
    except InvalidNumber as error:
        raise SpendRefused(str(error), "country") from None
    check_number(settings, number)
    if not wish.own:
        _check_destination(connection, settings, wish)
    for rule, setting, limit, within in (
        ("hour", "HOURLY_LIMIT", settings.hourly_limit, HOUR),
        ("day", "DAILY_LIMIT", settings.daily_limit, DAY),
    ):
        if at := spending.nth_latest(connection, limit, within):
            raise _limited(f"No more than {limit:,} calls and texts are made in {_span(within)} ({setting})", rule, at + within)
    rate = round(settings.call_price * DOLLAR) if wish.kind == "call" else None
    cost = round(settings.message_price * DOLLAR) * segments.count(wish.body) if wish.kind == "text" else None
    _check_budget(connection, settings, (rate or 0) + (cost or 0))
    spending.add(
        connection,
        kind=wish.kind,
        number=wish.number,
        occasion=wish.occasion,
        own=wish.own,
        call_sid=wish.call_sid,
        rate=rate,
        cost=cost,
    )


def _check_stop(connection: Connection) -> None:
    if stopped := spending.stopped(connection):
        who, reason, at = stopped
        raise SpendLimited(
            f"Nothing is called or texted: stopped by {who} at {at:%Y-%m-%d %H:%M} UTC ({reason}). "
            "It goes on with Resume on the start page, or with flask spending resume.",
            "stopped",
            None,
        )


def _check_destination(connection: Connection, settings: Settings, wish: Wish) -> None:
    limits, at = settings.destination_limits, now()
    most, longest = max(limit.number for limit in limits), timedelta(seconds=max(limit.seconds for limit in limits))
    latest = spending.to_destination(connection, wish.kind, wish.number, most, longest)
    full = []
    for limit in limits:
        within = timedelta(seconds=limit.seconds)
        if len(latest) >= limit.number and (frees := latest[limit.number - 1] + within) > at:
            full.append((frees, limit.number, within))
    if full:
        frees, number, within = max(full)
        things = wish.kind if number == 1 else f"{wish.kind}s"
        raise _limited(
            f"No more than {number:,} {things} to one number in {_span(within)} (DESTINATION_LIMITS)", "destination", frees
        )


def _check_budget(connection: Connection, settings: Settings, need: int) -> None:
    budget, longest = round(settings.daily_budget * DOLLAR), settings.max_call_minutes
    over = spending.spent(connection, longest) + need - budget
    if over <= 0:
        return
    what = f"No more than ${settings.daily_budget:,.2f} are spent in 24 hours (DAILY_BUDGET)"
    if need > budget:
        raise SpendRefused(f"{what}, and this alone costs ${need / DOLLAR:,.2f}.", "budget")
    frees = now() + DAY
    for at, cost in spending.oldest(connection, longest, EARLIEST):
        over -= cost
        if over <= 0:
            frees = at + DAY
            break
    raise _limited(what, "budget", frees)


def _limited(what: str, rule: str, frees: datetime) -> SpendLimited:
    seconds = max(1, ceil((frees - now()).total_seconds()))
    at = f"{frees:%H:%M:%S}" if frees.date() == now().date() else f"{frees:%Y-%m-%d %H:%M:%S}"
    return SpendLimited(f"{what}: try again at {at} UTC, in {seconds:,} seconds.", rule, seconds)


def _span(time: timedelta) -> str:
    return span(int(time.total_seconds()))


def span(seconds: int) -> str:
    """So many seconds in words: "an hour", "15 minutes"."""
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds % size == 0:
            number = seconds // size
            return f"{'an' if unit == 'hour' else 'a'} {unit}" if number == 1 else f"{number:,} {unit}s"
    return f"{seconds:,} seconds" if seconds > 1 else "a second"
