"""Which paths from outside are taken for uploaded files."""

from __future__ import annotations

from pathlib import Path

import pytest

from comfy.errors import InputError
from comfy.ui.results import sweep
from comfy.ui.uploads import uploaded


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gradio's folder for uploads."""
    folder = tmp_path / "gradio"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


def test_an_uploaded_file_is_taken(folder: Path) -> None:
    (folder / "photo.png").write_bytes(b"x")
    assert uploaded({"path": str(folder / "photo.png")}) == (folder / "photo.png").resolve()


@pytest.mark.parametrize("nothing", [None, "", {}, {"path": None}])
def test_nothing_is_nothing(folder: Path, nothing: object) -> None:
    assert uploaded(nothing) is None


@pytest.mark.parametrize(
    "path", ["{folder}/../secret.png", "{folder}/link.png", "{folder}", "/etc/hostname", "a\0b", 7]
)
def test_all_other_paths_are_refused(folder: Path, path: object) -> None:
    secret = folder.parent / "secret.png"
    secret.write_bytes(b"x")
    (folder / "link.png").symlink_to(secret)
    where = path.format(folder=folder) if isinstance(path, str) else path
    with pytest.raises(InputError) as refused:
        uploaded({"path": where})
    assert refused.value.code == "file_unusable"


def test_old_files_are_swept_and_new_ones_stay(folder: Path) -> None:
    kept = folder / "results" / "new.png"
    kept.parent.mkdir()
    kept.write_bytes(b"x")
    sweep(folder)
    assert kept.exists()
    sweep(folder, older_than=-1)
    assert not kept.exists()
