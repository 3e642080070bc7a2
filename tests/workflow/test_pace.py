"""What a manifest says about how long a variant takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comfy.workflow.pace import Pace
from comfy.workflow.task import first_guess
from tests.workflow.test_workflow_files import TASKS


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"unit": "frames"}, "the unit of an estimate is one of megapixels, run"),
        ({"load": -1.0}, "seconds above 0"),
        ({"start": 0.0, "each": 0.0}, "seconds above 0"),
    ],
)
def test_an_estimate_that_cannot_be_is_refused(given: dict[str, float], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Pace(**given)  # type: ignore[arg-type]


def test_a_cold_start_comes_once_and_the_range_is_around_the_expected() -> None:
    pace = Pace("windows", load=120, start=20, each=190)
    assert (pace.seconds(2), pace.seconds(2, cold=True)) == (400, 520)
    low, high = pace.between(400)
    assert low < 400 < high and low * high == pytest.approx(400 * 400)


def test_a_variant_without_an_estimate_is_taken_for_the_best_that_has_one() -> None:
    task = TASKS["talking_head"]
    best, *_, preview = task.variants
    assert first_guess(task, preview) is preview.pace
    assert first_guess(task, replace(preview, pace=None)) is best.pace
    assert first_guess(replace(task, variants=()), replace(preview, pace=None)) == Pace()
