"""The portal's files: nothing in them that the Content-Security-Policy forbids, nothing missing, nothing dead."""

import re
from html.parser import HTMLParser

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Match

from functions.api import create_api
from functions.request_context import SECURITY_HEADERS
from functions.sessions import SessionView
from tests.support.memory_container import MemoryContainer
from tests.support.portal_sources import WEB, code, names, source

MODULES = names(".js")
TEXT_SINKS = [
    r"\binnerHTML\b",
    r"\bouterHTML\b",
    r"\binsertAdjacentHTML\b",
    r"\bdocument\.write",
    r"\bcreateContextualFragment\b",
    r"\bDOMParser\b",
    r"\bsrcdoc\b",
    r"\bsetHTML",
    r"\beval\b",
    r"\bFunction\(",
    r"\bset(?:Timeout|Interval)\(\s*[\"'`]",
    r"\bimport\(",
    r"javascript:",
]
INLINE = [
    r"\.style\b",
    r"[\"'`]style[\"'`]",
    r"\bcssText\b",
    r"[\"'`]on[a-z]+[\"'`]",
    r"\.on(?:click|error|load|input)\b",
]
FOREIGN = re.compile(r"https?://|[\"'`(]//|\bwss?:|\bdata:|\bblob:")


class Markup(HTMLParser):
    """The elements of a document with their attributes, and what stands inside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.inline = ""
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in {"script", "style"}:
            self.inline += data


@pytest.fixture
def page() -> Markup:
    return Markup(source("index.html"))


def test_the_portal_consists_of_files_that_are_served() -> None:
    """A file of another kind, or in a folder, would be answered with 404."""
    kinds = {path.suffix for path in WEB.iterdir()}
    assert kinds <= {".html", ".js", ".css", ".svg"}
    assert all(path.is_file() for path in WEB.iterdir())


def test_the_policy_lets_run_only_what_we_serve() -> None:
    """What the portal needs, and the two words that would make this module's other tests worthless."""
    policy = SECURITY_HEADERS["content-security-policy"]
    directives = {name: values for name, *values in (part.split() for part in policy.split(";"))}
    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == ["'self'"]
    assert "'self'" in directives["img-src"]
    assert "unsafe" not in policy


def test_the_page_holds_no_script_style_or_handler_of_its_own(page: Markup) -> None:
    """The policy would refuse them, in silence for those who use the page."""
    attributes = {name for _, found in page.elements for name in found}
    tags = {tag for tag, _ in page.elements}
    assert page.inline.strip() == ""
    assert not {name for name in attributes if name.startswith("on") or name == "style"}
    assert not tags & {"style", "base", "iframe", "object", "embed", "form"}


def test_the_page_says_its_language_and_can_be_enlarged(page: Markup) -> None:
    """WCAG 3.1.1 and 1.4.4: Swedish first; no limit on zoom."""
    by_tag = dict(page.elements)
    viewports = [found["content"] for tag, found in page.elements if found.get("name") == "viewport"]
    assert by_tag["html"]["lang"] == "sv"
    assert viewports == ["width=device-width, initial-scale=1"]
    assert "<title>" in source("index.html")


def test_the_page_has_landmarks_and_a_live_region(page: Markup) -> None:
    """WCAG 1.3.1 and 4.1.3: where things are, and a place where changes are spoken."""
    tags = [tag for tag, _ in page.elements]
    roles = [found.get("role") for _, found in page.elements]
    assert [tags.count(tag) for tag in ("header", "main", "footer")] == [1, 1, 1]
    assert roles.count("status") == 1


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("pattern", TEXT_SINKS + INLINE)
def test_no_module_makes_code_or_style_of_text(name: str, pattern: str) -> None:
    """What people write reaches the page as text alone, and the policy has nothing to refuse."""
    assert re.search(pattern, code(name)) is None


@pytest.mark.parametrize("name", [*MODULES, *names(".css")])
def test_nothing_comes_from_elsewhere(name: str) -> None:
    """No foreign address, no third party, and nothing that the style sheet would fetch."""
    assert FOREIGN.search(code(name)) is None
    assert re.search(r"@import|url\(", code(name)) is None or name.endswith(".js")


