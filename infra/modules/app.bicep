// One Functions app on its own Flex Consumption plan. Its way in is a private endpoint.

@description('Name of the resource, or the beginning of the names of several.')
param name string

@description('Where the resource stands.')
param location string

@description('Tags of every resource.')
param tags object

@description('The app\'s user-assigned identity.')
param identityId string

@description('Client id of that identity.')
param identityClientId string

@description('The subnet.')
param subnetId string

@description('Storage account of the Functions host.')
param hostAccountName string

@description('Address of the container with this app\'s package.')
param packageUrl string

@description('The app\'s settings, as the code reads them.')
param settings object

@description('Version of Python: one that the code is tested with.')
param pythonVersion string

@description('Whether instances are spread over the zones. Then groups that are always ready have two instances at least.')
param isZoneRedundant bool

@description('Groups of functions with instances that are always there.')
param alwaysReady array

@description('Most instances; the platform allows no maximum below 40.')
@minValue(40)
param maximumInstances int

@description('Memory of an instance: 512, 2048 or 4096 MB.')
param instanceMemoryMB int

@description('Requests that one instance takes at once.')
param httpConcurrency int

@description('What azd knows the app by.')
param serviceName string

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: isZoneRedundant }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': serviceName })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    clientAffinityEnabled: false
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    publicNetworkAccess: 'Disabled'
    virtualNetworkSubnetId: subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'python', version: pythonVersion }
      scaleAndConcurrency: {
        alwaysReady: alwaysReady
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstances
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
    // No more than this: Flex Consumption refuses an app for each property that it does not know (error 51021), ftpsState too.
    siteConfig: {
      healthCheckPath: '/health'
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource configuration 'config' = {
    name: 'appsettings'
    properties: union(settings, {
      AzureWebJobsStorage__accountName: hostAccountName
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
      // The code and the queue triggers of the host: each names its identity in its own way.
      AZURE_CLIENT_ID: identityClientId
      PIC_STORAGE__credential: 'managedidentity'
      PIC_STORAGE__clientId: identityClientId
      // For the C library of the worker: keep large buffers, and one arena for all threads (docs/adr/0006 and 0019).
      MALLOC_MMAP_THRESHOLD_: '67108864'
      MALLOC_TRIM_THRESHOLD_: '1073741824'
      MALLOC_ARENA_MAX: '1'
    })
  }
}

output id string = app.id
output name string = app.name
output hostName string = app.properties.defaultHostName
