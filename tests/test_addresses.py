"""Servers as an operator writes them: credentials are taken out, and never shown."""

import re
from pathlib import Path

import pytest

from comfy.addresses import BadAddress, read_addresses
from comfy.settings import Settings

README = Path(__file__).parent.parent / "README.md"
CANARY = "c4n4ry-s3cret"


def test_a_url_is_a_server_and_its_credentials_become_a_header():
    plain, secured = read_addresses(["http://a:8188/", f"https://ann:p%40{CANARY}@[::1]:9/sub/"])
    assert (plain.name, plain.url, dict(plain.headers)) == ("1", "http://a:8188", {})
    assert (secured.name, secured.url) == ("2", "https://[::1]:9/sub")
    assert secured.headers == {"Authorization": "Basic YW5uOnBAYzRuNHJ5LXMzY3JldA=="}


def test_a_file_names_servers_and_what_they_want(tmp_path: Path):
    path = tmp_path / "servers.toml"
    path.write_text(f"""
        [[server]]
        name = "big"
        url = "https://gpu.example.com/comfy"
        token = "{CANARY}"
        headers = {{ X-Api-Key = "{CANARY}" }}
        [[server]]
        url = "http://192.168.1.20:8188"
    """)
    first, big, third = read_addresses(["http://a:8188", str(path)])
    assert [server.name for server in (first, big, third)] == ["1", "big", "3"]
    assert big.url == "https://gpu.example.com/comfy"
    assert big.headers == {"X-Api-Key": CANARY, "Authorization": f"Bearer {CANARY}"}


def test_tokens_are_given_in_the_order_of_the_servers():
    env = {"COMFY_SERVERS": "http://a,http://b,http://ann:x@c", "COMFY_TOKENS": f",{CANARY},more"}
    settings = Settings.load([], env)
    assert [dict(server.headers) for server in settings.servers] == [
        {},
        {"Authorization": f"Bearer {CANARY}"},
        {"Authorization": "Basic YW5uOng="},
    ]


def test_no_secret_is_part_of_the_settings_text():
    env = {
        "COMFY_SERVERS": f"http://ann:{CANARY}@a,http://b",
        "COMFY_TOKENS": f",{CANARY}",
        "STUDIO_AUTH": f"ann:{CANARY}",
        "DATABASE_URL": f"postgresql://studio:{CANARY}@db/studio",
    }
    settings = Settings.load([], env)
    assert CANARY not in repr(settings)
    assert "http://a" in repr(settings)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"url = '{CANARY}'", "no [[server]] in it"),
        ("[[server]]", "server 1 has no url"),
        (f"[[server]]\nurl = '{CANARY}'", "server 1: an address looks like http://host:port/path"),
        (f"[[server]]\nurl = 'http://a:x/{CANARY}'", "server 1: an address looks like"),
        (f"[[server]]\nurl = 'http://a'\ntokn = '{CANARY}'", "unknown key: tokn"),
        (f'[[server]]\nurl = "http://a"\ntoken = "{CANARY}\\n"', "the token of server 1"),
        (f'[[server]]\nurl = "http://a"\nheaders = {{a = "{CANARY}\\r\\n"}}', "the header a"),
        (f"[[server]]\nurl = 'http://a'\nheaders = {{Host = '{CANARY}'}}", "the header Host"),
        ("[[server]]\nurl = 'http://a'\nname = 'embedded'", "a name that cannot be used"),
        ("[[server]]\nurl = 'http://a'\nname = '2'\n[[server]]\nurl = 'http://b'", "called 2"),
        (f"[[server]]\nurl = {CANARY}\n", "not TOML, line 2"),
    ],
)
def test_a_wrong_file_says_where_and_shows_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, reason: str
):
    path = tmp_path / "servers.toml"
    path.write_text(text)
    with pytest.raises(BadAddress) as caught:
        read_addresses([str(path)])
    assert reason in str(caught.value)
    with pytest.raises(SystemExit):
        Settings.load(["--servers", str(path)], {})
    said = capsys.readouterr().err
    assert reason in said
    assert CANARY not in said


def test_a_file_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        Settings.load(["--servers", "nowhere.toml"], {"LANG": "zh_CN.UTF-8"})
    assert "nowhere.toml: No such file or directory。写法见 README。" in capsys.readouterr().err


def test_the_example_of_the_readme_is_one(tmp_path: Path):
    path = tmp_path / "servers.toml"
    path.write_text(re.findall(r"```toml\n(.*?)```", README.read_text("utf-8"), re.S)[0], "utf-8")
    big, second = read_addresses([str(path)])
    assert (big.name, big.url) == ("big", "https://gpu.example.com/comfy")
    assert big.headers == {"X-Api-Key": "SECRET", "Authorization": "Bearer SECRET"}
    assert (second.name, second.url) == ("2", "http://192.168.1.20:8188")
