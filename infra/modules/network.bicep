// The network: a subnet for each app, for private endpoints, for the gateway, and for whoever deploys and operates.
// Nothing but the gateway is reached from outside; what goes out has one address.

@description('Name of the resource, or the beginning of the names of several.')
param name string

@description('Where the resource stands.')
param location string

@description('Tags of every resource.')
param tags object

@description('A /16 of private addresses that nothing else in the organisation uses.')
param addressPrefix string

// By hand: checkov knows no `cidrSubnet`, and skips a file that it cannot read.
var numbers = split(addressPrefix, '.')
var publicPrefix = '${numbers[0]}.${numbers[1]}.0.0/24'
var jobsPrefix = '${numbers[0]}.${numbers[1]}.1.0/24'
var endpointsPrefix = '${numbers[0]}.${numbers[1]}.2.0/24'
var gatewayPrefix = '${numbers[0]}.${numbers[1]}.3.0/24'
var deploymentPrefix = '${numbers[0]}.${numbers[1]}.4.0/24'

resource gatewayRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: '${name}-gateway'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'https-from-everyone'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: gatewayPrefix
          destinationPortRange: '443'
        }
      }
      {
        // Application Gateway v2 does not work without it.
        name: 'gateway-manager'
        properties: {
          priority: 110
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'GatewayManager'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '65200-65535'
        }
      }
      {
        name: 'load-balancer'
        properties: {
          priority: 120
          direction: 'Inbound'
          access: 'Allow'
          protocol: '*'
          sourceAddressPrefix: 'AzureLoadBalancer'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
      {
        name: 'nothing-else'
        properties: {
          priority: 4096
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource endpointRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: '${name}-endpoints'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'https-from-inside'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefixes: [publicPrefix, jobsPrefix, gatewayPrefix, deploymentPrefix]
          sourcePortRange: '*'
          destinationAddressPrefix: endpointsPrefix
          destinationPortRange: '443'
        }
      }
      {
        name: 'nothing-else'
        properties: {
          priority: 4096
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

// Nothing reaches a machine here; a runner asks for its work.
resource deploymentRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: '${name}-deployment'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'nothing'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource wayOutAddress 'Microsoft.Network/publicIPAddresses@2025-05-01' = {
  name: '${name}-way-out'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4' }
}

// BankID, brokers and mail. New subnets have no way out of their own.
resource wayOut 'Microsoft.Network/natGateways@2025-05-01' = {
  name: '${name}-way-out'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { idleTimeoutInMinutes: 4, publicIpAddresses: [{ id: wayOutAddress.id }] }
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'public'
        properties: {
          addressPrefix: publicPrefix
          defaultOutboundAccess: false
          natGateway: { id: wayOut.id }
          delegations: [
            { name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }
          ]
        }
      }
      {
        name: 'jobs'
        properties: {
          addressPrefix: jobsPrefix
          defaultOutboundAccess: false
          natGateway: { id: wayOut.id }
          delegations: [
            { name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: endpointsPrefix
          defaultOutboundAccess: false
          networkSecurityGroup: { id: endpointRules.id }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
      {
        name: 'gateway'
        properties: {
          addressPrefix: gatewayPrefix
          networkSecurityGroup: { id: gatewayRules.id }
        }
      }
      {
        name: 'deployment'
        properties: {
          addressPrefix: deploymentPrefix
          defaultOutboundAccess: false
          natGateway: { id: wayOut.id }
          networkSecurityGroup: { id: deploymentRules.id }
        }
      }
    ]
  }
}

resource publicSubnet 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' existing = {
  parent: network
  name: 'public'
}

resource jobsSubnet 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' existing = {
  parent: network
  name: 'jobs'
}

resource endpointSubnet 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' existing = {
  parent: network
  name: 'endpoints'
}

resource gatewaySubnet 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' existing = {
  parent: network
  name: 'gateway'
}

output networkId string = network.id
output publicSubnetId string = publicSubnet.id
output jobsSubnetId string = jobsSubnet.id
output endpointSubnetId string = endpointSubnet.id
output gatewaySubnetId string = gatewaySubnet.id
