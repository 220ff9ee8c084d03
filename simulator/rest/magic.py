"""Twilio's magic numbers: what test credentials answer, https://www.twilio.com/docs/iam/test-credentials"""

from simulator.rest.errors import RestError

VALID_SENDER = "+15005550006"
CALL_FROM = {"+15005550001": 21212}
CALL_TO = {"+15005550001": 21217, "+15005550002": 21214, "+15005550003": 21215, "+15005550004": 21216}
MESSAGE_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
MESSAGE_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
PURCHASE = {"+15005550000": 21422}
AREA = "500"


def check_call(sender: str, to: str) -> None:
    """Refuse a call as its magic numbers say."""
    if sender != VALID_SENDER:
        raise RestError(CALL_FROM.get(sender, 21210), number=sender)
    if to in CALL_TO:
        raise RestError(CALL_TO[to], number=to)


def check_message(sender: str, to: str) -> None:
    """Refuse a message as its magic numbers say."""
    if sender != VALID_SENDER:
        raise RestError(MESSAGE_FROM.get(sender, 21606), number=sender)
    if to in MESSAGE_TO:
        raise RestError(MESSAGE_TO[to], number=to)


def check_purchase(number: str) -> None:
    """Refuse to buy a number as the magic ones say."""
    if number != VALID_SENDER:
        raise RestError(PURCHASE.get(number, 21421), number=number)


def number_in(area: str) -> str:
    """Buy the number of the one area code that has one."""
    if area != AREA:
        raise RestError(21452, value=area)
    return VALID_SENDER
