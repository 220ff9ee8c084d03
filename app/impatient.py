"""Connections to PostgreSQL that wait no longer than patience lasts."""

from math import ceil
from typing import Any

import psycopg

from app import patience


class Connection(psycopg.Connection[Any]):
    """A connection to PostgreSQL that is given up when its server is silent: the limit that the server keeps does not help then.

    It gets a little longer to keep it, as a connection that is given up must be made anew.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, patience.left() + patience.PATIENCE / 10 if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.info.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.close()
            raise


def connect(_dialect: object, _record: object, arguments: list[Any], parameters: dict[str, Any]) -> Connection:
    if patience.left() <= patience.BRIEF:  # its driver waits for two seconds at least
        raise psycopg.OperationalError("no time left to connect")
    return Connection.connect(*arguments, **parameters, connect_timeout=ceil(patience.left()))
