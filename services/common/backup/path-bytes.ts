/**
 * Names of files are bytes, not text. Inside the program a path is a string with a character a byte (latin1), so that
 * it can be compared, cut and used as a key; only a manifest and messages have text.
 */
export type BytePath = string

export const bytesOf = (path: BytePath): Buffer => Buffer.from(path, 'latin1')

export const pathOf = (bytes: Uint8Array): BytePath => Buffer.from(bytes).toString('latin1')

/** A path as text where its bytes are UTF-8; undefined where they are not. */
const textOf = (path: BytePath): string | undefined => {
  const bytes = bytesOf(path)
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined
}

/** How a name stands in JSON: text, or base64 of the bytes when they are no UTF-8. */
export type NameJson = string | { readonly base64: string }

export const nameJson = (path: BytePath): NameJson => textOf(path) ?? { base64: bytesOf(path).toString('base64') }

export const fromNameJson = (name: NameJson): BytePath =>
  typeof name === 'string' ? pathOf(Buffer.from(name, 'utf8')) : pathOf(Buffer.from(name.base64, 'base64'))

/** For people: control characters and bytes that are no text are escaped. */
export const shownPath = (path: BytePath): string =>
  JSON.stringify(textOf(path) ?? path)
    .slice(1, -1)
    .replaceAll('\\"', '"')

/** True for a path that stays below where it is put: no empty, `.` or `..` part, no NUL, not absolute. */
export const staysBelow = (path: BytePath): boolean =>
  path !== '' && !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')

/** The folder of a path; empty at the top. */
export const parentOf = (path: BytePath): BytePath => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** The unit that a path is in: itself, or a folder above it. */
export const unitOf = (path: BytePath, units: readonly BytePath[]): BytePath | undefined =>
  units.find((unit) => path === unit || path.startsWith(`${unit}/`))
