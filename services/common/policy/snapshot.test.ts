import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import { utf8 } from '../stream/bytes.ts'
import { faultOf } from '../testing/faults.ts'
import { buildPolicy } from './build.ts'
import { guest, NOW, owner, ownerKey, samplePolicy, signPolicy, stranger, viewer } from './fixture.ts'
import { checkSignedPolicy, policyMessage } from './signature.ts'
import { CLIPBOARD_CAP, FILE_CAP, LONGEST_VALIDITY, policyBytes, policyHash, readPolicy } from './snapshot.ts'
import vectors from './vectors/policy.json'
import { describePolicy } from './words.ts'

const policy = samplePolicy()
const at = { owner, now: NOW }

test('the default denies every channel, and its caps are those of the specification', () => {
  const { channels, ...rest } = buildPolicy({ owner, nonce: 'aa'.repeat(32), now: 5, validFor: 10 })
  expect(channels).toEqual({
    input: { to_session: 'denied' },
    clipboard: { to_session: 'denied', from_session: 'denied', max_bytes: 65_536 },
    files: { to_session: 'denied', from_session: 'denied', max_bytes: 25_000_000 },
    audio: { to_session: 'denied', from_session: 'denied' },
    printing: { from_session: 'denied', max_bytes: 25_000_000 },
  })
  expect(rest).toEqual({
    v: 1,
    nonce: 'aa'.repeat(32),
    owner,
    created_at: 5,
    valid_until: 15,
    participants: [],
    observers: [],
    approvers: [owner],
    on_violation: 'block',
  })
})

test('the recorded policies have their hash, their text and their signature', () => {
  for (const { canonical, hash, message, signature } of vectors.policies) {
    const snapshot = readPolicy(utf8(canonical))
    expect(new TextDecoder().decode(policyBytes(snapshot))).toBe(canonical)
    expect(policyMessage(snapshot)).toBe(message)
    expect(checkSignedPolicy({ snapshot, signature }, { owner: snapshot.owner, now: snapshot.created_at })).toEqual({
      policy: snapshot,
      text: canonical,
      hash,
    })
  }
})

test('what its owner reads says all that it allows', () => {
  const wishes = { channels: { clipboard: { from_session: 'on_request', max_bytes: 2048 } } } as const
  expect(describePolicy(samplePolicy({ ...wishes, approvers: [], on_violation: 'void' }))).toEqual([
    'Keyboard and mouse: denied into the session',
    'Clipboard: denied into the session, on request out of it; at most 2 KiB an item',
    'Files: denied into the session, denied out of it; at most 23.8 MiB an item',
    'Sound: denied into the session, denied out of it',
    'Printing: denied out of it; at most 23.8 MiB an item',
    `May join beside the owner: ${guest}`,
    `May watch: ${viewer}`,
    'May approve what others ask for: nobody',
    'Whoever tries what is denied ends the session as void',
    'In force until 2025-10-09T09:53:20.000Z',
  ])
})

describe('a signed policy', () => {
  const good = signPolicy(policy)

  test.each([
    ['for another owner', good, { ...at, owner: stranger }, 'policy-owner'],
    ['signed by somebody else', signPolicy(policy, ownerKey.toReversed()), at, 'policy-not-signed'],
    [
      'changed after it was signed',
      { ...good, snapshot: { ...policy, on_violation: 'void' } },
      at,
      'policy-not-signed',
    ],
    ['that is over', good, { owner, now: policy.valid_until }, 'policy-not-in-force'],
    ['from tomorrow', good, { owner, now: NOW - 24 * 3600 * 1000 }, 'policy-not-in-force'],
  ] as const)('%s is refused', async (_, signed, when, code) => {
    expect(await faultOf(() => checkSignedPolicy(signed, when))).toMatchObject({ kind: 'forbidden', code })
  })

  test('is refused with the second spelling of its signature, which has a high s', async () => {
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const [r, s, v] = [good.signature.slice(2, 66), good.signature.slice(66, 130), good.signature.slice(130)]
    const high = (order - BigInt(`0x${s}`)).toString(16).padStart(64, '0')
    const signature = `0x${r}${high}${v === '1b' ? '1c' : '1b'}`
    expect(await faultOf(() => checkSignedPolicy({ snapshot: policy, signature }, at))).toMatchObject({
      code: 'policy-not-signed',
    })
  })

  test('is refused with any other signature, and never with anything but a Fault', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 65, maxLength: 65 }), (bytes) => {
        expect(() => checkSignedPolicy({ snapshot: policy, signature: bytes.toHex() }, at)).toThrow(
          'not signed by its owner',
        )
      }),
    )
  })
})

describe('the reader of policies', () => {
  const text = new TextDecoder().decode(policyBytes(policy))
  const codeOf = async (document: string) => {
    const error = await faultOf(() => readPolicy(utf8(document)))
    return isFault(error) ? error.code : error
  }
  const changed = (change: object) => new TextDecoder().decode(policyBytes({ ...policy, ...change } as never))

  test.each([
    ['nothing', '', 'policy-not-json'],
    ['a name twice', text.replace('{', '{"v":1,'), 'policy-not-canonical'],
    ['another order of names', JSON.stringify(policy), 'policy-not-canonical'],
    ['white space', ` ${text}`, 'policy-not-canonical'],
    ['a name of its own', changed({ extra: 1 }), 'policy-schema'],
    ['a prototype', text.replace('{', '{"__proto__":{"v":1},'), 'policy-schema'],
    ['another version', changed({ v: 2 }), 'policy-schema'],
    ['brackets', '['.repeat(60_000), 'policy-not-json'],
    ['a mebibyte', 'x'.repeat(1 << 20), 'policy-too-large'],
    ['a date that no clock shows', changed({ valid_until: 8.7e15 }), 'policy-schema'],
    ['a clipboard over the cap', withCap('clipboard', CLIPBOARD_CAP + 1), 'policy-schema'],
    ['files over the cap', withCap('files', FILE_CAP + 1), 'policy-schema'],
    ['a wrong checksum', changed({ observers: ['TJRabPrwbZy45sbavfcjinPJC18kjpRTv9'] }), 'policy-address'],
    ['an end before its beginning', changed({ valid_until: NOW }), 'policy-validity'],
    ['no end', changed({ valid_until: NOW + LONGEST_VALIDITY + 1 }), 'policy-validity'],
    ['an observer who takes part', changed({ observers: [guest] }), 'policy-people'],
    ['the owner as an observer', changed({ observers: [owner] }), 'policy-people'],
    ['one person twice', changed({ approvers: [owner, owner] }), 'policy-schema'],
  ])('refuses %s', async (_, document, code) => {
    expect(await codeOf(document)).toBe(code)
  })

  function withCap(channel: 'clipboard' | 'files', max_bytes: number) {
    return changed({ channels: { ...policy.channels, [channel]: { ...policy.channels[channel], max_bytes } } })
  }

  test('refuses whatever is damaged, and never with anything but a Fault', () => {
    const damage = fc.tuple(fc.nat({ max: text.length - 1 }), fc.string({ minLength: 0, maxLength: 4 }))
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (edits) => {
        let bad = text
        for (const [place, put] of edits) bad = `${bad.slice(0, place)}${put}${bad.slice(place + 1)}`
        try {
          const read = readPolicy(utf8(bad))
          // What is still a policy is another one, with another hash.
          if (bad !== text) expect(policyHash(policyBytes(read))).not.toBe(policyHash(policyBytes(policy)))
        } catch (error) {
          expect(isFault(error)).toBe(true)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('refuses any other JSON', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(() => readPolicy(utf8(json))).toThrow('policy')
      }),
    )
  })
})
