// What wakes somebody up. Queries read lines that the code writes (functions/jobs.py, functions/faults.py,
// functions/request_context.py, shared/adapters/event_log.py, shared/adapters/metric_lines.py) and logs of the services.

@description('Beginning of the names of the alerts.')
param name string

@description('Where the alerts stand.')
param location string

@description('Tags of every resource.')
param tags object

@description('The workspace that is asked.')
param workspaceId string

@description('Who is told.')
param actionGroupId string

@description('The vault.')
param vaultId string

@description('Cosmos DB account.')
param recordsId string

@description('The gateway.')
param gatewayId string

// Severity 1: promises are at stake. 2: somebody is kept from something. 3: within days.
var queries = [
  {
    name: 'poison-queue'
    text: 'A message was set aside after five failures.'
    severity: 1
    window: 'PT15M'
    every: 'PT5M'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
StorageQueueLogs
| where OperationName == "PutMessage" and StatusCode == "201" and Uri has "-poison"
| summarize found = count()
'''
  }
  {
    name: 'sweep-missing'
    text: 'No sweep was completed within 26 hours: what should be gone may still be stored.'
    severity: 1
    window: 'P2D'
    every: 'PT1H'
    operator: 'LessThan'
    threshold: 1
    query: '''
AppTraces
| where TimeGenerated > ago(26h) and Message has "sweep.completed"
| summarize found = count()
'''
  }
  {
    name: 'clock-disagrees'
    text: 'A clock of ours and the clock of the records are more than an hour apart: nothing is swept until that is put right.'
    severity: 1
    window: 'PT2H'
    every: 'PT30M'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
AppTraces
| where Message has "clock.disagrees"
| summarize found = count()
'''
  }
  {
    name: 'job-faults'
    text: 'Jobs of the background fail again and again.'
    severity: 2
    window: 'PT30M'
    every: 'PT10M'
    operator: 'GreaterThan'
    threshold: 10
    query: '''
AppTraces
| where Message has "job_fault" and Message !has "function=notify"
| summarize found = count()
'''
  }
  {
    name: 'mail-failures'
    text: 'Notices cannot be mailed.'
    severity: 2
    window: 'PT30M'
    every: 'PT10M'
    operator: 'GreaterThan'
    threshold: 5
    query: '''
AppTraces
| where Message has "job_fault" and Message has "function=notify"
| summarize found = count()
'''
  }
  {
    name: 'failed-sign-ins'
    text: 'Many sign-ins are refused: somebody guesses, or an e-ID is out of order.'
    severity: 2
    window: 'PT15M'
    every: 'PT5M'
    operator: 'GreaterThan'
    threshold: 100
    query: '''
AppTraces
| extend line = parse_json(Message)
| where tostring(line.event) == "request" and tostring(line.route) in ("staff_sign_in", "staff_sign_in_code", "staff_sign_in_recovery", "staff_sign_in_passkey", "bankid_start", "bankid_callback", "oidc_start", "oidc_callback", "entra_start", "entra_callback")
| where toint(line.status) in (401, 403, 422, 429, 503)
| summarize found = count()
'''
  }
  {
    name: 'server-errors'
    text: 'More than one request in fifty fails on our side.'
    severity: 2
    window: 'PT15M'
    every: 'PT5M'
    operator: 'GreaterThan'
    threshold: 2
    query: '''
AppTraces
| extend line = parse_json(Message)
| where tostring(line.event) == "request"
| summarize requests = count(), failed = countif(toint(line.status) >= 500)
| project found = iff(requests < 50, 0.0, 100.0 * failed / requests)
'''
  }
  {
    name: 'unwrap-failures'
    text: 'The vault refuses to unwrap organisation keys: their content cannot be read.'
    severity: 1
    window: 'PT15M'
    every: 'PT5M'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
AZKVAuditLogs
| where OperationName == "KeyUnwrap" and HttpStatusCode >= 400 and HttpStatusCode != 401 and HttpStatusCode != 429
| summarize found = count()
'''
  }
  {
    name: 'vault-changed'
    text: 'A key was deleted or purged, or the vault itself was changed.'
    severity: 1
    window: 'PT15M'
    every: 'PT5M'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
AZKVAuditLogs
| where OperationName in ("KeyDelete", "KeyPurge", "VaultPut", "VaultPatch", "VaultDelete")
| summarize found = count()
'''
  }
  {
    name: 'bankid-certificate'
    text: 'The certificate towards BankID ends within 60 days, or is refused.'
    severity: 3
    window: 'P1D'
    every: 'PT6H'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
AppTraces
| where Message has_any ("bankid.certificate.ending", "bankid.certificate.refused")
| summarize found = count()
'''
  }
  {
    name: 'vault-expiry'
    text: 'The EV certificate, a key or a secret of the vault ends within 30 days, or has ended.'
    severity: 2
    window: 'P1D'
    every: 'PT6H'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
AZKVAuditLogs
| where OperationName endswith "NearExpiryEventGridNotification" or OperationName endswith "ExpiredEventGridNotification"
| summarize found = count()
'''
  }
  {
    name: 'mail-late'
    text: 'Notices reach the mail server more than an hour late: its quota is used up, or it is slow.'
    severity: 2
    window: 'PT30M'
    every: 'PT10M'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
AppTraces
| extend line = parse_json(Message)
| where tostring(line.event) == "metric" and tostring(line.name) == "pic_mail_lag_seconds" and todouble(line.longest) > 3600
| summarize found = count()
'''
  }
  {
    name: 'sweep-late'
    text: 'Something was deleted more than 24 hours after its end: the promise says within a day.'
    severity: 1
    window: 'PT1H'
    every: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
AppTraces
| extend line = parse_json(Message)
| where tostring(line.event) == "metric" and tostring(line.name) == "pic_sweep_lag_seconds"
| where tostring(line.kind) in ("message", "thread", "file", "upload") and todouble(line.longest) > 86400
| summarize found = count()
'''
  }
  {
    name: 'audit-copy-missing'
    text: 'No run copied all audit logs within 6 hours: what happened since could be changed unseen.'
    severity: 1
    window: 'PT6H'
    every: 'PT1H'
    operator: 'LessThan'
    threshold: 1
    query: '''
AppTraces
| where Message has "audit.copied"
| summarize found = count()
'''
  }
  {
    name: 'audit-copy-late'
    text: 'An audit log is copied more than six hours late.'
    severity: 1
    window: 'PT2H'
    every: 'PT30M'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
AppTraces
| extend line = parse_json(Message)
| where tostring(line.event) == "metric" and tostring(line.name) == "pic_audit_copy_lag_seconds" and todouble(line.longest) > 21600
| summarize found = count()
'''
  }
  {
    name: 'refusals'
    text: 'Many sign-ins or files are refused by a rule, or limited: somebody tries.'
    severity: 2
    window: 'PT15M'
    every: 'PT5M'
    operator: 'GreaterThan'
    threshold: 200
    query: '''
AppTraces
| extend line = parse_json(Message)
| where tostring(line.event) == "metric" and tostring(line.name) == "pic_events_total"
| where tostring(line.audit) in ("session:staff:refuse", "session:staff:limit", "session:person:refuse", "session:person:limit", "session:broker:refuse", "order:return:refuse", "password:link:refuse", "factor:refuse", "factor:limit", "message:file:refuse", "client:token:refuse", "client:token:limit")
| summarize found = sum(toint(line.count))
'''
  }
  {
    name: 'security'
    text: 'Somebody guesses at accounts, looks for ids of others, or fetches unusually much: docs/security-events.md.'
    severity: 2
    window: 'PT15M'
    every: 'PT5M'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
AppTraces
| extend line = parse_json(Message)
| where tostring(line.event) == "metric" and tostring(line.name) == "pic_security_events_total"
| where tostring(line.result) == "noticed" and tostring(line.kind) in ("network-failures", "all-failures", "spraying", "misses", "downloads", "keys-changed", "codes-limited")
| summarize found = sum(toint(line.count))
'''
  }
  {
    name: 'security-lost'
    text: 'Security events were lost: neither log nor mail tells of them.'
    severity: 2
    window: 'PT15M'
    every: 'PT5M'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
AppTraces
| extend line = parse_json(Message)
| where tostring(line.event) == "metric" and tostring(line.name) == "pic_security_events_total"
| where tostring(line.result) == "lost"
| summarize found = sum(toint(line.count))
'''
  }
  {
    name: 'log-cap'
    text: 'The daily cap is reached: until tomorrow nothing is logged, and no other alert of this list can fire.'
    severity: 1
    window: 'PT1H'
    every: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
    query: '''
_LogOperation
| where Category == "Ingestion" and Operation has "Data collection stopped"
| summarize found = count()
'''
  }
]

resource found 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for each in queries: {
    name: '${name}-${each.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${name}: ${each.name}'
      description: each.text
      severity: each.severity
      enabled: true
      scopes: [workspaceId]
      windowSize: each.window
      evaluationFrequency: each.every
      // A table appears with its first line.
      skipQueryValidation: true
      autoMitigate: false
      muteActionsDuration: 'PT6H'
      criteria: {
        allOf: [
          {
            query: each.query
            metricMeasureColumn: 'found'
            timeAggregation: 'Total'
            operator: each.operator
            threshold: each.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [actionGroupId] }
    }
  }
]

var figures = [
  {
    name: 'vault-throttled'
    text: 'Key Vault answers 429.'
    scope: vaultId
    namespace: 'Microsoft.KeyVault/vaults'
    metric: 'ServiceApiResult'
    aggregation: 'Count'
    dimensions: [{ name: 'StatusCode', operator: 'Include', values: ['429'] }]
  }
  {
    name: 'records-throttled'
    text: 'Cosmos DB answers 429.'
    scope: recordsId
    namespace: 'Microsoft.DocumentDB/databaseAccounts'
    metric: 'TotalRequests'
    aggregation: 'Count'
    dimensions: [{ name: 'StatusCode', operator: 'Include', values: ['429'] }]
  }
  {
    name: 'app-unhealthy'
    text: 'The gateway finds no healthy app.'
    scope: gatewayId
    namespace: 'Microsoft.Network/applicationGateways'
    metric: 'UnhealthyHostCount'
    aggregation: 'Average'
    dimensions: []
  }
]

resource measured 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for each in figures: {
    name: '${name}-${each.name}'
    location: 'global'
    tags: tags
    properties: {
      description: each.text
      severity: 2
      enabled: true
      scopes: [each.scope]
      windowSize: 'PT5M'
      evaluationFrequency: 'PT1M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            name: each.name
            criterionType: 'StaticThresholdCriterion'
            metricNamespace: each.namespace
            metricName: each.metric
            operator: 'GreaterThan'
            threshold: 0
            timeAggregation: each.aggregation
            dimensions: each.dimensions
          }
        ]
      }
      actions: [{ actionGroupId: actionGroupId }]
    }
  }
]
