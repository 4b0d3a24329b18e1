import { Fault } from '../process/fault.ts'
import { type JsonBounds, parseJson, repeatsName } from '../stream/bounded-json.ts'

/** What a body of any route fits into that does not say otherwise. */
export const BODY_BOUNDS: JsonBounds = { depth: 16, parts: 10_000 }

/** True when a field named `toString` stands anywhere: then nothing can turn the value into text, as error texts do. */
const hidesItsText = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (Object.hasOwn(value, 'toString') || Object.values(value).some(hidesItsText))

/**
 * Refuses what the framework would take apart before it asks the schema: where a field has a default, and every
 * integer has one, the body is copied into an object first. A text of a megabyte became a million fields (18 s), a list
 * became an object, and a field named `__proto__` was no longer seen.
 */
const requireObject = (value: unknown): object => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Fault('invalid', 'bad-request', 'body: Expected object')
  if (Object.hasOwn(value, '__proto__'))
    throw new Fault('invalid', 'bad-request', 'body.__proto__: Unexpected property')
  if (hidesItsText(value)) throw new Fault('invalid', 'bad-request', 'body: a field may not be named toString')
  return value
}

/**
 * The parser of every route with a body of its own schema: a JSON object within bounds, checked before it is parsed.
 * Throws Fault `content-type`, `json-bounds`, `not-json`, `repeated-name`, `bad-request`.
 */
export const jsonBody =
  (bounds: JsonBounds, required?: readonly string[]) =>
  async ({ request, contentType }: { readonly request: Request; readonly contentType: string }) => {
    if (request.body === null) {
      if (required === undefined) return undefined // no field is needed
      const detail = `this route needs a JSON body with ${required.join(', ')}: send it as application/json`
      throw new Fault('invalid', 'unreadable-body', detail)
    }
    if (contentType !== 'application/json')
      throw new Fault('invalid', 'content-type', 'this route takes JSON: send it as application/json')
    const text = await request.bytes()
    const value = parseJson(text, bounds)
    // Two readers could each believe another of them.
    if (repeatsName(text, value))
      throw new Fault('invalid', 'repeated-name', 'a name stands twice in an object of the body: give each once')
    return requireObject(value)
  }
