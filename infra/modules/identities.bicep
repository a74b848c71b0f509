// Who the service is towards Azure. One identity for each app, so that roles exist before the app does; the gateway
// has its own, which reads one certificate.

@description('Beginning of the names of all resources.')
param name string

@description('Where the resource stands.')
param location string

@description('Tags of every resource.')
param tags object

resource public 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-public'
  location: location
  tags: tags
}

resource jobs 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-jobs'
  location: location
  tags: tags
}

resource gateway 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-gateway'
  location: location
  tags: tags
}

output publicId string = public.id
output publicPrincipalId string = public.properties.principalId
output publicClientId string = public.properties.clientId
output jobsId string = jobs.id
output jobsPrincipalId string = jobs.properties.principalId
output jobsClientId string = jobs.properties.clientId
output gatewayId string = gateway.id
output gatewayPrincipalId string = gateway.properties.principalId
