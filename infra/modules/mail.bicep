// Notices by mail: data in Europe, no keys, and nothing that tells the sender who opened a mail.

@description('Name of the resource, or the beginning of the names of several.')
param name string

@description('Tags of every resource.')
param tags object

@description('The domain that notices come from. Its SPF, DKIM and DMARC records are set where the domain is kept.')
param domain string

@description('What stands before the @ of the sender.')
param senderName string

@description('Whether the records of the domain have been verified. Before that no mail can be sent.')
param isDomainVerified bool

@description('Client id of the application that signs in to the mail server.')
param applicationId string

resource mail 'Microsoft.Communication/emailServices@2025-09-01' = {
  name: '${name}-mail'
  location: 'global'
  tags: tags
  properties: { dataLocation: 'Europe' }
}

resource sender 'Microsoft.Communication/emailServices/domains@2025-09-01' = {
  parent: mail
  name: domain
  location: 'global'
  tags: tags
  properties: { domainManagement: 'CustomerManaged', userEngagementTracking: 'Disabled' }
}

resource address 'Microsoft.Communication/emailServices/domains/senderUsernames@2025-09-01' = if (isDomainVerified) {
  parent: sender
  name: senderName
  properties: { username: senderName, displayName: senderName }
}

resource service 'Microsoft.Communication/communicationServices@2025-09-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    dataLocation: 'Europe'
    disableLocalAuth: true
    // Linking a domain before its records are verified is refused.
    linkedDomains: isDomainVerified ? [sender.id] : []
  }
}

// By which the application signs in; its password is a secret of that application.
resource user 'Microsoft.Communication/communicationServices/smtpUsernames@2025-09-01' = {
  parent: service
  name: 'notices'
  properties: {
    entraApplicationId: applicationId
    tenantId: tenant().tenantId
    username: '${name}-notices'
  }
}

output user string = user.properties.username
output id string = service.id
output domainId string = sender.id
output name string = service.name
