"""Rules about templates that take more than one property: who may do what, ways in, and what the code relies on."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared.domain.retention import CEILING_DAYS
from tests.infra.bicep_tree import (
    Code,
    Declared,
    Templates,
    modules,
    parameters,
    resources,
    text_of,
    tree,
    value,
    variables,
)
from tests.infra.policy_table import FIREWALL, GATEWAY, KEY, STORAGE

Rule = Callable[[Templates], Iterator[str]]

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
    "cosmosDataContributor": "00000000-0000-0000-0000-000000000002",
}
POLICIES = {
    "e56962a6-4747-49cd-b67b-bf8b01975c4c": "allowed locations",
    "b2982f36-99f2-4db5-8eff-283140c09693": "storage is not public",
    "8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54": "storage has no shared keys",
    "405c5871-3e91-4644-8a63-58e19d68ff5b": "vaults are not public",
    "797b37f7-06b8-444c-b1ad-fc62867f335a": "Cosmos DB is not public",
}
"""Read up in Azure's own lists. A wrong digit looks right to every tool."""

FORBIDDEN_SETTINGS = {
    *("FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_WORKER_RUNTIME_VERSION", "FUNCTIONS_EXTENSION_VERSION"),
    *("FUNCTIONS_WORKER_PROCESS_COUNT", "SCM_DO_BUILD_DURING_DEPLOYMENT", "ENABLE_ORYX_BUILD", "WEBSITE_CONTENTSHARE"),
    *("WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_SKIP_CONTENTSHARE_VALIDATION"),
    *("WEBSITE_VNET_ROUTE_ALL", "WEBSITE_TIME_ZONE", "TZ", "linuxFxVersion"),
}
"""What Flex Consumption does not take."""

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers"


def one(templates: Templates, kind: str) -> Declared:
    """The only resource of a type."""
    (found,) = resources(templates, kind)
    return found


def named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The properties of an item by its name."""
    return next((item["properties"] for item in items if item["name"] == name), {})


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
    if rule["filters"] != {"blobTypes": ["blockBlob"], "prefixMatch": [Code("'${container}/'")]}:
        yield "filter"
    default = parameters(templates, "main.bicep")["ceilingDays"]
    if default is None or value(default) != CEILING_DAYS:
        yield "main.bicep: ceilingDays"
    (data,) = modules(templates, "modules/storage-data.bicep")
    if data.at("params.ceilingDays") != Code("ceilingDays"):
        yield "main.bicep: what storage is told"


def nothing_keeps_what_is_deleted(templates: Templates) -> Iterator[str]:
    """No change feed, no point in time to go back to, no immutability, no legal hold."""
    (blobs,) = [
        each for each in resources(templates, f"{STORAGE}/blobServices") if each.file == "modules/storage-data.bicep"
    ]
    for path in ("changeFeed", "restorePolicy"):
        if blobs.at(f"properties.{path}") != {"enabled": False}:
            yield path
    for file, text in templates.items():
        if re.search(r"immutabilityPolic|immutableStorage|legalHold|isVersioningEnabled: true", text):
            yield f"{file}: immutability"


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
        is_role = each.kind == _ASSIGNMENT or each.kind.endswith(("sqlRoleAssignments", "roleDefinitions"))
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
        "keyRenewer": ([], ["Microsoft.KeyVault/vaults/keys/rotate/action"]),
        "queueLister": (["Microsoft.Storage/storageAccounts/queueServices/queues/read"], []),
    }
    for each in resources(templates, "Microsoft.Authorization/roleDefinitions"):
        (rights,) = each.at("properties.permissions")
        if wanted.get(each.symbol) != (rights["actions"], rights["dataActions"]):
            yield each.symbol


def who_may_erase(templates: Templates) -> Iterator[str]:
    """The jobs; and, until requests hand it over, the public app: docs/deployment.md lists that as open."""
    content = Code("data::blobs::content")
    if _assigned(templates, "eraser") != {"jobsErasing": content, "publicErasing": content}:
        yield "eraser"
    if _assigned(templates, "writer") != {"writing": content}:
        yield "writer"
    for role in ("blobDataOwner", "hostRoles"):
        if _assigned(templates, role):
            yield role


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


def headers_are_ours(templates: Templates) -> Iterator[str]:
    """Three headers never come from outside; the client's address is the gateway's word, under the app's name for it."""
    (rules,) = one(templates, GATEWAY).at("properties.rewriteRuleSets")
    (rule,) = rules["properties"]["rewriteRules"]
    told = {each["headerName"]: each["headerValue"] for each in rule["actionSet"]["requestHeaderConfigurations"]}
    if told != {
        "x-ms-invocation-id": "",
        "x-forwarded-host": "",
        "x-functions-key": "",
        Code("clientAddressHeader"): "{var_client_ip}",
    }:
        yield "headers"
    (gateway,) = modules(templates, "modules/gateway.bicep")
    settings = variables(templates, "service.bicep")["settings"]
    if gateway.at("params.clientAddressHeader") != settings["PIC_CLIENT_ADDRESS_HEADER"]:
        yield "the client's address"
    (paths,) = one(templates, GATEWAY).at("properties.urlPathMaps")
    sets = [
        paths["properties"].get("defaultRewriteRuleSet"),
        *(each["properties"].get("rewriteRuleSet") for each in paths["properties"]["pathRules"]),
    ]
    if any("'headers'" not in str(each) for each in sets):
        yield "paths without the rules"


