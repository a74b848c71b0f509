"""Rules about templates that take more than one property: what is kept, watched and told; and all rules together."""

import re
from collections.abc import Callable, Iterator, Mapping

from shared.domain.retention import CEILING_DAYS
from tests.infra.bicep_tree import (
    Code,
    Templates,
    modules,
    one,
    parameters,
    resources,
    value,
    variables,
)
from tests.infra.policy_access import ACCESS, ROLES
from tests.infra.policy_edge import EDGE
from tests.infra.policy_table import KEY, STORAGE

Rule = Callable[[Templates], Iterator[str]]

POLICIES = {
    "e56962a6-4747-49cd-b67b-bf8b01975c4c": "allowed locations",
    "b2982f36-99f2-4db5-8eff-283140c09693": "storage is not public",
    "8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54": "storage has no shared keys",
    "405c5871-3e91-4644-8a63-58e19d68ff5b": "vaults are not public",
    "797b37f7-06b8-444c-b1ad-fc62867f335a": "Cosmos DB is not public",
}
"""Read up in Azure's own lists. A wrong digit looks right to every tool."""

_WRITTEN_ONCE = f"{STORAGE}/blobServices/containers/immutabilityPolicies"

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def everything_stands_in_sweden(templates: Templates) -> Iterator[str]:
    """What has a place has the parameter's, or is global by nature; the parameter allows one."""
    for each in resources(templates):
        if each.at("location") not in {None, Code("location"), "global"}:
            yield f"{each.file} {each.symbol}"
    text = templates["main.bicep"]
    if "@allowed(['swedencentral'])\nparam location string = 'swedencentral'" not in text:
        yield "main.bicep: location"


def lifecycle_follows_the_code(templates: Templates) -> Iterator[str]:
    """The second line comes a day after the ceiling of the code, never before it."""
    rule = one(templates, f"{STORAGE}/managementPolicies").at("properties.policy")["rules"][0]["definition"]
    if rule["actions"]["baseBlob"] != {"delete": {"daysAfterCreationGreaterThan": Code("ceilingDays + 1")}}:
        yield "lifecycle"
    if rule["filters"] != {"blobTypes": ["blockBlob"], "prefixMatch": [Code("'${container}/'"), Code("'${journal}/'")]}:
        yield "filter"
    default = parameters(templates, "main.bicep")["ceilingDays"]
    if default is None or value(default) != CEILING_DAYS:
        yield "main.bicep: ceilingDays"
    (data,) = modules(templates, "modules/storage-data.bicep")
    if data.at("params.ceilingDays") != Code("ceilingDays"):
        yield "main.bicep: what storage is told"


def nothing_keeps_what_is_deleted(templates: Templates) -> Iterator[str]:
    """No change feed, no point in time to go back to, no legal hold; immutability of the audit copies alone."""
    (blobs,) = [
        each for each in resources(templates, f"{STORAGE}/blobServices") if each.file == "modules/storage-data.bicep"
    ]
    for path in ("changeFeed", "restorePolicy"):
        if blobs.at(f"properties.{path}") != {"enabled": False}:
            yield path
    for file, text in templates.items():
        if re.search(r"immutableStorage|legalHold|isVersioningEnabled: true", text):
            yield f"{file}: immutability"
    for each in resources(templates, _WRITTEN_ONCE):
        if each.at("parent") != Code("copies"):
            yield f"{each.file} {each.symbol}"


def audit_copies_are_written_once(templates: Templates) -> Iterator[str]:
    """In a container of their own, for the days of the parameter, with nothing appended; five years in production."""
    policy = one(templates, _WRITTEN_ONCE)
    if policy.at("properties") != {
        "immutabilityPeriodSinceCreationInDays": Code("auditDays"),
        "allowProtectedAppendWrites": False,
    }:
        yield "policy"
    names = {each.symbol: each.at("name") for each in resources(templates, f"{STORAGE}/blobServices/containers")}
    if names.get("copies") != Code("audit") or [*names.values()].count(Code("audit")) != 1:
        yield "container"
    rule = one(templates, f"{STORAGE}/managementPolicies").at("properties.policy")["rules"][0]["definition"]
    if any("audit" in str(prefix) for prefix in rule["filters"]["prefixMatch"]):
        yield "lifecycle"
    (data,) = modules(templates, "modules/storage-data.bicep")
    if (data.at("params.auditDays"), data.at("params.audit")) != (Code("auditDays"), Code("audit")):
        yield "main.bicep: what storage is told"


def each_host_has_an_account(templates: Templates) -> Iterator[str]:
    """Whoever may write the package of an app is that app."""
    hosts = [each.at("params.name") for each in modules(templates, "modules/storage-host.bicep")]
    apps = [each.at("params.hostAccountName") for each in modules(templates, "modules/app.bicep")]
    if len({*hosts}) != 2 or {*apps} != {Code("publicHostName"), Code("jobsHostName")}:
        yield f"{hosts} {apps}"


def keys_rotate(templates: Templates) -> Iterator[str]:
    """Every year, and what is old still unwraps for a year."""
    policy = one(templates, KEY).at("properties.rotationPolicy")
    actions = {each["action"]["type"]: each["trigger"] for each in policy["lifetimeActions"]}
    if actions.get("rotate") != {"timeAfterCreate": "P1Y"} or policy["attributes"] != {"expiryTime": "P2Y"}:
        yield "rotation"


