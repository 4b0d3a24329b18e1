import { expect, test } from 'bun:test'
import { aeadEngine } from '#common/engines/aead'
import { type Check, concludeChecks } from '#common/evidence/check'
import { bytesReader } from '#common/evidence/reader'
import { verifyBundle } from '#common/evidence/verify'
import { sampleAnchor, sampleLedgerKey } from '#common/testing/sample-anchor'
import { derived, noise, sampleBundle, sampleSession } from '#common/testing/sample-session'
import { assemble, disassemble } from './bundle-parts.ts'
import { recordAnew } from './dishonest-source.ts'
import { TAMPERS } from './tamper.ts'

const ledgerKey = derived(7, 'ledger')
const sample = await sampleSession(noise(5000, 2))
const bundle = await sampleBundle(sample, { anchor: await sampleAnchor(sample), keys: true })

const verified = async (bytes: Uint8Array) => {
  const checks: Check[] = []
  for await (const check of verifyBundle({
    reader: bytesReader(bytes),
    aead: await aeadEngine(),
    trust: sampleLedgerKey(),
  }))
    checks.push(check)
  return {
    checks,
    verdict: concludeChecks(checks),
    details: checks.filter((check) => check.ok !== true).map((check) => check.detail),
  }
}

test('a bundle taken apart and put together is the same file', async () => {
  expect(Buffer.compare(assemble(disassemble(bundle)), bundle)).toBe(0)
  expect((await verified(bundle)).verdict).toBe(0)
})

for (const { name, expect: phrase, exit, apply } of TAMPERS)
  test(`${name}: caught and named`, async () => {
    const { verdict, details } = await verified(apply(disassemble(bundle), ledgerKey))
    expect(details.filter((detail) => phrase.test(detail))).toHaveLength(1)
    expect(verdict).toBe(exit)
  })

test('a source that states what may be true is not told from an honest one', async () => {
  const same = recordAnew(disassemble(bundle), (manifest) => manifest, ledgerKey)
  expect((await verified(same)).verdict).toBe(0)
  const silent = { at: 2, from: sample.manifest.started_at, to: sample.manifest.ended_at, reason: 'silence' }
  const gapped = recordAnew(disassemble(bundle), (manifest) => ({ ...manifest, gaps: [silent] }), ledgerKey)
  expect((await verified(gapped)).verdict).toBe(3)
})

test('tampering leaves the given bundle as it was', () => {
  const before = Bun.hash(bundle)
  for (const { apply } of TAMPERS) apply(disassemble(bundle), ledgerKey)
  expect(Bun.hash(bundle)).toBe(before)
})

test('the names are unique', () => {
  expect(new Set(TAMPERS.map((tamper) => tamper.name)).size).toBe(TAMPERS.length)
})
