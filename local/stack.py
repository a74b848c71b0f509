"""The whole service on a laptop: stand-ins for Azure, BankID and mail, and the Functions host, in one call."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar

from local import azurite, children, cosmos
from local.node_process import ROOT
from local.ports import HOST, StackPorts, check_free

T = TypeVar("T")
Progress = Callable[[str], None]
RecordStore = Literal["tables", "cosmos"]

ALLOCATOR: Final = {
    "MALLOC_MMAP_THRESHOLD_": "67108864",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
    "MALLOC_ARENA_MAX": "1",
}
"""For the host's process: glibc then keeps large buffers instead of faulting them in anew (ADR 0006), and does not keep
some for each thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A running stack: where its parts listen, where its data lies, and the settings its host runs with."""

    ports: StackPorts
    data: Path
    environment: dict[str, str]

    @property
    def api_url(self) -> str:
        return f"http://{HOST}:{self.ports.api}"

    @property
    def public_url(self) -> str:
        """Where browsers go: the same, by a name, because there are no passkeys for an address of numbers."""
        return f"http://localhost:{self.ports.api}"

    @property
    def mail_url(self) -> str:
        return f"http://{HOST}:{self.ports.mail_page}"

    @property
    def bankid_url(self) -> str:
        return f"http://{HOST}:{self.ports.bankid_page}"

    @property
    def master_key(self) -> str:
        """The key for ``/admin`` of the Functions host."""
        key: str = json.loads((self.data / "host" / "keys.json").read_text(encoding="utf-8"))["masterKey"]
        return key

    @property
    def control_token(self) -> str:
        """The token for the control interface of the BankID simulator."""
        return (self.data / "bankid" / "control-token").read_text().strip()

    @property
    def clock_file(self) -> Path:
        return Path(self.environment["PIC_CLOCK_FILE"])

    def move_clock(self, seconds: int) -> None:
        """Let every clock of the application run this many seconds ahead of the system's."""
        self.clock_file.write_text(str(seconds), encoding="ascii")

    def describe(self, file: Path) -> None:
        """Leave a note by which ``make demo`` finds this stack."""
        note = {"ports": asdict(self.ports), "data": str(self.data), "environment": self.environment}
        file.write_text(json.dumps(note), encoding="utf-8")
        file.chmod(0o600)

    @classmethod
    def described_in(cls, file: Path) -> "Stack":
        """The stack that left this note."""
        note = json.loads(file.read_text(encoding="utf-8"))
        return cls(ports=StackPorts(**note["ports"]), data=Path(note["data"]), environment=note["environment"])


def settings_for(ports: StackPorts, data: Path, records: RecordStore) -> dict[str, str]:
    """The sample settings, on these ports and with this data."""
    sample: dict[str, dict[str, str]] = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))
    account = azurite.connection_string_for(azurite.Ports(blob=ports.blob, queue=ports.queue, table=ports.table))
    return {
        **sample["Values"],
        "AzureWebJobsStorage": account,
        "PIC_STORAGE": account,
        "PIC_PUBLIC_URL": f"http://localhost:{ports.api}",
        "PIC_RECORDS": records,
        "PIC_COSMOS_ENDPOINT": f"http://{HOST}:{ports.cosmos}" if records == "cosmos" else "",
        "PIC_COSMOS_KEY": cosmos.KEY if records == "cosmos" else "",
        "PIC_KEY_VAULT_URL": f"https://{HOST}:{ports.key_vault}",
        "PIC_KEY_VAULT_CA": str(data / "key-vault" / "ca.pem"),
        "PIC_BANKID_URL": f"https://{HOST}:{ports.bankid}/rp/v6.0/",
        "PIC_BANKID_ROOT": str(data / "bankid" / "root.pem"),
        "PIC_BANKID_CERTIFICATE": str(data / "bankid" / "rp.pem"),
        "PIC_BANKID_KEY": str(data / "bankid" / "rp-key.pem"),
        "PIC_BANKID_APP_LINK": f"http://{HOST}:{ports.bankid_page}/app/",
        "PIC_BANKID_DESKTOP_LINK": f"http://{HOST}:{ports.bankid_page}/app/",
        "PIC_SMTP_PORT": str(ports.smtp),
        "PIC_CLOCK_FILE": str(data / "clock"),
    }


def start_host(stack: Stack) -> children.Child:
    """Start the Functions host of a stack whose other parts run. Raises ``node_process.StartError``."""
    return children.start(
        "the Functions host",
        "local.host",
        ["--app", str(ROOT), "--port", str(stack.ports.api), "--data", str(stack.data / "host")],
        log=stack.data / "logs" / "host.log",
        environment={**stack.environment, **ALLOCATOR},
    )


@contextmanager
def running_stack(
    *,
    ports: StackPorts,
    data: Path,
    records: RecordStore = "tables",
    with_host: bool = True,
    overrides: dict[str, str] | None = None,
    prepare: Callable[[dict[str, str]], T],
    progress: Progress = lambda _: None,
) -> Iterator[tuple[Stack, T]]:
    """Start everything, yield, and stop what was started, the last first.

    ``prepare`` is called with the settings once the stores are there and before the host starts; what it returns is
    yielded beside the stack.

    Raises ``node_process.StartError`` that says which part did not start and why, after stopping the others.
    """
    check_free(ports)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = {**settings_for(ports, data, records), **(overrides or {})}
    stack = Stack(ports=ports, data=data, environment=environment)
    stack.move_clock(0)
    logs = data / "logs"
    with ExitStack() as running:

        def child(name: str, module: str, *arguments: str) -> None:
            started = children.start(name, module, arguments, log=logs / f"{module.rpartition('.')[2]}.log")
            running.callback(started.stop)
            progress(f"{name} is running")

        places = azurite.Ports(blob=ports.blob, queue=ports.queue, table=ports.table)
        running.callback(azurite.start(data / "azurite", places).stop)
        progress("Azurite (blob, queue and table storage) is running")
        if records == "cosmos":
            running.callback(cosmos.start(logs, ports.cosmos).stop)
            progress("the Cosmos DB emulator is running")
        child(
            "the Key Vault emulator",
            "local.key_vault",
            *("--port", str(ports.key_vault), "--data", str(data / "key-vault")),
        )
        child(
            "the BankID simulator",
            "local.bankid",
            *("--rp-port", str(ports.bankid), "--control-port", str(ports.bankid_page)),
            *("--data", str(data / "bankid")),
        )
        child(
            "the mail catcher",
            "local.mail",
            *("--smtp-port", str(ports.smtp), "--http-port", str(ports.mail_page), "--data", str(data / "mail")),
        )
        prepared = prepare(environment)
        progress("the stores are prepared and hold a demo organisation")
        if with_host:
            running.callback(start_host(stack).stop)
            progress("the Functions host is running")
        yield stack, prepared
