/** What of JSON Schema (draft 2020-12) the routes state. */
export type Schema = {
  readonly $ref?: string
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly pattern?: string
  readonly [limit: string]: unknown
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>
type Answer = { readonly $ref?: string; readonly description?: string; readonly content?: Content }

export type Parameter = {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema?: Schema
}

export type Operation = {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content?: Content }
  readonly responses?: Readonly<Record<string, Answer>>
  readonly 'x-people'?: string
  readonly [field: string]: unknown
}

/** An OpenAPI document, of which the operations are what counts. */
export type ApiDocument = {
  readonly openapi: string
  readonly info: Readonly<Record<string, unknown>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: Readonly<Record<string, unknown>>
}

/** Where every refusal of a document leads. */
const PROBLEM = '#/components/responses/Problem'

/** All operations of a document as `[path, method, operation]`, in the order of their paths. */
export const listOperations = ({ paths }: ApiDocument): readonly (readonly [string, string, Operation])[] =>
  Object.entries(paths)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([path, item]) => Object.entries(item).map(([method, one]) => [path, method, one] as const))

const isRefusal = (status: string): boolean => status.startsWith('4') || status.startsWith('5')

/** What of a service's document is published: what people may call, with the problem document written once. */
export const publishDocument = (document: ApiDocument): ApiDocument => {
  const published = listOperations(document).filter(([, , operation]) => operation['x-people'] !== undefined)
  const refusals = published.flatMap(([, , { responses = {} }]) =>
    Object.entries(responses).filter(([status]) => isRefusal(status)),
  )
  const paths: Record<string, Record<string, Operation>> = {}
  for (const [path, method, { 'x-callers': _, responses = {}, ...operation }] of published)
    paths[path] = {
      ...paths[path],
      [method]: {
        ...operation,
        responses: Object.fromEntries(
          Object.entries(responses).map(([status, answer]) => [status, isRefusal(status) ? { $ref: PROBLEM } : answer]),
        ),
      },
    }
  const { securitySchemes } = document.components ?? {}
  const { accessToken } = (securitySchemes ?? {}) as Readonly<Record<string, unknown>>
  return {
    openapi: document.openapi,
    info: document.info,
    paths,
    components: {
      securitySchemes: { accessToken },
      responses: { Problem: { ...refusals[0]?.[1], description: 'a problem document (RFC 9457)' } },
    },
  }
}

/** A document as text: an operation a line, so that a change of one is a change of one line. */
export const formatDocument = ({ paths, ...rest }: ApiDocument): string => {
  const items = Object.entries(paths).map(
    ([path, item]) =>
      `${JSON.stringify(path)}:{\n${Object.entries(item)
        .map(([method, operation]) => `${JSON.stringify(method)}:${JSON.stringify(operation)}`)
        .join(',\n')}}`,
  )
  return `${JSON.stringify(rest).slice(0, -1)},\n"paths":{\n${items.join(',\n')}\n}}\n`
}
