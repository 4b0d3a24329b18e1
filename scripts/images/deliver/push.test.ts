import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeLayout } from '../layout/layout.fixture.ts'
import { blobPath, listBlobs, openLayout } from '../layout/layout.ts'
import { cuttingProxy } from './cutting-proxy.fixture.ts'
import type { Credentials } from './docker-config.ts'
import type { Network } from './network.ts'
import { type PushOptions, pushLayout } from './push.ts'
import { parseRepository } from './reference.ts'
import { type FakeOptions, fakeRegistry } from './registry.fixture.ts'
import { openRegistry } from './registry.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-push-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const MIB = 1024 * 1024
const none: Credentials = { kind: 'none' }

/** No waiting; what would have been waited, in ms. */
const networkOf = (waits: number[] = []): Network => ({
  fetch,
  pause: async (ms) => void waits.push(ms),
  random: () => 0,
})

/** Bytes that gzip cannot make smaller. */
const noise = (size: number) => crypto.getRandomValues(new Uint8Array(Math.min(size, 65536)))
const large = (size: number) => Buffer.concat(Array.from({ length: Math.ceil(size / 65536) }, () => noise(65536)))

let made = 0
const layoutOf = (size = 1000) => {
  const at = join(folder, `layout-${made++}`)
  const shared = [{ path: 'app/shared', content: 'both platforms have it' }]
  writeLayout(at, [
    { architecture: 'amd64', layers: [shared, [{ path: 'app/main.js', content: large(size) }]] },
    { architecture: 'arm64', layers: [shared, [{ path: 'app/main.js', content: 'arm64' }]] },
  ])
  return openLayout(at)
}

const pushTo = (
  port: number,
  layout: ReturnType<typeof layoutOf>,
  {
    credentials = none,
    waits,
    name = 'pickme/lucid',
    ...more
  }: { credentials?: Credentials; waits?: number[]; name?: string } & Partial<PushOptions> = {},
) => {
  const network = networkOf(waits)
  const registry = openRegistry(parseRepository(`127.0.0.1:${port}/${name}`, undefined), {
    credentials,
    network,
    mountFrom: more.mountFrom ?? [],
  })
  return pushLayout(registry, layout, { tag: 'one', network, ...more })
}

const with_ = async <T>(options: FakeOptions, use: (fake: ReturnType<typeof fakeRegistry>) => Promise<T>) => {
  const fake = fakeRegistry(options)
  try {
    return await use(fake)
  } finally {
    await fake.stop()
  }
}

