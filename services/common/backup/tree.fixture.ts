import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { bytesOf, pathOf } from './path-bytes.ts'

/** What a generated tree has at a path. Names are bytes. */
export type Thing =
  | { readonly kind: 'file'; readonly content: Uint8Array; readonly mode: number; readonly uid: number }
  | { readonly kind: 'folder'; readonly mode: number; readonly uid: number }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'link' }

export type Planted = { readonly path: readonly string[]; readonly thing: Thing; readonly time: number }

const name = fc
  .uint8Array({ minLength: 1, maxLength: 6 })
  .map((bytes) => pathOf(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))))
  .filter((text) => text !== '.' && text !== '..')

const content = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  // Long enough to be cut, with holes, and with repeated pieces.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 9_500_000 }), fc.integer({ min: 0, max: 255 }))
      .map(([length, seed]) => {
        const bytes = new Uint8Array(length)
        for (let i = 0; i < length; i += 70_001) bytes[i] = (seed + i) & 255
        return bytes
      }),
  },
)

const mode = fc.constantFrom(0o644, 0o600, 0o755, 0o4755, 0o2770, 0o000, 0o1777)
const uid = fc.constantFrom(0, 999, 65_532)

const thing: fc.Arbitrary<Thing> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('file'), content, mode, uid } as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('folder'), mode, uid } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('symlink'), target: name } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('link') } as const) },
)

export const plantedTrees = fc.array(
  fc.record({
    path: fc.array(name, { minLength: 1, maxLength: 3 }),
    thing,
    time: fc.integer({ min: 1, max: 2_000_000_000 }),
  }),
  { maxLength: 12 },
)

const buffer = (root: string, path: readonly string[]): Buffer =>
  Buffer.concat([Buffer.from(root), ...path.map((part) => bytesOf(`/${part}`))])

const exists = (path: Buffer): boolean => {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true // a file where a folder would be: nothing can be made there
  }
}

/** Makes a tree under a folder that is there; what cannot stand beside what came before is left out. */
export const plant = (root: string, planted: readonly Planted[]): void => {
  let firstFile: Buffer | undefined
  for (const { path, thing: made, time } of planted) {
    const at = buffer(root, path)
    if (exists(at)) continue
    try {
      mkdirSync(buffer(root, path.slice(0, -1)), { recursive: true })
    } catch {
      continue
    }
    if (made.kind === 'link') {
      if (firstFile !== undefined) linkSync(firstFile, at)
      continue
    }
    if (made.kind === 'symlink') symlinkSync(bytesOf(made.target), at)
    else {
      if (made.kind === 'folder') mkdirSync(at)
      else {
        writeFileSync(at, made.content)
        firstFile ??= at
      }
      lchownSync(at, made.uid, made.uid)
      chmodSync(at, made.mode)
    }
    lutimesSync(at, time + 0.123456, time + 0.123456)
  }
}

/** Everything about a tree that a restore must bring back, as text. Times to the microsecond. */
export const picture = (root: string): readonly string[] => {
  const files = new Map<string, string>()
  const look = (path: Buffer, shown: string): readonly string[] => {
    const stat = lstatSync(path, { bigint: true })
    const meta = `${shown} ${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${stat.mtimeNs / 1000n}`
    if (stat.isSymbolicLink()) return [`${meta} -> ${pathOf(readlinkSync(path, { encoding: 'buffer' }))}`]
    if (stat.isDirectory())
      return [
        meta,
        ...readdirSync(path, { encoding: 'buffer' })
          .toSorted(Buffer.compare)
          .flatMap((child) => look(Buffer.concat([path, Buffer.from('/'), child]), `${shown}/${pathOf(child)}`)),
      ]
    const inode = `${stat.dev}:${stat.ino}`
    const first = files.get(inode)
    if (first !== undefined) return [`${meta} = ${first}`]
    files.set(inode, shown)
    const hash = new Bun.CryptoHasher('sha256').update(readFileSync(path)).digest('hex')
    return [`${meta} ${stat.size} ${hash}`]
  }
  return look(Buffer.from(root), dirname(root) === root ? root : '')
}
