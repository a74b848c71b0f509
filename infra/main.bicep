// A whole deployment in one resource group. First what lasts and holds data, then (service.bicep) what runs: apps, gateway
// and alerts need secrets that are put into the vault in between. docs/deployment.md tells the order.

@description('Beginning of all names: lower case letters and digits.')
@minLength(3)
@maxLength(11)
param name string

@description('Which deployment this is: test or production.')
@allowed(['test', 'production'])
param environmentName string

@description('Where everything stands. Data do not leave it.')
@allowed(['swedencentral'])
param location string = 'swedencentral'

@description('Whether the vault holds certificate and secrets. Until then apps, gateway and alerts are not made.')
param hasSecrets bool

@description('A /16 of private addresses that nothing else in the organisation uses.')
param addressPrefix string

@description('The name that people see in the address bar.')
param hostName string

@description('The domain that notices come from.')
param mailDomain string

@description('What stands before the @ of their sender.')
param mailSenderName string

@description('Whether the records of that domain have been verified.')
param isMailDomainVerified bool

@description('Client id of the application that signs in to the mail server.')
param mailApplicationId string

@description('Object id of its service principal.')
param mailPrincipalId string

@description('Mail address of those on duty: a function mailbox, not a person.')
param dutyMail string

@description('Cost in a month of which somebody is told, in the currency of the subscription.')
param monthlyBudget int

@description('First day of the month in which the budget begins. Cannot be changed later.')
param budgetBegins string

@description('Days in which a deleted key can be recovered, 7 to 90. Cannot be changed later.')
param vaultSoftDeleteDays int

@description('Autoscale ceiling of the records in request units a second; 0 makes a serverless account, for test.')
param recordsMaxThroughput int

@description('Gigabytes of logs a day; what comes after that is dropped, and an alarm goes off.')
param logsDailyCapGb int

@description('Whether instances are spread over zones, and two are always there for requests.')
param isZoneRedundant bool

@description('Most instances of each app, 40 or more.')
param maximumInstances int

@description('Most instances of the gateway.')
param gatewayMaximumInstances int

@description('What the e-ID shows as our name.')
param serviceName string

@description('Which BankID: test or production.')
@allowed(['test', 'production'])
param bankIdEnvironment string

@description('PEM file with BankID\'s own root, in the package.')
param bankIdRootFile string

@description('Our certificate towards BankID in the vault: name, or name/version.')
param bankIdCertificate string

@description('The e-IDs that are on, with commas between them.')
param signInProviders string

@description('Profiles of brokers, as JSON.')
param brokers string

@description('Tenants of Entra ID whose applications may be API clients: tenant=organisation, with commas between. Empty: none.')
param apiEntraTenants string

@description('What tokens of such applications are made out to, with commas between. Empty: none.')
param apiEntraAudiences string

@description('Id of our application in tenants of Entra ID; empty: staff do not sign in by it.')
param entraClientId string

@description('Days a message lives when its sender does not say, 1 to 365.')
@minValue(1)
@maxValue(365)
param retentionDays int

@description('Largest file in bytes.')
param uploadMaxBytes int

@description('Hosts of vaults that organisations hold themselves, with commas between them; empty for none.')
param ownVaults string

@description('Client id of the application that signs in to other tenants for them; empty for none.')
param ownVaultsClientId string

@description('A malware scanner in the network that speaks clamd\'s protocol, as host:port; empty for none. Content goes there in clear.')
param scannerAddress string

@description('Days in which nobody can change or delete a copy of an audit log.')
@minValue(1)
@maxValue(3653)
param auditDays int

@description('Whether that was locked, by hand and for ever: docs/deployment.md.')
param isAuditLocked bool

@description('Days after which nothing is left, whatever anybody says: CEILING_DAYS of the code.')
@minValue(1)
@maxValue(365)
param ceilingDays int = 365

var prefix = '${name}${substring(uniqueString(resourceGroup().id), 0, 6)}'
var tags = { service: 'private-identity-control', environment: environmentName }

