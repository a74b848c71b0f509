// What runs: two apps from one package, the gateway before one of them, and the alerts that watch them.

@description('Beginning of all names.')
@maxLength(24)
param name string

@description('Which deployment this is: test or production.')
param environmentName string

@description('Where everything stands.')
param location string

@description('Tags of every resource.')
param tags object

@description('The name that people see in the address bar.')
param hostName string

@description('Identity of the app that answers people.')
param publicIdentityId string

@description('Its client id.')
param publicClientId string

@description('Identity of the app that works in the background.')
param jobsIdentityId string

@description('Its client id.')
param jobsClientId string

@description('Identity of the gateway.')
param gatewayIdentityId string

@description('Subnet of the public app.')
param publicSubnetId string

@description('Subnet of the jobs.')
param jobsSubnetId string

@description('Subnet of the gateway.')
param gatewaySubnetId string

@description('Subnet of private endpoints.')
param endpointSubnetId string

@description('Private zone of the apps\' names.')
param sitesZoneId string

@description('Storage account of the public app\'s host.')
param publicHostName string

@description('Storage account of the jobs\' host.')
param jobsHostName string

@description('Container of the package in each of them.')
param packageContainer string

@description('Address of the content.')
param blobUrl string

@description('Address of the queues.')
param queueUrl string

@description('Container of the content.')
param container string

@description('Container of the journal of deletions.')
param journal string

@description('Container of the copies of the audit logs.')
param audit string

@description('Queue of messages to be delivered.')
param dispatchQueue string

@description('Queue of notices to be mailed.')
param notifyQueue string

@description('Cosmos DB account.')
param recordsId string

@description('Its address.')
param recordsUrl string

@description('Database of the records.')
param database string

@description('Container of the records.')
param recordsContainer string

@description('The vault.')
param vaultId string

@description('Its name.')
param vaultName string

@description('Its address, with a slash at the end.')
param vaultUrl string

@description('Names of the secrets in the vault.')
param secretNames object

@description('Name of the EV certificate in the vault.')
param gatewayCertificate string

@description('Application Insights.')
param insightsName string

@description('The workspace of the logs.')
param workspaceId string

@description('Who is told.')
param actionGroupId string

@description('User at the mail server.')
param mailUser string

@description('Sender of the notices.')
param mailSender string

@description('Whether instances are spread over zones, and two are always there for requests.')
param isZoneRedundant bool

@description('Most instances of each app.')
param maximumInstances int

@description('Most instances of the gateway.')
param gatewayMaximumInstances int

@description('What the e-ID shows as our name.')
param serviceName string

@description('Which BankID: test or production.')
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

@description('Days a message lives when its sender does not say.')
param retentionDays int

@description('Largest file in bytes.')
param uploadMaxBytes int

@description('Hosts of vaults that organisations hold themselves, with commas between them; empty for none.')
param ownVaults string

@description('Client id of the application that signs in to other tenants for them; empty for none.')
param ownVaultsClientId string

@description('A malware scanner in the network, as host:port; empty for none.')
param scannerAddress string

var pythonVersion = '3.13'
var clientAddressHeader = 'X-Client-Address'
var bankIdHosts = { test: 'appapi2.test.bankid.com', production: 'appapi2.bankid.com' }
var secretOf = '@Microsoft.KeyVault(VaultName=${vaultName};SecretName='

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

