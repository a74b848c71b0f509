"""The page for a developer's browser."""

from collections.abc import Sequence
from html import escape

from local.mail.store import CaughtMail

SHOWN = 100
"""More is there under /mails."""

STYLE = """\
:root {
  color-scheme: light dark;
  --line: #d8dde3; --quiet: #5b6672; --paper: #ffffff; --ground: #f3f5f7; --ink: #16202a;
}
@media (prefers-color-scheme: dark) {
  :root { --line: #34404c; --quiet: #9aa7b4; --paper: #1b232b; --ground: #12181e; --ink: #e8edf2; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 48rem; margin: 0 auto; padding: 2rem 1rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.5rem; margin: 0; }
.quiet { color: var(--quiet); font-size: .9rem; }
article { background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; margin-top: 1rem; }
article > * { padding: .85rem 1.1rem; margin: 0; }
h2 { font-size: 1.05rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .9rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; border-top: 1px solid var(--line); }
code { font-size: .85rem; }
.empty { margin-top: 3rem; text-align: center; color: var(--quiet); }
"""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>{title}</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="data:,">
</head>
<body>
<main>
<header><h1>Mail catcher</h1><span class="quiet">{count}</span></header>
<p class="quiet">Mails of this stack end here; none leaves this computer.
The same as JSON: <a href="/mails"><code>/mails</code></a>. To empty it: <code>curl -X DELETE {address}/mails</code></p>
{mails}
</main>
</body>
</html>
"""

_MAIL = """\
<article>
<h2>{subject}</h2>
<dl>
<dt>To</dt><dd>{recipients}</dd>
<dt>From</dt><dd>{sender}</dd>
<dt>Received</dt><dd><time datetime="{iso}">{received}</time> · <a href="/mails/{id}">as JSON</a></dd>
</dl>
<pre>{text}</pre>
</article>
"""


def overview(mails: Sequence[CaughtMail], address: str) -> str:
    """All mails, newest first. What a mail holds is text and never markup."""
    count = "1 mail" if len(mails) == 1 else f"{len(mails)} mails"
    if len(mails) > SHOWN:
        count += f", the newest {SHOWN} shown"
    shown = "".join(_shown(mail) for mail in mails[:SHOWN])
    empty = '<p class="empty">No mail yet. This page looks again every five seconds.</p>'
    title = f"({len(mails)}) Mail catcher" if mails else "Mail catcher"
    return _PAGE.format(title=title, count=count, address=escape(address), mails=shown or empty)


def _shown(mail: CaughtMail) -> str:
    message = mail.message
    return _MAIL.format(
        id=mail.id,
        subject=escape(str(message["Subject"] or "(no subject)")),
        recipients=escape(", ".join(mail.recipients)),
        sender=escape(str(message["From"] or "")),
        iso=mail.received_at.isoformat(),
        received=f"{mail.received_at:%Y-%m-%d %H:%M:%S} UTC",
        text=escape(mail.text.strip()),
    )
