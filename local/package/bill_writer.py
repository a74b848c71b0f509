"""Writes the bill of materials of an unpacked package (CycloneDX 1.6), in the environment of ``cyclonedx-py``.

    python -m local.package.bill_writer UNPACKED SHA256 VERSION TARGET

It holds neither a time nor a random number: the same package has the same bill. It is validated before it is written.
"""

import importlib.metadata
import json
import re
import sys
import uuid
from email.message import Message
from pathlib import Path
from typing import Any, Final, cast

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator
from packageurl import PackageURL

from local.licences.rules import LOOKED_UP
from local.licences.stated import stated

NAME: Final = "private-identity-control"


def write(packages: Path, sha256: str, version: str, target: Path) -> None:
    """Raises ``ValueError`` for what is no valid bill, ``LicenceFaultError`` for a licence that is not known."""
    found = {_plain(each.metadata["Name"]): each for each in importlib.metadata.distributions(path=[str(packages)])}
    components = {name: _component(name, each) for name, each in sorted(found.items())}
    own = Component(
        type=ComponentType.APPLICATION,
        name=NAME,
        version=version,
        bom_ref=NAME,
        licenses=[LicenseExpression("Apache-2.0")],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)],
    )
    bill = Bom(components=components.values(), serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"sha256:{sha256}"))
    bill.metadata.component = own
    bill.register_dependency(own, components.values())
    for name, each in found.items():
        needed = {
            _plain(re.split(r"[^A-Za-z0-9._-]", need)[0]) for need in each.requires or () if "extra ==" not in need
        }
        bill.register_dependency(components[name], [components[need] for need in sorted(needed & set(components))])
    content: dict[str, Any] = json.loads(make_outputter(bill, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    del content["metadata"]["timestamp"]
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    fault = make_schemabased_validator(OutputFormat.JSON, SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise ValueError(str(fault))
    target.write_text(text, encoding="utf-8")


def _component(name: str, found: importlib.metadata.Distribution) -> Component:
    licence = LOOKED_UP.get(name) or stated(name, cast("Message", found.metadata))
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=found.version,
        bom_ref=f"{name}@{found.version}",
        purl=PackageURL("pypi", None, name, found.version),
        licenses=[LicenseExpression(licence)],
    )


def _plain(name: str) -> str:
    """As requirements spell it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]))
