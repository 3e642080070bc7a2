"""The README's developer tables are true: the sentences are the code's, and the tests exist."""

import ast
import re
from pathlib import Path

from comfy.text import texts
from tests.readme_tables import README, error_table, table_in
from tests.sources import parsed

ROOT = Path(__file__).parent.parent
TEXT = README.read_text("utf-8")


def rows(name: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    lines = table_in(TEXT, name).splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def names_in(path: Path) -> set[str]:
    return {node.name for node in parsed(path).body if isinstance(node, ast.FunctionDef)}


def test_the_error_table_is_made_of_the_texts():
    assert table_in(TEXT, "errors") == error_table()


def test_each_fault_names_tests_that_exist():
    missing = []
    for fault, _, proof in rows("faults"):
        named = re.findall(r"\[[^]]+\]\((tests/[\w/]+\.py)\) `(test_\w+)`", proof)
        assert named, fault
        missing += [name for path, name in named if name not in names_in(ROOT / path)]
    assert missing == []


def test_each_error_of_the_fault_table_has_a_sentence():
    named = [code for _, seen, _ in rows("faults") for code in re.findall(r"`(\w+)`", seen)]
    assert len(named) > 10
    assert [code for code in named if f"error.{code}" not in texts()] == []


def test_each_command_of_the_developer_part_is_a_program():
    part = TEXT[TEXT.index("## For developers") :]
    programs = re.findall(r"python -m (tests\.[\w.]+)", part)
    assert programs
    files = [ROOT / f"{name.replace('.', '/')}.py" for name in programs]
    assert [file.name for file in files if "__main__" not in file.read_text("utf-8")] == []
