"""What a visitor sees who may not come in yet. It needs nothing of Gradio's."""

from __future__ import annotations

from html import escape

from comfy.text import say

STYLE = """
:root{color-scheme:light dark;--bg:#f7f7f8;--card:#fff;--line:#d9dae3;--ink:#1b1c2b;--soft:#5b5e73}
@media(prefers-color-scheme:dark){
:root{--bg:#0f1020;--card:#191b30;--line:#33365a;--ink:#ececf6;--soft:#a9acc4}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--ink);
font:16px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;padding:16px}
main{width:100%;max-width:380px;background:var(--card);border:1px solid var(--line);
border-radius:16px;padding:28px}
h1{margin:0;font-size:22px}p{margin:4px 0 20px;color:var(--soft)}
label{display:block;margin:14px 0 4px;font-size:14px;font-weight:600}
input{width:100%;font:inherit;padding:10px 12px;border:1px solid var(--line);border-radius:10px;
background:var(--bg);color:var(--ink)}
button,a.button{display:block;width:100%;margin-top:20px;padding:11px;border:0;border-radius:10px;
background:#5b4be0;color:#fff;font:inherit;font-weight:600;text-align:center;text-decoration:none;
cursor:pointer}
:focus-visible{outline:3px solid #9d92f5;outline-offset:2px}
.wrong{margin:0 0 12px;padding:10px 12px;border-radius:10px;background:#fde8e8;color:#8d1414}
.foot{margin:18px 0 0;font-size:14px}
"""


def login_page(
    language: str, base: str, *, accounts: bool, guests: bool, oauth: bool, wrong: str = ""
) -> bytes:
    """The page in one language; `wrong` is the key of what to say about the last try.

    `base` is the path of the studio's page, with the prefix of a reverse proxy.
    """

    def tell(key: str) -> str:
        return escape(say(key, language))

    parts = [f'<p class="wrong" role="alert">{tell(wrong)}</p>'] if wrong else []
    if accounts:
        parts.append(
            f'<form method="post" action="{escape(base)}login">'
            f'<label for="name">{tell("login.name")}</label>'
            '<input id="name" name="username" autocomplete="username" required autofocus>'
            f'<label for="word">{tell("login.password")}</label>'
            '<input id="word" name="password" type="password" autocomplete="current-password"'
            f" required><button>{tell('login.button')}</button></form>"
        )
    if oauth:
        place = f"{escape(base)}login/huggingface"
        parts.append(f'<a class="button" href="{place}">{tell("login.huggingface")}</a>')
    if guests:
        key = "login.guests" if accounts or oauth else "login.guests_only"
        parts.append(f'<p class="foot">{tell(key)}</p>')
    lang = "zh-CN" if language == "zh" else "en"
    page = (
        f'<!doctype html><html lang="{lang}"><head data-login><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{tell('login.title')} · {tell('app.title')}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{tell('app.title')}</h1><p>{tell('app.tagline')}</p>{''.join(parts)}"
        "</main></body></html>"
    )
    return page.encode()
