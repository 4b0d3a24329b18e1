/** Licence names of a Debian copyright file in its machine-readable form (copyright-format 1.0); sorted. Pure. */
export const parseLicences = (copyright: string): readonly string[] => {
  if (!/^Format:.*copyright-format/m.test(copyright)) return []
  const names = [...copyright.matchAll(/^License:[ \t]*(\S[^\n]*)$/gm)].flatMap(([, text = '']) =>
    text.split(/\s+(?:and|or)\s+|,\s*/).map((name) => name.trim()),
  )
  return [...new Set(names.filter((name) => /^[\w.+-]+$/.test(name)))].sort()
}
