// What nobody may make in this resource group, whatever template they use. Built-in policies of Azure.

@description('Where resources may stand. What is global by nature is not asked.')
param locations array

var builtIn = '/providers/Microsoft.Authorization/policyDefinitions'

var denials = [
  { name: 'storage-not-public', policy: 'b2982f36-99f2-4db5-8eff-283140c09693' }
  { name: 'storage-no-shared-keys', policy: '8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54' }
  { name: 'vault-not-public', policy: '405c5871-3e91-4644-8a63-58e19d68ff5b' }
  { name: 'records-not-public', policy: '797b37f7-06b8-444c-b1ad-fc62867f335a' }
]

resource allowedLocations 'Microsoft.Authorization/policyAssignments@2024-05-01' = {
  name: 'allowed-locations'
  properties: {
    displayName: 'Everything stands in Sweden'
    enforcementMode: 'Default'
    policyDefinitionId: '${builtIn}/e56962a6-4747-49cd-b67b-bf8b01975c4c'
    parameters: { listOfAllowedLocations: { value: locations } }
  }
}

resource denial 'Microsoft.Authorization/policyAssignments@2024-05-01' = [
  for each in denials: {
    name: each.name
    properties: {
      displayName: each.name
      enforcementMode: 'Default'
      policyDefinitionId: '${builtIn}/${each.policy}'
      parameters: { effect: { value: 'Deny' } }
    }
  }
]
