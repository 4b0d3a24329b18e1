import { type ApiDocument, listOperations, type Operation, type Parameter, type Schema } from './document.ts'

/**
 * The types of an OpenAPI document in the shape that openapi-fetch reads. openapi-typescript, which writes the same, needs
 * the compiler's API, which TypeScript 7 does not have.
 */

const union = (parts: readonly string[]): string => [...new Set(parts)].join(' | ') || 'never'

const key = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name))

const objectType = ({ properties = {}, required = [], ...schema }: Schema): string => {
  const fields = Object.entries(properties).map(([name, one]) =>
    required.includes(name) ? `${key(name)}: ${typeOf(one)}` : `${key(name)}?: ${typeOf(one)}`,
  )
  const { additionalProperties: more, patternProperties = {} } = schema
  const values = [...Object.values(patternProperties), ...(typeof more === 'object' ? [more] : [])]
  if (fields.length > 0) return `{ ${fields.join('; ')} }`
  return `Record<string, ${values.length > 0 ? union(values.map(typeOf)) : more === false ? 'never' : 'unknown'}>`
}

const simple: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
}

/** A JSON Schema as a TypeScript type. */
export const typeOf = (schema: Schema): string => {
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum) return union(schema.enum.map((value) => JSON.stringify(value)))
  if (schema.anyOf) return union(schema.anyOf.map(typeOf))
  if (schema.allOf) return schema.allOf.map((part) => `(${typeOf(part)})`).join(' & ')
  if (schema.type === 'array') return `(${schema.items ? typeOf(schema.items) : 'unknown'})[]`
  if (schema.type === 'object') return objectType(schema)
  return simple[schema.type ?? ''] ?? 'unknown'
}

const contentType = (content: Readonly<Record<string, { readonly schema?: Schema }>>): string =>
  `{ content: { ${Object.entries(content)
    .map(([media, { schema = {} }]) => `${JSON.stringify(media)}: ${typeOf(schema)}`)
    .join('; ')} } }`

const parametersType = (parameters: readonly Parameter[]): string => {
  const places = [...new Set(parameters.map((one) => one.in))].map((place) => {
    const own = parameters.filter((one) => one.in === place)
    const properties = Object.fromEntries(own.map(({ name, schema = {} }) => [name, schema]))
    const required = own.filter((one) => one.required).map(({ name }) => name)
    return `${place}${required.length > 0 ? '' : '?'}: ${objectType({ properties, required })}`
  })
  return `{ ${places.join('; ')} }`
}

const operationType = ({ parameters = [], requestBody, responses = {} }: Operation): string => {
  const answers = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([status, { content }]) => `${status}: ${content ? contentType(content) : '{ content?: never }'}`)
  const body = requestBody?.content ? `; requestBody: ${contentType(requestBody.content)}` : ''
  return `{ parameters: ${parametersType(parameters)}${body}; responses: { ${[...answers, 'default: Refusal'].join('; ')} } }`
}

const problem = `type Refusal = {
  content: {
    'application/problem+json': { type: string; title: string; status: number; code: string; detail: string }
  }
}`

/** The file that a client is typed with: `paths` of openapi-fetch. */
export const renderTypes = (document: ApiDocument): string => {
  const operations = listOperations(document)
  const items = [...new Set(operations.map(([path]) => path))].map((path) => {
    const methods = operations.filter(([each]) => each === path)
    return `  ${JSON.stringify(path)}: {\n${methods
      .map(([, method, operation]) => `    ${method}: ${operationType(operation)}\n`)
      .join('')}  }\n`
  })
  return `// Written by \`bun run derive\` from the routes of api-server. Do not edit.\n\n${problem}\n\n/** What each operation takes and answers, as openapi-fetch wants it. */\nexport type paths = {\n${items.join('')}}\n`
}
