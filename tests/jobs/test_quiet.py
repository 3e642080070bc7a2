"""What DBOS is kept from doing every second."""

import inspect

from dbos import _workflow_commands


def test_dbos_reads_how_often_it_looks_for_delays() -> None:
    """Or what `Durable` sets changes nothing any more."""
    source = inspect.getsource(_workflow_commands.background_jobs_thread)
    assert "_BACKGROUND_JOBS_INTERVAL_SEC" in source
