import { Fault } from '../process/fault.ts'
import { type JsonBounds, parseJson } from '../stream/bounded-json.ts'

/** What a body of any route fits into that does not say otherwise. */
export const BODY_BOUNDS: JsonBounds = { depth: 16, parts: 10_000 }

/**
 * The parser of every route with a body of its own schema: JSON within bounds, checked before it is parsed. Throws
 * Fault `content-type`, `json-bounds`, `not-json`.
 */
export const jsonBody =
  (bounds: JsonBounds) =>
  async ({ request, contentType }: { readonly request: Request; readonly contentType: string }) => {
    if (request.body === null) return undefined
    if (contentType !== 'application/json')
      throw new Fault('invalid', 'content-type', 'this route takes JSON: send it as application/json')
    return parseJson(await request.bytes(), bounds)
  }
