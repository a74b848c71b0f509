// The only way in: TLS with the organisation's EV certificate, a web application firewall, and headers that nobody may
// forge. The app is reached by its private endpoint.

@description('Name of the resource, or the beginning of the names of several.')
param name string

@description('Where the gateway stands.')
param location string

@description('Tags of every resource.')
param tags object

@description('The gateway\'s own identity, which reads one certificate.')
param identityId string

@description('The gateway\'s subnet.')
param subnetId string

@description('The name that people see in the address bar.')
param hostName string

@description('Host name of the app that answers people.')
param backendHostName string

@description('Address of the certificate\'s secret in the vault, without version: a renewed one is picked up by itself.')
param certificateSecretId string

@description('The header in which the app is told the client\'s address. Whatever a client sent in it is overwritten.')
param clientAddressHeader string

@description('Fewest instances; two or more for zones.')
@minValue(2)
param minimumInstances int

@description('Most instances.')
param maximumInstances int

var zones = ['1', '2', '3']

// The app knows its methods and answers 405 to others; the rule set might know neither PATCH nor DELETE.
var methods = { ruleGroupName: 'METHOD-ENFORCEMENT', rules: [{ ruleId: '911100', state: 'Disabled' }] }

// Content of uploads is application/offset+octet-stream (tus 1.0), which is on no list of usual types.
var contentTypes = { ruleGroupName: 'PROTOCOL-ENFORCEMENT', rules: [{ ruleId: '920420', state: 'Disabled' }] }

var bots = { ruleSetType: 'Microsoft_BotManagerRuleSet', ruleSetVersion: '1.0' }

resource address 'Microsoft.Network/publicIPAddresses@2025-05-01' = {
  name: '${name}-gateway'
  location: location
  tags: tags
  zones: zones
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4' }
}

// What people write to each other is content: it may look like SQL or script, is sealed, and is never run.
resource firewall 'Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies@2025-05-01' = {
  name: '${name}-everything'
  location: location
  tags: tags
  properties: {
    policySettings: {
      state: 'Enabled'
      mode: 'Prevention'
      requestBodyCheck: true
      requestBodyEnforcement: true
      maxRequestBodySizeInKb: 512
      requestBodyInspectLimitInKB: 512
    }
    managedRules: {
      managedRuleSets: [
        { ruleSetType: 'Microsoft_DefaultRuleSet', ruleSetVersion: '2.1', ruleGroupOverrides: [methods] }
        bots
      ]
      exclusions: [
        { matchVariable: 'RequestArgNames', selectorMatchOperator: 'Equals', selector: 'text' }
        { matchVariable: 'RequestArgNames', selectorMatchOperator: 'Equals', selector: 'subject' }
        { matchVariable: 'RequestArgNames', selectorMatchOperator: 'Equals', selector: 'password' }
      ]
    }
  }
}

// Uploads: addresses and headers are inspected, bodies are not. They are files of any kind, and far above every limit.
resource uploadFirewall 'Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies@2025-05-01' = {
  name: '${name}-uploads'
  location: location
  tags: tags
  properties: {
    policySettings: {
      state: 'Enabled'
      mode: 'Prevention'
      requestBodyCheck: false
      requestBodyEnforcement: false
      fileUploadEnforcement: false
    }
    managedRules: {
      managedRuleSets: [
        { ruleSetType: 'Microsoft_DefaultRuleSet', ruleSetVersion: '2.1', ruleGroupOverrides: [methods, contentTypes] }
        bots
      ]
    }
  }
}

