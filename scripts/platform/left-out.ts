import type { Entry } from '#catalog'

type Catalogue = Readonly<Record<string, Pick<Entry, 'needs' | 'tolerates' | 'programs' | 'image'>>>

/** Service to the reason why it is left out of a start. */
export type LeftOut = Readonly<Record<string, string>>

const wants = (program: string, { image }: Pick<Entry, 'image'>): string =>
  image.packages.includes(program)
    ? `needs ${program} (apt-get install ${program})`
    : `needs ${program}, which is not on this machine`

/** What cannot be started here: services whose program is missing, and whoever needs one without tolerating it. */
export const findLeftOut = (catalogue: Catalogue, has: (program: string) => boolean): LeftOut => {
  const out = new Map<string, string>()
  for (const [name, entry] of Object.entries(catalogue)) {
    const missing = (entry.programs ?? []).find((program) => !has(program))
    if (missing !== undefined) out.set(name, wants(missing, entry))
  }
  for (let before = -1; before !== out.size; ) {
    before = out.size
    for (const [name, { needs, tolerates }] of Object.entries(catalogue)) {
      const gone = needs.find((need) => out.has(need) && !tolerates.includes(need))
      if (gone !== undefined && !out.has(name)) out.set(name, `needs ${gone}, which is left out`)
    }
  }
  return Object.fromEntries(out)
}

/** One line for a person: `left out: api-gateway needs nginx (apt-get install nginx)`. */
export const formatLeftOut = (name: string, why: string): string => `left out: ${name} ${why}`
