import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { live } from '../../../cli/run.ts'
import { killStarter } from '../crash.fixture.ts'
import { tinyImages, tinyReferences } from './images.ts'
import { type Pi, startPi } from './pi.ts'

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-pi-'))
const started = await startPi({ folder: join(folder, 'pi'), sharedBytes: 256 * 2 ** 20 })
if ('absent' in started) console.log(`NOT RUN: ${started.absent} (the emulated Pi)`)

afterAll(async () => {
  if (!('absent' in started)) await started.stop()
  rmSync(folder, { recursive: true, force: true })
})

const ssh = (pi: Pi, script: string) => live(['ssh', '-F', pi.sshConfig, pi.host, script])

/** `ssh` with that file as its input. */
const sshFrom = async (pi: Pi, file: string, script: string): Promise<number> =>
  Bun.spawn(['ssh', '-F', pi.sshConfig, pi.host, script], { stdin: Bun.file(file), stderr: 'ignore' }).exited

const tags = (out: string) => out.trim().split('\n').toSorted()

const health = async (pi: Pi, name: string, expected: string): Promise<string> => {
  const format = '{{if .State.Running}}{{.State.Health.Status}}{{else}}{{.State.ExitCode}}{{end}}'
  const until = performance.now() + 60_000
  let state = ''
  while (state !== expected && performance.now() < until) {
    state = (await pi.engine.run(['inspect', '--format', format, name])).out.trim()
    await Bun.sleep(100)
  }
  return state
}