def the_certificate_has_no_version(templates: Templates) -> Iterator[str]:
    """A renewed one is picked up by itself."""
    (gateway,) = modules(templates, "modules/gateway.bicep")
    if gateway.at("params.certificateSecretId") != Code("'${vaultUrl}secrets/${gatewayCertificate}'"):
        yield "certificate"


def the_gateway_asks_for_health(templates: Templates) -> Iterator[str]:
    """Over TLS, by the name of the app, and waits longer than the platform does."""
    properties = one(templates, GATEWAY).at("properties")
    probe, backend = named(properties["probes"], "health"), named(properties["backendHttpSettingsCollection"], "app")
    if (probe.get("path"), probe.get("protocol"), backend.get("protocol")) != ("/health", "Https", "Https"):
        yield "probe"
    if backend.get("requestTimeout", 0) < 240 or backend.get("pickHostNameFromBackendAddress") is not True:
        yield "backend"
    if [port["properties"]["port"] for port in properties["frontendPorts"]] != [443]:
        yield "ports"


def only_bodies_of_uploads_pass(templates: Templates) -> Iterator[str]:
    """One policy inspects everything; the other leaves bodies out, and stands on the paths of uploads alone."""
    policies = {
        each.symbol: each.at("properties.policySettings.requestBodyCheck") for each in resources(templates, FIREWALL)
    }
    if policies != {"firewall": True, "uploadFirewall": False}:
        yield "policies"
    properties = one(templates, GATEWAY).at("properties")
    if properties["firewallPolicy"] != {"id": Code("firewall.id")}:
        yield "everything"
    (paths,) = properties["urlPathMaps"]
    (rule,) = paths["properties"]["pathRules"]
    if rule["properties"]["paths"] != ["/api/v1/uploads", "/api/v1/uploads/*"]:
        yield "paths"
    if rule["properties"].get("firewallPolicy") != {"id": Code("uploadFirewall.id")}:
        yield "uploads"


def the_firewall_knows_what_we_speak(templates: Templates) -> Iterator[str]:
    """Methods and the content type of tus pass; of everything else no rule is off."""
    known = variables(templates, "modules/gateway.bicep")
    if known["methods"]["rules"] != [{"ruleId": "911100", "state": "Disabled"}]:
        yield "methods"
    if known["contentTypes"]["rules"] != [{"ruleId": "920420", "state": "Disabled"}]:
        yield "content types"
    off = {"firewall": [Code("methods")], "uploadFirewall": [Code("methods"), Code("contentTypes")]}
    for each in resources(templates, FIREWALL):
        rules = each.at("properties.managedRules.managedRuleSets")
        if rules[0].get("ruleGroupOverrides") != off[each.symbol] or rules[1:] != [Code("bots")]:
            yield each.symbol


def no_forbidden_setting(templates: Templates) -> Iterator[str]:
    """Flex Consumption ignores them or refuses the app."""
    for file in ("service.bicep", "modules/app.bicep"):
        for name in sorted(FORBIDDEN_SETTINGS):
            if re.search(rf"^\s*'?{name}'?:", templates[file], re.MULTILINE):
                yield f"{file}: {name}"


