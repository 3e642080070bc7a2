"""The preview variants we ship fit the engine we ship."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import requests

from comfy.workflow.check import problems
from comfy.workflow.task import load_tasks

if TYPE_CHECKING:
    from tests.conftest import EngineProcess

TASKS = load_tasks(Path(__file__).parents[2] / "workflows")


def test_the_engine_has_nothing_against_any_choice(engine: EngineProcess) -> None:
    info = requests.get(f"{engine.url}/object_info", timeout=10).json()
    given = {"image": "a.png", "audio": "a.wav", "reference_audio": "a.wav", "text": "你好"}
    given |= {"mask": "a.png", "video": "a.mp4", "face": "left"}
    previews = [v for t in TASKS.values() for v in t.variants if v.quality == "preview"]
    assert list(dict.fromkeys(variant.task for variant in previews)) == list(TASKS)
    for variant in previews:
        task = TASKS[variant.task]
        used = {i.name for i in task.inputs if not i.picks or i.name in variant.takes}
        values = task.accept({k: v for k, v in given.items() if k in used})
        choices = [{item.name: choice} for item in task.inputs for choice in item.choices]
        for choice in [{}, *choices]:
            bound = variant.prompt({**values, **choice}, filename_prefix="studio/1")
            assert problems(bound.nodes, info) == []
