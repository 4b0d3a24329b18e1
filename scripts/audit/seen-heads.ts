import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { SignedHead } from '#common/audit/head'
import { CliError } from '../cli/fail.ts'
import { makePrivateFolder, replaceFile } from '../platform/files.ts'
import type { Home } from '../platform/home.ts'

/**
 * Of each service the newest head that was ever verified here, which its stream may not fall behind, and those of ends that
 * a restore took: evidence of what was there.
 */
const Seen = Type.Record(Type.String(), Type.Union([Type.Array(SignedHead), SignedHead]))
export type Seen = Static<typeof Seen>

const folder = (home: Home) => join(home.root, 'audit')
/** Those of a host stand by themselves. */
const file = (home: Home, host: string | undefined) =>
  join(folder(home), host === undefined ? 'heads.json' : `heads@${encodeURIComponent(host)}.json`)

/** Throws CliError when the file is there and is none. */
export const readSeen = (home: Home, host?: string): Seen => {
  const path = file(home, host)
  if (!existsSync(path)) return {}
  try {
    const seen: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (Value.Check(Seen, seen)) return seen
  } catch {
    // Said below.
  }
  throw new CliError(
    `${path} is damaged: restore it from a backup, or remove it and lose what was seen of the streams before`,
  )
}

export const writeSeen = (home: Home, seen: Seen, host?: string): void => {
  makePrivateFolder(folder(home))
  replaceFile(file(home, host), `${JSON.stringify(seen, undefined, 2)}\n`, { durable: true })
}
