"""Properties that every resource of a type must have, with the promise that stands behind each."""

from dataclasses import dataclass
from typing import Any

from shared.adapters.cosmos_records import INDEXING_POLICY
from tests.infra.bicep_tree import Code, Templates, resources

STORAGE = "Microsoft.Storage/storageAccounts"
BLOBS = f"{STORAGE}/blobServices"
VAULT = "Microsoft.KeyVault/vaults"
KEY = f"{VAULT}/keys"
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
RECORDS = f"{COSMOS}/sqlDatabases/containers"
SITE = "Microsoft.Web/sites"
PLAN = "Microsoft.Web/serverfarms"
GATEWAY = "Microsoft.Network/applicationGateways"
FIREWALL = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
MAIL = "Microsoft.Communication/communicationServices"
MAIL_DOMAIN = "Microsoft.Communication/emailServices/domains"
INSIGHTS = "Microsoft.Insights/components"
WORKSPACE = "Microsoft.OperationalInsights/workspaces"


@dataclass(frozen=True, slots=True)
class Wanted:
    """``path`` of every resource of ``kind`` holds ``value``."""

    name: str
    kind: str
    path: str
    value: Any

    def faults(self, templates: Templates) -> list[str]:
        """The resources that hold something else; a rule that meets none is a fault as well."""
        found = resources(templates, self.kind)
        wrong = [f"{each.file} {each.symbol}: {self.path}" for each in found if each.at(self.path) != self.value]
        return wrong if found else [f"no {self.kind}"]


