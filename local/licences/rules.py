"""Which licences we may use, as SPDX names them, and what packages state in other words."""

import re
from collections.abc import Mapping
from typing import Final

DEPLOYED: Final = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "PSF-2.0"),
        "MPL-2.0",  # It binds the files that it covers, which we pass on unchanged; it may stand beside Apache-2.0.
    }
)
"""What goes into the package. Source: ASF, third-party licence policy, categories A and B."""

DEVELOPMENT: Final = DEPLOYED | {
    "BlueOak-1.0.0",
    "Unlicense",
    "EDL-1.0",  # BSD-3-Clause in other words
    "LicenseRef-public-domain",
}
"""What a laptop and CI use besides: none of it is passed on."""

WORDS: Final[Mapping[str, str]] = {
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "MPL 2.0": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What packages call their licence where they do not use SPDX's name. "BSD" alone is none of these: there are three."""

LOOKED_UP: Final[Mapping[str, str]] = {
    "azure-functions-runtime": "MIT",  # no Python before 3.13 has it
    "colorama": "BSD-3-Clause",  # Windows alone has it
    "isodate": "BSD-3-Clause",  # states "BSD License"; its file has three clauses
    "pyasn1-modules": "BSD-2-Clause",  # states "BSD License"; its file has two
    "segno": "BSD-3-Clause",  # states "BSD License"; its file has three
    "npm:combine-errors": "MIT",  # in its Readme alone
    "npm:get-closest": "MIT",  # in its file, and under a name that npm has given up
    "npm:uri-templates": "LicenseRef-public-domain",  # states an address; the text there gives it to the public, or MIT
}
"""What somebody read in the package itself, because it does not state it so that a program can."""


class LicenceFaultError(Exception):
    """A licence that is not known, or that we may not use; the text names package and what it states."""


def is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    """Whether an SPDX expression can be kept by keeping only to licences that are allowed.

    ``AND`` binds more than ``OR`` (SPDX 2.3, annex D). An exception (``WITH``) is a licence that is not known.
    """
    while match := re.search(r"\(([^()]*)\)", expression):
        expression = expression.replace(match[0], "MIT" if is_allowed(match[1], allowed) else "none", 1)
    return any(all(each.strip() in allowed for each in choice.split(" AND ")) for choice in expression.split(" OR "))
