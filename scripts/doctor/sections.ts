/** The text of each part of a look: a line `== NAME` begins one. A name that comes again is added to. */
export const sections = (output: string): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  let name: string | undefined
  for (const line of output.split('\n')) {
    const begins = /^== (\S.*)$/.exec(line)?.[1]
    if (begins !== undefined) {
      name = begins
      found.set(name, found.get(name) ?? '')
    } else if (name !== undefined) found.set(name, `${found.get(name)}${line}\n`)
  }
  for (const [key, value] of found) found.set(key, value.trim())
  return found
}
