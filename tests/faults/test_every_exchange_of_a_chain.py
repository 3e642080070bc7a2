"""A sample of all exchanges x all faults; the whole: `python -m tests.faults.every_exchange`."""

from collections.abc import Iterator

import pytest

from tests.faults.every_exchange import Bench, bench, cases, sample
from tests.faults.proxy import FAULTS


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("faults")) as opened:
        yield opened


@pytest.mark.parametrize("sockets", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_chain_survives_a_fault_at_any_exchange(on: Bench, fault: str, sockets: bool) -> None:
    everything = [case for case in cases({sockets: on.exchanges(sockets=sockets)})]
    chosen = sample([case for case in everything if case.fault == fault], 3, seed=len(fault))
    assert {case: wrong for case in chosen if (wrong := on.run(case))} == {}
