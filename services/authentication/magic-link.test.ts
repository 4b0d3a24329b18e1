import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { sqliteStore } from '#common/store/sqlite'
import { faultOf } from '#common/testing/faults'
import { factorTables } from './factor-store.ts'
import { LINK_MS, magicLinks } from './magic-link.ts'
import type { Mail } from './mail.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(60_000)

const free = async () => []
const stores: ReturnType<typeof sqliteStore>[] = []
afterAll(async () => {
  for (const store of stores) await store.close()
})

const made = () => {
  const store = sqliteStore({ path: ':memory:' })
  stores.push(store)
  const sent: Mail[] = []
  const queued: (() => void)[] = []
  const asked: string[] = []
  let time = 1_800_000_000_000
  const links = magicLinks({
    store,
    random: (size) => crypto.getRandomValues(new Uint8Array(size)),
    now: () => time,
    mailer: async (mail) => {
      sent.push(mail)
    },
    publicUrl: 'https://lucid.example',
    accountOf: async (email) => {
      asked.push(email)
      return email === 'ops@example.org' ? 'TOps' : undefined
    },
    later: (work) => queued.push(work),
    onFailure: (error) => {
      throw error
    },
  })
  /** Does what was put off, and waits for `count` letters. */
  const run = async (count = sent.length + 1) => {
    for (const work of queued.splice(0)) work()
    while (sent.length < count) await Bun.sleep(1)
  }
  const wait = (ms: number) => {
    time += ms
  }
  const token = (at = sent.length - 1) => sent[at]?.text.match(/--magic ([A-Za-z0-9_-]{43})\n/)?.[1] ?? 'no token'
  return { store, links, sent, queued, asked, run, wait, token }
}

test('a known address gets a letter whose token signs its account in once', async () => {
  const { links, sent, run, token } = made()
  links.request('Ops@Example.org')
  await run()
  expect(sent.map(({ to }) => to)).toEqual(['ops@example.org'])
  expect(await links.redeem(token(), free)).toEqual({ address: 'TOps', methods: ['magic-link'] })
  expect(await faultOf(() => links.redeem(token(), free))).toMatchObject({
    kind: 'unauthenticated',
    code: 'magic-link',
  })
})

test('of many at once with one token one is signed in', async () => {
  const { links, run, token } = made()
  links.request('ops@example.org')
  await run()
  const results = await Promise.all(Array.from({ length: 4 }, () => faultOf(() => links.redeem(token(), free))))
  expect(results.filter((result) => result === 'no fault')).toHaveLength(1)
})

test('a request is answered before anybody looks whether there is such an account', async () => {
  const { links, asked, queued } = made()
  links.request('ops@example.org')
  links.request('nobody@example.org')
  expect(asked).toEqual([])
  expect(queued).toHaveLength(2)
})

test('an unknown address gets nothing and leaves nothing', async () => {
  const { store, links, sent, asked, run } = made()
  links.request('nobody@example.org')
  await run(0)
  expect(asked).toEqual(['nobody@example.org'])
  links.request('ops@example.org')
  await run()
  expect(sent.map(({ to }) => to)).toEqual(['ops@example.org'])
  expect(await factorTables(store).links.count()).toBe(1)
})

test('a link whose account must prove more stays good until it did', async () => {
  const { links, run, token } = made()
  links.request('ops@example.org')
  await run()
  const prove = async () => {
    throw new Error('no code')
  }
  expect(await faultOf(() => links.redeem(token(), prove))).toMatchObject({ message: 'no code' })
  expect(await links.redeem(token(), free)).toEqual({ address: 'TOps', methods: ['magic-link'] })
})

test('a link expires after ten minutes', async () => {
  const { links, run, wait, token } = made()
  links.request('ops@example.org')
  await run()
  wait(LINK_MS)
  expect(await faultOf(() => links.redeem(token(), free))).toMatchObject({ code: 'magic-link' })
})

test('nobody is flooded with letters, and a flood of requests is dropped beyond what may wait', async () => {
  const { links, sent, queued, asked, run, wait } = made()
  for (let turn = 0; turn < 1000; turn += 1) links.request('ops@example.org')
  expect(queued).toHaveLength(64)
  await run(3)
  while (asked.length < 64) await Bun.sleep(1)
  links.request('ops@example.org')
  await run(3)
  while (asked.length < 65) await Bun.sleep(1)
  expect(sent).toHaveLength(3)
  wait(LINK_MS)
  links.request('ops@example.org')
  await run()
})

test('only a hash of the token is stored', async () => {
  const { store, links, run, token } = made()
  links.request('ops@example.org')
  await run()
  const [doc] = await factorTables(store).links.find()
  expect(doc?.id).toMatch(/^[0-9a-f]{64}$/)
  expect(JSON.stringify(doc)).not.toContain(token())
})
