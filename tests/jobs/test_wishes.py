"""A person chooses among the variants that can be run; without a choice it is the best one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from comfy.errors import InputError
from comfy.jobs.job import COMPLETED, WAITING, Job
from comfy.jobs.patience import Patience
from comfy.jobs.studio import Studio
from comfy.settings import Settings
from comfy.ui.job_view import run_card
from tests.conftest import EngineProcess
from tests.faults.rig import BINDINGS, INPUTS, a_picture, wait_for, write_variant

LOAD = {"class_type": "LoadImage", "inputs": {"image": ""}}
LAST = {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}}
QUICK = Patience(answer=(0.5, 0.7), away=60.0, stall=60.0, look=0.2, retry=0.1)
FAULTY, PLAIN = 0, 1  # the engines: only the first has nodes for tests

Engines = list[EngineProcess]


def through(class_type: str, **inputs: Any) -> dict[str, Any]:
    """A graph whose middle node is of this class."""
    middle = {"class_type": class_type, "inputs": {"image": ["1", 0], **inputs}}
    return {"1": LOAD, "2": middle, "3": LAST}


@pytest.fixture
def engines(start_engine: Callable[..., EngineProcess]) -> Engines:
    return [start_engine(), start_engine(faults=False)]


@pytest.fixture
def studio(tmp_path: Path, engines: Engines) -> Iterator[Studio]:
    """Three ways to turn a picture, best first: none can, one engine can, both can."""
    folder = tmp_path / "workflows" / "turn"
    folder.mkdir(parents=True)
    (folder / "task.toml").write_text(INPUTS)
    ways = {
        "nowhere": through("NoSuchNode"),
        "slow": through("EngineSleep", seconds=0.0, steps=1),
        "plain": through("ImageInvert"),
    }
    for order, (name, nodes) in enumerate(ways.items(), 10):
        manifest = BINDINGS.replace("order = 10", f"order = {order}")
        write_variant(folder / name, manifest, nodes)
    servers = ",".join(engine.url for engine in engines)
    settings = Settings.load(["--data", str(tmp_path / "data"), "--servers", servers], {})
    opened = Studio(settings, tmp_path / "workflows", QUICK)
    opened.start()
    wait_for(lambda: all(server.online for server in opened.servers()))
    yield opened
    opened.close()


@pytest.fixture
def values(tmp_path: Path) -> dict[str, Path]:
    return {"image": a_picture(tmp_path / "picture.png")}


def finished(studio: Studio, job: Job) -> Job:
    *_, last = studio.watch(job.id, tick=0.02)
    return last


def test_the_wished_variant_makes_it_and_without_a_wish_the_best_one(
    studio: Studio, values: dict[str, Path]
) -> None:
    assert studio.wishes.possible("turn") == ["slow", "plain"]
    best = finished(studio, studio.submit("turn", values, owner="a"))
    wished = finished(studio, studio.submit("turn", values, owner="a", wish="plain"))
    assert (best.status, best.wish, best.variant) == (COMPLETED, "", "slow")
    assert (wished.status, wished.wish, wished.variant) == (COMPLETED, "plain", "plain")
    # the same result is not made twice, whether somebody wished for it or not
    assert studio.submit("turn", values, owner="a", wish="slow").id == best.id
    assert studio.submit("turn", values, owner="a", wish="plain").id == wished.id


def test_a_wish_waits_for_its_server_and_says_so(
    studio: Studio, engines: Engines, values: dict[str, Path]
) -> None:
    engines[FAULTY].kill()
    wait_for(lambda: studio.wishes.possible("turn") == ["plain"])
    job = studio.submit("turn", values, owner="a", wish="slow")
    other = finished(studio, studio.submit("turn", values, owner="b"))
    assert (other.status, other.variant) == (COMPLETED, "plain")
    wait_for(lambda: _now(studio, job).phase == "server")
    assert _now(studio, job).status == WAITING
    told = run_card([_now(studio, job)])["detail"]
    assert told["en"].startswith('No server can run "slow" right now.')
    engines[FAULTY].start()
    done = finished(studio, job)
    assert (done.status, done.variant) == (COMPLETED, "slow")


def test_a_wish_that_nobody_can_grant_is_refused_at_once(
    studio: Studio, values: dict[str, Path]
) -> None:
    possible = ["slow", "plain"]
    for wish, code, details in (
        ("nowhere", "variant_impossible", {"wish": "nowhere"}),
        ("never", "variant_unknown", {"given": "never", "possible": possible}),
        (["slow"], "variant_unknown", {"given": "['slow']", "possible": possible}),
    ):
        with pytest.raises(InputError) as caught:
            studio.submit("turn", values, owner="a", wish=wish)
        assert (caught.value.code, caught.value.details) == (code, details)
    assert studio.recent("a") == []


def _now(studio: Studio, job: Job) -> Job:
    found = studio.job(job.id)
    assert found is not None
    return found
