"""Where a connection leads, as the settings say it.

A connection NAME is the setting `AzureWebJobsNAME` or `NAME` with a connection string, or one of
`NAME__queueServiceUri`, `NAME__blobServiceUri`, `NAME__serviceUri`, `NAME__accountName` for an identity.
"""

from collections.abc import Mapping

HOST_STORAGE = "AzureWebJobsStorage"
"""The connection under which the host keeps its own state, and which a trigger without connection means."""


def is_connection_set(environment: Mapping[str, str], connection: str, service: str) -> bool:
    """Whether the settings say how to reach a service (`blob`, `queue`) of this connection."""
    known = connection_string(environment, connection) or identity_address(environment, connection, service)
    return known is not None


def connection_string(environment: Mapping[str, str], connection: str) -> str | None:
    """The connection string, if that is how the connection is set."""
    return environment.get(f"AzureWebJobs{connection}") or environment.get(connection) or None


def identity_address(environment: Mapping[str, str], connection: str, service: str) -> str | None:
    """The address of the service, if the connection is set for an identity."""
    for name in (f"{connection}__{service}ServiceUri", f"{connection}__serviceUri"):
        if address := environment.get(name):
            return address
    account = environment.get(f"{connection}__accountName")
    return f"https://{account}.{service}.core.windows.net" if account else None