// What the code reads (docs/configuration.md). Secrets stay in the vault: the platform fetches them.
var settings = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  // Alerts count lines: none may be left out by sampling.
  AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__excludedTypes: 'Trace;Exception'
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: string(uploadMaxBytes)
  PIC_ENVIRONMENT: environmentName
  PIC_PUBLIC_URL: 'https://${hostName}'
  PIC_CLIENT_ADDRESS_HEADER: clientAddressHeader
  PIC_RECORDS: 'cosmos'
  PIC_STORAGE__blobServiceUri: blobUrl
  PIC_STORAGE__queueServiceUri: queueUrl
  PIC_BLOB_CONTAINER: container
  PIC_JOURNAL_CONTAINER: journal
  PIC_AUDIT_CONTAINER: audit
  PIC_COSMOS_ENDPOINT: recordsUrl
  PIC_COSMOS_DATABASE: database
  PIC_COSMOS_CONTAINER: recordsContainer
  PIC_KEY_VAULT_URL: vaultUrl
  PIC_KEY_AGE_DAYS: '365'
  PIC_OWN_VAULTS: ownVaults
  PIC_OWN_VAULTS_CLIENT_ID: ownVaultsClientId
  PIC_SUBJECT_PEPPERS: '${secretOf}${secretNames.subjectPeppers})'
  PIC_ADDRESS_PEPPER: '${secretOf}${secretNames.addressPepper})'
  PIC_PASSWORD_PEPPERS: '${secretOf}${secretNames.passwordPeppers})'
  PIC_BANKID_ENVIRONMENT: bankIdEnvironment
  PIC_BANKID_URL: 'https://${bankIdHosts[bankIdEnvironment]}/rp/v6.0/'
  PIC_BANKID_ROOT: bankIdRootFile
  PIC_BANKID_VAULT_CERTIFICATE: bankIdCertificate
  PIC_BANKID_APP_LINK: 'https://app.bankid.com/'
  PIC_BANKID_DESKTOP_LINK: 'bankid:///'
  PIC_BANKID_ASSURANCE: 'loa3'
  PIC_SERVICE_NAME: serviceName
  PIC_SIGN_IN_PROVIDERS: signInProviders
  PIC_OIDC_PROVIDERS: brokers
  PIC_OIDC_SECRETS: '${secretOf}${secretNames.brokers})'
  PIC_ENTRA_CLIENT_ID: entraClientId
  PIC_ENTRA_SECRET: '${secretOf}${secretNames.entra})'
  PIC_ENTRA_CLOUD: 'https://login.microsoftonline.com'
  PIC_SIGN_IN_RISKS: 'low,moderate'
  PIC_SIGN_IN_ADDRESSES: 'browser'
  PIC_SESSION_IDLE_MINUTES: '30'
  PIC_SESSION_HOURS: '8'
  PIC_API_ENTRA_TENANTS: apiEntraTenants
  PIC_API_ENTRA_AUDIENCES: apiEntraAudiences
  PIC_LIMIT_STARTS_PER_ADDRESS: '300/60'
  PIC_LIMIT_STARTS_PER_BROWSER: '10/60'
  PIC_LIMIT_POLLS_PER_ADDRESS: '30000/60'
  PIC_LIMIT_POLLS_PER_BROWSER: '600/60'
  PIC_LIMIT_SESSIONS_PER_PERSON: '20/3600'
  PIC_LIMIT_STAFF_PER_DEVICE: '20/600'
  PIC_LIMIT_STAFF_PER_ACCOUNT_AND_NETWORK: '20/600'
  PIC_LIMIT_STAFF_PER_NETWORK: '120/60'
  PIC_LIMIT_STAFF_PER_ACCOUNT: '100/3600'
  PIC_LIMIT_STAFF_IN_ALL: '1200/60'
  PIC_LIMIT_STAFF_QUESTIONS_PER_NETWORK: '30/600'
  PIC_LIMIT_STAFF_LETTERS_PER_ACCOUNT: '3/3600'
  PIC_LIMIT_CODES_PER_STAFF: '20/3600'
  PIC_WATCH_FAILURES_PER_ACCOUNT: '10/900'
  PIC_WATCH_FAILURES_PER_NETWORK: '100/900'
  PIC_WATCH_FAILURES_IN_ALL: '1000/900'
  PIC_WATCH_ACCOUNTS_PER_NETWORK: '30/900'
  PIC_WATCH_MISSES: '30/3600'
  PIC_WATCH_DOWNLOADS: '500/3600'
  PIC_WATCH_NEW_DEVICES: 'on'
  PIC_WATCH_MAILS_PER_KIND: '3/14400'
  PIC_SMTP_HOST: 'smtp.azurecomm.net'
  PIC_SMTP_PORT: '587'
  PIC_SMTP_SECURITY: 'starttls'
  PIC_MAIL_FROM: mailSender
  PIC_DISPATCH_QUEUE: dispatchQueue
  PIC_NOTIFY_QUEUE: notifyQueue
  PIC_RETENTION_SCHEDULE: '0 10 * * * *'
  PIC_RECOVERY_SCHEDULE: '0 */5 * * * *'
  PIC_KEY_ROTATION_SCHEDULE: '0 40 2 * * *'
  PIC_AUDIT_COPY_SCHEDULE: '0 25 * * * *'
  PIC_RETENTION_DAYS: string(retentionDays)
  PIC_UNDO_SECONDS: '30'
  PIC_UPLOAD_MAX_BYTES: string(uploadMaxBytes)
  PIC_CLAMD_ADDRESS: scannerAddress
  PIC_CLAMD_FAILURE: 'block'
  PIC_CLAMD_SECONDS: '60'
}