def no_forbidden_site_property(templates: Templates) -> Iterator[str]:
    """Flex Consumption refuses an app for each property of ``siteConfig`` that it does not know."""
    known = {"healthCheckPath", "minTlsVersion", "scmMinTlsVersion"}
    yield from sorted(set(one(templates, "Microsoft.Web/sites").at("properties.siteConfig")) - known)


def python_is_one_that_is_tested(templates: Templates) -> Iterator[str]:
    """The conformance tests run the app in this runtime."""
    if variables(templates, "service.bicep")["pythonVersion"] != "3.13":
        yield "version"
    if one(templates, "Microsoft.Web/sites").at("properties.functionAppConfig.runtime") != {
        "name": "python",
        "version": Code("pythonVersion"),
    }:
        yield "runtime"


def at_least_forty_instances(templates: Templates) -> Iterator[str]:
    """The platform knows no lower maximum."""
    if "@minValue(40)\nparam maximumInstances int" not in templates["modules/app.bicep"]:
        yield "maximumInstances"


def subnets_are_fit(templates: Templates) -> Iterator[str]:
    """Apps: delegated to Flex alone, with one way out. Endpoints and gateway: with rules that end in a refusal."""
    subnets = one(templates, "Microsoft.Network/virtualNetworks").at("properties.subnets")
    for name in ("public", "jobs"):
        found = named(subnets, name)
        if [each["properties"]["serviceName"] for each in found.get("delegations", [])] != [
            "Microsoft.App/environments"
        ]:
            yield f"{name}: delegation"
        if found.get("natGateway") != {"id": Code("wayOut.id")} or found.get("defaultOutboundAccess") is not False:
            yield f"{name}: way out"
    for name in ("endpoints", "gateway", "deployment"):
        if "networkSecurityGroup" not in named(subnets, name):
            yield f"{name}: rules"
    for each in resources(templates, "Microsoft.Network/networkSecurityGroups"):
        last = max(each.at("properties.securityRules"), key=lambda rule: int(rule["properties"]["priority"]))
        if (last["properties"]["access"], last["properties"]["sourceAddressPrefix"]) != ("Deny", "*"):
            yield each.symbol
        for rule in each.at("properties.securityRules"):
            if (
                rule["properties"].get("sourceAddressPrefix") == "Internet"
                and rule["properties"]["destinationPortRange"] != "443"
            ):
                yield f"{each.symbol}: {rule['name']}"


def addresses_of_our_own_are_few(templates: Templates) -> Iterator[str]:
    """One to come in by and one to go out by."""
    found = {each.file for each in resources(templates, "Microsoft.Network/publicIPAddresses")}
    if found != {"modules/gateway.bicep", "modules/network.bicep"}:
        yield str(sorted(found))


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


def secrets_stay_in_the_vault(templates: Templates) -> Iterator[str]:
    """Secret settings are references; no output and no expression lists a key."""
    settings = {
        **variables(templates, "service.bicep")["settings"],
        **variables(templates, "service.bicep")["jobsSettings"],
    }
    for name in ("PIC_SUBJECT_PEPPERS", "PIC_PASSWORD_PEPPER", "PIC_OIDC_SECRETS", "PIC_SMTP_PASSWORD"):
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
        *(everything_stands_in_sweden, lifecycle_follows_the_code, nothing_keeps_what_is_deleted),
        *(each_host_has_an_account, keys_rotate, the_vault_is_audited, what_holds_data_is_locked),
        *(every_store_has_a_private_way, roles_are_known, roles_are_assigned_in_one_file, writing_is_not_deleting),
        *(who_may_erase, requests_only_send_to_dispatch, secrets_are_read_one_by_one, headers_are_ours),
        *(the_certificate_has_no_version, the_gateway_asks_for_health, only_bodies_of_uploads_pass),
        *(the_firewall_knows_what_we_speak, only_the_jobs_renew_keys),
        *(
            no_forbidden_setting,
            no_forbidden_site_property,
            python_is_one_that_is_tested,
            at_least_forty_instances,
            subnets_are_fit,
        ),
        *(addresses_of_our_own_are_few, mail_is_from_our_domain, policies_deny, defender_watches),
        *(secrets_stay_in_the_vault, parameters_are_described, the_budget_tells_somebody, no_name_is_real),
    )
}
