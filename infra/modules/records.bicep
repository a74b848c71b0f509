// The records. No keys, no way in from outside, and a backup that forgets within a week: wrapped data keys that were
// deleted must not come back later than that.

@description('Name of the resource, or the beginning of the names of several.')
param name string

@description('Where the resource stands.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the database.')
param database string

@description('Name of the container.')
param container string

@description('Autoscale ceiling in request units a second; 0 makes a serverless account, for test.')
param maxThroughput int

var isServerless = maxThroughput == 0

resource account 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' = {
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: 'Continuous7Days' } }
    capabilities: isServerless ? [{ name: 'EnableServerless' }] : []
    // Instances share no session tokens: with less than this one of them might not see what another has just written.
    consistencyPolicy: { defaultConsistencyLevel: 'Strong' }
    disableKeyBasedMetadataWriteAccess: true
    disableLocalAuth: true
    enableAutomaticFailover: false
    enableMultipleWriteLocations: false
    locations: [
      { locationName: location, failoverPriority: 0, isZoneRedundant: !isServerless }
    ]
    minimalTlsVersion: 'Tls12'
    networkAclBypass: 'None'
    publicNetworkAccess: 'Disabled'
  }
}

resource records 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2025-10-15' = {
  parent: account
  name: database
  properties: { resource: { id: database } }
}

// Only the partition and the id are ever asked for, so nothing else is indexed.
resource items 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2025-10-15' = {
  parent: records
  name: container
  properties: {
    options: isServerless ? {} : { autoscaleSettings: { maxThroughput: maxThroughput } }
    resource: {
      id: container
      partitionKey: { kind: 'Hash', version: 2, paths: ['/pk'] }
      defaultTtl: -1
      indexingPolicy: {
        automatic: true
        indexingMode: 'consistent'
        includedPaths: [{ path: '/id/?' }, { path: '/pk/?' }]
        excludedPaths: [{ path: '/*' }]
      }
    }
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: account
  name: 'keep'
  properties: { level: 'CanNotDelete', notes: 'All records of all organisations.' }
}

output id string = account.id
output name string = account.name
output endpoint string = account.properties.documentEndpoint
