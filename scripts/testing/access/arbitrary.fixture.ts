import fc from 'fast-check'

/**
 * Values out of JSON Schemas as TypeBox writes them, for fast-check. The one library for it, json-schema-fast-check, is
 * of fast-check 1 and draws in a dozen packages; our schemas need these few words of the language.
 */
export type Schema = {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

const text = ({ pattern, minLength = 0, maxLength = 200 }: Schema): fc.Arbitrary<string> => {
  const plain = fc.string({ minLength, maxLength: Math.min(maxLength, 200) })
  if (pattern === undefined) return plain
  // What fast-check cannot read out of a pattern, a lookahead for one, is drawn without it.
  try {
    return fc.stringMatching(new RegExp(pattern))
  } catch {
    return plain
  }
}

const list = (schema: Schema): fc.Arbitrary<unknown> => {
  const bounds = { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 4, 4) }
  const item = valid(schema.items ?? {})
  return schema.uniqueItems
    ? fc.uniqueArray(item, { ...bounds, selector: (one) => JSON.stringify(one) })
    : fc.array(item, bounds)
}

const record = ({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> =>
  fc.record(Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valid(schema)])), {
    requiredKeys: [...required],
  })

/** Values that a schema allows. */
export const valid = (schema: Schema): fc.Arbitrary<unknown> => {
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const parts = schema.anyOf ?? schema.allOf
  if (parts !== undefined) return fc.oneof(...parts.map(valid))
  const { minimum = 0, maximum = 2 ** 31 } = schema
  switch (schema.type) {
    case 'string':
      return text(schema)
    case 'integer':
      return fc.integer({ min: minimum, max: maximum })
    case 'number':
      return fc.double({ min: minimum, max: maximum, noNaN: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return list(schema)
    case 'object':
      return record(schema)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

/** What nobody sends by mistake. */
export const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 64 }),
  fc.constantFrom(
    ...['', ' ', '0', '-1', '1e999', 'NaN', 'null', 'true', '[object Object]', '__proto__', 'constructor'],
    ...["' OR 1=1 --", '{"$gt":""}', '$where', '../../etc/passwd', '..%2f..%2f', '%00', '\u0000', '\ud800'],
    ...['<script>alert(1)</script>', '\u202e', '\r\nx-injected: 1', '\u001b[2J', '9'.repeat(400), 'x'.repeat(5_000)],
  ),
)

const hostileValue = fc.oneof(
  hostileText,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(2 ** 53, -1, 0.5, 1e308, [], {}, null, true, { __proto__: null, $ne: 1 }),
)

/** A valid value with one thing changed: left out, added, of another kind, at its edge. */
export const almost = (schema: Schema): fc.Arbitrary<unknown> =>
  fc
    .tuple(valid(schema), fc.nat(), hostileValue, fc.constantFrom('drop', 'add', 'change'))
    .map(([value, at, other, how]) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return other
      const names = Object.keys(value)
      const name = names[at % Math.max(1, names.length)] ?? 'more'
      if (how === 'drop') return Object.fromEntries(Object.entries(value).filter(([key]) => key !== name))
      return { ...value, [how === 'add' ? `more_${at % 7}` : name]: other }
    })

/** Bodies that are no JSON value of any schema, or are so in a way that readers disagree about. */
export const hostileBody: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.constantFrom(
    ...['', '{', '[', 'null', '"', '{"a":1,"a":2}', '{"__proto__":{"admin":true}}', '\ufeff{}', '{}{}', "{'a':1}"],
    ...['['.repeat(5_000), '{"a":'.repeat(5_000), `{"a":"${'x'.repeat(100_000)}"}`, '1e400', '{"a":1e400}'],
    ...[`[${'0,'.repeat(30_000)}0]`, '{"a":\u0000}', '{"\\u0061":1,"a":2}'],
  ),
)
