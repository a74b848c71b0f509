"""Rules about ways in and out: gateway, firewall, apps and network."""

import re
from collections.abc import Iterator

from tests.infra.bicep_tree import (
    Code,
    Templates,
    modules,
    named,
    one,
    resources,
    variables,
)
from tests.infra.policy_table import FIREWALL, GATEWAY

FORBIDDEN_SETTINGS = {
    *("FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_WORKER_RUNTIME_VERSION", "FUNCTIONS_EXTENSION_VERSION"),
    *("FUNCTIONS_WORKER_PROCESS_COUNT", "SCM_DO_BUILD_DURING_DEPLOYMENT", "ENABLE_ORYX_BUILD", "WEBSITE_CONTENTSHARE"),
    *("WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_SKIP_CONTENTSHARE_VALIDATION"),
    *("WEBSITE_VNET_ROUTE_ALL", "WEBSITE_TIME_ZONE", "TZ", "linuxFxVersion"),
}
"""What Flex Consumption does not take."""


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


EDGE = (
    headers_are_ours,
    the_certificate_has_no_version,
    the_gateway_asks_for_health,
    only_bodies_of_uploads_pass,
    the_firewall_knows_what_we_speak,
    no_forbidden_setting,
    no_forbidden_site_property,
    python_is_one_that_is_tested,
    at_least_forty_instances,
    subnets_are_fit,
    addresses_of_our_own_are_few,
)
