import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'

const BLOCK = 8 * 1024 * 1024

/** Writes `size` random, so incompressible, bytes to a file, durably. */
export const randomFile = async (path: string, size: number): Promise<void> => {
  const file = await open(path, 'w')
  for (let at = 0; at < size; at += BLOCK) await file.write(randomBytes(Math.min(BLOCK, size - at)))
  await file.sync()
  await file.close()
}

/** The disk's own limit: the same bytes read and written with an fsync at every 8 MiB. Milliseconds. */
export const writeAndSync = async (input: string, output: string): Promise<number> => {
  const began = performance.now()
  const [from, to] = [await open(input, 'r'), await open(output, 'w')]
  const block = Buffer.alloc(BLOCK)
  for (;;) {
    const { bytesRead } = await from.read(block, 0, BLOCK)
    if (bytesRead === 0) break
    await to.write(block, 0, bytesRead)
    await to.datasync()
  }
  await Promise.all([from.close(), to.close()])
  return performance.now() - began
}
