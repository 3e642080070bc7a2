"""From dropped files, or a table, to the rows of a batch."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from comfy.errors import InputError
from comfy.jobs.batch import MOST_ROWS, Row, trouble
from comfy.media.results import kind_of
from comfy.workflow.inputs import FILE_KINDS, Input

TEXTS, TABLES = frozenset({".txt", ".md"}), frozenset({".csv", ".tsv"})
MORE = {"image": {".bmp", ".tif", ".tiff", ".gif", ".heic", ".avif"}, "audio": {".aac", ".wma"}}
LARGEST = 1_000_000  # bytes of a text or a table
COLUMNS = {"picture": "image", "voice": "reference_audio", "script": "text"}  # other names for them
COLUMNS |= {"图片": "image", "声音": "reference_audio", "文字": "text", "语气": "emotion"}


def read_rows(
    files: Sequence[Path], inputs: Sequence[Input], defaults: Mapping[str, Any]
) -> list[Row]:
    """One row for each chain; what a row does not say comes from `defaults`, the form.

    With a table, its lines, which name the files. Else the pictures, voices and scripts side by
    side in the order of their names; one of a kind goes with all. Raises InputError.
    """
    tables = [path for path in files if path.suffix.lower() in TABLES]
    rows = _table(tables[0], files, inputs) if tables else _side_by_side(files)
    if not rows:
        raise InputError("batch_empty")
    if len(rows) > MOST_ROWS:
        raise InputError("batch_long", rows=len(rows), limit=MOST_ROWS)
    given = {name: value for name, value in defaults.items() if value not in (None, "")}
    return [{**row, "values": {**given, **row["values"]}} for row in rows]


def _side_by_side(files: Sequence[Path]) -> list[Row]:
    named = sorted(files, key=lambda path: path.name.casefold())
    kinds: dict[str, list[Path]] = {"image": [], "reference_audio": [], "text": []}
    for path in named:
        suffix = path.suffix.lower()
        kind = kind_of(path.name)
        if suffix in TEXTS:
            kinds["text"].append(path)
        elif kind in ("audio", "video") or suffix in MORE["audio"]:
            kinds["reference_audio"].append(path)
        else:  # a picture, or something that its own check will refuse
            kinds["image"].append(path)
    counts = {name: len(found) for name, found in kinds.items()}
    most = max(counts.values())
    if {count for count in counts.values() if count > 1} - {most}:
        pictures, voices, scripts = counts.values()
        raise InputError("batch_pairs", pictures=pictures, voices=voices, scripts=scripts)
    rows = []
    for number in range(most):
        each = {k: found[number % len(found)] for k, found in kinds.items() if found}
        many = [path.stem for kind, path in each.items() if counts[kind] == most]
        values = {k: _text(path) if k == "text" else path for k, path in each.items()}
        rows.append({"name": " + ".join(many), "values": values})
    return rows


def _table(table: Path, files: Sequence[Path], inputs: Sequence[Input]) -> list[Row]:
    known = {item.name: item for item in inputs}
    by_name = {path.name.casefold(): path for path in files}
    lines = csv.reader(io.StringIO(text := _text(table)), delimiter=_delimiter(text))
    head = [name.strip().casefold() for name in next(lines, [])]
    columns = [COLUMNS.get(name, name) for name in head]
    if not set(columns) & {"image", "reference_audio", "text"}:
        raise InputError("batch_table")
    rows = []
    for number, line in enumerate(lines, 1):
        cells = {c: cell.strip() for c, cell in zip(columns, line, strict=False) if cell.strip()}
        if not cells:
            continue
        row: Row = {"name": cells.pop("name", "") or f"{number}", "values": {}}
        for column, cell in cells.items():
            if column not in known:
                row["error"] = trouble(InputError("input_unknown", input=column))
            elif known[column].kind not in FILE_KINDS:
                row["values"][column] = cell
            elif path := by_name.get(Path(cell).name.casefold()):
                row["values"][column] = path
            else:
                row["error"] = trouble(InputError("batch_file", file=cell))
        rows.append(row)
    return rows


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


def _text(path: Path) -> str:
    """UTF-8, or what Excel writes in China. Raises InputError file_unusable."""
    data = path.read_bytes()[: LARGEST + 1]
    if len(data) > LARGEST:
        raise InputError("file_too_large", size=len(data) // 1_000_000, limit=1)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError("file_unusable")