def test_images_are_drawings_and_nothing_else() -> None:
    """An SVG may carry scripts, styles and links; ours carry shapes."""
    for name in names(".svg"):
        picture = Markup(source(name))
        attributes = {key for _, found in picture.elements for key in found}
        assert {tag for tag, _ in picture.elements} <= {"svg", "rect", "path", "circle"}
        assert not {key for key in attributes if key.startswith("on") or "href" in key or key == "style"}


def _imports(name: str) -> set[str]:
    return set(re.findall(r"^(?:import|export)\b[^;]*?from\s+\"\./([^\"]+)\";", code(name), re.MULTILINE | re.DOTALL))


def test_everything_the_page_names_is_there(page: Markup) -> None:
    """A missing file shows only in a browser, as an empty page."""
    addresses = {value for _, found in page.elements for key, value in found.items() if key in {"href", "src"}}
    assert {address for address in addresses if not address.startswith(("/portal/", "#"))} == set()
    files = {address.removeprefix("/portal/") for address in addresses if address.startswith("/portal/")}
    assert files == {"app.js", "style.css", "icon.svg"}
    assert all((WEB / name).is_file() for name in files)


def test_every_module_is_reached_from_the_first() -> None:
    """Neither an import of what is not there nor a file that nothing imports."""
    reached: set[str] = set()
    waiting = {"app.js"}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= _imports(name) - reached
    assert reached == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_modules_import_what_is_exported_and_use_it(name: str) -> None:
    """A wrong name stops the whole portal when it is loaded."""
    text = code(name)
    for wanted, other in re.findall(r"^import \{([^}]*)\} from \"\./([^\"]+)\";", text, re.MULTILINE):
        exported = set(re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", code(other), re.MULTILINE))
        imported = {each.strip() for each in wanted.split(",") if each.strip()}
        assert imported <= exported
        rest = re.sub(r"^import .*?;$", "", text, flags=re.MULTILINE)
        assert {each for each in imported if not re.search(rf"\b{each}\b", rest)} == set()


def _calls() -> set[tuple[str, str]]:
    """Method and path of each call to the service, with ids in place of what is filled in."""
    found: set[tuple[str, str]] = set()
    for name in MODULES:
        for method, path in re.findall(r"\b(?:call|answerTo)\(\s*\"([A-Z]+)\",\s*[\"`](/[^\"`?]*)", code(name)):
            found.add((method, re.sub(r"\$\{[^}]*\}", "0" * 26, path)))
    return found


def test_calls_go_to_routes_that_exist() -> None:
    """A route that was renamed breaks the portal and no other test."""
    api = create_api(MemoryContainer())
    calls = _calls()
    assert ("POST", "/staff/sign-in") in calls
    for method, path in sorted(calls):
        scope = {"type": "http", "method": method, "path": f"/api/v1{path}", "root_path": "", "headers": []}
        matches = [route.matches(scope)[0] for route in iter_route_contexts(api.routes)]
        assert Match.FULL in matches, (method, path)


def test_the_warning_before_the_end_of_a_session_fits_the_service() -> None:
    """WCAG 2.2.1: the portal warns of the limit that the service states with each session, and knows none of its own."""
    assert "idle_seconds" in SessionView.model_fields
    assert "view.idle_seconds" in source("session.js")


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "paper", 4.5),
        ("ink", "ground", 4.5),
        ("ink", "caution-light", 4.5),
        ("ink", "bad-light", 4.5),
        ("muted", "paper", 4.5),
        ("muted", "ground", 4.5),
        ("muted", "bad-light", 4.5),
        ("accent", "paper", 4.5),
        ("accent", "ground", 4.5),
        ("accent-dark", "accent-light", 4.5),
        ("paper", "accent", 4.5),
        ("paper", "bad", 4.5),
        ("bad", "paper", 4.5),
        ("bad-dark", "bad-light", 4.5),
        ("caution", "caution-light", 4.5),
        ("good", "good-light", 4.5),
        ("good", "paper", 4.5),
        ("edge", "paper", 3.0),
        ("edge", "ground", 3.0),
    ],
)
def test_colours_have_the_contrast_of_level_aa(front: str, back: str, least: float) -> None:
    """WCAG 1.4.3 (text) and 1.4.11 (edges of fields)."""
    colours = dict(re.findall(r"^\s+--([a-z-]+): (#[0-9a-f]{6});$", source("style.css"), re.MULTILINE))
    darker, lighter = sorted((_luminance(colours[front]), _luminance(colours[back])))
    assert (lighter + 0.05) / (darker + 0.05) >= least
