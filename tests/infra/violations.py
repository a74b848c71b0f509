"""One planted violation at least for each rule: the rule, the file, what stands there, and what is put in its place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """``old`` stands in ``file``; with ``new`` in its place ``rule`` is broken."""

    rule: str
    file: str
    old: str
    new: str


_DATA = "modules/storage-data.bicep"
_HOST = "modules/storage-host.bicep"
_VAULT = "modules/key-vault.bicep"
_RECORDS = "modules/records.bicep"
_APP = "modules/app.bicep"
_GATEWAY = "modules/gateway.bicep"
_MAIL = "modules/mail.bicep"
_MONITORING = "modules/monitoring.bicep"
_ROLES = "modules/roles.bicep"
_NETWORK = "modules/network.bicep"
_POLICIES = "modules/policies.bicep"
_DEFENDER = "modules/defender.bicep"
_SERVICE = "service.bicep"
_MAIN = "main.bicep"
_IDENTITY = "authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }"

OF_PROPERTIES = [
    Violation("storage knows no shared keys", _DATA, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
    Violation("storage is not public", _HOST, "publicNetworkAccess: 'Disabled'", "publicNetworkAccess: 'Enabled'"),
    Violation("storage refuses by default", _DATA, "defaultAction: 'Deny'", "defaultAction: 'Allow'"),
    Violation("no blob is public", _DATA, "allowBlobPublicAccess: false", "allowBlobPublicAccess: true"),
    Violation("storage speaks TLS 1.2", _HOST, "'TLS1_2'", "'TLS1_0'"),
    Violation("storage speaks https alone", _DATA, "supportsHttpsTrafficOnly: true", "supportsHttpsTrafficOnly: false"),
    Violation("nothing is copied to another tenant", _DATA, "    allowedCopyScope: 'AAD'\n", ""),
    Violation("nothing is replicated to another tenant", _DATA, "TenantReplication: false", "TenantReplication: true"),
    Violation("storage has no users of its own", _HOST, "isLocalUserEnabled: false", "isLocalUserEnabled: true"),
    Violation("storage stays in its region", _DATA, "Standard_ZRS", "Standard_GRS"),
    Violation(
        "deleted content is gone",
        _DATA,
        "  deleteRetentionPolicy: { enabled: false }",
        "  deleteRetentionPolicy: { enabled: true, days: 365 }",
    ),
    Violation("content has no versions", _DATA, "isVersioningEnabled: false", "isVersioningEnabled: true"),
    Violation("the vault is not public", _VAULT, "publicNetworkAccess: 'disabled'", "publicNetworkAccess: 'enabled'"),
    Violation("the vault refuses by default", _VAULT, "defaultAction: 'Deny'", "defaultAction: 'Allow'"),
    Violation("the vault lets no service by", _VAULT, "bypass: 'None'", "bypass: 'AzureServices'"),
    Violation("keys cannot be purged", _VAULT, "enablePurgeProtection: true", "enablePurgeProtection: false"),
    Violation("the vault knows roles alone", _VAULT, "enableRbacAuthorization: true", "enableRbacAuthorization: false"),
    Violation("the vault has an HSM", _VAULT, "name: 'premium'", "name: 'standard'"),
    Violation("keys are made in the HSM", _VAULT, "'RSA-HSM'", "'RSA'"),
    Violation("keys wrap and unwrap, no more", _VAULT, "'unwrapKey']", "'unwrapKey', 'decrypt']"),
    Violation("keys never leave", _VAULT, "exportable: false", "exportable: true"),
    Violation("keys have 3072 bits", _VAULT, "keySize: 3072", "keySize: 2048"),
    Violation("records know no keys", _RECORDS, "disableLocalAuth: true", "disableLocalAuth: false"),
    Violation(
        "no key changes the records' account", _RECORDS, "MetadataWriteAccess: true", "MetadataWriteAccess: false"
    ),
    Violation("records are not public", _RECORDS, "publicNetworkAccess: 'Disabled'", "publicNetworkAccess: 'Enabled'"),
    Violation("records let no service by", _RECORDS, "networkAclBypass: 'None'", "networkAclBypass: 'AzureServices'"),
    Violation("records speak TLS 1.2", _RECORDS, "minimalTlsVersion: 'Tls12'", "minimalTlsVersion: 'Tls'"),
    Violation("backups forget within a week", _RECORDS, "Continuous7Days", "Continuous30Days"),
    Violation("what was written is seen", _RECORDS, "'Strong'", "'Session'"),
    Violation("records stay in their region", _RECORDS, "locationName: location", "locationName: 'westus'"),
    Violation("records are partitioned by pk", _RECORDS, "paths: ['/pk']", "paths: ['/id']"),
    Violation("the index is the one of the code", _RECORDS, "{ path: '/id/?' }, ", ""),
    Violation("records do not expire by themselves", _RECORDS, "defaultTtl: -1", "defaultTtl: 3600"),
    Violation("apps run on Flex Consumption", _APP, "name: 'FC1'", "name: 'EP1'"),
    Violation("apps are not public", _APP, "publicNetworkAccess: 'Disabled'", "publicNetworkAccess: 'Enabled'"),
    Violation("apps speak https alone", _APP, "httpsOnly: true", "httpsOnly: false"),
    Violation("apps speak TLS 1.2", _APP, "minTlsVersion: '1.2'", "minTlsVersion: '1.0'"),
    Violation("deploying speaks TLS 1.2", _APP, "scmMinTlsVersion: '1.2'", "scmMinTlsVersion: '1.1'"),
    Violation("apps go out through the network", _APP, "    virtualNetworkSubnetId: subnetId\n", ""),
    Violation("apps have their own identity", _APP, "type: 'UserAssigned'\n", "type: 'SystemAssigned'\n"),
    Violation("secrets are fetched by that identity", _APP, "    keyVaultReferenceIdentity: identityId\n", ""),
    Violation(
        "the package is fetched by that identity",
        _APP,
        _IDENTITY,
        "authentication: { type: 'StorageAccountConnectionString' }",
    ),
    Violation(
        "nobody deploys by password",
        _APP,
        "name: 'scm'\n    properties: { allow: false }",
        "name: 'scm'\n    properties: { allow: true }",
    ),
    Violation(
        "there is a firewall", _GATEWAY, "name: 'WAF_v2', tier: 'WAF_v2'", "name: 'Standard_v2', tier: 'Standard_v2'"
    ),
    Violation("the firewall prevents", _GATEWAY, "mode: 'Prevention'", "mode: 'Detection'"),
    Violation("the firewall is on", _GATEWAY, "state: 'Enabled'", "state: 'Disabled'"),
    Violation(
        "the gateway speaks TLS 1.2 with strong ciphers", _GATEWAY, "AppGwSslPolicy20220101S", "AppGwSslPolicy20150501"
    ),
    Violation("downloads stream", _GATEWAY, "enableResponseBuffering: false", "enableResponseBuffering: true"),
    Violation("mail is in Europe", _MAIL, "    dataLocation: 'Europe'\n", "    dataLocation: 'United States'\n"),
    Violation("mail knows no keys", _MAIL, "disableLocalAuth: true", "disableLocalAuth: false"),
    Violation("mail tells nobody who opened it", _MAIL, "Tracking: 'Disabled'", "Tracking: 'Enabled'"),
    Violation("telemetry knows no keys", _MONITORING, "DisableLocalAuth: true", "DisableLocalAuth: false"),
    Violation("telemetry masks addresses", _MONITORING, "DisableIpMasking: false", "DisableIpMasking: true"),
    Violation("logs know no keys", _MONITORING, "disableLocalAuth: true", "disableLocalAuth: false"),
    Violation("logs are kept for 90 days", _MONITORING, "retentionInDays: 90", "retentionInDays: 730"),
]

OF_RULES = [
    Violation("everything_stands_in_sweden", _RECORDS, "  location: location\n", "  location: 'westus'\n"),
    Violation(
        "everything_stands_in_sweden", _MAIN, "@allowed(['swedencentral'])", "@allowed(['swedencentral', 'westus'])"
    ),
    Violation("lifecycle_follows_the_code", _DATA, "ceilingDays + 1", "30"),
    Violation("lifecycle_follows_the_code", _DATA, "'${container}/', '${journal}/'", "'other/'"),
    Violation("lifecycle_follows_the_code", _MAIN, "param ceilingDays int = 365", "param ceilingDays int = 300"),
    Violation(
        "nothing_keeps_what_is_deleted", _DATA, "changeFeed: { enabled: false }", "changeFeed: { enabled: true }"
    ),
    Violation(
        "nothing_keeps_what_is_deleted",
        _DATA,
        "properties: { publicAccess: 'None' }",
        "properties: { publicAccess: 'None', immutableStorageWithVersioning: { enabled: true } }",
    ),
    Violation("nothing_keeps_what_is_deleted", _DATA, "  parent: copies\n", "  parent: content\n"),
    Violation("audit_copies_are_written_once", _DATA, "InDays: auditDays", "InDays: 1"),
    Violation("audit_copies_are_written_once", _DATA, "ProtectedAppendWrites: false", "ProtectedAppendWrites: true"),
    Violation("audit_copies_are_written_once", _DATA, "  name: audit\n", "  name: journal\n"),
    Violation("audit_copies_are_written_once", _DATA, "'${journal}/']", "'${journal}/', '${audit}/']"),
    Violation("audit_copies_are_written_once", _MAIN, "    auditDays: auditDays\n", "    auditDays: 1\n"),
    Violation(
        "only_the_jobs_archive",
        _ROLES,
        "'audit-archivist')\n  properties: { principalId: jobs",
        "'audit-archivist')\n  properties: { principalId: public",
    ),
    Violation("only_the_jobs_archive", _ROLES, "roleDefinitionId: archivist.id", "roleDefinitionId: writer.id"),
    Violation("only_the_jobs_archive", _ROLES, "scope: data::blobs::notes", "scope: data::blobs::copies"),
    Violation("writing_is_not_deleting", _ROLES, "blobs/add/action'", "blobs/write'"),
    Violation("each_host_has_an_account", _MAIN, "name: '${prefix}jobs'", "name: '${prefix}public'"),
    Violation("each_host_has_an_account", _SERVICE, "hostAccountName: jobsHostName", "hostAccountName: publicHostName"),
    Violation("keys_rotate", _VAULT, "timeAfterCreate: 'P1Y'", "timeAfterCreate: 'P9Y'"),
    Violation("keys_rotate", _VAULT, "expiryTime: 'P2Y'", "expiryTime: 'P28D'"),
    Violation("the_vault_is_audited", _VAULT, "categoryGroup: 'audit'", "categoryGroup: 'allMetrics'"),
    Violation("the_vault_is_audited", _VAULT, "    logAnalyticsDestinationType: 'Dedicated'\n", ""),
    Violation("what_holds_data_is_locked", _RECORDS, "level: 'CanNotDelete'", "level: 'ReadOnly'"),
    Violation("every_store_has_a_private_way", _MAIN, "  { service: 'vault', group: 'vault' }\n", ""),
    Violation(
        "every_store_has_a_private_way", "modules/private-dns.bicep", "  'privatelink.vaultcore.azure.net'\n", ""
    ),
    Violation(
        "every_store_has_a_private_way", _SERVICE, "serviceId: publicApp.outputs.id", "serviceId: jobsApp.outputs.id"
    ),
    Violation(
        "roles_are_known", _ROLES, "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "b7e6dc6d-f1e8-4753-8033-0f276bb0955c"
    ),
    Violation(
        "roles_are_known", _ROLES, "'4633458b-17de-408a-b874-0445c86b69e6'", "'12338af0-0e69-4776-bea7-57ae8d297424'"
    ),
    Violation(
        "roles_are_assigned_in_one_file",
        _VAULT,
        "Microsoft.Authorization/locks@2020-05-01",
        "Microsoft.Authorization/roleAssignments@2022-04-01",
    ),
    Violation(
        "writing_is_not_deleting",
        _ROLES,
        "containers/blobs/write'\n",
        "containers/blobs/write'\n          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'\n",
    ),
    Violation("writing_is_not_deleting", _ROLES, "queueServices/queues/read'", "queueServices/queues/*'"),
    Violation("who_may_erase", _ROLES, "roleDefinitionId: writer.id", "roleDefinitionId: eraser.id"),
    Violation(
        "who_may_erase",
        _ROLES,
        "'content-eraser')\n  properties: { principalId: jobs",
        "'content-eraser')\n  properties: { principalId: public",
    ),
    Violation(
        "requests_delete_no_content_and_no_key",
        _ROLES,
        "// Queues. Requests put",
        "resource publicErasing 'Microsoft.Authorization/roleAssignments@2022-04-01' = {\n"
        "  scope: data::blobs::content\n"
        "  name: guid(data.id, publicPrincipalId, 'content-eraser')\n"
        "  properties: { principalId: publicPrincipalId, principalType: 'ServicePrincipal', roleDefinitionId: eraser.id }\n"
        "}\n\n// Queues. Requests put",
    ),
    Violation(
        "requests_delete_no_content_and_no_key",
        _ROLES,
        "name: guid(data.id, principal, 'content-writer')\n"
        "    properties: { principalId: principal, principalType: 'ServicePrincipal', roleDefinitionId: writer.id }",
        "name: guid(data.id, principal, 'content-writer')\n"
        "    properties: { principalId: principal, principalType: 'ServicePrincipal', roleDefinitionId: eraser.id }",
    ),
    Violation(
        "requests_delete_no_content_and_no_key",
        _ROLES,
        "'Microsoft.Authorization/roleDefinitions', cryptoServiceEncryptionUser)",
        "'Microsoft.Authorization/roleDefinitions', blobDataOwner)",
    ),
    Violation("requests_delete_no_content_and_no_key", _ROLES, "  scope: publicHost\n", "    scope: data\n"),
    Violation("records_are_called_as_the_code_calls_them", _ROLES, "items/replace'", "items/*'"),
    Violation(
        "records_are_called_as_the_code_calls_them",
        _ROLES,
        "roleDefinitionId: recorder.id",
        "roleDefinitionId: '${records.id}/sqlRoleDefinitions/x'",
    ),
    Violation(
        "records_are_called_as_the_code_calls_them",
        _ROLES,
        "      scope: '${records.id}/dbs/${database}'",
        "      scope: records.id",
    ),
    Violation(
        "who_may_erase",
        _ROLES,
        "  scope: data::blobs::content\n  name: guid(data.id, jobs",
        "  scope: data\n  name: guid(data.id, jobs",
    ),
    Violation(
        "requests_only_send_to_dispatch",
        _ROLES,
        "name: guid(data.id, jobsPrincipalId, '${notifyQueue}-poison', queueMessageSender)\n  properties: {\n    principalId: jobsPrincipalId",
        "name: 'x'\n  properties: {\n    principalId: publicPrincipalId",
    ),
    Violation(
        "requests_only_send_to_dispatch",
        _ROLES,
        "scope: data::queueService::dispatch\n  name: guid(data.id, public",
        "scope: data::queueService::notify\n  name: guid(data.id, public",
    ),
    Violation("secrets_are_read_one_by_one", _ROLES, "scope: publicSecret[index]", "scope: vault"),
    Violation(
        "secrets_are_read_one_by_one",
        _MAIN,
        "jobsSecrets: [secretNames.mail]",
        "jobsSecrets: [secretNames.mail, gatewayCertificate]",
    ),
    Violation(
        "headers_are_ours", _GATEWAY, "                  { headerName: 'x-ms-invocation-id', headerValue: '' }\n", ""
    ),
    Violation("headers_are_ours", _GATEWAY, "'{var_client_ip}'", "'{http_req_X-Forwarded-For}'"),
    Violation(
        "headers_are_ours", _SERVICE, "clientAddressHeader: clientAddressHeader", "clientAddressHeader: 'X-Other'"
    ),
    Violation("headers_are_ours", _GATEWAY, "                rewriteRuleSet: {", "                otherRuleSet: {"),
    Violation(
        "the_certificate_has_no_version",
        _SERVICE,
        "secrets/${gatewayCertificate}'",
        "secrets/${gatewayCertificate}/0123456789abcdef'",
    ),
    Violation("the_gateway_asks_for_health", _GATEWAY, "path: '/health'", "path: '/'"),
    Violation("the_gateway_asks_for_health", _GATEWAY, "requestTimeout: 240", "requestTimeout: 30"),
    Violation("the_gateway_asks_for_health", _GATEWAY, "{ port: 443 }", "{ port: 80 }"),
    Violation("only_bodies_of_uploads_pass", _GATEWAY, "requestBodyCheck: true", "requestBodyCheck: false"),
    Violation(
        "only_bodies_of_uploads_pass", _GATEWAY, "paths: ['/api/v1/uploads', '/api/v1/uploads/*']", "paths: ['/api/*']"
    ),
    Violation(
        "only_bodies_of_uploads_pass",
        _GATEWAY,
        "firewallPolicy: { id: firewall.id }",
        "firewallPolicy: { id: uploadFirewall.id }",
    ),
    Violation(
        "only_the_jobs_renew_keys",
        _ROLES,
        "'key-renewer')\n  properties: { principalId: jobs",
        "'key-renewer')\n  properties: { principalId: public",
    ),
    Violation("the_firewall_knows_what_we_speak", _GATEWAY, "[methods, contentTypes]", "[methods]"),
    Violation(
        "the_firewall_knows_what_we_speak", _GATEWAY, "'911100', state: 'Disabled'", "'911100', state: 'Enabled'"
    ),
    Violation("the_firewall_knows_what_we_speak", _GATEWAY, "rules: [{ ruleId: '920420'", "rules: [{ ruleId: '942100'"),
    Violation(
        "no_forbidden_setting",
        _SERVICE,
        "  PIC_RECORDS: 'cosmos'\n",
        "  PIC_RECORDS: 'cosmos'\n  FUNCTIONS_WORKER_RUNTIME: 'python'\n",
    ),
    Violation(
        "no_forbidden_site_property",
        _APP,
        "      minTlsVersion: '1.2'\n",
        "      minTlsVersion: '1.2'\n      ftpsState: 'Disabled'\n",
    ),
    Violation("python_is_one_that_is_tested", _SERVICE, "'3.13'", "'3.14'"),
    Violation("at_least_forty_instances", _APP, "@minValue(40)", "@minValue(1)"),
    Violation(
        "subnets_are_fit",
        _NETWORK,
        "serviceName: 'Microsoft.App/environments'",
        "serviceName: 'Microsoft.Web/serverFarms'",
    ),
    Violation("subnets_are_fit", _NETWORK, "          natGateway: { id: wayOut.id }\n", ""),
    Violation("subnets_are_fit", _NETWORK, "access: 'Deny'", "access: 'Allow'"),
    Violation("subnets_are_fit", _NETWORK, "destinationPortRange: '443'", "destinationPortRange: '*'"),
    Violation(
        "addresses_of_our_own_are_few",
        _DEFENDER,
        "Microsoft.Security/pricings@",
        "Microsoft.Network/publicIPAddresses@",
    ),
    Violation("mail_is_from_our_domain", _MAIL, "'CustomerManaged'", "'AzureManaged'"),
    Violation(
        "mail_is_from_our_domain",
        _MAIL,
        "properties: { dataLocation: 'Europe' }",
        "properties: { dataLocation: 'Asia Pacific' }",
    ),
    Violation("policies_deny", _POLICIES, "value: 'Deny'", "value: 'Audit'"),
    Violation("policies_deny", _POLICIES, "enforcementMode: 'Default'", "enforcementMode: 'DoNotEnforce'"),
    Violation(
        "policies_deny", _POLICIES, "797b37f7-06b8-444c-b1ad-fc62867f335a", "797b37f7-06b8-444c-b1ad-fc62867f335b"
    ),
    Violation("defender_watches", _DEFENDER, "pricingTier: 'Standard' }", "pricingTier: 'Free' }"),
    Violation("defender_watches", _DATA, "onUpload: { isEnabled: false", "onUpload: { isEnabled: true"),
    Violation("secrets_stay_in_the_vault", _SERVICE, "'${secretOf}${secretNames.passwordPeppers})'", "'c2VjcmV0'"),
    Violation(
        "secrets_stay_in_the_vault",
        _DATA,
        "output name string = account.name",
        "output name string = account.listKeys().keys[0].value",
    ),
    Violation("secrets_stay_in_the_vault", _VAULT, "output name string", "output secret string"),
    Violation("parameters_are_described", _APP, "@description('The subnet.')\n", ""),
    Violation(
        "the_budget_tells_somebody", "modules/budget.bicep", "contactGroups: [actionGroupId]", "contactGroups: []"
    ),
    Violation(
        "no_name_is_real", _SERVICE, "PIC_SMTP_PORT: '587'", "PIC_SMTP_USER: '3c1f9d52-7c0e-4b7a-9a54-0e4d2b8f6a10'"
    ),
]

OF_TYPES = [
    Violation("property", _DATA, "allowSharedKeyAccess", "allowSharedKeyAcces"),
    Violation("value", _DATA, "defaultAction: 'Deny'", "defaultAction: 'Block'"),
    Violation("boolean as text", _DATA, "isSftpEnabled: false", "isSftpEnabled: 'false'"),
    Violation("number as text", _APP, "perInstanceConcurrency: httpConcurrency", "perInstanceConcurrency: '16'"),
    Violation("boolean for a text", _RECORDS, "minimalTlsVersion: 'Tls12'", "minimalTlsVersion: true"),
    Violation(
        "missing places",
        _RECORDS,
        "    locations: [\n      { locationName: location, failoverPriority: 0, isZoneRedundant: !isServerless }\n    ]\n",
        "",
    ),
    Violation("missing tenant", _VAULT, "    tenantId: tenant().tenantId\n", ""),
    Violation(
        "read-only", _DATA, "    accessTier: 'Hot'\n", "    accessTier: 'Hot'\n    provisioningState: 'Succeeded'\n"
    ),
    Violation("wrong section", _APP, "functionAppConfig: {", "functionAppConfigs: {"),
    Violation("tier that is none", _RECORDS, "Continuous7Days", "Continuous1Days"),
    Violation("tag that is none", _RECORDS, "type: 'Continuous'", "type: 'Continuos'"),
]

OF_VERSIONS = [
    Violation("unknown version", _DATA, "storageAccounts@2025-06-01", "storageAccounts@2025-06-31"),
    Violation("unknown type", _VAULT, "Microsoft.KeyVault/vaults/keys@", "Microsoft.KeyVault/vaults/key@"),
    Violation("misspelt child", _APP, "'basicPublishingCredentialsPolicies'", "'basicPublishingCredentialPolicies'"),
]

OF_SYNTAX = [
    Violation("missing quote", _DATA, "'TLS1_2'", "'TLS1_2"),
    Violation("missing brace", _VAULT, "sku: { family: 'A', name: 'premium' }", "sku: { family: 'A', name: 'premium'"),
]

OF_SYMBOLS = [
    Violation("undefined symbol", _DATA, "parent: blobs", "parent: blob"),
    Violation("undefined parameter", _APP, "subnetId\n    functionAppConfig", "subnet\n    functionAppConfig"),
    Violation("unused parameter", _APP, "    virtualNetworkSubnetId: subnetId\n", ""),
    Violation("missing file", _MAIN, "'modules/mail.bicep'", "'modules/mails.bicep'"),
    Violation(
        "missing argument",
        _MAIN,
        "params: { name: prefix, tags: tags, dutyMail: dutyMail }",
        "params: { name: prefix, tags: tags }",
    ),
    Violation(
        "unknown argument", _MAIN, "params: { locations: [location] }", "params: { locations: [location], more: 1 }"
    ),
    Violation("unknown output", _MAIN, "duty.outputs.id", "duty.outputs.ids"),
]

OF_THE_START = [
    Violation(
        "late loop", _MAIN, "{ service: 'vault', group: 'vault' }", "{ service: vault.outputs.id, group: 'vault' }"
    ),
    Violation("late name", _DATA, "  name: container\n", "  name: account.properties.primaryEndpoints.blob\n"),
    Violation("late condition", _MAIN, "= if (hasSecrets)", "= if (mail.outputs.domainId != '')"),
]
