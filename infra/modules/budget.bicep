// What this resource group may cost in a month before somebody is told. Nothing is switched off.

@description('Name of the budget.')
param name string

@description('Cost in a month, in the currency of the subscription.')
@minValue(1)
param monthlyAmount int

@description('First day of the month in which it begins, such as 2026-09-01. Cannot be changed later.')
param begins string

@description('Who is told.')
param actionGroupId string

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: monthlyAmount
    timeGrain: 'Monthly'
    timePeriod: { startDate: begins }
    notifications: {
      soon: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: []
        contactGroups: [actionGroupId]
      }
      expected: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: []
        contactGroups: [actionGroupId]
      }
    }
  }
}
