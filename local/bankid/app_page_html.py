"""How the app on the person's own device looks. Everything that comes from outside is escaped."""

import json
from dataclasses import dataclass
from html import escape

from local.bankid.orders import Order
from local.bankid.page_html import BUTTONS, STYLE, as_the_app_shows, people, title_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AppView:
    """The question. ``nonce`` is the one of the page's content security policy."""

    order: Order
    auto_start_token: str
    redirect: str
    form_token: str
    chosen: str
    nonce: str
    fault: str | None = None


def asking_html(view: AppView) -> str:
    """What the person is asked, with both answers."""
    fault = f'<p class="fault" role="alert">{escape(view.fault)}</p>' if view.fault else ""
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (
            ("form_token", view.form_token),
            ("autostarttoken", view.auto_start_token),
            ("redirect", view.redirect),
        )
    )
    return _page(
        view.nonce,
        f"{fault}<article><header><h2>{title_of(view.order.request)}</h2></header>"
        f'<p class="seen">{as_the_app_shows(view.order.request)}</p>'
        f'<form method="post" action="/app/">{hidden}{people(view.chosen)}'
        '<label><input type="checkbox" name="elsewhere" value="yes">'
        "<span>Open the return address elsewhere</span>"
        "<small>shows the address, to be copied into another browser</small></label>"
        f"{BUTTONS}</form></article>",
    )


def returning_html(address: str, nonce: str, *, is_followed: bool) -> str:
    """The way back. ``is_followed``: this browser goes there by itself."""
    shown = escape(address)
    if not is_followed:
        return _page(
            nonce,
            "<article><h2>Done</h2><p>Open this address where the person is to come back:</p>"
            f'<p class="seen" id="return-address">{shown}</p></article>',
        )
    # Not a redirect of the form: the policy lets a form go nowhere else, and browsers apply that to redirects too.
    target = json.dumps(address).replace("<", "\\u003c")
    return _page(
        nonce,
        f'<article><h2>Done</h2><p><a id="return" href="{shown}">Back to the browser</a></p></article>'
        f'<script nonce="{nonce}">location.replace({target})</script>',
    )


def said_html(text: str, nonce: str) -> str:
    """One sentence."""
    return _page(nonce, f'<p class="empty">{escape(text)}</p>')


def _page(nonce: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>BankID simulator</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style nonce="{nonce}">{STYLE}</style></head><body>'
        '<div class="banner">SIMULATOR - NOT REAL</div><main><h1>BankID app</h1>'
        f"<p>Stands in for the app on this device.</p>{content}</main></body></html>"
    )
