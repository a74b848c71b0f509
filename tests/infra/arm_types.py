"""What Azure says of types: names, read-only marks, required fields and values, from the models of its management SDKs.

Four providers have a model here. Of the others only ``type@version`` is held to a list. A model that is newer than a
template lets properties pass that are too new for it.
"""

import enum
import importlib
import typing
from collections.abc import Mapping
from typing import Any

from azure.mgmt.cosmosdb import models as cosmos
from azure.mgmt.keyvault import models as vault
from azure.mgmt.storage import models as storage
from azure.mgmt.web import models as web
from tree_sitter import Node

from tests.infra.bicep_tree import Templates, fields, literal, resources

MODELS: Mapping[str, Any] = {
    "Microsoft.Storage/storageAccounts": storage.StorageAccountPropertiesCreateParameters,
    "Microsoft.Storage/storageAccounts/blobServices": storage.BlobServicePropertiesProperties,
    "Microsoft.Storage/storageAccounts/blobServices/containers": storage.ContainerProperties,
    "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies": storage.ImmutabilityPolicyProperty,
    "Microsoft.Storage/storageAccounts/managementPolicies": storage.ManagementPolicyProperties,
    "Microsoft.KeyVault/vaults": vault.VaultProperties,
    "Microsoft.KeyVault/vaults/keys": vault.KeyProperties,
    "Microsoft.DocumentDB/databaseAccounts": cosmos.DatabaseAccountCreateUpdateProperties,
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases": cosmos.SqlDatabaseCreateUpdateProperties,
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers": cosmos.SqlContainerCreateUpdateProperties,
    "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions": cosmos.SqlRoleDefinitionResource,
    "Microsoft.Web/sites": web.SiteProperties,
    "Microsoft.Web/serverfarms": web.AppServicePlanProperties,
}

VERSIONS: Mapping[str, str] = {
    "Microsoft.Authorization/locks": "2020-05-01",
    "Microsoft.Authorization/policyAssignments": "2024-05-01",
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Authorization/roleDefinitions": "2022-04-01",
    "Microsoft.Communication/communicationServices": "2025-09-01",
    "Microsoft.Communication/communicationServices/smtpUsernames": "2025-09-01",
    "Microsoft.Communication/emailServices": "2025-09-01",
    "Microsoft.Communication/emailServices/domains": "2025-09-01",
    "Microsoft.Communication/emailServices/domains/senderUsernames": "2025-09-01",
    "Microsoft.Consumption/budgets": "2023-11-01",
    "Microsoft.DocumentDB/databaseAccounts": "2025-10-15",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases": "2025-10-15",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers": "2025-10-15",
    "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments": "2025-10-15",
    "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions": "2025-10-15",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    # The only preview: no later version knows groups of categories.
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
    "Microsoft.Insights/metricAlerts": "2018-03-01",
    "Microsoft.Insights/scheduledQueryRules": "2023-12-01",
    "Microsoft.Insights/workbooks": "2023-06-01",
    "Microsoft.KeyVault/vaults": "2025-05-01",
    "Microsoft.KeyVault/vaults/keys": "2025-05-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2024-11-30",
    "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies": "2025-05-01",
    "Microsoft.Network/applicationGateways": "2025-05-01",
    "Microsoft.Network/natGateways": "2025-05-01",
    "Microsoft.Network/networkSecurityGroups": "2025-05-01",
    "Microsoft.Network/privateDnsZones": "2024-06-01",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "2024-06-01",
    "Microsoft.Network/privateEndpoints": "2025-05-01",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": "2025-05-01",
    "Microsoft.Network/publicIPAddresses": "2025-05-01",
    "Microsoft.Network/virtualNetworks": "2025-05-01",
    "Microsoft.OperationalInsights/workspaces": "2025-07-01",
    "Microsoft.Security/defenderForStorageSettings": "2025-06-01",
    "Microsoft.Security/pricings": "2024-01-01",
    "Microsoft.Storage/storageAccounts": "2025-06-01",
    "Microsoft.Storage/storageAccounts/blobServices": "2025-06-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "2025-06-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies": "2025-06-01",
    "Microsoft.Storage/storageAccounts/managementPolicies": "2025-06-01",
    "Microsoft.Storage/storageAccounts/queueServices": "2025-06-01",
    "Microsoft.Storage/storageAccounts/queueServices/queues": "2025-06-01",
    "Microsoft.Web/serverfarms": "2024-11-01",
    "Microsoft.Web/sites": "2024-11-01",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "2024-11-01",
    "Microsoft.Web/sites/config": "2024-11-01",
}
"""Every type that is made, with the one version that was read up."""


