"""What the storage counts while others add and delete."""

from __future__ import annotations

from pathlib import Path

from comfy.jobs.storage import Storage


def test_a_file_that_is_kept_while_a_folder_is_forgotten_is_counted(tmp_path: Path) -> None:
    storage = Storage(tmp_path, "")
    for name in ("outputs/old/a.png", "outputs/new/b.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"1234")
    storage.sizes()

    class Meanwhile(str):  # another thread's turn comes while the names are looked through
        def startswith(self, *given: object) -> bool:
            storage.keep(tmp_path / "outputs/new/b.png")
            return super().startswith(*given)  # type: ignore[arg-type]  # passed on as it is

    storage._sizes = {Meanwhile("outputs/old/a.png"): 4}
    storage.forget_folder(tmp_path / "outputs/old")
    assert storage.sizes() == {"outputs/new/b.png": 4}
