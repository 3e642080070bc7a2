"""The database's tables, and a job as a row of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from comfy.jobs.job import ANY, Job, Link, Output

META = sa.MetaData()
JOBS = sa.Table(
    "jobs",
    META,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("task", sa.String(64), nullable=False),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("values", sa.JSON, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False, index=True),
    sa.Column("status", sa.String(16), nullable=False, index=True),
    sa.Column("phase", sa.String(32), nullable=False),
    sa.Column("node", sa.String(128), nullable=False),
    sa.Column("progress", sa.Float, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("server", sa.String(256), nullable=False),
    sa.Column("variant", sa.String(64), nullable=False),
    sa.Column("quality", sa.String(16), nullable=False),
    sa.Column("outputs", sa.JSON, nullable=False),
    sa.Column("error", sa.JSON, nullable=False),
    sa.Column("preview", sa.String(256), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("started", sa.Float, nullable=False),
    sa.Column("ended", sa.Float, nullable=False),
    sa.Column("again", sa.Integer, nullable=False, server_default="0"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("origin", sa.String(128), nullable=False, server_default=""),
    sa.Column("consent", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("replica", sa.String(64), nullable=False, server_default=""),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("notes", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("parts", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("whole", sa.String(64), nullable=False, server_default="", index=True),
    sa.Column("asked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("findings", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("uncut", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("wish", sa.String(64), nullable=False, server_default=""),
    sa.Column("expected", sa.Float, nullable=False, server_default="0"),
    sa.Column("given", sa.String(256), nullable=False, server_default=ANY),
    sa.Index("jobs_owner_created", "owner", "created"),
)
LEASES = sa.Table(
    "leases",
    META,
    sa.Column("job", sa.String(64), primary_key=True),
    sa.Column("server", sa.String(256), nullable=False, index=True),
    sa.Column("granted", sa.Float, nullable=False),
    sa.Column("kind", sa.String(160), nullable=False, server_default=""),
    sa.Column("warm", sa.Integer, nullable=False, server_default="0"),
    # less than nothing where an older version, which knew no sizes, gave the lease: see `learn`
    sa.Column("size", sa.Float, nullable=False, server_default="-1"),
)
REPLICAS = sa.Table(  # `beats` counts up while the replica lives; nobody compares clocks
    "replicas",
    META,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("beats", sa.Integer, nullable=False),
)
SERVERS = sa.Table(  # what all replicas know of a server; its address is in their settings
    "servers",
    META,
    sa.Column("name", sa.String(256), primary_key=True),
    sa.Column("drained", sa.Boolean, nullable=False),
    sa.Column("warm", sa.String(160), nullable=False),
    sa.Column("seconds", sa.JSON, nullable=False),
)
GUESTS = sa.Table(
    "guest_links",
    META,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("tasks", sa.JSON, nullable=False),
    sa.Column("jobs_a_day", sa.Integer, nullable=False),
    sa.Column("video_seconds", sa.Integer, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("expires", sa.Float, nullable=False),
    sa.Column("revoked", sa.Float, nullable=False),
)
GUEST_USES = sa.Table(  # outlives its job: a deleted job was used all the same
    "guest_uses",
    META,
    sa.Column("job", sa.String(64), primary_key=True),
    sa.Column("link", sa.String(32), nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)
VOICES = sa.Table(  # `file` is a name in the folder of inputs
    "voices",
    META,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(128), nullable=False, index=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("file", sa.String(64), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)
CONSENTS = sa.Table(  # what a person said about a file; `file` is a hash of what is in it
    "consents",
    META,
    sa.Column("owner", sa.String(128), primary_key=True),
    sa.Column("file", sa.String(64), primary_key=True),
    sa.Column("ground", sa.String(16), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)


def add_missing_columns(connection: sa.Connection) -> None:
    """Bring a database of an older version up to date: a column added later has a server default.

    It never changes or drops anything, so replicas of two versions can share a database.
    """
    looked = sa.inspect(connection)
    for table in META.sorted_tables:
        known = {column["name"] for column in looked.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                definition = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {definition}")


def to_row(job: Job, folder: Path) -> dict[str, Any]:
    """The columns of a job. Paths are stored relative to `folder`, the data folder."""
    return {column.name: _to_column(getattr(job, column.name), folder) for column in JOBS.columns}


def to_columns(changes: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Some fields of a job as columns, for an UPDATE."""
    return {name: _to_column(value, folder) for name, value in changes.items()}


def from_row(row: Mapping[str, Any], folder: Path) -> Job:
    """A job from its row."""
    fields = dict(row)
    for name in ("values", "uncut"):
        fields[name] = {k: _to_value(v, folder) for k, v in row[name].items()}
    fields["outputs"] = tuple(
        Output(folder / item["path"], item["kind"], item.get("ref")) for item in row["outputs"]
    )
    fields["parts"] = tuple(Link(item["link"]) for item in row["parts"])
    fields["notes"] = tuple(row["notes"])
    fields["findings"] = tuple(row["findings"])
    fields["preview"] = folder / row["preview"] if row["preview"] else None
    return Job(**fields)


def _to_column(value: Any, folder: Path) -> Any:
    match value:
        case None:
            return ""
        case Link(job):
            return {"link": job}
        case Path():
            return str(value.relative_to(folder).as_posix())
        case Output(path, kind, ref):
            return {"path": _to_column(path, folder), "kind": kind, "ref": ref}
        case tuple() | list():
            return [_mark_path(item, folder) for item in value]
        case Mapping():
            return {key: _mark_path(item, folder) for key, item in value.items()}
    return value


def _mark_path(value: Any, folder: Path) -> Any:
    """Inside a mapping a path must be told from a text that a person wrote."""
    column = _to_column(value, folder)
    return {"path": column} if isinstance(value, Path) else column


def _to_value(value: Any, folder: Path) -> Any:
    if isinstance(value, dict) and "link" in value:
        return Link(value["link"])
    if isinstance(value, dict) and "path" in value:
        return folder / value["path"]
    if isinstance(value, dict):
        return {name: _to_value(item, folder) for name, item in value.items()}
    return [_to_value(item, folder) for item in value] if isinstance(value, list) else value