describe.skipIf('absent' in started)('the emulated Pi', () => {
  if ('absent' in started) {
    test.skip(started.absent, () => {})
    return
  }
  const pi = started

  test('lets an ordinary user with sh, docker and Compose in', async () => {
    const { out } = await ssh(pi, 'id -un; id -u; readlink /bin/sh; docker compose version --short')
    expect(out).toMatch(/^pi\n1000\ndash\n2\.\d+\.\S+\n$/)
    const versions = await ssh(pi, "docker version --format '{{.Client.Version}} {{.Server.Version}}'")
    expect(versions.code).toBe(0)
    const [client, server] = versions.out.trim().split(' ')
    expect(client).toBe(server ?? '')
  })

  test('has Lucid’s folder for that user, and no program that a host need not have', async () => {
    const { code, out } = await ssh(
      pi,
      `touch ${pi.dir}/made; for p in bun node python3 curl jq bash; do command -v $p; done`,
    )
    expect({ code, out }).toEqual({ code: 127, out: '' })
    expect(statSync(pi.outside(`${pi.dir}/made`)).uid).toBe(1000)
    expect((await live(pi.enter(['id', '-u']))).out).toBe('0\n')
  })

  test('has no way out', async () => {
    const { out } = await ssh(pi, 'cat /proc/net/route; ls /sys/class/net; cat /proc/net/dev')
    const routes = out.split('\n').filter((line) => line.split('\t')[1] === '00000000')
    expect(routes).toEqual([])
    const names = [...out.matchAll(/^\s*(\S+):/gm)].map((found) => found[1]).toSorted()
    expect(names).toEqual(['docker0', 'lo'])
  })

  test('a cut breaks a transfer after so many bytes, and the next connection works', async () => {
    const file = join(folder, 'sent')
    writeFileSync(file, Buffer.alloc(3 * 2 ** 20, 'x'))
    pi.link.cutAfter(2 ** 20)
    const before = pi.link.sent()
    expect(await sshFrom(pi, file, `cat >${pi.dir}/got`)).toBe(255)
    expect(pi.link.sent() - before).toBe(2 ** 20)
    const got = Number((await ssh(pi, `wc -c <${pi.dir}/got`)).out)
    // What did not arrive: the handshake, and the packet that was cut.
    expect(got).toBeGreaterThan(2 ** 20 - 2 * 32_768)
    expect(got).toBeLessThan(2 ** 20)
    expect(await sshFrom(pi, file, `cat >${pi.dir}/got`)).toBe(0)
    expect((await ssh(pi, `wc -c <${pi.dir}/got; rm ${pi.dir}/got`)).out.trim()).toBe(String(3 * 2 ** 20))
  })

  test('runs tiny images that are well, sick or end as they are told', async () => {
    expect(await tinyImages(pi.engine, { folder })).toEqual(tinyReferences)
    const run = 'run --detach --read-only --tmpfs /tmp --memory 32m --cap-drop ALL'.split(' ')
    for (const tag of ['1', 'sick', 'exit', 'crash', 'memory'])
      await pi.engine.run([...run, '--name', `t-${tag}`, '--publish', '127.0.0.1::8080', `lucid-test/tiny:${tag}`])
    expect(await health(pi, 't-1', 'healthy')).toBe('healthy')
    expect(await health(pi, 't-sick', 'unhealthy')).toBe('unhealthy')
    expect(await health(pi, 't-exit', '3')).toBe('3')
    expect(await health(pi, 't-crash', '1')).toBe('1')
    // The engine does not always notice who killed it; its exit code says so.
    expect(await health(pi, 't-memory', '137')).toBe('137')
    await pi.engine.run(['exec', 't-1', '/tiny', 'become', 'sick'])
    expect(await health(pi, 't-1', 'unhealthy')).toBe('unhealthy')
  })

  test('its disk can be filled, which the user and the engine notice, and emptied', async () => {
    const write = async () => (await ssh(pi, `dd if=/dev/zero of=${pi.dir}/more bs=65536 count=16`)).code
    const commit = async () => (await pi.engine.run(['commit', 't-1', 'lucid-test/more:1'])).err
    await pi.disk?.fill()
    expect(await write()).not.toBe(0)
    expect(await commit()).toContain('no space left on device')
    await pi.disk?.free()
    expect([await write(), await commit()]).toEqual([0, ''])
  })

  test('a power cut ends everything, and its return finds folder, images and restarting containers', async () => {
    await pi.engine.run('run --detach --name stays --restart unless-stopped lucid-test/tiny:1'.split(' '))
    await ssh(pi, `echo kept >${pi.dir}/kept && sync`)
    await pi.powerCut()
    expect((await ssh(pi, 'true')).code).toBe(255)
    await pi.restart()
    expect((await ssh(pi, `cat ${pi.dir}/kept`)).out).toBe('kept\n')
    const images = await ssh(pi, "docker images --format '{{.Repository}}:{{.Tag}}'")
    expect(tags(images.out)).toEqual(['lucid-test/more:1', ...tinyReferences].toSorted())
    expect(await health(pi, 'stays', 'healthy')).toBe('healthy')
  })

  test('nothing that runs is left when the test that started one is killed', async () => {
    const { started, left } = await killStarter('pi', join(folder, 'crashed'))
    expect(started.length).toBeGreaterThan(5)
    expect(left).toEqual([])
  })
})

const newer = await startPi({ folder: join(folder, 'newer'), store: 'containerd' })
if ('absent' in newer) console.log(`NOT RUN: ${newer.absent} (the emulated Pi with containerd’s image store)`)

describe.skipIf('absent' in newer)('the emulated Pi with containerd’s image store', () => {
  if ('absent' in newer) {
    test.skip(newer.absent, () => {})
    return
  }
  const pi = newer
  afterAll(() => pi.stop())

  test('keeps images there and runs them, for a user with the client that fits', async () => {
    const info = await ssh(pi, "docker info --format '{{json .DriverStatus}}'")
    expect(info.out).toContain('io.containerd.snapshotter.v1')
    const versions = await ssh(pi, "docker version --format '{{.Client.Version}} {{.Server.Version}}'")
    const [client, server] = versions.out.trim().split(' ')
    expect(client).toBe(server ?? '')
    await tinyImages(pi.engine, { folder })
    await ssh(pi, 'docker run --detach --name one lucid-test/tiny:1')
    expect(await health(pi, 'one', 'healthy')).toBe('healthy')
  })
})
