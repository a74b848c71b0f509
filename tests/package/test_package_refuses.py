"""What stops a package from being built: loose requirements, strange files, sources that are none, too much of it."""

import zipfile
from pathlib import Path

import pytest

from local.deployed_python import find_python
from local.package.archive import LinkFaultError, archive
from local.package.budgets import MIB, PACKED_MIB, UNPACKED_MIB, BudgetError, check_size
from local.package.building import Package
from local.package.bytecode import CompileError, compile_all
from local.package.contents import MOST_BYTES, ContentFaultError, contents
from local.package.pins import PinFaultError, pins
from local.package.wheels import InstallError, install
from tests.support.worker import ROOT

HASH = f"--hash=sha256:{'0' * 64}"
GOOD = (
    f"one==1.0 \\\n    {HASH} \\\n    {HASH}\n    # via two\ntwo==2.0 ; python_full_version >= '3.13' \\\n    {HASH}\n"
)

LOOSE = {
    "no hash": "three==3.0",
    "no version": f"three {HASH}",
    "a range": f"three>=3.0 {HASH}",
    "any of a series": f"three==3.* {HASH}",
    "another hash": f"three==3.0 --hash=md5:{'0' * 32}",
    "a short hash": f"three==3.0 --hash=sha256:{'0' * 63}",
    "an address": f"three @ https://example.com/three.whl {HASH}",
    "a repository": f"git+https://example.com/three {HASH}",
    "a path": f"./three {HASH}",
    "editable": "-e .",
    "another index": "--extra-index-url https://example.com/simple",
    "another file": "-r more.txt",
    "sources": "--no-binary :all:",
    "a hash that is cut off": "three==3.0 \\",
    "extras": f"three[more]==3.0 {HASH}",
    "two in a line": f"three==3.0 {HASH} four==4.0 {HASH}",
    "an option behind the hash": f"three==3.0 {HASH} --config-settings=x=y",
}


def test_pins_are_read() -> None:
    """Both lines, and not the comment between them."""
    assert pins(GOOD) == {"one": ("1.0",), "two": ("2.0",)}
    real = pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    assert len(real) > 50
    assert len(real["azure-functions"]) == 2


@pytest.mark.parametrize("line", LOOSE.values(), ids=LOOSE.keys())
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_loose_requirement_is_refused(line: str, place: str) -> None:
    """Wherever it stands; the message repeats nothing of it, for an address may hold a token."""
    text = f"{line}\n{GOOD}" if place == "first" else f"{GOOD}{line}\n"
    with pytest.raises(PinFaultError) as refused:
        pins(text)
    assert "example.com" not in str(refused.value)


def test_no_requirements_are_refused() -> None:
    """An empty file would make an app that imports nothing."""
    with pytest.raises(PinFaultError):
        pins("# nothing\n")


def test_a_package_with_another_hash_is_not_installed(package: Package, tmp_path: Path) -> None:  # noqa: ARG001  # Python 3.13 is there
    """The file of that version is not the one that was looked at."""
    requirements, python = tmp_path / "requirements.txt", find_python()
    assert python is not None
    requirements.write_text(f"h11==0.16.0 {HASH}\n")
    with pytest.raises(InstallError, match=r"(?i)hash"):
        install(requirements, python, tmp_path / "target")


