// Whom alarms reach.

@description('Name of the group.')
param name string

@description('Tags of every resource.')
param tags object

@description('Mail address of those on duty: a function mailbox, not a person.')
param dutyMail string

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'duty'
    emailReceivers: [{ name: 'duty', emailAddress: dutyMail, useCommonAlertSchema: true }]
  }
}

output id string = group.id