describe('a push', () => {
  test('sends every blob once, then manifests, then the index under its tag', () =>
    with_({}, async (fake) => {
      const layout = layoutOf()
      const pushed = await pushTo(fake.port, layout)
      expect(pushed).toMatchObject({
        digest: layout.root.descriptor.digest,
        changed: true,
        uploaded: 5,
        mounted: 0,
        there: 0,
      })
      expect(pushed.reference).toBe(`127.0.0.1:${fake.port}/pickme/lucid:one`)
      for (const { digest, size } of listBlobs(layout))
        expect(fake.blobs.get(`pickme/lucid@${digest}`)?.length).toBe(size)
      expect(fake.manifests.get('pickme/lucid:one')).toEqual(layout.root.bytes)
      const puts = fake.requests.filter((one) => one.startsWith('PUT')).map((one) => one.split('/').at(-1) ?? '')
      expect(puts.slice(5)).toEqual([...layout.images.map((one) => one.documents.manifest.descriptor.digest), 'one'])
    }))

  test('of an unchanged image asks once and sends nothing', () =>
    with_({}, async (fake) => {
      const layout = layoutOf()
      await pushTo(fake.port, layout)
      const before = fake.requests.length
      expect(await pushTo(fake.port, layout)).toMatchObject({ changed: false, bytes: 0 })
      expect(fake.requests.slice(before)).toEqual(['HEAD /v2/pickme/lucid/manifests/one'])
    }))

  test('skips blobs that the registry has, and does not ask for those it is known to have', () =>
    with_({}, async (fake) => {
      const layout = layoutOf()
      const present = new Set<string>()
      await pushTo(fake.port, layout, { present })
      const before = fake.requests.length
      expect(await pushTo(fake.port, layout, { tag: 'two' })).toMatchObject({ uploaded: 0, there: 5, bytes: 0 })
      expect(fake.requests.slice(before).filter((one) => one.includes('/blobs/')).length).toBe(5)
      const again = fake.requests.length
      expect(await pushTo(fake.port, layout, { tag: 'three', present })).toMatchObject({ uploaded: 0, there: 5 })
      expect(fake.requests.slice(again).filter((one) => one.includes('/blobs/'))).toEqual([])
    }))

  test('takes blobs over from another repository of the same registry', () =>
    with_({}, async (fake) => {
      const layout = layoutOf()
      await pushTo(fake.port, layout)
      const mounted = await pushTo(fake.port, layout, { name: 'other/place', mountFrom: ['no/such', 'pickme/lucid'] })
      expect(mounted).toMatchObject({ uploaded: 0, mounted: 5, bytes: 0 })
      expect(fake.manifests.has('other/place:one')).toBe(true)
    }))

  test('over a connection that is cut at every MiB completes, with at most the lost chunks sent again', () =>
    with_({}, async (fake) => {
      const layout = layoutOf(6 * MIB)
      const proxy = await cuttingProxy(fake.port, MIB)
      try {
        const pushed = await pushTo(proxy.port, layout)
        expect(pushed).toMatchObject({ changed: true, uploaded: 5 })
        expect(proxy.cuts()).toBeGreaterThan(0)
        const whole = listBlobs(layout).reduce((sum, { size }) => sum + size, 0)
        expect(whole).toBeGreaterThan(6 * MIB)
        // Each cut loses at most a chunk of a MiB; heads of requests are counted too.
        expect(proxy.received()).toBeLessThan(whole + proxy.cuts() * MIB + 64 * 1024)
        for (const { digest, size } of listBlobs(layout))
          expect(fake.blobs.get(`pickme/lucid@${digest}`)?.length).toBe(size)
      } finally {
        proxy.close()
      }
    }))

  test('waits as long as the registry asks and goes on', async () => {
    const answers = [429, 503, 500]
    const waits: number[] = []
    await with_(
      {
        fault: (request, path) => {
          const status = request.method === 'HEAD' && path.includes('/manifests/') ? answers.shift() : undefined
          if (status === undefined) return undefined
          return new Response(null, { status, headers: status === 429 ? { 'retry-after': '7' } : {} })
        },
      },
      async (fake) => expect((await pushTo(fake.port, layoutOf(), { waits })).changed).toBe(true),
    )
    expect(waits).toEqual([7000, 500, 1000])
  })

  test('gives up on a registry that answers 500 for ever, and says so', () =>
    with_({ fault: () => new Response(null, { status: 500 }) }, async (fake) => {
      const waits: number[] = []
      const failed = pushTo(fake.port, layoutOf(), { waits })
      await expect(failed).rejects.toThrow(
        `127.0.0.1:${fake.port} answered 500 to HEAD /v2/pickme/lucid/manifests/one; tried 6 times: try again later`,
      )
      await failed.catch(() => undefined)
      expect(waits).toEqual([250, 500, 1000, 2000, 4000])
    }))

  test('gives up on uploads that fail every time', () =>
    with_(
      { fault: (request) => (request.method === 'PATCH' ? new Response(null, { status: 500 }) : undefined) },
      async (fake) => {
        await expect(pushTo(fake.port, layoutOf())).rejects.toThrow(
          /answered 500 to PATCH .*; 6 times in a row at byte 0/,
        )
      },
    ))

  test('loses nothing when only the answer to the last request was lost', async () => {
    let lose = true
    await with_(
      {
        fault: (request, path) => {
          // The fake finishes a blob and then cannot say so: what the client sees is a 502.
          if (request.method !== 'PUT' || !path.includes('/uploads/') || !lose) return undefined
          lose = false
          return new Response(null, { status: 502 })
        },
      },
      async (fake) => expect(await pushTo(fake.port, layoutOf())).toMatchObject({ changed: true, uploaded: 5 }),
    )
  })

  test('of a blob that is not what its digest says is refused by the registry, in its words', () =>
    with_({}, async (fake) => {
      const layout = layoutOf()
      const [first] = listBlobs(layout)
      await Bun.write(blobPath(layout.folder, { digest: first?.digest ?? '' }), new Uint8Array(first?.size ?? 0))
      await expect(pushTo(fake.port, layout)).rejects.toThrow(
        /answered 400 .*DIGEST_INVALID: provided digest did not match/,
      )
      truncateSync(blobPath(layout.folder, { digest: first?.digest ?? '' }), 3)
      await expect(pushTo(fake.port, layout)).rejects.toThrow(/is shorter than its manifest says/)
    }))

  test('to nobody says that the connection broke', async () => {
    const fake = fakeRegistry()
    await fake.stop()
    await expect(pushTo(fake.port, layoutOf())).rejects.toThrow(
      /the connection to 127.0.0.1:\d+ broke.*try again later/,
    )
  })
})

describe('who pushes', () => {
  const good: Credentials = { kind: 'password', user: 'user', password: 'hidden' }

  for (const scheme of ['basic', 'bearer'] as const) {
    test(`is proven by ${scheme}`, () =>
      with_({ password: 'hidden', scheme }, async (fake) => {
        expect((await pushTo(fake.port, layoutOf(), { credentials: good })).changed).toBe(true)
        if (scheme === 'bearer') expect(fake.requests.filter((one) => one === 'GET /token').length).toBe(1)
      }))

    test(`is refused by ${scheme} after one more try, and the password is not said`, () =>
      with_({ password: 'another', scheme }, async (fake) => {
        const failed = pushTo(fake.port, layoutOf(), { credentials: good })
        await expect(failed).rejects.toThrow(/docker login/)
        expect(String(await failed.catch((error: unknown) => error))).not.toContain('hidden')
        expect(fake.requests.length).toBeLessThan(4)
      }))
  }

  test('without a password is told to sign in', () =>
    with_({ password: 'hidden' }, async (fake) => {
      await expect(pushTo(fake.port, layoutOf())).rejects.toThrow(`docker login 127.0.0.1:${fake.port}`)
    }))

  test('is not told to a host that the registry sends us to', async () => {
    const seen: (string | null)[] = []
    const thief = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) => {
        seen.push(request.headers.get('authorization'))
        return new Response(null, { status: 400 })
      },
    })
    await with_(
      {
        password: 'hidden',
        fault: (request, path) =>
          request.method === 'POST' && path.endsWith('/uploads/')
            ? new Response(null, { status: 202, headers: { location: `http://127.0.0.1:${thief.port}/x` } })
            : undefined,
      },
      async (fake) => {
        await expect(pushTo(fake.port, layoutOf(), { credentials: good })).rejects.toThrow(/answered 400/)
        await Bun.sleep(0)
      },
    ).finally(() => thief.stop(true))
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.every((one) => one === null)).toBe(true)
  })
})
