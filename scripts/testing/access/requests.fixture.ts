import fc from 'fast-check'
import { almost, hostileBody, hostileText, type Schema, valid } from './arbitrary.fixture.ts'
import type { Operation } from './operations.fixture.ts'

/** A request as it is sent. */
export type Drawn = {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Values that exist, by the name of a parameter: only with them does a request get past the first look. */
export type Pool = Readonly<Record<string, readonly string[]>>

const encode = (value: unknown): string => {
  const text = encodeURIComponent((typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed())
  // An empty segment or dots make another path.
  return /^\.{0,2}$/.test(text) ? 'x' : text
}

const segment = (name: string, schema: Schema, pool: Pool) =>
  fc.oneof(
    { arbitrary: fc.constantFrom(...(pool[name] ?? ['x'])), weight: pool[name] === undefined ? 0 : 5 },
    { arbitrary: valid(schema), weight: 2 },
    { arbitrary: hostileText, weight: 1 },
  )

const queryValue = ({ schema }: { readonly schema: Schema }) =>
  fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 3 },
    { arbitrary: valid(schema), weight: 4 },
    { arbitrary: hostileText, weight: 1 },
  )

const someHeaders = fc.record(
  {
    'if-match': fc.constantFrom('*', '"x"', 'W/"x"', 'x', '"', '"a","b"', '"'.repeat(5_000)),
    'if-none-match': fc.constantFrom('*', '"x"', '"', ','),
    'idempotency-key': fc.oneof(fc.uuid(), fc.constantFrom('x', 'same-key-for-all', ' ', 'k'.repeat(500))),
    range: fc.constantFrom('bytes=0-0', 'bytes=-1', 'bytes=5-1', 'bytes=0-,1-', 'lines=1', `bytes=${'9'.repeat(30)}-`),
    'last-event-id': fc.constantFrom('0', '-1', '1', '9'.repeat(20), 'x', '0.x.0'),
    'x-reason': fc.constantFrom('a test', '', 'r'.repeat(500)),
    'x-request-id': fc.constantFrom('a', 'x'.repeat(300), '../..'),
    'x-forwarded-for': fc.constantFrom('127.0.0.1', 'x'),
  },
  { requiredKeys: [] },
)

/** Requests of an operation: right, wrong by little and hostile. */
export const drawRequest = (operation: Operation, pool: Pool): fc.Arbitrary<Drawn> => {
  const { parameters, path, body } = operation
  const named = (where: string) => parameters.filter((one) => one.in === where)
  const segments = fc.record(
    Object.fromEntries(named('path').map(({ name, schema }) => [name, segment(name, schema, pool)])),
  )
  const query = fc.record(Object.fromEntries(named('query').map((one) => [one.name, queryValue(one)])))
  const bodies =
    body === undefined
      ? fc.oneof({ arbitrary: fc.constant(undefined), weight: 3 }, { arbitrary: hostileBody, weight: 1 })
      : fc.oneof(
          { arbitrary: valid(body).map((value) => JSON.stringify(value)), weight: 4 },
          { arbitrary: almost(body).map((value) => JSON.stringify(value)), weight: 4 },
          { arbitrary: hostileBody, weight: 2 },
        )
  const extra = fc.oneof({ arbitrary: fc.constant({}), weight: 2 }, { arbitrary: someHeaders, weight: 1 })
  return fc.tuple(segments, query, bodies, extra).map(([places, asked, text, headers]) => {
    const whole = path.replaceAll(/\{(\w+)\}/g, (_, name) => encode(places[name] ?? 'x'))
    const pairs = Object.entries(asked).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${encodeURIComponent(String(value).toWellFormed())}`],
    )
    return {
      path: pairs.length === 0 ? whole : `${whole}?${pairs.join('&')}`,
      headers: { ...headers, ...(text !== undefined && { 'content-type': 'application/json' }) } as Record<
        string,
        string
      >,
      body: ['GET', 'HEAD'].includes(operation.method) ? undefined : text,
    }
  })
}
