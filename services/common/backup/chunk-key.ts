import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { Fault } from '../process/fault.ts'
import { fromHex } from '../stream/bytes.ts'
import type { Random } from './age.ts'

/** The seed of the operator's identity, out of the first of these folders that has it; undefined where none has. */
export const operatorSeedIn = (folders: readonly string[]): Uint8Array | undefined => {
  const path = folders.map((folder) => `${folder}/IDENTITY_KEY`).find(existsSync)
  return path === undefined ? undefined : fromHex(readFileSync(path, 'utf8').trim(), 32)
}

const FILE = 'CHUNK_KEY'

/** The key that names chunks: 32 bytes as hex, made once. Losing it costs that everything is stored once more. */
export const chunkKeyIn = (folder: string, random: Random): string => {
  const path = `${folder}/${FILE}`
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const fd = openSync(`${path}.part`, 'w', 0o600)
    writeSync(fd, `${random(32).toHex()}\n`)
    fsyncSync(fd)
    closeSync(fd)
    renameSync(`${path}.part`, path)
  }
  const key = readFileSync(path, 'utf8').trim()
  if (!/^[0-9a-f]{64}$/.test(key))
    throw new Fault('invalid', 'bad-chunk-key', `secrets/backup/${FILE} does not hold 64 hex digits`)
  return key
}
