import { Value } from '@sinclair/typebox/value'
import { deriveAddress } from '#common/ethereum/address'
import { HostSpec, type Remark, type Report, type Wish } from '#common/host/provision-model'
import { derivePublicKey } from '#common/http/identity'
import type { Secret } from '#common/process/env'
import type { Disk } from './disk.ts'
import { nameOf, planSecrets } from './plan.ts'

const SECRETS = 'secrets'
const IDENTITIES = 'identities.json'
/** Names of the secrets that were made here: without it, one that is lost looks like one of a new service. It lies among them so that a backup has both. */
const RECORD = 'secrets/.list'

const ROOT = 0
/** Anybody may pass through to a file whose name he knows (Docker must); nobody may list. */
const FOLDER = { uid: ROOT, mode: 0o711 }

const pathOf = (owner: string, key: string): string => `${SECRETS}/${owner}/${key}`

/** Reads what is wanted of a host. Throws with the first fault of the document. */
export const hostSpec = (text: string): HostSpec => {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    throw new Error('standard input is no JSON document')
  }
  if (Value.Check(HostSpec, read)) return read
  const fault = Value.Errors(HostSpec, read).First()
  throw new Error(`the document on standard input is not what a host needs: ${fault?.path}: ${fault?.message}`)
}

/** A secret that is there and well, undefined otherwise. */
const secretAt = (disk: Disk, owner: string, key: string): Secret | undefined => {
  const found = disk.look(pathOf(owner, key))
  if (found.kind !== 'file') return undefined
  return /^[0-9a-f]{64}$/.test(found.text.reveal()) ? found.text : undefined
}

const addressOf = (disk: Disk, { of }: Extract<Wish, { kind: 'evm-address' }>): string | undefined => {
  const key = secretAt(disk, of.owner, of.key)
  return key && deriveAddress(key.reveal())
}

/** Values that no longer follow from what they were made of. */
const strangers = (spec: HostSpec, disk: Disk): readonly Remark[] =>
  spec.secrets.flatMap((wish) => {
    if (wish.kind === 'random') return []
    const found = disk.look(pathOf(wish.owner, wish.key))
    const right = addressOf(disk, wish)
    if (found.kind !== 'file' || right === undefined || found.text.reveal() === right) return []
    return [{ name: nameOf(wish), what: `is not the address of ${nameOf(wish.of)}: restore both from one backup` }]
  })

const identitiesOf = ({ identities }: HostSpec, disk: Disk): string | undefined => {
  const keys = identities.map((name) => [name, secretAt(disk, name, 'IDENTITY_KEY')] as const)
  if (keys.some(([, key]) => key === undefined)) return undefined
  const rows = keys.map(([name, key]) => [name, key && derivePublicKey(key)])
  return `${JSON.stringify(Object.fromEntries(rows), undefined, 2)}\n`
}

const recordOf = (disk: Disk): ReadonlySet<string> | undefined => {
  const found = disk.look(RECORD)
  return found.kind === 'file' ? new Set(found.text.reveal().split('\n').filter(Boolean)) : undefined
}

/** Writes a public file unless it is there as it should be; true when it was written. */
const publish = (disk: Disk, path: string, text: string, uid: number): boolean => {
  const found = disk.look(path)
  const rights = { uid, mode: 0o444 }
  const right = found.kind === 'file' && found.text.reveal() === text.trim()
  if (right && found.uid === uid && found.gid === uid && found.mode === rights.mode) return false
  if (right) disk.repair(path, rights)
  else disk.replace(path, text, rights)
  return true
}

const make = (disk: Disk, wish: Wish, random: (length: number) => Uint8Array): void => {
  const value = wish.kind === 'random' ? random(32).toHex() : addressOf(disk, wish)
  if (value === undefined) throw new Error(`${nameOf(wish)} follows from a secret that is not listed`)
  disk.create(pathOf(wish.owner, wish.key), `${value}\n`, wish)
}

const carryOut = (
  spec: HostSpec,
  plan: ReturnType<typeof planSecrets>,
  { disk, random, record }: PrepareParts & { readonly record: ReadonlySet<string> | undefined },
): readonly Remark[] => {
  const owners = [...new Set(spec.secrets.map(({ owner }) => owner))].map((owner) => `${SECRETS}/${owner}`)
  const folders = [SECRETS, ...owners].filter((path) => disk.folder(path, FOLDER))
  for (const path of owners) disk.sweep(path)
  for (const { wish } of plan.repair) disk.repair(pathOf(wish.owner, wish.key), wish)
  // What follows from a secret comes after all secrets.
  for (const wish of plan.make) if (wish.kind === 'random') make(disk, wish, random)
  for (const wish of plan.make) if (wish.kind !== 'random') make(disk, wish, random)
  const names = [...(record ?? []), ...spec.secrets.map(nameOf)]
  publish(disk, RECORD, `${[...new Set(names)].sort().join('\n')}\n`, ROOT)
  const identities = identitiesOf(spec, disk)
  if (identities === undefined) throw new Error('an identity is asked for whose IDENTITY_KEY is not listed')
  const written = publish(disk, IDENTITIES, identities, spec.uid)
  return [
    ...folders.map((name) => ({ name, what: 'was made, or its owner and mode put right' })),
    ...(written ? [{ name: IDENTITIES, what: 'was written' }] : []),
  ]
}

export type PrepareParts = { readonly disk: Disk; readonly random: (length: number) => Uint8Array }

/** Gives a host what secrets it lacks, rights and public identities, or says so (`look`). With one fault, nothing. */
export const prepare = (
  spec: HostSpec,
  { disk, random, mode }: PrepareParts & { readonly mode: 'look' | 'change' },
): Report => {
  const record = recordOf(disk)
  const plan = planSecrets(spec, (owner, key) => disk.look(pathOf(owner, key)), record)
  const faults = [...plan.faults, ...strangers(spec, disk)]
  const done = mode === 'change' && faults.length === 0
  const further = done ? carryOut(spec, plan, { disk, random, record }) : []
  return {
    ok: faults.length === 0,
    done,
    made: plan.make.map(nameOf),
    mended: [...plan.repair.map(({ remark }) => remark), ...further],
    kept: plan.kept,
    faults,
  }
}