def the_vault_is_audited(templates: Templates) -> Iterator[str]:
    """Each use of a key, in tables of their own."""
    (log,) = [
        each
        for each in resources(templates, "Microsoft.Insights/diagnosticSettings")
        if each.at("scope") == Code("vault")
    ]
    if {"categoryGroup": "audit", "enabled": True} not in log.at("properties.logs"):
        yield "audit"
    if log.at("properties.logAnalyticsDestinationType") != "Dedicated":
        yield "tables"


def what_holds_data_is_locked(templates: Templates) -> Iterator[str]:
    """Nobody deletes content, records or keys by deleting their account."""
    locked = {each.file: each.at("properties.level") for each in resources(templates, "Microsoft.Authorization/locks")}
    for file in ("storage-data", "records", "key-vault"):
        if locked.get(f"modules/{file}.bicep") != "CanNotDelete":
            yield file


def every_store_has_a_private_way(templates: Templates) -> Iterator[str]:
    """An endpoint for each part of each store, with a name; and for both apps."""
    listed = {(each["service"], each["group"]) for each in variables(templates, "main.bicep")["endpoints"]}
    hosts = {(host, group) for host in ("public-host", "jobs-host") for group in ("blob", "queue", "table")}
    stores = hosts | {("data", "blob"), ("data", "queue"), ("vault", "vault"), ("records", "Sql")}
    yield from (f"endpoint {missing}" for missing in sorted(stores - listed))
    zones = variables(templates, "modules/private-dns.bicep")["zones"]
    for service in ("blob", "queue", "table", "vaultcore", "documents", "azurewebsites"):
        if not any(f"privatelink.{service}." in zone for zone in zones):
            yield f"zone {service}"
    sites = [each.at("params.serviceId") for each in modules(templates) if each.at("params.group") == "sites"]
    if {*sites} != {Code("publicApp.outputs.id"), Code("jobsApp.outputs.id")}:
        yield "sites"


def mail_is_from_our_domain(templates: Templates) -> Iterator[str]:
    """With its own SPF and DKIM, and in Europe."""
    domain = one(templates, "Microsoft.Communication/emailServices/domains")
    if domain.at("properties.domainManagement") != "CustomerManaged":
        yield "domain"
    if one(templates, "Microsoft.Communication/emailServices").at("properties.dataLocation") != "Europe":
        yield "place"


def policies_deny(templates: Templates) -> Iterator[str]:
    """Those that were read up, with the effect of a refusal."""
    found = {*_GUID.findall(templates["modules/policies.bicep"])}
    if found != {*POLICIES}:
        yield str(sorted(found ^ {*POLICIES}))
    for each in resources(templates, "Microsoft.Authorization/policyAssignments"):
        if each.at("properties.enforcementMode") != "Default":
            yield each.symbol
    denial = next(
        each for each in resources(templates, "Microsoft.Authorization/policyAssignments") if each.symbol == "denial"
    )
    if denial.at("properties.parameters") != {"effect": {"value": "Deny"}}:
        yield "effect"


def defender_watches(templates: Templates) -> Iterator[str]:
    """Vault and records by plan, content by account; nothing reads content, which is sealed."""
    plans = {
        each.at("name"): each.at("properties.pricingTier")
        for each in resources(templates, "Microsoft.Security/pricings")
    }
    if plans != {"KeyVaults": "Standard", "CosmosDbs": "Standard"}:
        yield "plans"
    storage = one(templates, "Microsoft.Security/defenderForStorageSettings")
    scans = storage.at("properties.malwareScanning.onUpload.isEnabled")
    if (storage.at("properties.isEnabled"), scans) != (True, False):
        yield "storage"


def parameters_are_described(templates: Templates) -> Iterator[str]:
    """Whoever fills in a file need not read the template."""
    for file, text in templates.items():
        lines = text.splitlines()
        for number, line in enumerate(lines):
            if line.startswith("param "):
                above = number - 1
                while above >= 0 and lines[above].startswith("@") and not lines[above].startswith("@description('"):
                    above -= 1
                if above < 0 or not lines[above].startswith("@description('"):
                    yield f"{file}: {line}"


def the_budget_tells_somebody(templates: Templates) -> Iterator[str]:
    """Before and after it is spent."""
    notices = one(templates, "Microsoft.Consumption/budgets").at("properties.notifications")
    told = [(each["enabled"], each["threshold"], each["contactGroups"]) for each in notices.values()]
    if sorted(told, key=str) != [(True, 100, [Code("actionGroupId")]), (True, 80, [Code("actionGroupId")])]:
        yield "notices"


def no_name_is_real(templates: Templates) -> Iterator[str]:
    """No subscription, tenant or principal is written down: the only ids are those of roles and policies."""
    known = {*ROLES.values(), *POLICIES}
    for file, text in templates.items():
        yield from (f"{file}: {guid}" for guid in sorted({*_GUID.findall(text)} - known))


RULES: Mapping[str, Rule] = {
    rule.__name__: rule
    for rule in (
        *ACCESS,
        *EDGE,
        everything_stands_in_sweden,
        lifecycle_follows_the_code,
        nothing_keeps_what_is_deleted,
        audit_copies_are_written_once,
        each_host_has_an_account,
        keys_rotate,
        the_vault_is_audited,
        what_holds_data_is_locked,
        every_store_has_a_private_way,
        mail_is_from_our_domain,
        policies_deny,
        defender_watches,
        parameters_are_described,
        the_budget_tells_somebody,
        no_name_is_real,
    )
}
"""By name."""
