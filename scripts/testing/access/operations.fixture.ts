import Ajv, { type ValidateFunction } from 'ajv'
import type { Schema } from './arbitrary.fixture.ts'

type Parameter = { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema: Schema }
type Content = Readonly<Record<string, { readonly schema?: Schema }>>
type Described = {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses?: Readonly<Record<string, { readonly content?: Content }>>
  readonly security?: readonly unknown[]
  readonly 'x-callers'?: readonly string[]
  readonly 'x-people'?: string
}
type Document = { readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>> }

/** One operation of a service, as its OpenAPI document describes it. */
export type Operation = {
  readonly service: string
  /** 'METHOD /path/{parameter}' */
  readonly name: string
  readonly method: string
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly body: Schema | undefined
  readonly isOpen: boolean
  readonly callers: readonly string[]
  readonly people: string | undefined
  /** What is wrong with an answer of this status and body; undefined when it is as described. */
  readonly judge: (status: number, contentType: string, text: string) => string | undefined
}

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: false })

const judgeBy = (responses: Described['responses'] = {}): Operation['judge'] => {
  const compiled = new Map<string, ValidateFunction | undefined>()
  for (const [status, { content = {} }] of Object.entries(responses)) {
    const schema = Object.values(content).find((one) => one.schema !== undefined)?.schema
    const isAnything = schema === undefined || Object.keys(schema).length === 0
    compiled.set(status, isAnything ? undefined : ajv.compile(schema))
  }
  return (status, contentType, body) => {
    if (!compiled.has(String(status))) return `${status} is not in the document: ${body.slice(0, 300)}`
    const validate = compiled.get(String(status))
    if (validate === undefined || body === '') return undefined
    if (!/json/.test(contentType)) return `${status} is ${contentType}, the document says JSON`
    if (validate(JSON.parse(body))) return undefined
    return `${status} differs from its schema: ${ajv.errorsText(validate.errors)} in ${body.slice(0, 300)}`
  }
}

const everywhere = ['/health', '/status', '/metrics', '/openapi.json']

/** All operations of a running service but those that every service has. */
export const readOperations = async (service: string, url: string): Promise<readonly Operation[]> => {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as Document
  return Object.entries(paths)
    .filter(([path]) => !everywhere.includes(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([verb, described]) => {
        const method = verb.toUpperCase()
        return {
          ...{ service, name: `${method} ${path}`, method, path },
          parameters: described.parameters ?? [],
          body: described.requestBody?.content['application/json']?.schema,
          isOpen: described.security?.length === 0,
          callers: described['x-callers'] ?? [],
          people: described['x-people'],
          judge: judgeBy(described.responses),
        }
      }),
    )
}
