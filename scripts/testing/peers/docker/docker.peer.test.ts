import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { live } from '../../../cli/run.ts'
import { killStarter } from '../crash.fixture.ts'
import { importBunImage } from './bun-image.ts'
import { startDocker } from './engine.ts'

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-docker-'))
const docker = await startDocker({ folder: join(folder, 'engine') })
if ('absent' in docker) console.log(`NOT RUN: ${docker.absent} (containers)`)

afterAll(async () => {
  if (!('absent' in docker)) await docker.stop()
  rmSync(folder, { recursive: true, force: true })
})

const IMAGE = 'lucid/bun-for-tests:local'
const MEMORY = 64 * 2 ** 20
const confined = {
  uid: 65532,
  capabilities: '0000000000000000',
  noNewPrivileges: '1',
  rootWritable: false,
  tmpWritable: true,
  shell: false,
  memoryLimit: MEMORY,
}

const compose = `
name: confined
services:
  one:
    image: ${IMAGE}
    user: "65532:65532"
    command: ["/usr/local/bin/bun", "/app/service.ts"]
    environment: { PORT: "8080" }
    read_only: true
    tmpfs: ["/tmp:rw,noexec,nosuid,size=16m"]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 64m
    pids_limit: 64
    ports: ["127.0.0.1:18080:8080"]
    healthcheck:
      test: ["CMD", "/usr/local/bin/bun", "/app/service.ts", "health"]
      interval: 1s
      timeout: 10s
      retries: 30
`

describe.skipIf('absent' in docker)('the Docker engine of the tests', () => {
  if ('absent' in docker) {
    test.skip(docker.absent, () => {})
    return
  }
  const engine = docker

  test('takes an image of Bun and five libraries', async () => {
    const service = join(import.meta.dir, 'service.fixture.ts')
    const imported = await importBunImage(engine, IMAGE, { folder, files: { '/app/service.ts': service } })
    expect(imported).toMatchObject({ code: 0, err: '' })
  })

  test('runs it with a read-only root, no capabilities, a memory limit and user 65532', async () => {
    const ran = await engine.run(
      `run --rm --read-only --cap-drop ALL --security-opt no-new-privileges --memory 64m --user 65532:65532
      --tmpfs /tmp ${IMAGE} /usr/local/bin/bun /app/service.ts`.split(/\s+/),
    )
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(ran.out)).toEqual(confined)
  })

  test('a Compose v2 project becomes healthy, answers on its loopback port, and down removes it', async () => {
    const file = join(folder, 'compose.yaml')
    writeFileSync(file, compose)
    const up = await engine.compose([file], ['up', '--detach', '--wait', '--wait-timeout', '120'])
    expect({ code: up.code, err: up.code === 0 ? '' : up.err }).toEqual({ code: 0, err: '' })

    const ask = 'console.log(await (await fetch("http://127.0.0.1:18080/")).text())'
    const answer = await live(engine.inside([process.execPath, '-e', ask]))
    expect(JSON.parse(answer.out)).toEqual(confined)

    expect((await engine.compose([file], ['down'])).code).toBe(0)
    expect((await engine.run(['ps', '--all', '--quiet'])).out).toBe('')
    expect((await engine.run(['network', 'ls', '--format', '{{.Name}}'])).out.trim().split('\n').toSorted()).toEqual([
      'bridge',
      'host',
      'none',
    ])
  })

  test('a second engine beside it sees nothing of it', async () => {
    const second = await startDocker({ folder: join(folder, 'second') })
    if ('absent' in second) throw new Error(second.absent)
    expect((await second.run(['images', '--quiet'])).out).toBe('')
    expect((await engine.run(['images', '--format', '{{.Repository}}'])).out.trim()).toBe('lucid/bun-for-tests')
    await second.stop()
  })

  test('nothing that runs is left when the test that started an engine is killed', async () => {
    const { started, left } = await killStarter('docker', join(folder, 'crashed'))
    expect(started.length).toBeGreaterThan(2)
    expect(left).toEqual([])
  })

  test('an engine that is killed comes up again on its folder with its images', async () => {
    await engine.kill()
    const again = await startDocker({ folder: join(folder, 'engine') })
    if ('absent' in again) throw new Error(again.absent)
    expect((await again.run(['images', '--format', '{{.Repository}}'])).out.trim()).toBe('lucid/bun-for-tests')
    await again.stop()
  })
})
