import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { SignedHead } from '#common/audit/head'
import { CliError } from '../cli/fail.ts'
import { makePrivateFolder, replaceFile } from '../platform/files.ts'
import type { Home } from '../platform/home.ts'

/** The newest head of each service that was ever verified here: what a stream may not fall behind. */
const Seen = Type.Record(Type.String(), SignedHead)
export type Seen = Readonly<Record<string, SignedHead>>

const folder = (home: Home) => join(home.root, 'audit')
const file = (home: Home) => join(folder(home), 'heads.json')

/** Throws CliError when the file is there and is none. */
export const readSeen = (home: Home): Seen => {
  const path = file(home)
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

export const writeSeen = (home: Home, seen: Seen): void => {
  makePrivateFolder(folder(home))
  replaceFile(file(home), `${JSON.stringify(seen, undefined, 2)}\n`, { durable: true })
}
