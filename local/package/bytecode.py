"""Bytecode of the deployed Python beside every source, which is used without a look at the source (PEP 552).

Bytecode that is checked by time is worthless after a deployment, for nobody keeps the times of files; then every
instance compiles everything anew while somebody waits.
"""

import subprocess
from pathlib import Path
from typing import Final

_PROGRAM: Final = """
import compileall, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
sys.exit(not compileall.compile_dir(sys.argv[1], quiet=1, force=True, stripdir=sys.argv[1], invalidation_mode=mode))
"""

COMPILE_SECONDS: Final = 300


class CompileError(Exception):
    """A source cannot be compiled; the text is what the compiler said."""


def compile_all(folder: Path, python: Path) -> None:
    """Compile every source under ``folder`` with ``python``, in one process and by name.

    Only so is the same source the same bytecode: what the compiler has in memory already is written as a reference,
    and the order within a set of texts follows the seed of hashes.

    Raises:
        CompileError: A source cannot be compiled.
    """
    done = subprocess.run(
        [python, "-S", "-c", _PROGRAM, folder],
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=COMPILE_SECONDS,
    )
    if done.returncode != 0:
        raise CompileError(f"the sources could not be compiled:\n{(done.stdout + done.stderr)[-5000:]}")