// The app that answers people works on no queue and sweeps nothing.
var publicSettings = {
  'AzureWebJobs.dispatch.Disabled': 'true'
  'AzureWebJobs.notify.Disabled': 'true'
  'AzureWebJobs.retain.Disabled': 'true'
  'AzureWebJobs.recover.Disabled': 'true'
  'AzureWebJobs.rotate_keys.Disabled': 'true'
  'AzureWebJobs.copy_audit.Disabled': 'true'
}

// Mail is sent by the jobs, so only they sign in to the mail server.
var jobsSettings = {
  PIC_SMTP_USER: mailUser
  PIC_SMTP_PASSWORD: '${secretOf}${secretNames.mail})'
}

resource publicHost 'Microsoft.Storage/storageAccounts@2025-06-01' existing = { name: publicHostName }

resource jobsHost 'Microsoft.Storage/storageAccounts@2025-06-01' existing = { name: jobsHostName }

module publicApp 'modules/app.bicep' = {
  name: 'app-public'
  params: {
    name: '${name}-public'
    serviceName: 'public'
    location: location
    tags: tags
    identityId: publicIdentityId
    identityClientId: publicClientId
    subnetId: publicSubnetId
    hostAccountName: publicHostName
    packageUrl: '${publicHost.properties.primaryEndpoints.blob}${packageContainer}'
    settings: union(settings, publicSettings)
    pythonVersion: pythonVersion
    isZoneRedundant: isZoneRedundant
    alwaysReady: isZoneRedundant ? [{ name: 'http', instanceCount: 2 }] : []
    maximumInstances: maximumInstances
    instanceMemoryMB: 2048
    httpConcurrency: 16
  }
}

// Its HTTP functions are there as well: no gateway leads to them, and its endpoint is for deploying.
module jobsApp 'modules/app.bicep' = {
  name: 'app-jobs'
  params: {
    name: '${name}-jobs'
    serviceName: 'jobs'
    location: location
    tags: tags
    identityId: jobsIdentityId
    identityClientId: jobsClientId
    subnetId: jobsSubnetId
    hostAccountName: jobsHostName
    packageUrl: '${jobsHost.properties.primaryEndpoints.blob}${packageContainer}'
    settings: union(settings, jobsSettings)
    pythonVersion: pythonVersion
    isZoneRedundant: isZoneRedundant
    alwaysReady: []
    maximumInstances: maximumInstances
    instanceMemoryMB: 2048
    httpConcurrency: 16
  }
}

module publicEndpoint 'modules/private-endpoint.bicep' = {
  name: 'endpoint-app-public'
  params: {
    name: '${name}-app-public'
    location: location
    tags: tags
    subnetId: endpointSubnetId
    serviceId: publicApp.outputs.id
    group: 'sites'
    zoneId: sitesZoneId
  }
}

module jobsEndpoint 'modules/private-endpoint.bicep' = {
  name: 'endpoint-app-jobs'
  params: {
    name: '${name}-app-jobs'
    location: location
    tags: tags
    subnetId: endpointSubnetId
    serviceId: jobsApp.outputs.id
    group: 'sites'
    zoneId: sitesZoneId
  }
}

module gateway 'modules/gateway.bicep' = {
  name: 'gateway'
  params: {
    name: name
    location: location
    tags: tags
    identityId: gatewayIdentityId
    subnetId: gatewaySubnetId
    hostName: hostName
    backendHostName: publicApp.outputs.hostName
    certificateSecretId: '${vaultUrl}secrets/${gatewayCertificate}'
    clientAddressHeader: clientAddressHeader
    minimumInstances: 2
    maximumInstances: gatewayMaximumInstances
  }
  dependsOn: [publicEndpoint]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    name: name
    location: location
    tags: tags
    workspaceId: workspaceId
    actionGroupId: actionGroupId
    vaultId: vaultId
    recordsId: recordsId
    gatewayId: gateway.outputs.id
  }
}
