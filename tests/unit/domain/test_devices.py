"""What a session is known by to its owner: words that tell two devices apart, and nothing that tells two owners apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.devices import UNKNOWN_DEVICE, device_words

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"

AGENTS = {
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36": "Chrome on Windows",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0": "Edge on Windows",
    f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 OPR/120.0": "Opera on Linux",
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/140.0.0.0 Safari/537.36": "Chrome on ChromeOS",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0": "Firefox on Linux",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15": "Safari on Mac",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile Safari/604.1": "Safari on iPhone",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) CriOS/140.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
    "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) FxiOS/143.0 Mobile/15E148 Safari/605.1.15": "Firefox on iPad",
    f"Mozilla/5.0 (Linux; Android 15; SM-S931B) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Mobile": (
        "Samsung Internet on Android"
    ),
    "curl/8.5.0": UNKNOWN_DEVICE,
    "Something (Windows NT 10.0)": "Windows",
    "Firefox/143.0": "Firefox",
    "": UNKNOWN_DEVICE,
}


@pytest.mark.parametrize(("agent", "words"), AGENTS.items(), ids=AGENTS.values())
def test_a_device_is_known_by_its_browser_and_its_system(agent: str, words: str) -> None:
    """As its owner would say it."""
    assert device_words(agent) == words


@given(st.text(), st.sampled_from(sorted(AGENTS)), st.text())
def test_nothing_of_the_header_itself_is_kept(before: str, agent: str, after: str) -> None:
    """No version, no model, no text of an attacker's: a few words, however the header is made."""
    words = device_words(before + agent + after)
    assert set(words.split()) <= {
        *("Unknown", "device", "on", "Edge", "Opera", "Samsung", "Internet", "Firefox", "Chrome", "Safari"),
        *("iPhone", "iPad", "Android", "ChromeOS", "Windows", "Mac", "Linux"),
    }
