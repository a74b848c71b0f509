// Defender plans. They are the subscription's: what else stands in it is watched, and paid for, as well. Storage has its
// plan on the account (storage-data).
targetScope = 'subscription'

resource vaults 'Microsoft.Security/pricings@2024-01-01' = {
  name: 'KeyVaults'
  properties: { pricingTier: 'Standard', subPlan: 'PerKeyVault' }
}

// One plan at a time: the service refuses two changes at once.
resource records 'Microsoft.Security/pricings@2024-01-01' = {
  name: 'CosmosDbs'
  properties: { pricingTier: 'Standard' }
  dependsOn: [vaults]
}
