"""Rules about who may do what: roles, their scopes, and secrets."""

import re
from collections.abc import Iterator
from typing import Any

from tests.infra.bicep_tree import (
    Code,
    Declared,
    Templates,
    modules,
    resources,
    text_of,
    tree,
    variables,
)

ROLES = {
    "blobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "queueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "tableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "queueMessageSender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    "queueMessageProcessor": "8a0f0c08-91a1-4084-bc3d-661d67233fed",
    "cryptoServiceEncryptionUser": "e147488a-f6f5-4113-8e2d-b22465e65bf6",
    "secretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
    "metricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "communicationOwner": "09976791-48a7-449e-bb21-39d1a415f350",
}
"""Read up in Azure's own list. A wrong digit looks right to every tool."""

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers"


def roles_are_known(templates: Templates) -> Iterator[str]:
    """Every id of a role is the one that its name says."""
    found = {name: text for name, text in variables(templates, "modules/roles.bicep").items() if _is_guid(text)}
    for name in sorted(found.keys() | ROLES.keys()):
        if found.get(name) != ROLES.get(name):
            yield name
    strays = {*_GUID.findall(templates["modules/roles.bicep"])} - {*ROLES.values()}
    yield from sorted(strays)


def _is_guid(text: Any) -> bool:
    return isinstance(text, str) and _GUID.fullmatch(text) is not None


def roles_are_assigned_in_one_file(templates: Templates) -> Iterator[str]:
    """Whoever wants to know who may do what reads one file."""
    for each in resources(templates):
        is_role = each.kind == _ASSIGNMENT or each.kind.endswith(("sqlRoleAssignments", "oleDefinitions"))
        if is_role and each.file != "modules/roles.bicep":
            yield f"{each.file} {each.symbol}"


def _assigned(templates: Templates, role: str) -> dict[str, Any]:
    """Symbol -> scope of the assignments whose role is ``role``."""
    return {
        each.symbol: each.at("scope")
        for each in resources(templates, _ASSIGNMENT)
        if re.search(rf"\b{role}\b", str(each.at("properties.roleDefinitionId")))
    }


def writing_is_not_deleting(templates: Templates) -> Iterator[str]:
    """The roles of our own hold exactly these rights."""
    wanted = {
        "writer": ([f"{_BLOBS}/read"], [f"{_BLOBS}/blobs/read", f"{_BLOBS}/blobs/write"]),
        "eraser": ([], [f"{_BLOBS}/blobs/delete"]),
        "archivist": ([], [f"{_BLOBS}/blobs/read", f"{_BLOBS}/blobs/add/action"]),
        "keyRenewer": ([], ["Microsoft.KeyVault/vaults/keys/rotate/action"]),
        "queueLister": (["Microsoft.Storage/storageAccounts/queueServices/queues/read"], []),
    }
    for each in resources(templates, "Microsoft.Authorization/roleDefinitions"):
        (rights,) = each.at("properties.permissions")
        if wanted.get(each.symbol) != (rights["actions"], rights["dataActions"]):
            yield each.symbol


def who_may_erase(templates: Templates) -> Iterator[str]:
    """The jobs alone, and content alone: nobody deletes a note of the journal."""
    content = Code("data::blobs::content")
    if _assigned(templates, "eraser") != {"jobsErasing": content}:
        yield "eraser"
    if _only(templates, "jobsErasing").at("properties.principalId") != Code("jobsPrincipalId"):
        yield "principal"
    if _assigned(templates, "writer") != {"writing": content, "noting": Code("data::blobs::notes")}:
        yield "writer"
    for role in ("blobDataOwner", "hostRoles"):
        if _assigned(templates, role):
            yield role


def only_the_jobs_archive(templates: Templates) -> Iterator[str]:
    """And hold no other right to the copies of the audit logs; nobody else holds any."""
    if _assigned(templates, "archivist") != {"archiving": Code("data::blobs::copies")}:
        yield "archivist"
    if _only(templates, "archiving").at("properties.principalId") != Code("jobsPrincipalId"):
        yield "principal"
    reaching = [each.symbol for each in resources(templates, _ASSIGNMENT) if "copies" in str(each.at("scope"))]
    if reaching != ["archiving"]:
        yield f"copies: {reaching}"


OF_THE_PUBLIC = {
    "publicHosting": "role",
    "writing": "writer",
    "noting": "writer",
    "listing": "queueLister",
    "publicSending": "queueMessageSender",
    "wrapping": "cryptoServiceEncryptionUser",
    "publicReading": "secretsUser",
    "publishing": "metricsPublisher",
}
"""All that the app that answers people may do, but for records. ``role`` is a host's, on the host's own account."""