var container = 'content'
var journal = 'journal'
var audit = 'audit'
var database = 'pic'
var recordsContainer = 'records'
var dispatchQueue = 'dispatch'
var notifyQueue = 'notify'
var packageContainer = 'package'
var gatewayCertificate = 'portal'
var secretNames = {
  subjectPeppers: 'subject-peppers'
  addressPepper: 'address-pepper'
  passwordPeppers: 'password-peppers'
  brokers: 'broker-secrets'
  entra: 'entra-secret'
  mail: 'mail-password'
}

module identities 'modules/identities.bicep' = {
  name: 'identities'
  params: { name: prefix, location: location, tags: tags }
}

module network 'modules/network.bicep' = {
  name: 'network'
  params: { name: prefix, location: location, tags: tags, addressPrefix: addressPrefix }
}

module zones 'modules/private-dns.bicep' = {
  name: 'private-dns'
  params: { networkId: network.outputs.networkId, tags: tags }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: { name: prefix, location: location, tags: tags, dailyCapGb: logsDailyCapGb }
}

module duty 'modules/action-group.bicep' = {
  name: 'action-group'
  params: { name: prefix, tags: tags, dutyMail: dutyMail }
}

module vault 'modules/key-vault.bicep' = {
  name: 'key-vault'
  params: {
    name: prefix
    location: location
    tags: tags
    softDeleteDays: vaultSoftDeleteDays
    workspaceId: monitoring.outputs.workspaceId
  }
}

module publicHost 'modules/storage-host.bicep' = {
  name: 'storage-host-public'
  params: { name: '${prefix}public', location: location, tags: tags, packageContainer: packageContainer }
}

module jobsHost 'modules/storage-host.bicep' = {
  name: 'storage-host-jobs'
  params: { name: '${prefix}jobs', location: location, tags: tags, packageContainer: packageContainer }
}

module data 'modules/storage-data.bicep' = {
  name: 'storage-data'
  params: {
    name: '${prefix}data'
    location: location
    tags: tags
    container: container
    journal: journal
    audit: audit
    auditDays: auditDays
    isAuditLocked: isAuditLocked
    queues: [dispatchQueue, notifyQueue]
    ceilingDays: ceilingDays
    workspaceId: monitoring.outputs.workspaceId
  }
}

module records 'modules/records.bicep' = {
  name: 'records'
  params: {
    name: prefix
    location: location
    tags: tags
    database: database
    container: recordsContainer
    maxThroughput: recordsMaxThroughput
  }
}

module mail 'modules/mail.bicep' = {
  name: 'mail'
  params: {
    name: prefix
    tags: tags
    domain: mailDomain
    senderName: mailSenderName
    isDomainVerified: isMailDomainVerified
    applicationId: mailApplicationId
  }
}

var endpoints = [
  { service: 'public-host', group: 'blob' }
  { service: 'public-host', group: 'queue' }
  { service: 'public-host', group: 'table' }
  { service: 'jobs-host', group: 'blob' }
  { service: 'jobs-host', group: 'queue' }
  { service: 'jobs-host', group: 'table' }
  { service: 'data', group: 'blob' }
  { service: 'data', group: 'queue' }
  { service: 'vault', group: 'vault' }
  { service: 'records', group: 'Sql' }
]
var serviceIds = {
  'public-host': publicHost.outputs.id
  'jobs-host': jobsHost.outputs.id
  data: data.outputs.id
  vault: vault.outputs.id
  records: records.outputs.id
}
var zoneIds = {
  blob: zones.outputs.blobZoneId
  queue: zones.outputs.queueZoneId
  table: zones.outputs.tableZoneId
  vault: zones.outputs.vaultZoneId
  Sql: zones.outputs.cosmosZoneId
}

module endpoint 'modules/private-endpoint.bicep' = [
  for each in endpoints: {
    name: 'endpoint-${each.service}-${each.group}'
    params: {
      name: '${prefix}-${each.service}-${each.group}'
      location: location
      tags: tags
      subnetId: network.outputs.endpointSubnetId
      serviceId: serviceIds[each.service]
      group: each.group
      zoneId: zoneIds[each.group]
    }
  }
]

