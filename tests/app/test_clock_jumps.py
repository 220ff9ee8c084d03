"""A clock that jumps ahead and comes back: nothing that it wrote meanwhile has the last word for long."""

from datetime import timedelta

from flask import Flask
from visitors import BOTH_DATABASES

from app import clock, ledger
from app.ledger import relays
from app.models import Call

pytestmark = BOTH_DATABASES
YEAR, HOUR = timedelta(days=365), timedelta(hours=1)


def set_clock(app: Flask, ahead: timedelta) -> None:
    app.extensions["now"] = lambda: clock.system() + ahead


def place() -> tuple[str, bool]:
    return ledger.begin(Call, to="+15550002222", from_="+15550001111", reuse_within=10)


def test_a_call_of_a_year_that_is_not_is_not_shown_instead_of_a_new_one(app: Flask) -> None:
    with app.app_context():
        set_clock(app, YEAR)
        early, _ = place()
        set_clock(app, timedelta())
        attempt, new = place()
        assert new
        assert place() == (attempt, False)
        assert [row.attempt for row in ledger.latest(Call, 9)] == [attempt, early]


def test_a_status_goes_forward_while_the_clock_goes_back(app: Flask) -> None:
    with app.app_context():
        for ahead, status in ((YEAR, "ringing"), (timedelta(), "in-progress"), (-HOUR, "completed"), (HOUR, "ringing")):
            set_clock(app, ahead)
            ledger.advance(Call, status, sid="CA1")
        assert [row.status for row in ledger.latest(Call, 9)] == ["completed"]


def test_a_person_answers_whoever_texted_last_by_the_order_of_the_texts(app: Flask) -> None:
    """By the clock, the answer would go to somebody else."""

    def text(sid: str, answer: ledger.TextAnswer, from_number: str) -> str:
        return ledger.record_message(sid=sid, from_number=from_number, to_number="+15550001111", body="", media=[], answer=answer)

    line, person = "+15550001111", "+15550009999"
    with app.app_context():
        for number, ahead in ((1, YEAR), (2, timedelta()), (3, -HOUR)):
            set_clock(app, ahead)
            texter = f"+1555000222{number}"
            text(f"SM{number}", relays.forward(line, person, texter, lambda tag: f"<{tag}/>"), texter)
        answer = relays.send_back(line, person, None, lambda texter: texter.number if texter else "nobody")
        assert text("SM4", answer, person) == "+15550002223"
