/** What a 401 asks for (RFC 9110 section 11.6.1; the token protocol of the distribution project). */
export type Challenge =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service?: string }

/** Reads WWW-Authenticate; bearer is preferred. Undefined when it asks for something that we do not speak. */
export const parseChallenge = (header: string | null): Challenge | undefined => {
  const text = header ?? ''
  const bearer = /\bbearer\s+(.*)/i.exec(text)?.[1]
  if (bearer !== undefined) {
    const fields = Object.fromEntries(
      [...bearer.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/gi)].map(([, key = '', value = '']) => [
        key.toLowerCase(),
        value.replaceAll(/\\(.)/g, '$1'),
      ]),
    )
    const { realm, service } = fields
    if (realm !== undefined && URL.canParse(realm))
      return { scheme: 'bearer', realm, ...(service !== undefined && { service }) }
  }
  return /\bbasic\b/i.test(text) ? { scheme: 'basic' } : undefined
}
