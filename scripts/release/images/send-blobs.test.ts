import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lease } from '../../host/lease.ts'
import { planTransfer, type RequiredBlob, sendBlobs } from './send-blobs.ts'
import { cutConnection, localHost, MIB, noise, tempFolder } from './transfer.fixture.ts'

// Only a hang is ended by it.
setDefaultTimeout(120_000)

const { folder, remove } = tempFolder()
afterAll(remove)

const pathOf = (hex: string) => join(folder, hex)
const blob = (size: number): RequiredBlob => {
  const bytes = noise(size)
  const hex = createHash('sha256').update(bytes).digest('hex')
  writeFileSync(pathOf(hex), bytes)
  return { hex, size }
}
const listBlobs = (dir: string) => join(dir, 'blobs', 'sha256')
const at = (dir: string, { hex }: RequiredBlob) => join(listBlobs(dir), hex)
const arrived = (dir: string, wanted: readonly RequiredBlob[]) => {
  expect(readdirSync(listBlobs(dir)).toSorted()).toEqual(wanted.map(({ hex }) => hex).toSorted())
  for (const one of wanted) expect(readFileSync(at(dir, one))).toEqual(readFileSync(pathOf(one.hex)))
}
/** A host whose shell does something before each script that takes bytes. */
const before = (lease: Lease, words: string): Lease => ({
  ...lease,
  send: (script, bytes, options) => lease.send(`${words}\n${script}`, bytes, options),
})
const quiet = { pathOf, pause: async () => {} }

test('blobs arrive whole, each once, and what is there is not sent again', async () => {
  const { lease, dir } = await localHost(folder)
  const wanted = [blob(3), blob(300_000), blob(0), blob(5 * MIB + 1)]
  const seen: (readonly [number, number])[] = []
  const total = 5 * MIB + 1 + 300_000 + 3
  expect(await sendBlobs(lease, [...wanted, ...wanted], { ...quiet, onProgress: (...at) => seen.push(at) })).toEqual({
    sent: 4,
    bytes: total,
    cuts: 0,
  })
  arrived(dir, wanted)
  expect(seen[0]).toEqual([0, total])
  expect(seen.at(-1)).toEqual([total, total])
  expect(seen.map(([bytes]) => bytes)).toEqual(seen.map(([bytes]) => bytes).toSorted((a, b) => a - b))
  expect(await sendBlobs(lease, wanted, quiet)).toEqual({ sent: 0, bytes: 0, cuts: 0 })
})

test('a line that is cut is opened again and goes on from the byte that arrived', async () => {
  const { lease, dir } = await localHost(folder, {}, { wrap: cutConnection(700_001, { times: 20 }) })
  const wanted = [blob(3 * MIB), blob(MIB)]
  const notices: string[] = []
  const { cuts } = await sendBlobs(lease, wanted, { ...quiet, onNotice: (text) => notices.push(text) })
  expect(cuts).toBe(Math.ceil((4 * MIB) / 700_001))
  expect(notices.length).toBe(cuts)
  arrived(dir, wanted)
})

test('a line that brings nothing is given up after eight tries', async () => {
  const { lease } = await localHost(folder, {}, { wrap: cutConnection(0, { times: 100 }) })
  const waits: number[] = []
  const sending = sendBlobs(lease, [blob(10)], { pathOf, pause: async (ms) => void waits.push(ms) })
  await expect(sending).rejects.toThrow('8 tries brought nothing over; run the same command again')
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000])
})

test('a part that is another content is thrown away and the blob sent again', async () => {
  const { lease, dir } = await localHost(folder)
  const one = blob(MIB)
  mkdirSync(listBlobs(dir), { recursive: true })
  writeFileSync(`${at(dir, one)}.part`, new Uint8Array(500_000))
  expect(await sendBlobs(lease, [one], quiet)).toMatchObject({ sent: 1, bytes: 2 * MIB - 500_000 })
  arrived(dir, [one])
})

test('files of a size that cannot be are removed', async () => {
  const { lease, dir } = await localHost(folder)
  const [short, long] = [blob(100), blob(200)]
  mkdirSync(listBlobs(dir), { recursive: true })
  writeFileSync(at(dir, short), 'no')
  writeFileSync(`${at(dir, long)}.part`, new Uint8Array(201))
  await sendBlobs(lease, [short, long], quiet)
  arrived(dir, [short, long])
})

test('a host that keeps another content than was sent is a fault after three times', async () => {
  // A fake sha256sum that never agrees stands for a disk that fails.
  const { lease } = await localHost(folder)
  const wrong = before(lease, 'sha256sum() { echo none; }')
  await expect(sendBlobs(wrong, [blob(1000)], quiet)).rejects.toThrow('wrong 3 times: its disk or memory fails')
})

test('a shell that greets everybody disturbs nothing', async () => {
  const { lease, dir } = await localHost(folder)
  const wanted = [blob(300_000)]
  await sendBlobs(before(lease, "echo 'Welcome to this host'; echo lucid-got many"), wanted, quiet)
  arrived(dir, wanted)
})

test('a blob of this machine that is no longer what it was is named', async () => {
  const { lease } = await localHost(folder)
  const [changed, cut, gone] = [blob(1000), blob(1000), { hex: 'f'.repeat(64), size: 5 }]
  writeFileSync(pathOf(changed.hex), new Uint8Array(1000))
  truncateSync(pathOf(cut.hex), 10)
  await expect(sendBlobs(lease, [changed], quiet)).rejects.toThrow('is not what its digest says: build')
  await expect(sendBlobs(lease, [cut], quiet)).rejects.toThrow('has 10 bytes and not 1000: build')
  await expect(sendBlobs(lease, [gone], quiet)).rejects.toThrow('build the image again')
})

test.each([
  ['sizes that are none', (hex: string) => `lucid-blobs   many ${hex}\nlucid-blobs end`],
  ['nothing', () => ''],
])('a host that answers with %s is a fault', async (_, said) => {
  const { lease } = await localHost(folder)
  const one = blob(10)
  const hostile = { ...lease, run: async () => ({ code: 0, out: `hello\n${said(one.hex)}\n`, err: '' }) }
  await expect(sendBlobs(hostile, [one], quiet)).rejects.toThrow(
    'the list of blobs gave no answer that can be read: does its shell print something of its own?',
  )
})

test('a host that claims what it did not get ends with a fault, not without end', async () => {
  const { lease } = await localHost(folder)
  const liar = {
    ...lease,
    send: async (_: string, __: unknown, options?: { readonly onOut?: (text: string) => void }) => {
      options?.onOut?.('lucid-got 9999999\nlucid-got -1\nlucid-sum good nothing\n')
      return { code: 0, out: '', err: '' }
    },
  }
  await expect(sendBlobs(liar, [blob(10)], quiet)).rejects.toThrow('keeping the blobs of images')
})

test('the plan is biggest first, without what is whole, from where the parts end', () => {
  const hex = (digit: string) => digit.repeat(64)
  const wanted = [
    { hex: hex('a'), size: 10 },
    { hex: hex('b'), size: 30 },
    { hex: hex('c'), size: 20 },
  ]
  expect(planTransfer(wanted, { whole: new Map([[hex('c'), 20]]), parts: new Map([[hex('b'), 7]]) })).toEqual({
    passages: [
      { hex: hex('b'), size: 30, at: 7 },
      { hex: hex('a'), size: 10, at: 0 },
    ],
    removed: [],
  })
})
