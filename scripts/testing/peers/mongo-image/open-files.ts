import { readFileSync } from 'node:fs'

/** What the Compose file asks for. */
const WANTED = 64000

/** The hard limit of open files in the text of /proc/self/limits. */
export const hardLimit = (limits: string): number =>
  Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? WANTED)

/** LUCID_MONGO_FILES for an engine that this process starts: set where this machine allows less than the Compose file asks for. */
export const openFiles = (): Readonly<Record<string, string>> => {
  const allowed = hardLimit(readFileSync('/proc/self/limits', 'utf8'))
  return allowed < WANTED ? { LUCID_MONGO_FILES: String(allowed) } : {}
}
