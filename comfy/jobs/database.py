"""One database for all replicas, SQLite or PostgreSQL, that may be away for a while."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import sqlalchemy as sa

log = logging.getLogger(__name__)

AWAY = 180.0  # seconds that a call waits for a PostgreSQL server to come back
PAUSES = (0.1, 0.3, 1.0)  # between tries; the last one again and again
PG_LOCK = 4242  # one number for all transactions of ours that must not interleave
PG_POOL = {"pool_size": 4, "max_overflow": 8, "pool_timeout": AWAY}  # a server has 100 for all
SQLITE_POOL = {"pool_size": 20, "max_overflow": 100}

T = TypeVar("T")


def is_sqlite(url: str) -> bool:
    """Whether an SQLAlchemy URL is that of a file, or of a server that many may share."""
    return url.startswith("sqlite")


class Database:
    """Connections and transactions. A call waits while a PostgreSQL server restarts."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = is_sqlite(url)
        pool: dict[str, Any] = SQLITE_POOL if self.is_sqlite else PG_POOL
        self._engine = sa.create_engine(url, pool_pre_ping=True, hide_parameters=True, **pool)
        if self.is_sqlite:
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
        self._closing = threading.Event()
        self.away = False  # whether somebody waits for it to come back
        # SQLite lets threads sleep and try again for its lock: those of a process stand in line.
        self._writer: AbstractContextManager[object] = (
            threading.Lock() if self.is_sqlite else nullcontext()
        )

    def close(self) -> None:
        self._closing.set()
        self._engine.dispose()

    def read(self, look: Callable[[sa.Connection], T]) -> T:
        """What `look` answers; it waits for no writer, and no writer waits for it."""
        return self._patiently(lambda: self._once(self._engine.connect, look))

    def write(self, change: Callable[[sa.Connection], T], *, alone: bool = True) -> T:
        """`change` within one transaction, once more if the server went away in the middle.

        `alone`: no other such transaction runs meanwhile, here or in another replica. Not needed
        for a single statement.
        """
        transaction = self.transaction if alone or self.is_sqlite else self._engine.begin
        return self._patiently(lambda: self._once(transaction, change))

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A write transaction; on PostgreSQL and SQLite alike only one at a time."""
        with self._writer, self._patiently(self._engine.connect) as connection, connection.begin():
            if self.is_sqlite:  # take the write lock at once: a read cannot be upgraded later
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": PG_LOCK})
            yield connection

    @staticmethod
    def _once(opened: Callable[[], Any], work: Callable[[sa.Connection], T]) -> T:
        with opened() as connection:
            return work(connection)

    def _patiently(self, work: Callable[[], T]) -> T:
        deadline = time.monotonic() + AWAY
        tries = 0
        while True:
            try:
                done = work()
                self.away = False
                return done
            except sa.exc.DBAPIError as error:
                over = time.monotonic() > deadline or self._closing.is_set()
                if self.is_sqlite or not is_away(error) or over:
                    raise
                if tries == 0:
                    log.warning("the database is away")
                self.away = True
            self._closing.wait(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1


def is_away(error: sa.exc.DBAPIError) -> bool:
    """Whether the server cannot be reached, shuts down or starts up, or the connection was cut.

    Classes 08 and 57P of PostgreSQL's error codes; a refused connection has none.
    """
    state = getattr(error.orig, "sqlstate", None)
    lost = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) and state is None
    return error.connection_invalidated or lost or str(state)[:2] == "08" or str(state)[:3] == "57P"


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA busy_timeout=30000")
    connection.isolation_level = None  # no implicit BEGIN: `transaction` says when one starts
