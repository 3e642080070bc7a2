"""What ComfyUI's real front end makes of UI-format workflows, to compare our converter with.

`python -m tests.workflow.front_end URL` drives the page of a ComfyUI (0.8.0 with front end 1.35.9
for the stored files) in Chromium and writes `tests/data/ui_workflows/`. The page is given the
recorded /object_info, without `dynamicPrompts`: those texts are drawn at random.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.resources
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

DATA = Path(__file__).parents[1] / "data"
OBJECT_INFO = json.loads(gzip.open(DATA / "object_info" / "recorded-2026-01.json.gz").read())
CASES = DATA / "ui_workflows" / "cases.json"
DIGESTS = DATA / "ui_workflows" / "templates.json"
DRAWN = {"Note", "MarkdownNote", "Reroute", "PrimitiveNode"}
# What scripts of the page add to these nodes; their classes have no such inputs.
PAGE_INPUTS = {
    "LoadAudio": {"audioUI"},
    "PreviewAudio": {"audioUI"},
    "SaveAudio": {"audioUI"},
    "SaveAudioMP3": {"audioUI"},
    "SaveAudioOpus": {"audioUI"},
    "PreviewAny": {"preview", "previewMode"},
    "SaveGLB": {"image"},
}
CONVERT = """async (workflow) => {
  const app = window.app ?? window.comfyAPI.app.app;
  const quiet = {showMissingNodesDialog: false, showMissingModelsDialog: false};
  await app.loadGraphData(workflow, true, false, null, quiet);
  await new Promise((done) => setTimeout(done, 50));
  try { return (await app.graphToPrompt()).output; } catch { return null; }
}"""
READY = """() => {
  const app = window.app ?? window.comfyAPI?.app?.app;
  return app?.graph && Object.keys(window.LiteGraph?.registered_node_types ?? {}).length > 300;
}"""


def templates() -> dict[str, dict[str, Any]]:
    """The official templates all of whose nodes are in the recorded /object_info."""
    folder = importlib.resources.files("comfyui_workflow_templates_json") / "templates"
    found = {}
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        data = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(data, dict) and isinstance(data.get("nodes"), list):
            if classes(data) <= OBJECT_INFO.keys() | DRAWN:
                found[file.name.removesuffix(".json")] = data
    return found


def subgraphs(workflow: dict[str, Any]) -> dict[str, dict[str, Any]]:
    listed = workflow.get("definitions", {}).get("subgraphs", [])
    return {item["id"]: item for item in listed}


def classes(workflow: dict[str, Any]) -> set[str]:
    inner = subgraphs(workflow)
    return {n["type"] for g in (workflow, *inner.values()) for n in g["nodes"]} - inner.keys()


def left_out(workflow: dict[str, Any]) -> tuple[str, ...]:
    """What ids begin with inside muted and bypassed subgraphs: 1.35.9 keeps them, 1.58 does not."""
    inner = subgraphs(workflow)

    def walk(graph: dict[str, Any], path: str) -> Iterator[str]:
        for node in graph["nodes"]:
            if node["type"] in inner:
                here = f"{path}{node['id']}:"
                yield from [here] if node["mode"] in (2, 4) else walk(inner[node["type"]], here)

    return tuple(walk(workflow, ""))


def normalised(nodes: dict[str, Any], without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Classes and inputs only, numbers as JavaScript writes them, no inputs of page scripts."""
    return {
        node_id: {
            "class_type": node["class_type"],
            "inputs": {
                name: _like_javascript(value)
                for name, value in sorted(node["inputs"].items())
                if name not in PAGE_INPUTS.get(node["class_type"], ())
            },
        }
        for node_id, node in sorted(nodes.items())
        if not node_id.startswith(without or ("\n",))
    }


def digest(nodes: dict[str, Any]) -> str:
    text = json.dumps(nodes, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _like_javascript(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int() | float():
            number = float(value)
            return int(number) if number.is_integer() else number
        case str():
            return value.replace("\r\n", "\n")
        case list():
            return [_like_javascript(item) for item in value]
        case dict():
            return {key: _like_javascript(item) for key, item in value.items()}
    return value


def _without_random_texts() -> str:
    info = json.loads(json.dumps(OBJECT_INFO))
    for name, description in info.items():
        # the page wants these too; the recording is without them
        description |= {"name": name, "category": "any", "description": "", "python_module": "any"}
        for section in description["input"].values():
            for spec in section.values():
                if isinstance(spec, list) and len(spec) > 1 and isinstance(spec[1], dict):
                    spec[1].pop("dynamicPrompts", None)
    return json.dumps(info)


def _open(page: Page, url: str) -> None:
    body = _without_random_texts()
    page.route(
        "**/api/object_info",
        lambda route: route.fulfill(content_type="application/json", body=body),
    )
    page.goto(url, wait_until="domcontentloaded", timeout=120_000)
    page.wait_for_function(READY, timeout=120_000)
    page.wait_for_timeout(3_000)


def main(url: str) -> None:
    cases = json.loads(CASES.read_text(encoding="utf-8"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        page = browser.new_page()
        _open(page, url)
        for case in cases.values():
            answer = page.evaluate(CONVERT, case["workflow"])
            case["front_end"] = answer and normalised(answer, left_out(case["workflow"]))
        found = {
            name: digest(normalised(page.evaluate(CONVERT, data), left_out(data)))
            for name, data in templates().items()
        }
        browser.close()
    rows = [f"{json.dumps(n)}: {json.dumps(c, separators=(',', ':'))}" for n, c in cases.items()]
    CASES.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    DIGESTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
