"""What is asked for each webhook finds its rows by an index, however many rows there are."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, event, select, text
from visitors import BOTH_DATABASES

from app.ledger import COME_FURTHER, ERASED_AT, GIVEN, OUTCOME, events, signins, spending, statements
from app.models import Call, Message

pytestmark = BOTH_DATABASES

AT = datetime(2026, 6, 16, 10, tzinfo=UTC)
DAY = {"since": AT, "until": AT}
EVENT = {"at": AT, "kind": "call", "attempt": None, "source": "callback", "status": "ringing", "error_code": None}
ASKED: list[tuple[Any, dict[str, Any], str]] = [
    (events.ADD_NEWS, EVENT | {"sid": "CA1", "sequence": None}, "sid"),
    (events.ADD_NEWS, EVENT | {"sid": "CA1", "sequence": 3}, "sid"),
    (GIVEN, {"sid": "SM1"}, "sid"),
    (OUTCOME, {"sid": "CA1"}, "sid"),
    (ERASED_AT, {"sid": "CA1"}, "sid"),
    (COME_FURTHER, {"of_sid": "CA1", "of_nearer": ("missed",), "outcome": "connected"}, "sid"),
    *((statements.state(kind), {"of_attempt": "1"}, "attempt") for kind in (Call, Message)),
    *((statements.known(kind, "sid"), {"of_sid": "1", "remark": ""}, "sid") for kind in (Call, Message)),
    *((statements.known(kind, "attempt"), {"of_attempt": "1", "remark": ""}, "attempt") for kind in (Call, Message)),
    *((statements.further(kind), {"of_attempt": "1", "of_progress": 3, "remark": ""}, "attempt") for kind in (Call, Message)),
    (spending.ANSWERED, DAY, "created_at"),
    (spending.OLDEST_ANSWERS, DAY | {"most": 9}, "created_at"),
    (spending.SETTLED, DAY, "at"),
    (spending.COUNT, DAY, "at"),
    (spending.NTH_LATEST, DAY | {"later": 99}, "at"),
    (spending.KNOWN, {"occasion": "x"}, "occasion"),
    (spending.NEXT_LEG, {"call_sid": "CA1", "number": "+15550002222"}, "call_sid"),
    (spending.SETTLED_BY_LEG, {"call_sid": "CA1", "leg_sid": "CA2"}, "call_sid"),
    (spending.NOT_DIALLED, {"of_call": "CA1"}, "call_sid"),
    (signins.TRIED, DAY | {"address": "192.0.2.1"}, "address"),
]


def plan(app: Flask, statement: Any, parameters: dict[str, Any]) -> str:
    """How a database executes it, where it does not read a table whole because that has no rows yet."""
    with app.app_context(), app.extensions["engine"].connect() as connection:
        asked: list[tuple[str, Any]] = []
        event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
        connection.execute(statement, parameters)
        (sql, given) = asked[-1]
        if connection.dialect.name == "sqlite":
            return str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given).all())
        # The server may have looked at the empty tables by itself, and then takes any index for good enough: it forgets that here.
        connection.execute(text("ANALYZE"))
        connection.execute(text("UPDATE pg_class SET reltuples = -1 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"))
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        return str(connection.exec_driver_sql(f"EXPLAIN {sql}", given).all())


def is_led_to(plan: str, column: str) -> bool:
    """Whether rows are found by an index that begins with that column."""
    return re.search(rf"(SEARCH [^']*|Index Cond: )\(*{column}\b", plan) is not None


@pytest.mark.parametrize(("statement", "parameters", "column"), ASKED, ids=range(len(ASKED)))
def test_an_index_leads_to_it(app: Flask, statement: Any, parameters: dict[str, Any], column: str) -> None:
    assert is_led_to(plan(app, statement, parameters), column)


def test_what_no_index_leads_to_is_found_out(app: Flask) -> None:
    by_words = select(Message.id).where(Message.body == bindparam("body"))
    assert not is_led_to(plan(app, by_words, {"body": "x"}), "body")
