"""``make package``: build what is deployed into ``build/``, and say what it is."""

import sys
from typing import Final

from local.deployed_python import ADVICE, find_python
from local.node_process import ROOT
from local.package.archive import LinkFaultError
from local.package.bill import BillError, write_bill
from local.package.budgets import MIB, BudgetError
from local.package.building import build
from local.package.bytecode import CompileError
from local.package.contents import ContentFaultError
from local.package.pins import PinFaultError
from local.package.wheels import InstallError
from local.tools import ToolError

OUTPUT: Final = ROOT / "build"

Refusal = (
    *(BillError, BudgetError, CompileError, ContentFaultError, InstallError, LinkFaultError, PinFaultError, ToolError),
)


def main() -> int:
    """0 if there is a package now, else 1."""
    python = find_python()
    if python is None:
        print(ADVICE, file=sys.stderr)
        return 1
    try:
        package = build(ROOT, python, OUTPUT)
        bill = write_bill(package)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print(f"{package.packed.relative_to(ROOT)}  {package.packed_bytes / MIB:.1f} MiB  sha256 {package.sha256}")
    print(f"{bill.relative_to(ROOT)}  what is in it")
    print(f"{package.unpacked.relative_to(ROOT)}/  the same, unpacked: {package.unpacked_bytes / MIB:.1f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
