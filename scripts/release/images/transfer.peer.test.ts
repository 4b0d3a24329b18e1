import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { type Lease, takeLease } from '../../host/lease.ts'
import { openShell } from '../../host/shell.ts'
import { pushImages } from '../../images/deliver/push-images.ts'
import { type Pi, startPi } from '../../testing/peers/pi/pi.ts'
import { startRegistry } from '../../testing/peers/registry/registry.ts'
import type { ReleaseImage } from '../content/release.ts'
import { missingImages } from './missing-images.ts'
import { pruneImages } from './prune-images.ts'
import { pullImages } from './pull-images.ts'
import { type SendOptions, sendImages } from './send-images.ts'
import { HOLDER, imagesIn, MIB, noise, tempFolder } from './transfer.fixture.ts'

/** A real engine and a real sshd of Debian in namespaces of the test: the emulated Pi. */

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const { folder, remove } = tempFolder()
const REPOSITORY = 'pickme/lucid'
const full = process.env['LUCID_FULL'] === '1'
const ending: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const end of ending.reverse()) await end()
  await remove()
})

/** An emulated Pi and the right to change it. */
const hostOn = async (pi: Pi) => {
  ending.push(() => pi.stop())
  const shell = openShell({ host: pi.host, sshConfig: pi.sshConfig })
  ending.push(() => shell.close())
  const lease = await takeLease(shell, pi.dir, HOLDER)
  const ids = async ({ name }: ReleaseImage) =>
    (await pi.engine.run(['image', 'inspect', '--format', '{{.Id}}', name])).out.trim()
  const bytesOf = async (work: () => Promise<unknown>) => {
    const [sent, received] = [pi.link.sent(), pi.link.received()]
    await work()
    return { sent: pi.link.sent() - sent, received: pi.link.received() - received }
  }
  return { pi, lease, ids, bytesOf }
}

const layerBytes = (images: readonly ReleaseImage[]) =>
  [
    ...new Map(images.flatMap(({ layers }) => layers.map(({ digest, size }) => [digest, size] as const))).values(),
  ].reduce((sum, size) => sum + size, 0)

const ownBytes = ({ layers }: ReleaseImage) => layers.at(-1)?.size ?? 0

/** The promise of an update of one service: everything that crossed the connection, both ways. */
const wireBound = (changed: number) => 1.05 * changed + 64 * 1024

const sender = (lease: Lease, dist: string, more: Partial<SendOptions> = {}) => {
  const notices: string[] = []
  return {
    notices,
    send: (images: readonly ReleaseImage[]) =>
      sendImages(lease, images, { dist, onNotice: (text) => notices.push(text), ...more }),
  }
}

/** Pushes images to a registry of this machine; answers how to start one with them in the network of an engine, which has no other. */
const registryFor = async (pi: Pi, dist: string, images: readonly ReleaseImage[], name: string) => {
  const data = join(folder, name)
  const outside = await startRegistry({ folder: data })
  if ('absent' in outside) {
    console.log(`NOT RUN: ${outside.absent} (pull from a real registry)`)
    return undefined
  }
  await pushImages(
    images.map(({ service }) => ({ folder: join(dist, service), tag: service })),
    [`${outside.host}/pickme/lucid`],
    { env: { DOCKER_CONFIG: folder }, network: { fetch, pause: () => Bun.sleep(5), random: () => 0 } },
  )
  await outside.stop()
  return async (users?: Readonly<Record<string, string>>) => {
    const inside = (argv: readonly string[]) => pi.engine.inside(argv)
    const open = await startRegistry({ folder: data, inside, port: 5000, ...(users !== undefined && { users }) })
    if ('absent' in open) throw new Error(open.absent)
    return open
  }
}
const REGISTRY = '127.0.0.1:5000/pickme/lucid'

const classic = await startPi({ folder: join(folder, 'a'), sharedBytes: 400 * MIB })
if ('absent' in classic) console.log(`NOT RUN: ${classic.absent} (images over ssh to a classic engine)`)

