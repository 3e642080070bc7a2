"""The README's tables that are made: `python -m tests.readme_tables` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

from comfy.text import texts

README = Path(__file__).parent.parent / "README.md"


def error_table() -> str:
    """Every error code with its sentence in both languages."""
    rows = ["| code | English | 中文 |", "|---|---|---|"]
    for key, entry in texts().items():
        if key.startswith("error."):
            en, zh = (entry[language].replace("|", "\\|") for language in ("en", "zh"))
            rows.append(f"| `{key.removeprefix('error.')}` | {en} | {zh} |")
    return "\n".join(rows)


def table_in(readme: str, name: str) -> str:
    """What stands between `<!-- name -->` and `<!-- /name -->`."""
    found = re.search(rf"<!-- {name} -->\n(.*)\n<!-- /{name} -->", readme, re.S)
    assert found, f"the README has no table {name}"
    return found[1]


def main() -> None:
    readme = README.read_text("utf-8")
    README.write_text(readme.replace(table_in(readme, "errors"), error_table()), "utf-8")


if __name__ == "__main__":
    main()
