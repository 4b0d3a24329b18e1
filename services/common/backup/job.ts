import { Fault } from '../process/fault.ts'
import { identitiesIn, isRecipient } from './age.ts'
import { KEEP, type Keep } from './prune.ts'

/**
 * What the commands are told, a line of JSON on standard input: nothing of it is in an argument list, which every user of
 * a host can read, and nothing secret on a disk.
 */
export type BackupOrder = {
  readonly recipients: readonly string[]
  readonly host: string
  readonly tag: string | null
  readonly keep: Keep
  readonly forget: readonly string[]
}

export type RestoreOrder = {
  readonly identities: readonly string[]
  readonly snapshot: string
  readonly units: readonly string[]
  readonly replace: boolean
  /** Also prove that what was restored can be used. */
  readonly prove: boolean
}

/** Folders of /source that go to /target, and folders of /target that are removed. */
export type CopyOrder = { readonly units: readonly string[]; readonly remove: readonly string[] }

type Json = Readonly<Record<string, unknown>>

const wrong = (what: string) => new Fault('invalid', 'bad-order', `the order ${what}`)

const parse = (line: string): Json => {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  } catch {
    // said below
  }
  throw wrong('is no JSON object: it comes as one line on standard input')
}

const texts = (json: Json, key: string): readonly string[] => {
  const value = json[key] ?? []
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
    throw wrong(`has no list of texts in ${key}`)
  return value
}

const text = (json: Json, key: string): string => {
  const value = json[key]
  if (typeof value !== 'string' || value === '') throw wrong(`has no ${key}`)
  return value
}

const count = (json: Json, key: keyof Keep): number => {
  const value = json[key] ?? KEEP[key]
  if (!Number.isInteger(value) || (value as number) < 0) throw wrong(`has no whole number in keep.${key}`)
  return value as number
}

/** Throws Fault `invalid` on an order that is not one, and without a recipient. */
export const backupOrder = (line: string): BackupOrder => {
  const json = parse(line)
  const recipients = texts(json, 'recipients')
  const bad = recipients.find((one) => !isRecipient(one))
  if (bad !== undefined) throw wrong(`has a recipient that is none: ${bad}`)
  if (recipients.length === 0)
    throw new Fault('invalid', 'no-recipient', 'nobody could read the backup: there is no recipient')
  const keep = (json['keep'] ?? {}) as Json
  const tag = json['tag'] ?? null
  if (tag !== null && (typeof tag !== 'string' || !/^[\w.-]{1,80}$/.test(tag))) throw wrong('has no good tag')
  return {
    recipients,
    host: text(json, 'host'),
    tag,
    keep: {
      last: count(keep, 'last'),
      daily: count(keep, 'daily'),
      weekly: count(keep, 'weekly'),
      monthly: count(keep, 'monthly'),
    },
    forget: texts(json, 'forget'),
  }
}

export const restoreOrder = (line: string): RestoreOrder => {
  const json = parse(line)
  return {
    identities: identitiesIn(text(json, 'identity')),
    snapshot: text(json, 'snapshot'),
    units: texts(json, 'units'),
    replace: json['replace'] === true,
    prove: json['prove'] === true,
  }
}

export const copyOrder = (line: string): CopyOrder => {
  const json = parse(line)
  const remove = texts(json, 'remove')
  if (!remove.every((name) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))) throw wrong('removes no good name')
  return { units: texts(json, 'units'), remove }
}