resource gateway 'Microsoft.Network/applicationGateways@2025-05-01' = {
  name: name
  location: location
  tags: tags
  zones: zones
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    sku: { name: 'WAF_v2', tier: 'WAF_v2' }
    autoscaleConfiguration: { minCapacity: minimumInstances, maxCapacity: maximumInstances }
    enableHttp2: true
    firewallPolicy: { id: firewall.id }
    // Downloads stream. Uploads cannot: with a firewall the gateway keeps a request until it is whole.
    globalConfiguration: { enableRequestBuffering: true, enableResponseBuffering: false }
    sslPolicy: { policyType: 'Predefined', policyName: 'AppGwSslPolicy20220101S' }
    sslCertificates: [
      { name: 'portal', properties: { keyVaultSecretId: certificateSecretId } }
    ]
    gatewayIPConfigurations: [
      { name: 'gateway', properties: { subnet: { id: subnetId } } }
    ]
    frontendIPConfigurations: [
      { name: 'public', properties: { publicIPAddress: { id: address.id } } }
    ]
    frontendPorts: [
      { name: 'https', properties: { port: 443 } }
    ]
    httpListeners: [
      {
        name: 'portal'
        properties: {
          protocol: 'Https'
          hostName: hostName
          requireServerNameIndication: true
          frontendIPConfiguration: {
            id: resourceId('Microsoft.Network/applicationGateways/frontendIPConfigurations', name, 'public')
          }
          frontendPort: { id: resourceId('Microsoft.Network/applicationGateways/frontendPorts', name, 'https') }
          sslCertificate: { id: resourceId('Microsoft.Network/applicationGateways/sslCertificates', name, 'portal') }
        }
      }
    ]
    backendAddressPools: [
      { name: 'app', properties: { backendAddresses: [{ fqdn: backendHostName }] } }
    ]
    backendHttpSettingsCollection: [
      {
        name: 'app'
        properties: {
          port: 443
          protocol: 'Https'
          cookieBasedAffinity: 'Disabled'
          pickHostNameFromBackendAddress: true
          // A little longer than the platform waits for the first byte of an answer.
          requestTimeout: 240
          probe: { id: resourceId('Microsoft.Network/applicationGateways/probes', name, 'health') }
        }
      }
    ]
    probes: [
      {
        name: 'health'
        properties: {
          protocol: 'Https'
          path: '/health'
          pickHostNameFromBackendHttpSettings: true
          interval: 30
          timeout: 10
          unhealthyThreshold: 3
          match: { statusCodes: ['200'] }
        }
      }
    ]
    rewriteRuleSets: [
      {
        name: 'headers'
        properties: {
          rewriteRules: [
            {
              name: 'not-from-outside'
              ruleSequence: 100
              actionSet: {
                // An empty value deletes. The first would hold up the invocation that it names, the second could end
                // in links, the third is a key of the host.
                requestHeaderConfigurations: [
                  { headerName: 'x-ms-invocation-id', headerValue: '' }
                  { headerName: 'x-forwarded-host', headerValue: '' }
                  { headerName: 'x-functions-key', headerValue: '' }
                  { headerName: clientAddressHeader, headerValue: '{var_client_ip}' }
                ]
              }
            }
          ]
        }
      }
    ]
    urlPathMaps: [
      {
        name: 'portal'
        properties: {
          defaultBackendAddressPool: {
            id: resourceId('Microsoft.Network/applicationGateways/backendAddressPools', name, 'app')
          }
          defaultBackendHttpSettings: {
            id: resourceId('Microsoft.Network/applicationGateways/backendHttpSettingsCollection', name, 'app')
          }
          defaultRewriteRuleSet: {
            id: resourceId('Microsoft.Network/applicationGateways/rewriteRuleSets', name, 'headers')
          }
          pathRules: [
            {
              name: 'uploads'
              properties: {
                paths: ['/api/v1/uploads', '/api/v1/uploads/*']
                backendAddressPool: {
                  id: resourceId('Microsoft.Network/applicationGateways/backendAddressPools', name, 'app')
                }
                backendHttpSettings: {
                  id: resourceId('Microsoft.Network/applicationGateways/backendHttpSettingsCollection', name, 'app')
                }
                rewriteRuleSet: {
                  id: resourceId('Microsoft.Network/applicationGateways/rewriteRuleSets', name, 'headers')
                }
                firewallPolicy: { id: uploadFirewall.id }
              }
            }
          ]
        }
      }
    ]
    requestRoutingRules: [
      {
        name: 'portal'
        properties: {
          ruleType: 'PathBasedRouting'
          priority: 100
          httpListener: { id: resourceId('Microsoft.Network/applicationGateways/httpListeners', name, 'portal') }
          urlPathMap: { id: resourceId('Microsoft.Network/applicationGateways/urlPathMaps', name, 'portal') }
        }
      }
    ]
  }
}

output id string = gateway.id
output address string = address.properties.ipAddress
