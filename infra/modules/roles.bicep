// Who may do what: all role assignments, and the roles that Azure does not have ready-made.

@description('Beginning of the names of the roles made here.')
param name string

@description('Principal of the identity of the app that answers people.')
param publicPrincipalId string

@description('Principal of the identity of the app that works in the background.')
param jobsPrincipalId string

@description('Principal of the gateway\'s identity.')
param gatewayPrincipalId string

@description('Principal of the application that signs in to the mail server.')
param mailPrincipalId string

@description('Storage account of the public app\'s host.')
param publicHostName string

@description('Storage account of the jobs\' host.')
param jobsHostName string

@description('Storage account of content and queues.')
param dataName string

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
param recordsName string

@description('Database of the records.')
param database string

@description('Key vault.')
param vaultName string

@description('Secrets that both apps read.')
param appSecrets array

@description('Secrets that the jobs alone read.')
param jobsSecrets array

@description('The EV certificate, which the gateway alone reads.')
param gatewayCertificate string

@description('Whether the secrets are in the vault. A role on a secret needs the secret.')
param hasSecrets bool

@description('Application Insights.')
param insightsName string

@description('Communication service.')
param mailName string

var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
var tableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
var queueMessageSender = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
var queueMessageProcessor = '8a0f0c08-91a1-4084-bc3d-661d67233fed'
var cryptoServiceEncryptionUser = 'e147488a-f6f5-4113-8e2d-b22465e65bf6'
var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'
var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'
var communicationOwner = '09976791-48a7-449e-bb21-39d1a415f350'

var apps = [publicPrincipalId, jobsPrincipalId]
var hostRoles = [blobDataOwner, queueDataContributor, tableDataContributor]

// Roles of our own. The ready-made one for blobs may delete the whole container.

resource writer 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'content-writer')
  properties: {
    roleName: '${name} content writer'
    description: 'Reads, lists and writes sealed content. Deletes nothing.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: ['Microsoft.Storage/storageAccounts/blobServices/containers/read']
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'
        ]
      }
    ]
  }
}

resource eraser 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'content-eraser')
  properties: {
    roleName: '${name} content eraser'
    description: 'Deletes sealed content.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      { actions: [], dataActions: ['Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'] }
    ]
  }
}

resource archivist 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'audit-archivist')
  properties: {
    roleName: '${name} audit archivist'
    description: 'Reads, lists and creates copies of the audit logs. Changes and deletes none.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: []
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'
        ]
      }
    ]
  }
}

resource queueLister 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'queue-lister')
  properties: {
    roleName: '${name} queue lister'
    description: 'Lists queues and how much is in them. Reads no message.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      { actions: ['Microsoft.Storage/storageAccounts/queueServices/queues/read'], dataActions: [] }
    ]
  }
}

resource keyRenewer 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'key-renewer')
  properties: {
    roleName: '${name} key renewer'
    description: 'Makes a further version of a key. Makes and deletes no key.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      { actions: [], dataActions: ['Microsoft.KeyVault/vaults/keys/rotate/action'] }
    ]
  }
}

// Each host: its own account, whole.

resource publicHost 'Microsoft.Storage/storageAccounts@2025-06-01' existing = { name: publicHostName }

resource jobsHost 'Microsoft.Storage/storageAccounts@2025-06-01' existing = { name: jobsHostName }

resource publicHosting 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in hostRoles: {
    scope: publicHost
    name: guid(publicHost.id, publicPrincipalId, role)
    properties: {
      principalId: publicPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource jobsHosting 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in hostRoles: {
    scope: jobsHost
    name: guid(jobsHost.id, jobsPrincipalId, role)
    properties: {
      principalId: jobsPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

// Content.

resource data 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: dataName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource content 'containers' existing = { name: container }

    resource notes 'containers' existing = { name: journal }

    resource copies 'containers' existing = { name: audit }
  }

  resource queueService 'queueServices' existing = {
    name: 'default'

    resource dispatch 'queues' existing = { name: dispatchQueue }

    resource notify 'queues' existing = { name: notifyQueue }

    resource dispatchPoison 'queues' existing = { name: '${dispatchQueue}-poison' }

    resource notifyPoison 'queues' existing = { name: '${notifyQueue}-poison' }
  }
}

resource writing 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in apps: {
    scope: data::blobs::content
    name: guid(data.id, principal, 'content-writer')
    properties: { principalId: principal, principalType: 'ServicePrincipal', roleDefinitionId: writer.id }
  }
]

// The journal: both note what they delete, and neither may take a note away.
resource noting 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in apps: {
    scope: data::blobs::notes
    name: guid(data.id, principal, 'journal-writer')
    properties: { principalId: principal, principalType: 'ServicePrincipal', roleDefinitionId: writer.id }
  }
]

// The copies of the audit logs: the jobs add to them, and the app that answers people does not even read them.
resource archiving 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: data::blobs::copies
  name: guid(data.id, jobsPrincipalId, 'audit-archivist')
  properties: { principalId: jobsPrincipalId, principalType: 'ServicePrincipal', roleDefinitionId: archivist.id }
}

