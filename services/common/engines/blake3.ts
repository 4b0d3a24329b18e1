import { blake3 as nobleBlake3 } from '@noble/hashes/blake3.js'
import { firstLine, type Rejected } from './engine.ts'

/**
 * BLAKE3, hash mode, 32 bytes (https://github.com/BLAKE3-team/BLAKE3-specs). Two implementations give the
 * same bytes: a native addon (about 5 GB/s) and noble's plain JavaScript (about 0.13 GB/s), which needs nothing.
 */
export type Blake3 = {
  readonly name: 'napi' | 'noble'
  readonly rejected: readonly Rejected[]
  readonly hash: (bytes: Uint8Array) => Uint8Array<ArrayBuffer>
}

/** The known answer an implementation must give before it is trusted: 3,073 bytes cross a block, a chunk and a tree level. */
const KNOWN_INPUT = Uint8Array.from({ length: 3073 }, (_, at) => at % 251)
const KNOWN_HASH = '7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3'

type Addon = { readonly blake3: (bytes: Buffer) => Uint8Array }

/** The reference: always there, slow. */
export const nobleEngine = (rejected: readonly Rejected[] = []): Blake3 => ({
  name: 'noble',
  rejected,
  hash: (bytes) => Uint8Array.from(nobleBlake3(bytes)),
})

/** The native addon. Throws where it has no binary for this machine. */
export const napiEngine = (): Blake3 => {
  // `require`, because a missing binary must be caught here and not end the program while modules load.
  const addon: Addon = require('@napi-rs/blake-hash')
  return {
    name: 'napi',
    rejected: [],
    hash: ({ buffer, byteOffset, length }) =>
      Uint8Array.from(addon.blake3(Buffer.from(buffer as ArrayBuffer, byteOffset, length))),
  }
}

/** The first candidate that loads and gives the known answer; the reference when none does. Pure in its candidates. */
export const chooseBlake3 = (candidates: readonly (readonly [name: string, open: () => Blake3])[]): Blake3 => {
  const rejected: Rejected[] = []
  for (const [name, open] of candidates)
    try {
      const engine = open()
      if (engine.hash(KNOWN_INPUT).toHex() === KNOWN_HASH) return { ...engine, rejected }
      rejected.push({ name, reason: 'wrong answer to the known-answer test' })
    } catch (error) {
      rejected.push({ name, reason: firstLine(error) })
    }
  return nobleEngine(rejected)
}

let chosen: Blake3 | undefined
const current = (): Blake3 => {
  chosen ??= chooseBlake3([['napi', napiEngine]])
  return chosen
}

/** The engine of this process, chosen once by known-answer test. Show `name` and `rejected` in /status. */
export const blake3Engine = async (): Promise<Blake3> => current()

/** BLAKE3 of the bytes, 32 bytes, by the engine of this process. */
export const blake3 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => current().hash(bytes)
