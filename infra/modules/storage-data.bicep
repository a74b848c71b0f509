// Sealed content, and the queues, whose messages hold ids. What is deleted is gone: no versions, no soft delete, no
// change feed, no immutability, and a lifecycle rule as a second line behind the sweep. The copies of the audit logs are
// the opposite: nobody changes or deletes them before their time, and they hold no content.

@description('Name of the account.')
param name string

@description('Where the account stands.')
param location string

@description('Tags of every resource.')
param tags object

@description('Container of the content.')
param container string

@description('Container of the journal of deletions.')
param journal string

@description('Container of the copies of the audit logs.')
param audit string

@description('Days in which nobody can change or delete a copy of an audit log.')
@minValue(1)
@maxValue(3653)
param auditDays int

@description('Whether that is locked. Locking is done by hand and for ever; a locked policy is not written again.')
param isAuditLocked bool

@description('Queues between the functions.')
param queues array

@description('The workspace that logs go to.')
param workspaceId string

@description('Days until content is deleted at the latest, as the code has it; the rule adds one, so that it never comes first.')
@minValue(1)
@maxValue(365)
param ceilingDays int

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  // Zones of one region: a copy in another region would be another place to delete from.
  sku: { name: 'Standard_ZRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    allowedCopyScope: 'AAD'
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    isSftpEnabled: false
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: 'Disabled'
    supportsHttpsTrafficOnly: true
    networkAcls: { bypass: 'None', defaultAction: 'Deny' }
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: {
        blob: { enabled: true, keyType: 'Account' }
        queue: { enabled: true, keyType: 'Account' }
      }
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    changeFeed: { enabled: false }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
    deleteRetentionPolicy: { enabled: false }
    isVersioningEnabled: false
    restorePolicy: { enabled: false }
  }
}

resource content 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: container
  properties: { publicAccess: 'None' }
}

// Nobody but the lifecycle rule deletes from it: what it says has to be there after a restore of the records.
resource notes 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: journal
  properties: { publicAccess: 'None' }
}

// Written once: the jobs create, and the policy keeps even the owner of the account from the rest once it is locked.
resource copies 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: audit
  properties: { publicAccess: 'None' }
}

resource writtenOnce 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-06-01' = if (!isAuditLocked) {
  parent: copies
  name: 'default'
  properties: { immutabilityPeriodSinceCreationInDays: auditDays, allowProtectedAppendWrites: false }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'second-line'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${container}/', '${journal}/'] }
            actions: {
              baseBlob: { delete: { daysAfterCreationGreaterThan: ceilingDays + 1 } }
              snapshot: { delete: { daysAfterCreationGreaterThan: 1 } }
              version: { delete: { daysAfterCreationGreaterThan: 1 } }
            }
          }
        }
      ]
    }
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [
  for each in queues: {
    parent: queueService
    name: each
  }
]

// The host would make it when a message has failed five times; made here, so that the jobs need not be allowed to.
resource poison 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [
  for each in queues: {
    parent: queueService
    name: '${each}-poison'
  }
]

// A message that is set aside is a write to a poison queue: the alert on it reads this log.
resource queueLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: queueService
  name: 'writes'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageWrite', enabled: true }]
  }
}

// Scanning would see sealed content only; what is watched is who asks for it.
resource defender 'Microsoft.Security/defenderForStorageSettings@2025-06-01' = {
  scope: account
  name: 'current'
  properties: {
    isEnabled: true
    overrideSubscriptionLevelSettings: true
    malwareScanning: { onUpload: { isEnabled: false, capGBPerMonth: -1 } }
    sensitiveDataDiscovery: { isEnabled: false }
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: account
  name: 'keep'
  properties: { level: 'CanNotDelete', notes: 'All content of all organisations.' }
}

output id string = account.id
output name string = account.name
output blobUrl string = account.properties.primaryEndpoints.blob
output queueUrl string = account.properties.primaryEndpoints.queue
