// The figures that operations look at, from the lines that the code writes. The page itself is workbook.json.

@description('Where the workbook stands.')
param location string

@description('Tags of every resource.')
param tags object

@description('The workspace that is asked.')
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'operations')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    category: 'workbook'
    displayName: 'Operations'
    serializedData: loadTextContent('workbook.json')
    sourceId: workspaceId
  }
}
