import { describe, expect, test } from 'bun:test'
import { aeadEngine } from '#common/engines/aead'
import { MANIFEST_NAME } from '#common/evidence/bundle'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { bytesReader } from '#common/evidence/reader'
import { judgeBundle } from '#common/evidence/verify'
import { sampleAnchor, sampleLedgerKey } from '#common/testing/sample-anchor'
import { noise, sampleBundle, sampleSession } from '#common/testing/sample-session'
import { assemble, disassemble, type Part, replacePart } from '../../demo/bundle-parts.ts'
import { type Kind, type Place, TAMPERINGS, tamper } from './tamperings.ts'

const OTHER = '0f0e0d0c-0b0a-4908-8706-050403020100'
const ROWS = "the manifest's rows are wrong, the chunks are those under the Merkle root: "

/** What the line on chunks says of each: as the forger left it, and with its numbers made right again. */
const SAYS: Readonly<Record<`${Kind} ${Place}`, readonly [plain: readonly string[], renumbered: readonly string[]]>> = {
  'altered header': [['chunk 1 altered in its header (nonce)'], ['chunk 1 altered in its header (nonce)']],
  'altered body': [['chunk 1 altered'], ['chunk 1 altered']],
  'altered file': [['chunk 1 altered'], ['chunk 1 altered']],
  'altered row': [[`${ROWS}row 1 altered`], [`${ROWS}row 1 altered`]],
  'swapped header': [
    ['chunk 1 carries the header of chunk 2', 'chunk 2 carries the header of chunk 1'],
    ['chunk 1 carries the header of chunk 2', 'chunk 2 carries the header of chunk 1'],
  ],
  'swapped body': [
    ['chunk 2 carries the header of chunk 1', 'chunk 1 carries the header of chunk 2', 'chunks 1 and 2 swapped'],
    ['chunk 2 carries the header of chunk 1', 'chunk 1 carries the header of chunk 2', 'chunks 1 and 2 swapped'],
  ],
  'swapped file': [
    ['chunks 1 and 2 swapped'],
    ['chunk 2 altered in its header (index)', 'chunk 1 altered in its header (index)', 'chunks 1 and 2 swapped'],
  ],
  'swapped row': [[`${ROWS}rows 1 and 2 swapped`], [`${ROWS}rows 1 and 2 swapped`]],
  'dropped header': [['chunk 1 has lost its header'], ['chunk 1 has lost its header']],
  'dropped body': [
    ['chunk 1 has lost its content: nothing but a header is left'],
    ['chunk 1 has lost its content: nothing but a header is left'],
  ],
  'dropped file': [
    ['chunk 1 missing (dropped)'],
    [
      'chunk 2 altered in its header (index)',
      'chunk 3 altered in its header (index)',
      'chunk 4 altered in its header (index)',
      'chunk 1 missing (dropped)',
    ],
  ],
  'dropped row': [[`${ROWS}row 1 missing (dropped)`], [`${ROWS}row 1 missing (dropped)`]],
  'duplicated header': [['chunk 2 carries the header of chunk 1'], ['chunk 2 carries the header of chunk 1']],
  'duplicated body': [['chunk 2 is a duplicate of chunk 1'], ['chunk 2 is a duplicate of chunk 1']],
  'duplicated file': [['chunk 2 is a duplicate of chunk 1'], ['chunk 2 is a duplicate of chunk 1']],
  'duplicated row': [[`${ROWS}row 2 is a duplicate of row 1`], [`${ROWS}row 2 is a duplicate of row 1`]],
  // With the numbers of this session a stranger's header or chunk is one that was altered: nothing tells it apart.
  'foreign header': [
    [`chunk 1 carries a foreign header (session ${OTHER})`],
    ['chunk 1 altered in its header (nonce)'],
  ],
  'foreign body': [['chunk 1 altered'], ['chunk 1 altered']],
  'foreign file': [[`chunk 1 is foreign (session ${OTHER})`], ['chunk 1 altered']],
  'foreign row': [[`${ROWS}row 1 altered`], [`${ROWS}row 1 altered`]],
}

const sample = await sampleSession(noise(5000, 2))
const stranger = await sampleSession(noise(5000, 9), { seed: 9, session: OTHER })
const anchor = await sampleAnchor(sample)
const donor = disassemble(await sampleBundle(stranger, { anchor: await sampleAnchor(stranger) }))

const says = async (bundle: Uint8Array) => {
  const { verdict, checks } = await judgeBundle({
    reader: bytesReader(bundle),
    aead: await aeadEngine(),
    trust: sampleLedgerKey(),
  })
  const of = (check: string) =>
    checks.filter((one) => one.check === check && one.ok === false).map(({ detail }) => detail)
  return { verdict, chunks: of('chunks'), signature: of('signature'), keys: of('keys') }
}

const bundles: Readonly<Record<string, readonly Part[]>> = {
  'anchored, with keys': disassemble(await sampleBundle(sample, { anchor, keys: true })),
  'not anchored, without keys': disassemble(await sampleBundle(sample)),
}

for (const [which, parts] of Object.entries(bundles))
  describe(`a bundle that is ${which}`, () => {
    for (const tampering of TAMPERINGS) {
      const { kind, place, renumbered } = tampering
      test(`${kind} ${place}${renumbered ? ', renumbered' : ''}: named as what it is`, async () => {
        const found = await says(tamper(parts, donor, tampering))
        expect(found.chunks).toEqual([...SAYS[`${kind} ${place}`][renumbered ? 1 : 0]])
        expect(found.verdict).toBe(1)
        // Chunks that were tampered with are no fault of the key.
        expect(found.keys).toEqual([])
        // What is signed is the manifest: it, and nothing else, breaks the signature.
        expect(found.signature.length).toBe(place === 'row' ? 1 : 0)
        if (place === 'row') expect(found.signature[0]).toMatch(/manifest.* altered/)
      })
    }
  })

test('a row that was added is named, wherever it was added', async () => {
  const parts = bundles['anchored, with keys'] ?? []
  const [row] = stranger.manifest.chunks
  if (row === undefined) throw new Error('a session without chunks')
  for (const at of [0, 2, 5]) {
    const rows = sample.manifest.chunks.toSpliced(at, 0, row)
    const manifest = { ...sample.manifest, chunks: rows.map((one, i) => ({ ...one, i })), chunk_count: 6 }
    const { chunks } = await says(assemble(replacePart(parts, MANIFEST_NAME, canonicalBytes(manifest))))
    expect(chunks).toEqual([`${ROWS}row ${at} is of a chunk that is not under the root`])
  }
})

test('a field of a row that is in no tree is one word against the other, once the manifest is not the signed one', async () => {
  const parts = bundles['anchored, with keys'] ?? []
  const [first, ...rest] = parts
  const text = new TextDecoder().decode(first?.content)
  const nonce = sample.manifest.chunks[1]?.nonce ?? ''
  const forged = new TextEncoder().encode(
    text.replace(nonce, `${nonce.slice(0, -1)}${nonce.endsWith('0') ? '1' : '0'}`),
  )
  const { chunks, keys } = await says(assemble([{ name: first?.name ?? '', content: forged }, ...rest]))
  expect(chunks).toEqual(['chunk 1 and its row in the manifest differ (nonce)'])
  expect(keys).toEqual([])
})