describe.skipIf('absent' in classic)('a host with the classic store', async () => {
  if ('absent' in classic) {
    test.skip(classic.absent, () => {})
    return
  }
  const { pi, lease, ids, bytesOf } = await hostOn(classic)
  const images = imagesIn(folder, noise(12 * MIB))
  const build = (services: Parameters<typeof images.build>[0]) => images.build(services, { repository: REPOSITORY })
  const { send, notices } = sender(lease, images.dist)
  const two = noise(MIB)
  const first = build({ one: noise(MIB), two })

  test('gets all images though the connection is cut at every MiB, and no cut costs more than one MiB', async () => {
    let at = 0
    const cutting = sender(lease, images.dist, {
      pause: async () => {},
      onProgress: (bytes, _, what) => {
        // Behind each MiB that arrived the connection is cut once, in the middle of what is on its way.
        if (what !== 'sending layers' || Math.floor(bytes / MIB) <= at) return
        at = Math.floor(bytes / MIB)
        pi.link.cutAfter(100_000)
      },
    })
    const { sent } = await bytesOf(() => cutting.send(first))
    // A cut that was armed and not used must not hit what follows.
    pi.link.cutAfter(Number.POSITIVE_INFINITY)
    const total = layerBytes(first)
    const cuts = cutting.notices.length
    console.log(
      `emulated Pi: ${total} bytes of layers, ${cuts} cuts, ${sent} bytes on the connection: ${Math.round((sent - total) / cuts)} again for each cut`,
    )
    expect(total).toBeGreaterThan(12 * MIB)
    expect(cuts).toBeGreaterThanOrEqual(12)
    expect(sent).toBeLessThanOrEqual(total + cuts * MIB)
    for (const image of first) expect(await ids(image)).toBe(image.config)
    expect(await missingImages(lease, first)).toEqual([])
  })

  test('is asked once when nothing changed, and gets no blob', async () => {
    const { sent } = await bytesOf(async () =>
      expect(await send(first)).toEqual({ sent: 0, bytes: 0, cuts: 0, loaded: [] }),
    )
    expect(sent).toBeLessThan(4096)
  })

  test('gets the changed layer of one changed service and hardly a byte more', async () => {
    const next = build({ one: noise(2 * MIB), two })
    const [one] = next
    if (one === undefined) throw new Error('no image')
    const { sent, received } = await bytesOf(async () =>
      expect(await send(next)).toMatchObject({ sent: 1, loaded: [one.name] }),
    )
    console.log(
      `emulated Pi: one service changed, ${ownBytes(one)} bytes of layers: ${sent} sent, ${received} received`,
    )
    expect(sent + received).toBeLessThanOrEqual(wireBound(ownBytes(one)))
    expect(await ids(one)).toBe(one.config)
  })

  test('is not sent the layers that its engine has from elsewhere', async () => {
    await lease.run('rm -rf ../blobs')
    const next = build({ one: noise(1000), two })
    const { sent, received } = await bytesOf(() => send(next))
    expect(sent + received).toBeLessThanOrEqual(wireBound(ownBytes(next[0] ?? first[0] ?? raise())))
    for (const image of next) expect(await ids(image)).toBe(image.config)
  })

  test('has a name that is another image replaced, and that is told', async () => {
    const next = build({ one: noise(900), two })
    const [one] = next
    await pi.engine.run(['tag', first[1]?.name ?? '', one?.name ?? ''])
    await send(next)
    expect(notices.at(-1)).toBe(`${one?.name}: that name was another image: it is replaced`)
    expect(await ids(one ?? raise())).toBe(one?.config ?? '')
  })

  test('that runs full says so, keeps what came, and gets the rest when there is room', async () => {
    const next = build({ one: noise(6 * MIB), two })
    await pi.disk?.fill(3 * MIB)
    await expect(send(next)).rejects.toThrow(`the disk of pi is full: make room (df -h ${pi.dir}`)
    const { out } = await lease.run('wc -c ../blobs/sha256/*.part')
    const kept = Number(out.trim().split(' ')[0])
    expect(kept).toBeGreaterThan(MIB)
    await pi.disk?.free()
    const { bytes } = await send(next)
    expect(bytes).toBeLessThanOrEqual(ownBytes(next[0] ?? raise()) - kept)
    // Room for the blob, and none for what the engine makes of it.
    const more = build({ one: noise(6 * MIB), two })
    await pi.disk?.fill(8 * MIB)
    await expect(send(more)).rejects.toThrow('the disk of pi is full')
    await pi.disk?.free()
    expect(await send(more)).toMatchObject({ sent: 0, bytes: 0, loaded: [more[0]?.name] })
  })

  /** The lease when what a killed one left at work on the host has ended. */
  const leaseAfter = async (): Promise<Lease> => {
    for (;;) {
      try {
        return await takeLease(lease.shell, pi.dir, HOLDER)
      } catch (error) {
        if (!String(error).includes('is being changed')) throw error
      }
    }
  }

  test.each([
    { when: 'while it sent', sign: /^[2-9]\d{6} sending/m, atMost: 6 * MIB },
    { when: 'while the engine loaded', sign: /^\d+ loading/m, atMost: 0 },
  ])('goes on from what arrived when a deployer was killed $when', async ({ sign, atMost }) => {
    const next = build({ one: noise(7 * MIB), two })
    await lease.release()
    const killed = Bun.spawn(
      [
        process.execPath,
        join(import.meta.dir, 'kill.fixture.ts'),
        ...[pi.host, pi.sshConfig, pi.dir, images.dist, REPOSITORY],
      ],
      { stdout: 'pipe', stderr: 'inherit' },
    )
    const decoder = new TextDecoder()
    let said = ''
    for await (const piece of killed.stdout) {
      said += decoder.decode(piece)
      if (sign.test(said)) break
    }
    killed.kill('SIGKILL')
    await killed.exited
    expect(said).not.toContain('done')
    const again = await leaseAfter()
    const { bytes } = await sendImages(again, next, { dist: images.dist })
    expect(bytes).toBeLessThanOrEqual(atMost)
    expect(await missingImages(again, next)).toEqual([])
    await again.release()
  })

  test('loses with its releases their images and blobs, and nothing else', async () => {
    const again = await takeLease(lease.shell, pi.dir, HOLDER)
    await pi.engine.run(['tag', first[0]?.name ?? '', 'somebody/else:one-0123456789ab'])
    const keep = build({ one: noise(10), two })
    await sendImages(again, keep, { dist: images.dist })
    const { images: removed, blobs } = await pruneImages(again, keep)
    expect(removed.length).toBeGreaterThanOrEqual(6)
    expect(blobs).toBeGreaterThan(0)
    const { out } = await pi.engine.run(['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}'])
    expect(out.trim().split('\n').toSorted()).toEqual(
      [...keep.map(({ name }) => name), 'somebody/else:one-0123456789ab'].toSorted(),
    )
    expect(await missingImages(again, keep)).toEqual([])
    await again.release()
  })

  test('pulls by digest from a registry, and says why it cannot', async () => {
    const again = await takeLease(lease.shell, pi.dir, HOLDER)
    const pulled = images.build({ one: noise(MIB), two: noise(1000) }, { repository: REGISTRY })
    const start = await registryFor(pi, images.dist, pulled, 'registry')
    if (start === undefined) return
    await expect(pullImages(again, pulled)).rejects.toThrow('pi cannot reach the registry of 127.0.0.1:5000')
    const closed = await start({ someone: 'else' })
    await expect(pullImages(again, pulled)).rejects.toThrow('docker login 127.0.0.1:5000 there')
    await closed.stop()
    const open = await start()
    ending.push(() => open.stop())
    const steps: string[] = []
    const onProgress = (bytes: number, total: number, what: string) => {
      steps.push(what)
      expect(bytes).toBeLessThanOrEqual(total)
    }
    expect(await pullImages(again, pulled, { onProgress })).toEqual({ pulled: pulled.map(({ name }) => name) })
    expect([...new Set(steps)]).toEqual(['pulling one (1 of 2)', 'pulling two (2 of 2)', 'checking what came'])
    for (const image of pulled) expect(await ids(image)).toBe(image.config)
    expect(await pullImages(again, pulled)).toEqual({ pulled: [] })
    const unknown = images.build({ one: noise(5) }, { repository: REGISTRY })
    await expect(pullImages(again, unknown)).rejects.toThrow('push it (bun run build-distroless --push)')
    // What came by registry is the base of what comes without: only the changed layer goes over.
    const { sent, received } = await bytesOf(() => sendImages(again, unknown, { dist: images.dist }))
    expect(sent + received).toBeLessThanOrEqual(wireBound(ownBytes(unknown[0] ?? raise())))
    await again.release()
  })

  const long = full ? test : test.skip
  if (!full)
    console.log('NOT RUN: only with --full (images over a line that goes silent, and one that lives for a MiB)')
  long('gets all images over lines of which each is cut when it carried one MiB', async () => {
    const again = await takeLease(lease.shell, pi.dir, HOLDER)
    const next = build({ one: noise(12 * MIB), two })
    let cuts = 0
    const { sent } = await bytesOf(async () => {
      pi.link.cutAfter(MIB)
      await sendImages(again, next, {
        dist: images.dist,
        pause: async () => {},
        onNotice: () => {
          cuts++
          pi.link.cutAfter(MIB)
        },
      })
    })
    // What is left of the last MiB must not cut what follows.
    pi.link.cutAfter(Number.POSITIVE_INFINITY)
    const total = ownBytes(next[0] ?? raise())
    console.log(
      `emulated Pi: ${total} bytes of layers, every line cut after one MiB: ${cuts} cuts, ${Math.round((sent - total) / cuts)} again for each`,
    )
    expect(cuts).toBeGreaterThanOrEqual(12)
    expect(sent).toBeLessThanOrEqual(total + cuts * MIB)
    expect(await missingImages(again, next)).toEqual([])
    await again.release()
  })

  long('goes on after a line that went silent without a word', async () => {
    const again = await takeLease(lease.shell, pi.dir, HOLDER)
    const next = build({ one: noise(8 * MIB), two })
    let hung = false
    await sendImages(again, next, {
      dist: images.dist,
      onProgress: (bytes) => {
        if (hung || bytes < 2 * MIB) return
        hung = true
        pi.link.down('hang')
      },
      onNotice: () => pi.link.up(),
    })
    expect(hung).toBe(true)
    expect(await missingImages(again, next)).toEqual([])
    await again.release()
  })
})

