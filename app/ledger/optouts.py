"""Who wants no texts from which of our numbers."""

from sqlalchemy import Connection, delete, select

from app.clock import now
from app.database import insert_or, read, write
from app.ledger import NO_ANSWER, TextAnswer
from app.models import OptOut


def has_stopped(line: str, number: str) -> bool:
    """Whether `number` wants no texts from `line`."""
    with read() as session:
        return is_stopped(session.connection(), line, number)


def note_stop(line: str, number: str) -> None:
    """Write that `number` wants no texts from `line`."""
    write(lambda connection: _stop(connection, line, number))


def stop(line: str, number: str) -> TextAnswer:
    """No answer to a text; when it is kept, `number` wants no more texts from `line`."""

    def decide(connection: Connection) -> str:
        _stop(connection, line, number)
        return NO_ANSWER

    return decide


def start(line: str, number: str, otherwise: TextAnswer) -> TextAnswer:
    """No answer to a text; when it is kept, `number` wants texts from `line` again. `otherwise` if it always did."""

    def decide(connection: Connection) -> str:
        started = connection.execute(delete(OptOut).where(OptOut.line == line, OptOut.number == number)).rowcount
        if started:
            return NO_ANSWER
        return otherwise if isinstance(otherwise, str) else otherwise(connection)

    return decide


def is_stopped(connection: Connection, line: str, number: str) -> bool:
    """The same as has_stopped, within a transaction."""
    return connection.scalar(select(OptOut.id).where(OptOut.line == line, OptOut.number == number)) is not None


def _stop(connection: Connection, line: str, number: str) -> None:
    connection.execute(
        insert_or(connection.dialect.name, OptOut).values(line=line, number=number, at=now()).on_conflict_do_nothing()
    )
