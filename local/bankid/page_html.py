"""How the page looks. Everything that comes from outside is escaped; styles and script stand in the page itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from local.bankid.lifecycle import Phase
from local.bankid.orders import Order
from local.bankid.personas import PERSONAS, Persona
from local.bankid.start_requests import Kind, StartRequest

STYLE = """
:root { color-scheme: light dark; --ink: #16202c; --soft: #5b6b7c; --paper: #eef2f6; --card: #fff; --line: #d5dde6;
  --go: #0b6b53; --mark: #9a3412; --mark-paper: #fff3e6 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --soft: #9fb0c0; --paper: #12181f; --card: #1b242e;
  --line: #33414f; --go: #1c8467; --mark: #fdba74; --mark-paper: #3a2413 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
.banner { background: var(--mark-paper); color: var(--mark); border-bottom: 2px solid currentcolor; padding: .5rem 1rem;
  text-align: center; font-weight: 700; letter-spacing: .06em }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
h1 { font-size: 1.5rem; margin: 0 } h1 + p { margin: .25rem 0 1.5rem; color: var(--soft) }
article, .empty { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem;
  margin-bottom: 1rem }
.empty { text-align: center; color: var(--soft); padding: 3rem 1rem }
header { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; flex-wrap: wrap }
h2 { font-size: 1.1rem; margin: 0 } .state { color: var(--soft); font-size: .9rem }
.seen { white-space: pre-wrap; overflow-wrap: anywhere; margin: .75rem 0 1rem; padding: .75rem 1rem;
  border-left: 4px solid var(--go); background: var(--paper); border-radius: 0 .5rem .5rem 0 }
fieldset { border: 0; margin: 0 0 1rem; padding: 0 } legend { font-weight: 600; padding: 0; margin-bottom: .25rem }
label { display: grid; grid-template-columns: auto 1fr auto; gap: .1rem .75rem; align-items: center;
  padding: .45rem .6rem; border-radius: .5rem; cursor: pointer }
label:hover { background: var(--paper) } label:has(:checked) { background: var(--paper); outline: 1px solid var(--go) }
label small { grid-column: 2; color: var(--soft) } .number { font-variant-numeric: tabular-nums; white-space: nowrap;
  color: var(--soft) }
input { accent-color: var(--go); width: 1.1rem; height: 1.1rem; margin: 0 }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem }
button { font: inherit; font-weight: 600; padding: .6rem 1.4rem; cursor: pointer; border-radius: .5rem;
  border: 1px solid var(--line); background: transparent; color: inherit }
button.go { background: var(--go); border-color: var(--go); color: #fff; flex: 1 }
button:focus-visible, input:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px }
.fault { background: var(--mark-paper); color: var(--mark); padding: .6rem 1rem; border-radius: .5rem }
@media (max-width: 30rem) { .number { grid-column: 2; grid-row: 2 } }
.seen:last-child { margin-bottom: 0 } .heading { font-size: 1.1rem }
.past { color: var(--soft); font-size: .9rem; padding-left: 1.2rem } .past li { margin: .15rem 0 }
"""

BUTTONS = (
    '<div class="buttons"><button class="go" name="action" value="approve">Godkänn · Approve</button>'
    '<button name="action" value="cancel">Avbryt · Cancel</button></div>'
)

SCRIPT = """
const shown = document.body.dataset.version;
setInterval(async () => {
  const answer = await fetch("/version").catch(() => null);
  if (answer?.ok && await answer.text() !== shown) location.reload();
}, 1000);
"""
"""Reloads only when something has changed, so that a choice half made is not lost."""

_STRONG = re.compile(r"\*([^*\n]+)\*")
_HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)

_STATES = {
    Phase.WAITING: "waiting for the app",
    Phase.PICKED_UP: "open in the app",
    Phase.COMPLETE: "approved, not collected yet",
    Phase.FAILED: "ended, not collected yet",
    Phase.GONE: "gone",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """What one page shows. ``nonce`` is the one of its content security policy."""

    orders: Sequence[Order]
    past: Sequence[str]
    version: str
    form_token: str
    chosen: str
    nonce: str
    fault: str | None = None


def page_html(view: PageView) -> str:
    """The whole page."""
    orders = "".join(_order(order, view) for order in view.orders) or (
        '<p class="empty">Inga väntande ärenden.<br>'
        "No order is waiting. Start a sign-in: it shows up here by itself.</p>"
    )
    fault = f'<p class="fault" role="alert">{escape(view.fault)}</p>' if view.fault else ""
    past = "".join(f"<li>{escape(one)}</li>" for one in view.past)
    past = f'<h2>Just now</h2><ol class="past">{past}</ol>' if past else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>BankID simulator</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<noscript><meta http-equiv="refresh" content="5"></noscript>'
        f'<style nonce="{view.nonce}">{STYLE}</style></head><body data-version="{view.version}">'
        '<div class="banner">SIMULATOR - NOT REAL</div><main><h1>BankID app</h1>'
        "<p>Stands in for the phone of a test person. It reads the QR code by itself.</p>"
        f"{fault}{orders}{past}"
        f'</main><script nonce="{view.nonce}">{SCRIPT}</script></body></html>'
    )


def title_of(request: StartRequest) -> str:
    if request.endpoint.is_payment:
        return "Betalning"
    return "Identifiering" if request.kind is Kind.AUTH else "Underskrift"


def people(chosen: str) -> str:
    """The choice of a test person."""
    choices = "".join(_choice(persona, is_chosen=persona.key == chosen) for persona in PERSONAS.values())
    return f"<fieldset><legend>Testperson</legend>{choices}</fieldset>"


def _order(order: Order, view: PageView) -> str:
    state = f"{_STATES[order.life.phase]} · {order.life.hint_code or 'complete'} · {order.life.created_at:%H:%M:%S} UTC"
    seen = as_the_app_shows(order.request)
    return (
        f"<article><header><h2>{title_of(order.request)}</h2><span class=state>{escape(state)}</span></header>"
        f'<p class="seen">{seen}</p>{_form(order, view) if order.life.is_pending else ""}</article>'
    )


def as_the_app_shows(request: StartRequest) -> str:
    """Of the markup headings and *strong* are rendered; the rest stays as it was written."""
    payment = request.payment
    paid = "" if payment is None else f"{payment.recipient} {payment.amount or ''} {payment.risk_warning or ''}".strip()
    text = escape("\n".join(part for part in (paid, request.visible_text) if part)) or "(no text)"
    if request.visible_format != "simpleMarkdownV1":
        return text
    return _STRONG.sub(r"<strong>\1</strong>", _HEADING.sub(r"<b class=heading>\1</b>", text))


def _form(order: Order, view: PageView) -> str:
    return (
        f'<form method="post" action="/orders/{escape(order.ref)}">'
        f'<input type="hidden" name="form_token" value="{view.form_token}">'
        f"{people(view.chosen)}{BUTTONS}</form>"
    )


def _choice(persona: Persona, *, is_chosen: bool) -> str:
    number = f"{persona.personal_number[:8]}-{persona.personal_number[8:]}"
    return (
        f'<label><input type="radio" name="persona" value="{persona.key}"{" checked" if is_chosen else ""}>'
        f'<span>{escape(persona.name)}</span><span class="number">{number}</span>'
        f"<small>{escape(persona.remark)}</small></label>"
    )
