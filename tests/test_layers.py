"""Who may import whom. A new file must fit in here, or the test says so."""

import ast
import sys
from pathlib import Path

from tests.sources import parsed

ROOT = Path(__file__).parent.parent
CORE = {"errors", "protocol"}
READER = ("rapidocr", "omegaconf", "onnxruntime")
LAYERS = {  # folder or module under comfy/: what it may import of ours, and of others
    "errors": (set(), set()),
    "protocol": ({"errors"}, set()),
    "log": (set(), set()),
    "text": (CORE, set()),
    "addresses": (set(), set()),
    "passwords": ({"text"}, set()),
    "settings": (CORE | {"text", "addresses"}, set()),
    "media": (CORE, {"PIL", "soundfile", "av", "numpy", "c2pa", "cv2", *READER}),
    "workflow": (CORE, set()),
    "client": (CORE, {"requests", "websockets"}),
    "jobs": (
        CORE | {"addresses", "settings", "media", "workflow", "client"},
        {"dbos", "sqlalchemy", "fsspec", "botocore", "prometheus_client"},
    ),
    "overview": ({"text", "jobs"}, set()),
    "ui": (
        CORE | {"overview", "passwords", "settings", "text", "media", "workflow", "jobs"},
        {"gradio", "starlette", "brotli", "itsdangerous", "anyio", "httpx", "safehttpx"},
    ),
    # command line tools for operators
    "check": (CORE | {"addresses", "settings", "text", "workflow", "client"}, set()),
    "guests": (CORE | {"settings", "text", "jobs", "ui"}, set()),
    "status": ({"overview", "settings", "text", "workflow", "jobs"}, set()),
    "worker": ({"errors", "log", "settings", "text", "jobs"}, set()),
    "add": (CORE | {"settings", "text", "workflow", "check"}, set()),
    "engine": (
        {"protocol", "media"},
        {
            *("starlette", "uvicorn", "numpy", "PIL", "soundfile", "av"),
            *("cv2", "onnxruntime", "espeakng_loader", "wetext"),
        },
    ),
}
LONGEST = 300  # lines of a file


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def is_allowed(name: str, layer: str) -> bool:
    ours, others = LAYERS[layer]
    top, *rest = name.split(".")
    if top != "comfy":
        return top in sys.stdlib_module_names | others
    return not rest or rest[0] in ours | {layer, "__version__"}


def test_every_import_points_downwards():
    wrong = []
    for path in sorted((ROOT / "comfy").rglob("*.py")):
        layer = path.relative_to(ROOT / "comfy").parts[0].removesuffix(".py")
        if layer != "__init__":
            wrong += [f"{path.name}: {n}" for n in imports(path) if not is_allowed(n, layer)]
    assert wrong == []


def test_nobody_imports_an_upper_layer_by_accident():
    assert not is_allowed("comfy.ui.page", "jobs")
    assert not is_allowed("gradio", "jobs")
    assert not is_allowed("comfy.client.http", "engine")
    assert is_allowed("comfy.protocol.FileRef", "engine")


def test_files_stay_short():
    files = [*(ROOT / "comfy").rglob("*.py"), *(ROOT / "tests").rglob("*.py"), ROOT / "app.py"]
    lengths = {str(f.relative_to(ROOT)): len(f.read_text("utf-8").splitlines()) for f in files}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_every_file_says_its_purpose():
    files = [f for f in (ROOT / "comfy").rglob("*.py") if f.read_text("utf-8").strip()]
    assert [f.name for f in files if not ast.get_docstring(parsed(f))] == []