def test_a_package_whose_own_needs_are_not_pinned_is_not_installed(package: Package, tmp_path: Path) -> None:  # noqa: ARG001
    """What it needs would come in any version."""
    requirements, python = tmp_path / "requirements.txt", find_python()
    assert python is not None
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    begins = text.index("anyio==")
    requirements.write_text(text[begins : text.index("\nargon2-cffi==", begins)] + "\n")
    with pytest.raises(InstallError, match="idna"):
        install(requirements, python, tmp_path / "target")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The least that can be packed."""
    for name in ("LICENSE", "function_app.py", "host.json", "requirements.txt"):
        (tmp_path / name).write_text("")
    for folder, file in (("functions", "api.py"), ("shared", "domain/texts.py"), ("web", "index.html")):
        (tmp_path / folder / file).parent.mkdir(parents=True)
        (tmp_path / folder / file).write_text("")
    return tmp_path


def test_a_project_is_packed(project: Path) -> None:
    """Without what Python or a laptop left; BankID's root goes in where an operator laid it."""
    for name in (
        "functions/__pycache__/api.cpython-311.pyc",
        "local/stack.py",
        ".env",
        "tests/test_it.py",
        "notes.txt",
    ):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("")
    plain = ["LICENSE", "function_app.py", "functions/api.py", "host.json", "requirements.txt"]
    plain += ["shared/domain/texts.py", "web/index.html"]
    assert list(contents(project)) == plain
    (project / "bankid").mkdir()
    (project / "bankid/production.pem").write_text("-----BEGIN CERTIFICATE-----")
    (project / "shared/adapters/lists").mkdir(parents=True)
    (project / "shared/adapters/lists/words.xz").write_bytes(b"")
    assert set(contents(project)) == {*plain, "bankid/production.pem", "shared/adapters/lists/words.xz"}


@pytest.mark.parametrize(
    "name",
    [
        *("functions/.env", "shared/local.settings.json", "web/.DS_Store", "shared/notes.txt", "shared/rp.pem"),
        *(
            "functions/api.py.orig",
            "shared/words.xz",
            "web/app.py",
            "shared/native.so",
            "bankid/rp.p12",
            "bankid/rp.key",
        ),
    ],
)
def test_a_file_that_nobody_expects_is_refused(project: Path, name: str) -> None:
    """It is a secret, a leftover, or something that is needed and unknown to the list."""
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("")
    with pytest.raises(ContentFaultError, match=name):
        contents(project)


def test_private_keys_links_and_large_files_are_refused_together(project: Path) -> None:
    """One message says all."""
    (project / "bankid").mkdir()
    (project / "bankid/root.pem").write_text("-----BEGIN EC PRIVATE KEY-----")
    (project / "shared/link.py").symlink_to("/etc/passwd")
    (project / "web/linked").symlink_to(project / "functions", target_is_directory=True)
    (project / "web/video.svg").write_bytes(bytes(MOST_BYTES + 1))
    (project / "host.json").unlink()
    (project / "functions/api.py").unlink()
    with pytest.raises(ContentFaultError) as refused:
        contents(project)
    assert str(refused.value).splitlines()[1:] == [
        "- host.json is missing",
        "- bankid/root.pem holds a private key",
        "- functions is missing",
        "- shared/link.py is not a plain file",
        "- web/linked is not a plain file",
        "- web/video.svg is too large",
    ]


def test_a_source_that_does_not_compile_is_refused(package: Package, tmp_path: Path) -> None:  # noqa: ARG001
    """Otherwise the first instance would find out."""
    python = find_python()
    assert python is not None
    (tmp_path / "broken.py").write_text("def broken(:\n")
    with pytest.raises(CompileError, match="SyntaxError"):
        compile_all(tmp_path, python)


def test_links_do_not_get_into_a_zip(tmp_path: Path) -> None:
    """A package that was made by others may hold one."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_text("x")
    archive(tmp_path / "folder", tmp_path / "good.zip")
    assert zipfile.ZipFile(tmp_path / "good.zip").namelist() == ["file"]
    (tmp_path / "folder/link").symlink_to("file")
    with pytest.raises(LinkFaultError, match="link"):
        archive(tmp_path / "folder", tmp_path / "bad.zip")


@pytest.mark.parametrize(("packed", "unpacked"), [(PACKED_MIB + 1, 1), (1, UNPACKED_MIB + 1)])
def test_a_package_over_its_budget_is_refused(packed: float, unpacked: float) -> None:
    """Whoever adds a large dependency learns it at once."""
    check_size(packed_bytes=int(PACKED_MIB * MIB), unpacked_bytes=int(UNPACKED_MIB * MIB))
    with pytest.raises(BudgetError, match="budget"):
        check_size(packed_bytes=int(packed * MIB), unpacked_bytes=int(unpacked * MIB))
