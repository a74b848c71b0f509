// The vault of the key-encryption keys, of the peppers and of the certificates. Keys made here are in an HSM and stay there.

@description('Name of the resource, or the beginning of the names of several.')
param name string

@description('Where the resource stands.')
param location string

@description('Tags of every resource.')
param tags object

@description('The workspace that logs go to.')
param workspaceId string

@description('Cannot be changed later. 7: destroying a key becomes final after a week; 90: a mistake can be undone for longer.')
@minValue(7)
@maxValue(90)
param softDeleteDays int

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'premium' }
    enablePurgeProtection: true
    enableRbacAuthorization: true
    enableSoftDelete: true
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    networkAcls: { bypass: 'None', defaultAction: 'Deny', ipRules: [], virtualNetworkRules: [] }
    publicNetworkAccess: 'disabled'
    softDeleteRetentionInDays: softDeleteDays
  }
}

// The platform's own key, of what belongs to no organisation; those of organisations are made with them. A rotation makes
// a further version; what older ones have wrapped needs them, so they expire late, and what has expired still unwraps.
resource platform 'Microsoft.KeyVault/vaults/keys@2025-05-01' = {
  parent: vault
  name: 'organisation-platform'
  properties: {
    kty: 'RSA-HSM'
    keySize: 3072
    keyOps: ['wrapKey', 'unwrapKey']
    attributes: { enabled: true, exportable: false }
    rotationPolicy: {
      lifetimeActions: [
        { action: { type: 'rotate' }, trigger: { timeAfterCreate: 'P1Y' } }
        { action: { type: 'notify' }, trigger: { timeBeforeExpiry: 'P30D' } }
      ]
      attributes: { expiryTime: 'P2Y' }
    }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'audit'
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: vault
  name: 'keep'
  properties: { level: 'CanNotDelete', notes: 'Without these keys nothing can be read.' }
}

output id string = vault.id
output name string = vault.name
output url string = vault.properties.vaultUri
