import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readBlob, writeBlob } from './cache.ts'

/** A disk of one MiB, where this machine lets one be mounted. */
const disk = mkdtempSync(join(tmpdir(), 'lucid-small-disk-'))
const mounted =
  process.platform === 'linux' &&
  Bun.which('mount') !== null &&
  Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).exitCode === 0
if (!mounted) console.log('NOT RUN: the cache on a full disk: no small disk can be mounted here (Linux and root)')
afterAll(() => {
  if (mounted) Bun.spawnSync(['umount', disk])
  rmSync(disk, { recursive: true, force: true })
})

test.skipIf(!mounted)('a disk that fills leaves the cache sound, says so, and all goes on when there is room', () => {
  const small = writeBlob(disk, new Uint8Array(600 * 1024).fill(1))
  const large = new Uint8Array(600 * 1024).fill(2)
  expect(() => writeBlob(disk, large)).toThrow('the disk is full')
  expect(readdirSync(join(disk, 'blobs', 'sha256'))).toEqual([small.hex])
  expect(readBlob(disk, small)?.length).toBe(600 * 1024)
  rmSync(join(disk, 'blobs', 'sha256', small.hex))
  expect(readBlob(disk, writeBlob(disk, large))?.length).toBe(600 * 1024)
})
