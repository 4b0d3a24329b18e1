import type { HostSpec, Wish } from '#common/host/provision-model'
import { Secret } from '#common/process/env'
import type { Disk, Rights } from './disk.ts'
import type { Found } from './plan.ts'

const service = { uid: 65532, mode: 0o400 } as const

/** A keeper that draws its key, a payer with an account, and a judge that must know the account. */
export const wishes: readonly Wish[] = [
  { owner: 'keeper', key: 'IDENTITY_KEY', ...service, kind: 'random' },
  { owner: 'db', key: 'KEYFILE', uid: 999, mode: 0o400, kind: 'random' },
  { owner: 'payer', key: 'PRIVATE_KEY', ...service, kind: 'random' },
  { owner: 'judge', key: 'PAYER_ADDRESS', ...service, kind: 'evm-address', of: { owner: 'payer', key: 'PRIVATE_KEY' } },
]

export const spec = (more: Partial<HostSpec> = {}): HostSpec => ({
  secrets: [...wishes],
  identities: ['keeper'],
  uid: 65532,
  hasData: false,
  ...more,
})

/** Text that passes for random, another for each number. */
export const digits = (seed: number): string => Bun.SHA256.hash(new Uint8Array([seed]), 'hex') // only has to differ and look random

export const file = (text: string, { uid = 65532, mode = 0o400 } = {}): Found => ({
  kind: 'file',
  text: new Secret(text.trim()),
  uid,
  gid: uid,
  mode,
})

/** A disk in memory, with what it was told to do. */
export const memoryDisk = (files: Map<string, Found> = new Map()) => {
  const folders = new Map<string, Rights>()
  const log: string[] = []
  const put = (path: string, text: string, rights: Rights) => void files.set(path, file(text, rights))
  const disk: Disk = {
    look: (path) => files.get(path) ?? { kind: 'absent' },
    folder: (path, rights) => {
      const is = folders.get(path)
      folders.set(path, rights)
      return is?.uid !== rights.uid || is.mode !== rights.mode
    },
    create: (path, text, rights) => {
      if (files.has(path)) throw new Error(`${path} is there`)
      log.push(`create ${path}`)
      put(path, text, rights)
    },
    replace: (path, text, rights) => {
      log.push(`replace ${path}`)
      put(path, text, rights)
    },
    repair: (path, { uid, mode }) => {
      const found = files.get(path)
      if (found?.kind !== 'file') throw new Error(`${path} is no file`)
      log.push(`repair ${path}`)
      files.set(path, { ...found, uid, gid: uid, mode })
    },
    sweep: () => {},
  }
  return { disk, files, folders, log }
}