def requests_delete_no_content_and_no_key(templates: Templates) -> Iterator[str]:
    """The public app has these roles and no other: none of them deletes content, a note or a key."""
    found = {
        each.symbol: str(each.at("properties.roleDefinitionId"))
        for each in resources(templates, _ASSIGNMENT)
        if each.at("properties.principalId") in {Code("publicPrincipalId"), Code("principal")}
    }
    for symbol in sorted(found.keys() | OF_THE_PUBLIC.keys()):
        role = OF_THE_PUBLIC.get(symbol)
        if role is None or not re.search(rf"(?:, |^){role}(?:\.id|\))$", found.get(symbol, "")):
            yield symbol
    if _only(templates, "publicHosting").at("scope") != Code("publicHost"):
        yield "the host's account"


_ITEMS = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers"


def records_are_called_as_the_code_calls_them(templates: Templates) -> Iterator[str]:
    """No upsert, no procedure, no change feed: the ready-made role has all of them."""
    rights = {
        "Microsoft.DocumentDB/databaseAccounts/readMetadata",
        f"{_ITEMS}/executeQuery",
        *(f"{_ITEMS}/items/{act}" for act in ("create", "delete", "read", "replace")),
    }
    (recorder,) = resources(templates, "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions")
    if {right for each in recorder.at("properties.permissions") for right in each["dataActions"]} != rights:
        yield "rights"
    (recording,) = resources(templates, "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments")
    if recording.at("properties.roleDefinitionId") != Code("recorder.id"):
        yield "role"
    database = Code("'${records.id}/dbs/${database}'")
    if recording.at("properties.scope") != database or recorder.at("properties.assignableScopes") != [database]:
        yield "scope"


def only_the_jobs_renew_keys(templates: Templates) -> Iterator[str]:
    """And nobody makes or deletes one: whoever does signs in as themselves."""
    if _assigned(templates, "keyRenewer") != {"renewing": Code("vault")}:
        yield "renewer"
    if _only(templates, "renewing").at("properties.principalId") != Code("jobsPrincipalId"):
        yield "principal"
    if _assigned(templates, "cryptoServiceEncryptionUser") != {"wrapping": Code("vault")}:
        yield "wrapping"


def requests_only_send_to_dispatch(templates: Templates) -> Iterator[str]:
    """The public app reads no queue, and puts nothing into the queue of notices."""
    public = {
        each.at("scope")
        for each in resources(templates, _ASSIGNMENT)
        if each.at("properties.principalId") == Code("publicPrincipalId") and "queue" in str(each.at("scope"))
    }
    if public != {Code("data::queueService::dispatch")}:
        yield "queues"
    if "queueMessageProcessor" in str(_only(templates, "publicSending").at("properties")):
        yield "processor"


def _only(templates: Templates, symbol: str) -> Declared:
    return next(each for each in resources(templates, _ASSIGNMENT) if each.symbol == symbol)


def secrets_are_read_one_by_one(templates: Templates) -> Iterator[str]:
    """No app reads the EV certificate, and the gateway nothing else."""
    if _assigned(templates, "secretsUser") != {
        "publicReading": Code("publicSecret[index]"),
        "jobsReading": Code("jobsSecret[index]"),
        "gatewayReading": Code("certificate"),
    }:
        yield "scopes"
    (roles,) = modules(templates, "modules/roles.bicep")
    given = [*roles.at("params.appSecrets"), *roles.at("params.jobsSecrets")]
    if any("gatewayCertificate" in str(secret) for secret in given):
        yield "certificate"


def secrets_stay_in_the_vault(templates: Templates) -> Iterator[str]:
    """Secret settings are references; no output and no expression lists a key."""
    settings = {
        **variables(templates, "service.bicep")["settings"],
        **variables(templates, "service.bicep")["jobsSettings"],
    }
    for name in (
        "PIC_SUBJECT_PEPPERS",
        "PIC_ADDRESS_PEPPER",
        "PIC_PASSWORD_PEPPERS",
        "PIC_OIDC_SECRETS",
        "PIC_ENTRA_SECRET",
        "PIC_SMTP_PASSWORD",
    ):
        if not str(settings.get(name)).startswith("'${secretOf}${secretNames."):
            yield name
    if not variables(templates, "service.bicep")["secretOf"].startswith("'@Microsoft.KeyVault("):
        yield "secretOf"
    for file, text in templates.items():
        if re.search(r"\blist(Keys|Secrets|AccountSas|ConnectionStrings|\w*Key)\b|\.get(Secret)\(", text):
            yield f"{file}: lists keys"
        for node in tree(text).named_children:
            if node.type == "output_declaration" and re.search(
                r"(?i)password|secret|key\b", text_of(node.named_children[0])
            ):
                yield f"{file}: {text_of(node)}"


ACCESS = (
    roles_are_known,
    roles_are_assigned_in_one_file,
    writing_is_not_deleting,
    who_may_erase,
    only_the_jobs_archive,
    requests_delete_no_content_and_no_key,
    records_are_called_as_the_code_calls_them,
    only_the_jobs_renew_keys,
    requests_only_send_to_dispatch,
    secrets_are_read_one_by_one,
    secrets_stay_in_the_vault,
)
