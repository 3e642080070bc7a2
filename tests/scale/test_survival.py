"""The short version of `python -m tests.scale.survival`."""

from pathlib import Path

import pytest

from tests.postgres import needs_postgres
from tests.scale import survival


@pytest.mark.slow
@pytest.mark.parametrize(
    "postgres",
    [pytest.param(False, id="sqlite"), pytest.param(True, id="postgres", marks=needs_postgres)],
)
def test_chains_survive_the_death_of_everything(postgres: bool, tmp_path: Path) -> None:
    done = survival.run(
        tmp_path, chains=5, nap=0.4, away=3, postgres=postgres, limit=240, workers=1
    )
    assert not done.failed, done.counts