const raise = (): never => {
  throw new Error('the images were built')
}

const containerd = await startPi({ folder: join(folder, 'b'), store: 'containerd' })
if ('absent' in containerd) console.log(`NOT RUN: ${containerd.absent} (images over ssh to a containerd store)`)

describe.skipIf('absent' in containerd)('a host with the containerd store', async () => {
  if ('absent' in containerd) {
    test.skip(containerd.absent, () => {})
    return
  }
  const { pi, lease, ids, bytesOf } = await hostOn(containerd)
  const images = imagesIn(join(folder, 'containerd'), noise(2 * MIB))
  const build = (services: Parameters<typeof images.build>[0]) => images.build(services, { repository: REPOSITORY })
  const { send } = sender(lease, images.dist)
  const two = noise(1000)

  test('gets images that it can start from, and of the next release the changed layer', async () => {
    const first = build({ one: noise(MIB), two })
    expect(await send(first)).toMatchObject({ sent: 3 })
    for (const image of first) {
      expect(await ids(image)).toBe(image.manifest)
      expect(await pi.engine.run(['create', image.name])).toMatchObject({ code: 0 })
    }
    expect(await send(first)).toMatchObject({ sent: 0, loaded: [] })
    const next = build({ one: noise(MIB), two })
    const { sent, received } = await bytesOf(() => send(next))
    expect(sent + received).toBeLessThanOrEqual(wireBound(ownBytes(next[0] ?? raise())))
    expect(await missingImages(lease, next)).toEqual([])
  })

  test('refuses a blob that went bad on its disk: it is found, sent again and loaded', async () => {
    const next = build({ one: noise(MIB), two })
    const base = next[0]?.layers[0]?.digest.slice(7)
    await lease.run(`printf spoilt | dd of=../blobs/sha256/${base} bs=1 seek=1000 conv=notrunc`)
    await pi.engine.run(['system', 'prune', '--all', '--force'])
    expect(await send(next)).toMatchObject({ loaded: [next[0]?.name, next[1]?.name] })
    expect(await missingImages(lease, next)).toEqual([])
  })

  test('pulls by digest from a registry, and knows what it has by the digest of the index', async () => {
    const pulled = images.build({ one: noise(1000) }, { repository: REGISTRY })
    const start = await registryFor(pi, images.dist, pulled, 'registry-of-containerd')
    if (start === undefined) return
    const open = await start()
    await pullImages(lease, pulled)
    await open.stop()
    expect(await ids(pulled[0] ?? raise())).toBe(pulled[0]?.digest ?? '')
    expect(await missingImages(lease, pulled)).toEqual([])
  })

  test('keeps an image that a container has, and loses the others', async () => {
    const keep = build({ one: noise(20), two })
    await send(keep)
    const [one] = keep
    await pi.engine.run(['create', '--name', 'busy', one?.name ?? ''])
    const next = build({ one: noise(30), two })
    await send(next)
    const { inUse } = await pruneImages(lease, next)
    expect(inUse).toContain(one?.name ?? '')
    expect(await missingImages(lease, [...next, one ?? raise()])).toEqual([])
  })
})
