"""Settings: command line over environment over default, and a clear word when one is wrong."""

from pathlib import Path

import pytest

from comfy.settings import Settings


def test_defaults_need_nothing():
    settings = Settings.load([], {})
    assert (settings.host, settings.port, settings.servers) == ("127.0.0.1", 7860, ())
    assert settings.database == f"sqlite:///{Path('.data/studio.sqlite').resolve()}"


def test_the_command_line_wins_over_the_environment():
    env = {"GRADIO_SERVER_PORT": "9000", "STUDIO_DATA": "/a"}
    settings = Settings.load(["--port", "9001"], env)
    assert (settings.port, settings.data) == (9001, Path("/a"))


def test_lists_switches_and_accounts():
    env = {
        "COMFY_SERVERS": "http://a:8188, http://b:8188",
        "COMFY_TOKENS": ",secret",
        "GRADIO_SHARE": "True",
        "STUDIO_AUTH": "ann:pass:word,bob:b",
    }
    settings = Settings.load([], env)
    assert [server.url for server in settings.servers] == ["http://a:8188", "http://b:8188"]
    assert settings.tokens == ("", "secret")
    assert settings.share
    assert settings.auth == (("ann", "pass:word"), ("bob", "b"))


def test_a_postgres_url_gets_its_driver():
    settings = Settings.load([], {"DATABASE_URL": "postgresql://db/studio"})
    assert settings.database == "postgresql+psycopg://db/studio"


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"GRADIO_SERVER_PORT": "many"}, "--port (environment GRADIO_SERVER_PORT)"),
        ({"GRADIO_SERVER_PORT": "99999"}, "--port (environment GRADIO_SERVER_PORT)"),
        ({"STUDIO_MAX_JOBS": "-3"}, "--max-jobs (environment STUDIO_MAX_JOBS)"),
        ({"STUDIO_AUTH": "ann"}, "--auth (environment STUDIO_AUTH)"),
        ({"STUDIO_AUTH": "ann", "LANG": "zh_CN.UTF-8"}, "--auth（环境变量 STUDIO_AUTH）的值不对"),
    ],
)
def test_a_wrong_value_is_said_in_words(env, words, capsys):
    with pytest.raises(SystemExit):
        Settings.load([], env)
    assert words in capsys.readouterr().err
