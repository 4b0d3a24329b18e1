import { expect, test } from 'bun:test'
import { aeadEngine } from '#common/engines/aead'
import { encodeAudit } from '#common/evidence/audit-lines'
import { ANCHOR_NAME, AUDIT_NAME, KEYS_NAME } from '#common/evidence/bundle'
import type { Gap } from '#common/evidence/manifest'
import { bytesReader } from '#common/evidence/reader'
import { judgeBundle } from '#common/evidence/verify'
import { concat, equalBytes, utf8 } from '#common/stream/bytes'
import { caseCount, isFull } from '#common/testing/extent'
import { sampleAnchor, sampleLedgerKey } from '#common/testing/sample-anchor'
import { auditSample } from '#common/testing/sample-audit'
import { noise, sampleBundle, sampleSession } from '#common/testing/sample-session'
import { disassemble, type Part } from '../../demo/bundle-parts.ts'
import { seeded } from '../durability/random.ts'
import { KINDS, mutate, type Original } from './mutate.ts'

/** Seeded mutations in parts, each a test of its own: 5,000 in all, 100,000 with --full. */
const PARTS = isFull ? 40 : 2
const CASES = caseCount(2500)
const HANG = 600_000
if (!isFull) console.log('NOT RUN: only with --full (100,000 mutated bundles; here 5,000)')

const aead = await aeadEngine()
const trust = sampleLedgerKey()

const donor = async () => {
  const other = await sampleSession(noise(3000, 9), { seed: 9, session: '0f0e0d0c-0b0a-4908-8706-050403020100' })
  return disassemble(await sampleBundle(other, { anchor: await sampleAnchor(other), keys: true }))
}

const makeHonest = async (keys: boolean, gaps: readonly Gap[]): Promise<Original> => {
  const plain = concat(noise(2048, 1), utf8('a line of text that repeats\n'.repeat(60)))
  const { sample, events } = auditSample(await sampleSession(plain, { gaps }))
  const audit = encodeAudit(events)
  const bytes = await sampleBundle(sample, { anchor: await sampleAnchor(sample), keys, audit })
  return { bytes, parts: disassemble(bytes), donor: await donor() }
}

const GAP = { at: 1, from: 1_760_000_020_000, to: 1_760_000_030_000, reason: 'the source went away' }

/** With and without keys, complete and with a stated gap, and what each is to be called. */
const originals = [
  { ...(await makeHonest(false, [])), verdict: 0 },
  { ...(await makeHonest(true, [])), verdict: 0 },
  { ...(await makeHonest(true, [GAP])), verdict: 3 },
] as const

const judge = (bytes: Uint8Array) => judgeBundle({ reader: bytesReader(bytes), aead, trust })

const withoutLabel = (content: Uint8Array): unknown => {
  const { tx_hash: _hash, tx_proof: _proof, ...proven } = JSON.parse(new TextDecoder().decode(content))
  return proven
}

/**
 * True when a bundle says what the honest one does. It may say less: no keys, or keys of a part (what they open is
 * stated), no events, and no proof of the transaction, whose hash is then called a label.
 */
const saysTheSame = (bytes: Uint8Array, { parts }: Original): boolean => {
  const bare = (of: readonly Part[]) => of.filter(({ name }) => name !== KEYS_NAME && name !== AUDIT_NAME)
  const [ours, theirs] = [bare(disassemble(bytes)), bare(parts)]
  return (
    ours.length === theirs.length &&
    ours.every(({ name, content }, at) => {
      const original = theirs[at]?.content ?? new Uint8Array()
      if (name !== theirs[at]?.name) return false
      if (name !== ANCHOR_NAME) return equalBytes(content, original)
      return !utf8Has(content, 'tx_proof')
        ? Bun.deepEquals(withoutLabel(content), withoutLabel(original), true)
        : equalBytes(content, original)
    })
  )
}

const utf8Has = (content: Uint8Array, text: string): boolean => new TextDecoder().decode(content).includes(text)

test('the honest bundles are called what they are', async () => {
  for (const { bytes, verdict } of originals) expect((await judge(bytes)).verdict).toBe(verdict)
})

for (let part = 0; part < PARTS; part += 1)
  test(
    `no mutated bundle is called proven unless it says what the honest one says (seeds from ${part * CASES})`,
    async () => {
      const kept = new Set<string>()
      for (let seed = part * CASES; seed < (part + 1) * CASES; seed += 1) {
        const random = seeded(seed)
        const [original, kind] = [random.pick(originals), KINDS[seed % KINDS.length] ?? KINDS[0] ?? 'cut short']
        const bytes = mutate(original, kind, random)
        const { verdict, checks } = await judge(bytes)
        const equal = equalBytes(bytes, original.bytes)
        if (equal) expect([seed, kind, verdict]).toEqual([seed, kind, original.verdict])
        else if (verdict === 0 || verdict === 3) {
          expect([seed, kind, saysTheSame(bytes, original)]).toEqual([seed, kind, true])
          kept.add(kind)
        } else if (verdict === 1) expect(checks.some(({ ok }) => ok === false)).toBe(true)
      }
      // The sweep must reach what may be changed, or it proves nothing about the rest.
      expect([...kept]).toContain('other keys')
    },
    HANG,
  )
