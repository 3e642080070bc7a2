"""Percent that a person can believe: never back, never full before the result is there."""

from hypothesis import given
from hypothesis import strategies as st

from comfy.jobs.progress import Progress

NODES = {name: {"class_type": "Any", "inputs": {}} for name in ("load", "work", "save")}


def test_loaders_do_not_fill_half_of_the_bar():
    progress = Progress(NODES)
    progress.executing("load")
    progress.executing("work")
    assert progress.fraction == 1 / 10


def test_the_working_node_counts_by_its_steps():
    progress = Progress(NODES)
    progress.executing("load")
    progress.executing("work")
    progress.step("work", 5, 10)
    assert progress.fraction == (1 + 8 * 0.5) / 10


def test_cached_nodes_count_as_done():
    progress = Progress(NODES)
    progress.cached(("load", "work", "unknown"))
    assert progress.fraction == 2 / 10


moves = st.one_of(
    st.tuples(st.just("executing"), st.sampled_from(["load", "work", "save", "other"])),
    st.tuples(
        st.just("step"),
        st.sampled_from(["load", "work", "other"]),
        st.floats(-10, 10),
        st.floats(-1, 10),
    ),
)


@given(st.lists(moves, max_size=30))
def test_it_never_goes_back_and_stays_below_one(script):
    progress = Progress(NODES)
    shown = 0.0
    for name, *arguments in script:
        getattr(progress, name)(*arguments)
        assert shown <= progress.fraction < 1
        shown = progress.fraction
