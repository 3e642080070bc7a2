"""What DBOS is kept from doing every second."""

import inspect

from dbos import _queue, _workflow_commands


def test_dbos_reads_how_often_it_is_to_look() -> None:
    """Or what `Durable` sets changes nothing any more."""
    delays = inspect.getsource(_workflow_commands.background_jobs_thread)
    assert "_BACKGROUND_JOBS_INTERVAL_SEC" in delays
    recovered = inspect.getsource(_queue.queue_worker_thread)
    assert "min_polling_interval = queue._polling_interval_sec" in recovered
    assert "dbos._sys_db.list_queues(" in inspect.getsource(_queue.queue_thread)
