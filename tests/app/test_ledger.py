"""What happened to each call and message: once each, never backwards, whatever order the news comes in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy import text as sql
from visitors import BOTH_DATABASES

from app import database, ledger
from app.errors import LedgerUnavailable
from app.ledger import events
from app.models import Call, Message

pytestmark = BOTH_DATABASES

CALL_NEWS = [("initiated", None), ("ringing", None), ("in-progress", None), ("completed", 49)]
MESSAGE_NEWS = ["queued", "sending", "sent", "delivered"]


def in_any_order(news: list) -> st.SearchStrategy[list]:  # type: ignore[type-arg]
    """All of the news at least once, some of it again, shuffled."""
    return st.lists(st.sampled_from(news), max_size=4).flatmap(lambda again: st.permutations(news + again))


@given(in_any_order(CALL_NEWS), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
def test_any_order_and_repetition_of_a_calls_callbacks_ends_the_same(app: Flask, news: list, settle_late: bool) -> None:  # type: ignore[type-arg]
    with app.app_context():
        attempt, _ = ledger.begin(Call, to="+15550002222", from_="+15550001111")
        sid = "CA" + attempt
        if not settle_late:
            ledger.advance(Call, "queued", attempt=attempt, sid=sid)
        for status, duration in news:
            ledger.advance(Call, status, attempt=attempt, sid=sid, duration=duration)
        if settle_late:
            ledger.advance(Call, "queued", attempt=attempt, sid=sid)
        row = ledger.find(Call, attempt)
    assert row is not None
    assert (row.status, row.sid, row.duration, row.error_code) == ("completed", sid, 49, None)


@given(in_any_order(MESSAGE_NEWS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
def test_any_order_and_repetition_of_a_messages_callbacks_ends_the_same(app: Flask, news: list[str]) -> None:
    with app.app_context():
        attempt, _ = ledger.begin(Message, to="+15550002222", from_="+15550001111", body="hi")
        for status in news:
            ledger.advance(Message, status, attempt=attempt, sid="SM" + attempt)
        row = ledger.find(Message, attempt)
    assert row is not None
    assert (row.status, row.sid) == ("delivered", "SM" + attempt)


# What is heard of one call: Twilio's answer or its loss, callbacks that name the attempt, and news that names the SID only.
HEARD = [
    ("queued", True, True),
    ("unknown", True, False),
    ("ringing", True, True),
    ("in-progress", False, True),
    ("completed", False, True),
]


@given(in_any_order(HEARD))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_news_with_and_without_the_attempt_make_one_call_in_any_order(app: Flask, news: list) -> None:  # type: ignore[type-arg]
    with app.app_context():
        attempt, _ = ledger.begin(Call, to="+15550002222", from_="+15550001111")
        sid = "CA" + attempt
        for status, names_attempt, names_sid in news:
            ledger.advance(Call, status, attempt=attempt if names_attempt else None, sid=sid if names_sid else None)
            if status == "in-progress":
                ledger.note_outcome(sid, "acknowledged")
        row = ledger.find(Call, attempt)
        assert row is not None
        assert (row.status, row.sid, row.outcome) == ("completed", sid, "acknowledged")
        assert ledger.find_by_sid(Call, sid).id == row.id  # type: ignore[union-attr]
        heard = [(event.source, event.status) for event in events.of(row)]
    assert heard[0] == ("asked", "requested")
    assert {status for status, _, _ in HEARD} <= {status for _, status in heard}


def test_a_call_that_rings_was_taken_whatever_was_thought_before(app: Flask) -> None:
    with app.app_context():
        attempt, _ = ledger.begin(Call, to="+15550002222", from_="+15550001111")
        ledger.advance(Call, "failed", attempt=attempt, source="reconciled", remark="never taken")
        ledger.advance(Call, "ringing", attempt=attempt, sid="CA1")
        ledger.advance(Call, "failed", attempt=attempt, source="reconciled", remark="never taken")
        (row,) = ledger.latest(Call, 9)
        assert (row.status, row.sid, row.remark) == ("ringing", "CA1", None)


def test_the_same_callback_again_is_no_event_and_the_next_one_is(app: Flask) -> None:
    with app.app_context():
        for status, sequence in (("ringing", 1), ("ringing", 1), ("in-progress", 2), ("in-progress", None), ("in-progress", None)):
            ledger.advance(Call, status, sid="CA1", sequence=sequence)
        (row,) = ledger.latest(Call, 9)
        heard = [(event.status, event.sequence) for event in events.of(row)]
    assert heard == [("ringing", 1), ("in-progress", 2), ("in-progress", None)]


def test_news_that_come_at_once_with_and_without_the_attempt_make_one_call(make_app: Callable[..., Flask]) -> None:
    workers = [make_app() for _ in range(3)]
    with workers[0].app_context():
        attempts = [ledger.begin(Call, to="+15550002222", from_="+15550001111")[0] for _ in range(20)]

    def tell(number: int) -> None:
        attempt = attempts[number // 6]
        with workers[number % 3].app_context():
            ledger.advance(Call, "ringing", attempt=attempt if number % 2 else None, sid="CA" + attempt)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(tell, range(120)))
    with workers[0].app_context():
        rows = ledger.latest(Call, 99)
    assert sorted((row.attempt, row.sid, row.status) for row in rows) == sorted((a, "CA" + a, "ringing") for a in attempts)


@given(in_any_order(["ringing", "in-progress", "completed"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
def test_a_call_known_only_by_its_callbacks_makes_one_row(app: Flask, news: list[str]) -> None:
    sid = f"CA{datetime.now(UTC).timestamp()}{len(news)}"
    with app.app_context():
        for status in news:
            ledger.advance(Call, status, sid=sid, from_number="+15550002222", to_number="+15550001111")
        rows = [row for row in ledger.latest(Call, 1000) if row.sid == sid]
    assert [(row.status, row.direction, row.from_number) for row in rows] == [("completed", "inbound", "+15550002222")]


def test_a_lost_answer_is_unknown_until_a_callback_bears_its_attempt(app: Flask) -> None:
    with app.app_context():
        attempt, _ = ledger.begin(Call, to="+15550002222", from_="+15550001111")
        ledger.advance(Call, "unknown", attempt=attempt)
        assert [(row.status, row.sid) for row in ledger.latest(Call, 9)] == [("unknown", None)]
        ledger.advance(Call, "ringing", attempt=attempt, sid="CA1")
        ledger.advance(Call, "unknown", attempt=attempt)
        assert [(row.status, row.sid) for row in ledger.latest(Call, 9)] == [("ringing", "CA1")]


def test_a_second_call_of_one_attempt_shows_as_a_row_of_its_own(app: Flask) -> None:
    with app.app_context():
        attempt, _ = ledger.begin(Call, to="+15550002222", from_="+15550001111")
        ledger.advance(Call, "completed", attempt=attempt, sid="CA1")
        ledger.advance(Call, "ringing", attempt=attempt, sid="CA2")
        assert [(row.sid, row.status) for row in ledger.latest(Call, 9)] == [("CA2", "ringing"), ("CA1", "completed")]


def test_a_status_that_nobody_knows_moves_nothing(app: Flask) -> None:
    with app.app_context():
        ledger.advance(Call, "ringing", sid="CA1")
        ledger.advance(Call, "levitating", sid="CA1")
        ledger.advance(Call, "", sid="CA1")
        assert [row.status for row in ledger.latest(Call, 9)] == ["ringing"]


def test_what_is_known_besides_is_kept_from_late_news_too(app: Flask) -> None:
    with app.app_context():
        ledger.advance(Call, "completed", sid="CA2")
        ledger.advance(Call, "ringing", sid="CA2", parent_sid="CA1")
        ledger.advance(Call, "in-progress", sid="CA2", parent_sid="", answered_by="human")
        (leg,) = ledger.latest(Call, 9)
    assert (leg.status, leg.parent_sid, leg.answered_by) == ("completed", "CA1", "human")


def text(sid: str | None, answer: str = "<Response/>", body: str = "ping") -> str:
    return ledger.record_message(sid=sid, from_number="+15550002222", to_number="+15550001111", body=body, media=[], answer=answer)


def test_the_same_text_twice_is_one_row_with_the_first_answer(app: Flask) -> None:
    with app.app_context():
        assert text("SM1", "<first/>") == "<first/>"
        assert text("SM1", "<second/>") == "<first/>"
        assert [row.answer for row in ledger.latest(Message, 9)] == ["<first/>"]


@pytest.mark.parametrize("body", ["", "שלום 🎉 \u202eabc", "x" * 1600, "'; DROP TABLE messages; --", "?:@%s%(x)s"])
def test_a_text_is_kept_as_it_came(app: Flask, body: str) -> None:
    before = datetime.now(UTC)
    with app.app_context():
        text("SM1", body=body)
        (row,) = ledger.latest(Message, 9)
    assert (row.body, row.status, row.direction, row.media) == (body, "received", "inbound", None)
    assert before <= row.created_at <= datetime.now(UTC)


def test_texts_that_come_at_once_are_each_kept_once(app: Flask) -> None:
    def receive(number: int) -> str:
        with app.app_context():
            return text(f"SM{number % 150}", f"<Response>{number % 150}</Response>")

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(receive, range(300)))
    assert answers == [f"<Response>{number % 150}</Response>" for number in range(300)]
    with app.app_context():
        assert sorted(row.sid or "" for row in ledger.latest(Message, 999)) == sorted(f"SM{number}" for number in range(150))


def test_texts_that_wait_for_the_writer_share_its_next_turn(app: Flask, request: pytest.FixtureRequest) -> None:
    if app.extensions["engine"].dialect.name != "sqlite":
        pytest.skip("PostgreSQL shares flushes by itself")
    writer = app.extensions["writer"]

    def receive(sid: str | None) -> str:
        with app.app_context():
            return text(sid, f"<{sid}/>")

    with ThreadPoolExecutor(9) as threads:
        with writer._turn:
            answers = [threads.submit(receive, sid) for sid in ("SM1", "SM2", "SM1", "SM3", None, None)]
            while len(writer._waiting) < 5:  # the first of them leads and waits for the turn; the others wait for it
                threads.submit(lambda: None).result()
        assert [answer.result(10) for answer in answers][1:] == ["<SM2/>", "<SM1/>", "<SM3/>", "<None/>", "<None/>"]
    with app.app_context():
        assert len(ledger.latest(Message, 99)) == 5


def test_a_fault_is_told_to_every_text_that_waited(app: Flask) -> None:
    with app.app_context():
        database.write(lambda connection: connection.execute(sql("ALTER TABLE messages RENAME TO away")))

    def receive(number: int) -> type[Exception] | None:
        with app.app_context():
            try:
                text(f"SM{number}")
            except LedgerUnavailable as error:
                return type(error)
        return None

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(receive, range(40))) == [LedgerUnavailable] * 40
    with app.app_context():
        database.write(lambda connection: connection.execute(sql("ALTER TABLE away RENAME TO messages")))
        assert text("SM1", "<again/>") == "<again/>"


def test_two_clicks_at_once_are_one_call(make_app: Callable[..., Flask]) -> None:
    workers = [make_app(), make_app()]

    def click(number: int) -> tuple[str, bool]:
        with workers[number % 2].app_context():
            return ledger.begin(Call, to="+15550002222", from_="+15550001111", reuse_within=10)

    with ThreadPoolExecutor(8) as threads:
        clicks = list(threads.map(click, range(8)))
    assert len({attempt for attempt, _ in clicks}) == 1
    assert [new for _, new in clicks].count(True) == 1


def test_a_failed_call_or_another_number_is_not_reused(app: Flask) -> None:
    with app.app_context():
        first, _ = ledger.begin(Call, to="+15550002222", from_="+15550001111", reuse_within=10)
        ledger.advance(Call, "failed", attempt=first)
        second, new = ledger.begin(Call, to="+15550002222", from_="+15550001111", reuse_within=10)
        assert new
        _, new = ledger.begin(Call, to="+15550003333", from_="+15550001111", reuse_within=10)
        assert new
        assert ledger.begin(Call, to="+15550002222", from_="+15550001111", reuse_within=10) == (second, False)


def test_an_attempt_that_is_given_is_begun_once_also_by_many_at_once(app: Flask) -> None:
    def begin(_: int) -> tuple[str, bool]:
        with app.app_context():
            return ledger.begin(Message, to="+15550002222", from_="+15550001111", attempt="a" * 32, body="hi")

    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(begin, range(16)))
    assert sorted(begun) == [("a" * 32, False)] * 15 + [("a" * 32, True)]
    with app.app_context():
        assert len(ledger.latest(Message, 99)) == 1


def test_a_text_that_is_new_costs_no_question_whether_it_is(app: Flask) -> None:
    asked: list[str] = []
    with app.app_context():
        event.listen(app.extensions["engine"], "before_cursor_execute", lambda *call: asked.append(call[2]))
        for _ in range(2):
            ledger.record_message(sid="SM1", from_number="+15550002222", to_number="", body="hi", media=[], answer="<Response/>")
    assert [statement.split()[0] for statement in asked if "messages" in statement] in (
        ["INSERT", "INSERT", "SELECT"],
        ["SELECT"],  # SQLite's own way to insert is not seen here
    )