def version_faults(templates: Templates) -> list[str]:
    """Types and versions that are not on the list, and those on it that nothing uses."""
    used = {each.kind: each for each in resources(templates)}
    faults = [
        f"{each.file}: {each.kind}@{each.version}"
        for each in resources(templates)
        if VERSIONS.get(each.kind) != each.version
    ]
    return faults + [f"{kind} is on the list and not used" for kind in sorted(VERSIONS.keys() - used.keys())]


def type_faults(templates: Templates) -> list[str]:
    """What the models do not allow."""
    faults = []
    for each in resources(templates):
        if each.kind in MODELS:
            found: list[str] = []
            node = fields(each.node).get("properties")
            if node is None:
                found.append("no properties")
            else:
                _check(MODELS[each.kind], node, "properties", found)
            faults += [f"{each.file} {each.symbol}: {fault}" for fault in found]
    return faults


def _shape(model: Any) -> dict[str, tuple[bool, bool, Any]]:
    """Name on the wire -> whether it may be set, whether it must be, and its type. Reads what the SDKs keep private."""
    hints = typing.get_type_hints(
        model, localns={"_models": importlib.import_module(model.__module__.rpartition(".")[0])}
    )
    rest = model.__new__(model)._attr_to_rest_field
    return {
        field._rest_name: (
            "create" in (field._visibility or ["create"]),
            type(None) not in typing.get_args(hints[name]),
            hints[name],
        )
        for name, field in rest.items()
    }


def _check(kind: Any, node: Node, path: str, out: list[str]) -> None:
    options = [kind] if typing.get_origin(kind) is list else [*(typing.get_args(kind) or (kind,))]
    kinds = [option for option in options if option is not type(None)]
    model = next((option for option in kinds if hasattr(option, "as_dict")), None)
    values = {
        member.value
        for option in kinds
        if isinstance(option, type) and issubclass(option, enum.Enum)
        for member in option
    }
    text = literal(node)
    if node.type == "object" and model is not None:
        _check_object(model, node, path, out)
    elif node.type == "array":
        inner = next((option for option in kinds if typing.get_origin(option) is list), None)
        if inner is None:
            out.append(f"{path}: array given")
        else:
            for item in node.named_children:
                _check(typing.get_args(inner)[0], item, f"{path}[]", out)
    elif text is not None:
        if values and text not in values:
            out.append(f"{path}: not one of {sorted(values)}")
        elif set(kinds) <= {bool, int}:
            out.append(f"{path}: string given")
    elif (node.type == "boolean" and bool not in kinds) or (node.type == "number" and not {int, float} & set(kinds)):
        out.append(f"{path}: {node.type} given")


def _check_object(model: Any, node: Node, path: str, out: list[str]) -> None:
    given = fields(node)
    known = _shape(_tagged(model, given, path, out))
    for name, inner in given.items():
        if name not in known:
            out.append(f"{path}.{name}: unknown")
        elif not known[name][0]:
            out.append(f"{path}.{name}: read-only")
        else:
            _check(known[name][2], inner, f"{path}.{name}", out)
    out += [
        f"{path}.{name}: missing"
        for name, (may_set, must_set, _) in known.items()
        if may_set and must_set and name not in given
    ]


def _tagged(model: Any, given: Mapping[str, Node], path: str, out: list[str]) -> Any:
    """The kind of a model that its tag names: ``type`` of a backup policy."""
    kinds = getattr(model, "__mapping__", {})
    if not kinds or "type" not in given:
        return model
    tag = literal(given["type"])
    if tag is not None and tag not in kinds:
        out.append(f"{path}.type: not one of {sorted(kinds)}")
    return kinds.get(tag, model)