module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    name: prefix
    publicPrincipalId: identities.outputs.publicPrincipalId
    jobsPrincipalId: identities.outputs.jobsPrincipalId
    gatewayPrincipalId: identities.outputs.gatewayPrincipalId
    mailPrincipalId: mailPrincipalId
    publicHostName: publicHost.outputs.name
    jobsHostName: jobsHost.outputs.name
    dataName: data.outputs.name
    container: container
    journal: journal
    audit: audit
    dispatchQueue: dispatchQueue
    notifyQueue: notifyQueue
    recordsName: records.outputs.name
    database: database
    vaultName: vault.outputs.name
    appSecrets: [
      secretNames.subjectPeppers
      secretNames.addressPepper
      secretNames.passwordPeppers
      secretNames.brokers
      secretNames.entra
      split(bankIdCertificate, '/')[0]
    ]
    jobsSecrets: [secretNames.mail]
    gatewayCertificate: gatewayCertificate
    hasSecrets: hasSecrets
    insightsName: monitoring.outputs.insightsName
    mailName: mail.outputs.name
  }
}

module policies 'modules/policies.bicep' = {
  name: 'policies'
  params: { locations: [location] }
}

module budget 'modules/budget.bicep' = {
  name: 'budget'
  params: {
    name: prefix
    monthlyAmount: monthlyBudget
    begins: budgetBegins
    actionGroupId: duty.outputs.id
  }
}

module defender 'modules/defender.bicep' = {
  name: '${prefix}-defender'
  scope: subscription()
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: { location: location, tags: tags, workspaceId: monitoring.outputs.workspaceId }
}

module service 'service.bicep' = if (hasSecrets) {
  name: 'service'
  params: {
    name: prefix
    environmentName: environmentName
    location: location
    tags: tags
    hostName: hostName
    publicIdentityId: identities.outputs.publicId
    publicClientId: identities.outputs.publicClientId
    jobsIdentityId: identities.outputs.jobsId
    jobsClientId: identities.outputs.jobsClientId
    gatewayIdentityId: identities.outputs.gatewayId
    publicSubnetId: network.outputs.publicSubnetId
    jobsSubnetId: network.outputs.jobsSubnetId
    gatewaySubnetId: network.outputs.gatewaySubnetId
    endpointSubnetId: network.outputs.endpointSubnetId
    sitesZoneId: zones.outputs.sitesZoneId
    publicHostName: publicHost.outputs.name
    jobsHostName: jobsHost.outputs.name
    packageContainer: packageContainer
    blobUrl: data.outputs.blobUrl
    queueUrl: data.outputs.queueUrl
    container: container
    journal: journal
    audit: audit
    dispatchQueue: dispatchQueue
    notifyQueue: notifyQueue
    recordsId: records.outputs.id
    recordsUrl: records.outputs.endpoint
    database: database
    recordsContainer: recordsContainer
    vaultId: vault.outputs.id
    vaultName: vault.outputs.name
    vaultUrl: vault.outputs.url
    secretNames: secretNames
    gatewayCertificate: gatewayCertificate
    insightsName: monitoring.outputs.insightsName
    workspaceId: monitoring.outputs.workspaceId
    actionGroupId: duty.outputs.id
    mailUser: mail.outputs.user
    mailSender: '${mailSenderName}@${mailDomain}'
    isZoneRedundant: isZoneRedundant
    maximumInstances: maximumInstances
    gatewayMaximumInstances: gatewayMaximumInstances
    serviceName: serviceName
    bankIdEnvironment: bankIdEnvironment
    bankIdRootFile: bankIdRootFile
    bankIdCertificate: bankIdCertificate
    signInProviders: signInProviders
    brokers: brokers
    apiEntraTenants: apiEntraTenants
    apiEntraAudiences: apiEntraAudiences
    entraClientId: entraClientId
    retentionDays: retentionDays
    uploadMaxBytes: uploadMaxBytes
    ownVaults: ownVaults
    ownVaultsClientId: ownVaultsClientId
    scannerAddress: scannerAddress
  }
  // Names inside the network and roles first: an app that starts without them is broken and does not mend itself.
  dependsOn: [endpoint, roles]
}

output publicAppName string = '${prefix}-public'
output jobsAppName string = '${prefix}-jobs'
output vaultName string = vault.outputs.name
output mailDomainId string = mail.outputs.domainId