// Only the jobs delete: requests make unreadable and hand over (ADR 0034).
resource jobsErasing 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: data::blobs::content
  name: guid(data.id, jobsPrincipalId, 'content-eraser')
  properties: { principalId: jobsPrincipalId, principalType: 'ServicePrincipal', roleDefinitionId: eraser.id }
}

// Queues. Requests put what is to be delivered or erased; everything else is the jobs'.

resource listing 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in apps: {
    scope: data
    name: guid(data.id, principal, 'queue-lister')
    properties: { principalId: principal, principalType: 'ServicePrincipal', roleDefinitionId: queueLister.id }
  }
]

resource publicSending 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: data::queueService::dispatch
  name: guid(data.id, publicPrincipalId, dispatchQueue, queueMessageSender)
  properties: {
    principalId: publicPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueMessageSender)
  }
}

resource jobsOnDispatch 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [queueMessageSender, queueMessageProcessor]: {
    scope: data::queueService::dispatch
    name: guid(data.id, jobsPrincipalId, dispatchQueue, role)
    properties: {
      principalId: jobsPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource jobsOnNotify 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [queueMessageSender, queueMessageProcessor]: {
    scope: data::queueService::notify
    name: guid(data.id, jobsPrincipalId, notifyQueue, role)
    properties: {
      principalId: jobsPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource dispatchPoisoning 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: data::queueService::dispatchPoison
  name: guid(data.id, jobsPrincipalId, '${dispatchQueue}-poison', queueMessageSender)
  properties: {
    principalId: jobsPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueMessageSender)
  }
}

resource notifyPoisoning 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: data::queueService::notifyPoison
  name: guid(data.id, jobsPrincipalId, '${notifyQueue}-poison', queueMessageSender)
  properties: {
    principalId: jobsPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueMessageSender)
  }
}

// Records: on the database, not on the account; and what the code calls, which is no upsert, procedure or change feed.
// Both delete: sessions, orders and drafts end by requests.

resource records 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' existing = { name: recordsName }

resource recorder 'Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions@2025-10-15' = {
  parent: records
  name: guid(records.id, 'recorder')
  properties: {
    roleName: '${name} recorder'
    type: 'CustomRole'
    assignableScopes: ['${records.id}/dbs/${database}']
    permissions: [
      {
        dataActions: [
          'Microsoft.DocumentDB/databaseAccounts/readMetadata'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeQuery'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/create'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/delete'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/read'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/replace'
        ]
      }
    ]
  }
}

resource recording 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2025-10-15' = [
  for principal in apps: {
    parent: records
    name: guid(records.id, principal, 'recorder')
    properties: {
      principalId: principal
      roleDefinitionId: recorder.id
      scope: '${records.id}/dbs/${database}'
    }
  }
]

// Keys: both wrap and unwrap, and the jobs renew; nobody here makes or deletes one. Secrets: each its own, by name.

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = { name: vaultName }

resource wrapping 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in apps: {
    scope: vault
    name: guid(vault.id, principal, cryptoServiceEncryptionUser)
    properties: {
      principalId: principal
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', cryptoServiceEncryptionUser)
    }
  }
]

resource renewing 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, jobsPrincipalId, 'key-renewer')
  properties: { principalId: jobsPrincipalId, principalType: 'ServicePrincipal', roleDefinitionId: keyRenewer.id }
}

var jobsReads = concat(appSecrets, jobsSecrets)

resource publicSecret 'Microsoft.KeyVault/vaults/secrets@2025-05-01' existing = [
  for secret in appSecrets: {
    parent: vault
    name: secret
  }
]

resource jobsSecret 'Microsoft.KeyVault/vaults/secrets@2025-05-01' existing = [
  for secret in jobsReads: {
    parent: vault
    name: secret
  }
]

resource certificate 'Microsoft.KeyVault/vaults/secrets@2025-05-01' existing = {
  parent: vault
  name: gatewayCertificate
}

resource publicReading 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (secret, index) in appSecrets: if (hasSecrets) {
    scope: publicSecret[index]
    name: guid(vault.id, publicPrincipalId, secret, secretsUser)
    properties: {
      principalId: publicPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
    }
  }
]

resource jobsReading 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (secret, index) in jobsReads: if (hasSecrets) {
    scope: jobsSecret[index]
    name: guid(vault.id, jobsPrincipalId, secret, secretsUser)
    properties: {
      principalId: jobsPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
    }
  }
]

resource gatewayReading 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hasSecrets) {
  scope: certificate
  name: guid(vault.id, gatewayPrincipalId, gatewayCertificate, secretsUser)
  properties: {
    principalId: gatewayPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

// Telemetry and mail.

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

resource publishing 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in apps: {
    scope: insights
    name: guid(insights.id, principal, metricsPublisher)
    properties: {
      principalId: principal
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
    }
  }
]

resource mail 'Microsoft.Communication/communicationServices@2025-09-01' existing = { name: mailName }

resource mailing 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: mail
  name: guid(mail.id, mailPrincipalId, communicationOwner)
  properties: {
    principalId: mailPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', communicationOwner)
  }
}
