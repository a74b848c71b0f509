"""How many calls of Key Vault a thousand files cost: one organisation, one instance, counted by the emulator."""

import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import httpx

from bench.service import Service, random_file, running_service
from local.ports import HOST

FILES: Final = 1000
FILES_OF_MESSAGE: Final = 20
SENDERS: Final = 4
SIZE_BYTES: Final = 1000

HOW: Final = {
    "keyvault_calls_per_1000_files": "operations that the Key Vault emulator counted while a host took and gave "
    "1000 files of 1 kB of one organisation, by 4 senders at once; answers to calls without a token not counted, nor "
    "those for the keys, one for each, when a sender and a recipient signed in before",
}


def measure() -> dict[str, float]:
    """The figure of ``HOW``."""
    with running_service() as service, random_file(SIZE_BYTES) as file:
        messages = service.thread()
        before = _calls(service)
        with ThreadPoolExecutor(SENDERS) as senders:
            rounds = [senders.submit(_round, service, messages, file) for _ in range(FILES // FILES_OF_MESSAGE)]
            for done in rounds:
                done.result()
        return {"keyvault_calls_per_1000_files": (_calls(service) - before) * 1000 / FILES}


def _round(service: Service, messages: str, file: Path) -> None:
    message = service.draft(messages)
    for _ in range(FILES_OF_MESSAGE):
        path, _ = service.upload(message, file)
        service.download(path, SIZE_BYTES)


def _calls(service: Service) -> int:
    vault = service.stack.data / "key-vault"
    token = (vault / "control-token").read_text(encoding="ascii").strip()
    verified = ssl.create_default_context(cafile=str(vault / "ca.pem"))
    with httpx.Client(verify=verified, trust_env=False) as client:
        address = f"https://{HOST}:{service.stack.ports.key_vault}/emulator/counters"
        counters: dict[str, int] = client.get(address, headers={"x-emulator-token": token}).raise_for_status().json()
    return sum(count for operation, count in counters.items() if operation != "challenge")
