"""Servers are added and taken out while the studio runs; a drained one gets nothing."""

from collections.abc import Callable
from pathlib import Path

from comfy.jobs.job import COMPLETED
from tests.conftest import EngineProcess
from tests.faults.conftest import WATCHFUL
from tests.faults.rig import Rig, wait_for


def write(file: Path, **servers: str) -> None:
    tables = [f'[[server]]\nname = "{name}"\nurl = "{url}"\n' for name, url in servers.items()]
    file.write_text("\n".join(tables))


def test_a_file_of_servers_is_followed(
    tmp_path: Path, start_engine: Callable[[], EngineProcess]
) -> None:
    first, second = start_engine(), start_engine()
    file = tmp_path / "servers.toml"
    write(file, one=first.url)
    rig = Rig(tmp_path, str(file), patience=WATCHFUL)
    try:
        rig.ready()
        assert rig.finished(rig.submit()).server == "one"
        write(file, one=first.url, two=second.url)
        wait_for(lambda: len(rig.studio.servers()) == 2)
        rig.ready()
        rig.studio.operator.drain("one", True)
        assert [rig.finished(rig.submit()).server for _ in range(3)] == ["two"] * 3
        rig.studio.operator.drain("one", False)
        file.write_text("not TOML [")
        write(file, one=first.url)
        wait_for(lambda: [server.name for server in rig.studio.servers()] == ["one"])
        done = rig.finished(rig.submit())
        assert (done.status, done.server) == (COMPLETED, "one")
    finally:
        rig.close()


def test_a_server_that_is_kept_for_a_task_is_not_said_to_run_others(
    tmp_path: Path, start_engine: Callable[[], EngineProcess]
) -> None:
    file = tmp_path / "servers.toml"
    write(file, all=(url := start_engine().url))
    file.write_text(f'{file.read_text()}\n[[server]]\nname = "naps"\nurl = "{url}"\ntags = ["nap"]')
    rig = Rig(tmp_path, str(file), patience=WATCHFUL)
    try:
        rig.ready()
        ready = {server.name: set(server.ready) for server in rig.studio.servers()}
        assert ready == {"all": {"nap", "invert"}, "naps": {"nap"}}
        assert [rig.finished(rig.submit()).server for _ in range(2)] == ["all"] * 2
    finally:
        rig.close()
