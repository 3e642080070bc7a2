"""The chain as data: which value goes where."""

import pytest

from comfy.errors import InputError
from comfy.jobs.job import Link
from comfy.jobs.pipeline import INPUTS, split
from comfy.jobs.studio import WORKFLOWS
from comfy.workflow.task import load_tasks


def test_each_value_goes_to_its_jobs():
    values = {"image": "a.png", "reference_audio": "b.wav", "text": "hello", "seed": 7}
    assert split(values) == {
        "image_cleanup": {"image": "a.png", "seed": 7},
        "voice_clone": {"reference_audio": "b.wav", "text": "hello", "seed": 7},
        "talking_head": {"seed": 7, "image": Link(""), "audio": Link("")},
    }


def test_a_value_for_nobody_is_refused():
    with pytest.raises(InputError) as caught:
        split({"colour": "red"})
    assert caught.value.details == {"input": "colour"}


def test_the_chain_names_real_inputs():
    tasks = load_tasks(WORKFLOWS)
    for task, names in INPUTS.items():
        assert set(names) <= {item.name for item in tasks[task].inputs}
