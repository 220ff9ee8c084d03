"""The limit on guesses of the operator's password, whoever guesses and whatever the clock does."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event
from visitors import BOTH_DATABASES, PASSWORD, Script
from werkzeug.security import generate_password_hash

from app import auth, clock

pytestmark = BOTH_DATABASES


def set_clock(app: Flask, ahead: timedelta) -> None:
    app.extensions["now"] = lambda: clock.system() + ahead


def status(app: Flask, password: str = PASSWORD) -> int:
    return Script(app.test_client(), password).get("/").status_code


def test_of_fifty_guesses_at_once_five_are_compared_also_where_the_right_one_is_among_them(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    compare = auth._is_password
    monkeypatch.setattr(auth, "_is_password", lambda given: (compared.append(given), compare(given))[1])
    workers = [make_app(), make_app()]
    guesses = [f"guess {number}" for number in range(50)]
    with ThreadPoolExecutor(25) as threads:
        answers = Counter(threads.map(lambda guess: status(workers[hash(guess) % 2], guess), guesses))
    assert answers == {401: 5, 429: 45}
    assert len(compared) == 5
    assert status(workers[0]) == 429


def test_a_script_may_ask_for_many_things_at_once(make_app: Callable[..., Flask]) -> None:
    workers = [make_app(), make_app()]
    with ThreadPoolExecutor(20) as threads:
        assert Counter(threads.map(lambda number: status(workers[number % 2]), range(60))) == {200: 60}


def test_the_right_password_starts_the_count_anew_and_the_same_wrong_one_counts_each_time(app: Flask) -> None:
    for _ in range(3):
        assert [status(app, "wrong password") for _ in range(4)] == [401] * 4
        assert status(app) == 200
    assert [status(app, "wrong password") for _ in range(6)] == [401] * 5 + [429]
    assert status(app) == 429


def test_a_right_password_that_was_right_lately_costs_no_write(app: Flask) -> None:
    assert status(app) == 200
    written = []
    event.listen(app.extensions["engine"], "before_cursor_execute", lambda *call: written.append(call[2]))
    assert status(app) == 200
    assert [statement for statement in written if statement.startswith(("INSERT", "UPDATE", "DELETE", "BEGIN IMMEDIATE"))] == []


def test_a_clock_that_was_a_year_ahead_locks_nobody_out_and_the_limit_holds_after_it(app: Flask) -> None:
    set_clock(app, timedelta(days=365))
    assert [status(app, f"guess {number}") for number in range(6)] == [401] * 5 + [429]
    set_clock(app, timedelta())
    assert status(app) == 200
    assert [status(app, f"guess {number}") for number in range(6)] == [401] * 5 + [429]
    set_clock(app, timedelta(minutes=16))
    assert status(app) == 200


def test_a_flood_of_guesses_leaves_threads_for_everybody_else(make_app: Callable[..., Flask]) -> None:
    app = make_app(operator_password=generate_password_hash(PASSWORD))
    for _ in range(auth.COMPARED_AT_ONCE):
        assert auth._comparing.acquire(blocking=False)
    try:
        refused = Script(app.test_client()).get("/")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    finally:
        for _ in range(auth.COMPARED_AT_ONCE):
            auth._comparing.release()
    assert status(app) == 200
