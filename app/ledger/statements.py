"""Statements that each news of a call or text executes, built once: to build one costs more than to execute it.

Whoever executes one gives it the columns that are to be written, and the parameters of its condition, whose names begin with `of_`.
"""

from functools import cache
from typing import Any

from sqlalchemy import Select, Table, Update, bindparam, select, update

from app.database import insert_or
from app.models import Base, Kind


@cache
def state(kind: Kind) -> Select[Any]:
    """How the row of `of_attempt` stands, which nobody else changes until the transaction ends."""
    table = table_of(kind)
    columns = (table.c.id, table.c.sid, table.c.status, table.c.remark)
    return select(*columns).where(table.c.attempt == bindparam("of_attempt")).with_for_update()


@cache
def changed(kind: Kind) -> Update:
    """Write columns of the row `of_id`."""
    table = table_of(kind)
    return update(table).where(table.c.id == bindparam("of_id"))


@cache
def further(kind: Kind) -> Update:
    """Take the row of `of_attempt` to a status of the rank `of_progress`, unless it is as far already."""
    table = table_of(kind)
    return update(table).where(table.c.attempt == bindparam("of_attempt"), table.c.progress < bindparam("of_progress"))


@cache
def known(kind: Kind, by: str) -> Update:
    """Write columns of the row of `of_attempt` or `of_sid`, unless it was erased."""
    table = table_of(kind)
    return update(table).where(table.c[by] == bindparam(f"of_{by}"), table.c.erased_at.is_(None))


@cache
def begun(kind: Kind, dialect: str) -> Any:
    """Write the row of an attempt; returns its id, or nothing where there is one."""
    table = table_of(kind)
    return insert_or(dialect, table).on_conflict_do_nothing().returning(table.c.id)


@cache
def first_or_further(kind: Kind, dialect: str, step: tuple[str, ...]) -> Any:
    """Write the row of a SID, or where there is one take that as far in the columns of a `step`, unless it is so already.

    Returns its id, or nothing where it is as it was.
    """
    table = table_of(kind)
    first = insert_or(dialect, table)
    values, newer = {name: first.excluded[name] for name in step}, table.c.progress < first.excluded.progress
    return first.on_conflict_do_update(index_elements=["sid"], set_=values, where=newer).returning(table.c.id)


@cache
def unerased(kind: Kind, by: str) -> Select[Any]:
    """The call or message of `of_attempt` or `of_sid`, unless it was erased."""
    return select(kind).where(getattr(kind, by) == bindparam(f"of_{by}"), kind.erased_at.is_(None))


def table_of(kind: type[Base]) -> Table:
    """The table itself: a statement about that costs less than one about objects."""
    return kind.metadata.tables[kind.__tablename__]
