"""``make bankid-contract``: run the contract against BankID's test host. Exit code 2: something is not given."""

import sys
from pathlib import Path

import pytest

from tests.bankid_contract.contract_host import missing

if absent := missing():
    sys.stderr.write(f"bankid-contract: missing or not a file: {', '.join(absent)} (docs/bankid-contract.md)\n")
    sys.exit(2)
sys.exit(pytest.main(["-q", str(Path(__file__).parent / "test_wire.py")]))
