/** The text of an env file with these keys set: in the place of the key's line, also one that is commented out, or at the end. Pure. */
export const envWith = (text: string, values: Readonly<Record<string, string>>): string =>
  Object.entries(values).reduce((before, [key, value]) => {
    const line = new RegExp(`^(?:# )?${key}=.*$`, 'm')
    return line.test(before)
      ? before.replace(line, () => `${key}=${value}`)
      : `${before.trimEnd()}\n\n${key}=${value}\n`
  }, text)