TABLE = [
    Wanted("storage knows no shared keys", STORAGE, "properties.allowSharedKeyAccess", False),
    Wanted("storage is not public", STORAGE, "properties.publicNetworkAccess", "Disabled"),
    Wanted(
        "storage refuses by default", STORAGE, "properties.networkAcls", {"bypass": "None", "defaultAction": "Deny"}
    ),
    Wanted("no blob is public", STORAGE, "properties.allowBlobPublicAccess", False),
    Wanted("storage speaks TLS 1.2", STORAGE, "properties.minimumTlsVersion", "TLS1_2"),
    Wanted("storage speaks https alone", STORAGE, "properties.supportsHttpsTrafficOnly", True),
    Wanted("nothing is copied to another tenant", STORAGE, "properties.allowedCopyScope", "AAD"),
    Wanted("nothing is replicated to another tenant", STORAGE, "properties.allowCrossTenantReplication", False),
    Wanted("storage has no users of its own", STORAGE, "properties.isLocalUserEnabled", False),
    Wanted("storage stays in its region", STORAGE, "sku.name", "Standard_ZRS"),
    Wanted("deleted content is gone", BLOBS, "properties.deleteRetentionPolicy", {"enabled": False}),
    Wanted("content has no versions", BLOBS, "properties.isVersioningEnabled", False),
    Wanted("the vault is not public", VAULT, "properties.publicNetworkAccess", "disabled"),
    Wanted("the vault refuses by default", VAULT, "properties.networkAcls.defaultAction", "Deny"),
    Wanted("the vault lets no service by", VAULT, "properties.networkAcls.bypass", "None"),
    Wanted("keys cannot be purged", VAULT, "properties.enablePurgeProtection", True),
    Wanted("the vault knows roles alone", VAULT, "properties.enableRbacAuthorization", True),
    Wanted("the vault has an HSM", VAULT, "properties.sku.name", "premium"),
    Wanted("keys are made in the HSM", KEY, "properties.kty", "RSA-HSM"),
    Wanted("keys wrap and unwrap, no more", KEY, "properties.keyOps", ["wrapKey", "unwrapKey"]),
    Wanted("keys never leave", KEY, "properties.attributes", {"enabled": True, "exportable": False}),
    Wanted("keys have 3072 bits", KEY, "properties.keySize", 3072),
    Wanted("records know no keys", COSMOS, "properties.disableLocalAuth", True),
    Wanted("no key changes the records' account", COSMOS, "properties.disableKeyBasedMetadataWriteAccess", True),
    Wanted("records are not public", COSMOS, "properties.publicNetworkAccess", "Disabled"),
    Wanted("records let no service by", COSMOS, "properties.networkAclBypass", "None"),
    Wanted("records speak TLS 1.2", COSMOS, "properties.minimalTlsVersion", "Tls12"),
    Wanted(
        "backups forget within a week",
        COSMOS,
        "properties.backupPolicy",
        {"type": "Continuous", "continuousModeProperties": {"tier": "Continuous7Days"}},
    ),
    Wanted("what was written is seen", COSMOS, "properties.consistencyPolicy.defaultConsistencyLevel", "Strong"),
    Wanted(
        "records stay in their region",
        COSMOS,
        "properties.locations",
        [{"locationName": Code("location"), "failoverPriority": 0, "isZoneRedundant": Code("!isServerless")}],
    ),
    Wanted("records are partitioned by pk", RECORDS, "properties.resource.partitionKey.paths", ["/pk"]),
    Wanted(
        "the index is the one of the code",
        RECORDS,
        "properties.resource.indexingPolicy",
        {"automatic": True, **INDEXING_POLICY},
    ),
    Wanted("records do not expire by themselves", RECORDS, "properties.resource.defaultTtl", -1),
    Wanted("apps run on Flex Consumption", PLAN, "sku", {"name": "FC1", "tier": "FlexConsumption"}),
    Wanted("apps are not public", SITE, "properties.publicNetworkAccess", "Disabled"),
    Wanted("apps speak https alone", SITE, "properties.httpsOnly", True),
    Wanted("apps speak TLS 1.2", SITE, "properties.siteConfig.minTlsVersion", "1.2"),
    Wanted("deploying speaks TLS 1.2", SITE, "properties.siteConfig.scmMinTlsVersion", "1.2"),
    Wanted("apps go out through the network", SITE, "properties.virtualNetworkSubnetId", Code("subnetId")),
    Wanted("apps have their own identity", SITE, "identity.type", "UserAssigned"),
    Wanted("secrets are fetched by that identity", SITE, "properties.keyVaultReferenceIdentity", Code("identityId")),
    Wanted(
        "the package is fetched by that identity",
        SITE,
        "properties.functionAppConfig.deployment.storage.authentication",
        {"type": "UserAssignedIdentity", "userAssignedIdentityResourceId": Code("identityId")},
    ),
    Wanted("nobody deploys by password", f"{SITE}/basicPublishingCredentialsPolicies", "properties.allow", False),
    Wanted("there is a firewall", GATEWAY, "properties.sku", {"name": "WAF_v2", "tier": "WAF_v2"}),
    Wanted("the firewall prevents", FIREWALL, "properties.policySettings.mode", "Prevention"),
    Wanted("the firewall is on", FIREWALL, "properties.policySettings.state", "Enabled"),
    Wanted(
        "the gateway speaks TLS 1.2 with strong ciphers",
        GATEWAY,
        "properties.sslPolicy",
        {"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101S"},
    ),
    Wanted("downloads stream", GATEWAY, "properties.globalConfiguration.enableResponseBuffering", False),
    Wanted("mail is in Europe", MAIL, "properties.dataLocation", "Europe"),
    Wanted("mail knows no keys", MAIL, "properties.disableLocalAuth", True),
    Wanted("mail tells nobody who opened it", MAIL_DOMAIN, "properties.userEngagementTracking", "Disabled"),
    Wanted("telemetry knows no keys", INSIGHTS, "properties.DisableLocalAuth", True),
    Wanted("telemetry masks addresses", INSIGHTS, "properties.DisableIpMasking", False),
    Wanted("logs know no keys", WORKSPACE, "properties.features.disableLocalAuth", True),
    Wanted("logs are kept for 90 days", WORKSPACE, "properties.retentionInDays", 90),
]
