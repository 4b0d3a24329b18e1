import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { aeadEngine } from '#common/engines/aead'
import { concat, utf8 } from '../stream/bytes.ts'
import { caseCount } from '../testing/extent.ts'
import { flipIn } from '../testing/faults.ts'
import { sampleAnchor, sampleLedgerKey } from '../testing/sample-anchor.ts'
import { findBytes, noise, sampleBundle, sampleSession } from '../testing/sample-session.ts'
import { concludeChecks } from './check.ts'
import { bytesReader } from './reader.ts'
import { verifyBundle } from './verify.ts'

const aead = await aeadEngine()
const trust = sampleLedgerKey()
const sample = await sampleSession(concat(noise(2048, 1), utf8('a line of text that repeats\n'.repeat(60))))
const anchor = await sampleAnchor(sample)
const bundle = await sampleBundle(sample, { anchor, keys: true })

const verify = async (bytes: Uint8Array) => {
  const checks = await Array.fromAsync(verifyBundle({ reader: bytesReader(bytes), aead, trust }))
  const wrong = checks.filter((check) => check.ok !== true).map(({ check, detail }) => `${check}: ${detail}`)
  return { wrong, verdict: concludeChecks(checks) }
}

/** Nothing here depends on how fast a machine is; a hang must end some day. */
const HANG = 5 * 60_000

test(
  'any single changed bit of a bundle is caught',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * bundle.length - 1), async (bit) => {
        expect((await verify(flipIn(bundle, bit))).verdict).toBe(1)
      }),
      { numRuns: caseCount(400) },
    )
  },
  HANG,
)

test('every digit of the transaction hash is proven, and only a label where the proof is left out', async () => {
  const unproven = await sampleBundle(sample, { anchor: await sampleAnchor(sample, { txProof: false }) })
  for (const [bytes, verdict] of [
    [bundle, 1],
    [unproven, 0],
  ] as const) {
    const at = findBytes(bytes, utf8(`"tx_hash":"${anchor.tx_hash}"`)) + 11
    for (let digit = 0; digit < 64; digit += 9) {
      const changed = Uint8Array.from(bytes)
      changed[at + digit] = changed[at + digit] === 0x30 ? 0x31 : 0x30
      expect((await verify(changed)).verdict).toBe(verdict)
    }
  }
})

test(
  'every bit of a chunk header is caught and named',
  async () => {
    const start = findBytes(bundle, sample.files[1] ?? new Uint8Array(1))
    for (let bit = 0; bit < 8 * 58; bit += 3) {
      const { verdict, wrong } = await verify(flipIn(bundle, 8 * start + bit))
      expect(verdict).toBe(1)
      expect(wrong.some((line) => /^chunks: chunk 1 (altered|has version)/.test(line))).toBe(true)
    }
  },
  HANG,
)

test('a bundle cut at any place is told as truncated, never as dropped', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: bundle.length - 1 }), async (length) => {
      const { verdict, wrong } = await verify(bundle.subarray(0, length))
      expect(verdict).toBe(1)
      expect(wrong[0]).toStartWith('structure: truncated')
      expect(wrong.some((line) => line.includes('dropped'))).toBe(false)
    }),
    { numRuns: 100 },
  )
})

test('random bytes, and random bytes behind sound documents, give a verdict and nothing else', async () => {
  const documents = bundle.subarray(0, findBytes(bundle, utf8('chunks/000000.lcd')))
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.boolean(), async (tail, behind) => {
      const bytes = behind ? concat(documents, Uint8Array.from(tail)) : Uint8Array.from(tail)
      expect((await verify(bytes)).verdict).toBe(1)
    }),
    { numRuns: 100 },
  )
})
