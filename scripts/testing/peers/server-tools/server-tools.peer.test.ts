import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalog } from '#catalog'
import { importBunImage } from '../docker/bun-image.ts'
import { startDocker } from '../docker/engine.ts'

/**
 * `docker compose run --rm server-tools ...` with the committed core file and a real engine. The image is of the
 * tests, with the bundle of the tool in it. One service answers: a server that says it is merkle-builder.
 */

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const root = join(import.meta.dir, '..', '..', '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'lucid-tools-'))
const docker = await startDocker({ folder: join(folder, 'engine') })
if ('absent' in docker) console.log(`NOT RUN: ${docker.absent} (server-tools in Compose)`)

afterAll(async () => {
  if (!('absent' in docker)) await docker.stop()
  rmSync(folder, { recursive: true, force: true })
})

const REPOSITORY = 'lucid/for-tests'
const fakeService = `
  const health = { status: 'healthy', service: 'merkle-builder', version: 'test', dependencies: {} }
  Bun.serve({ port: ${catalog['merkle-builder'].port}, fetch: () => Response.json(health) })`

/** What the images of the product have by themselves, and the server that answers like a service. */
const overlay = JSON.stringify({
  services: {
    'server-tools': { entrypoint: ['/usr/local/bin/bun', '/app/main.js'] },
    'merkle-builder': {
      image: `${REPOSITORY}:server-tools`,
      entrypoint: ['/usr/local/bin/bun', '-e', fakeService],
      networks: ['lucid_chain_net'],
    },
  },
})

describe.skipIf('absent' in docker)('server-tools in Compose', () => {
  if ('absent' in docker) {
    test.skip(docker.absent, () => {})
    return
  }
  const files = ['compose/docker-compose.core.yaml', 'overlay.json'].map((file) => join(folder, file))
  const compose = (...args: readonly string[]) => docker.compose(files, args, { env: { LUCID_IMAGE_REPO: REPOSITORY } })
  const tools = (...words: readonly string[]) => compose('run', '--rm', 'server-tools', ...words)

  test('the image is made, and a server that answers like a service started', async () => {
    const bundle = await Bun.build({
      entrypoints: [join(root, 'services', 'server-tools', 'main.ts')],
      outdir: join(folder, 'bundle'),
      target: 'bun',
    })
    expect(bundle.success).toBe(true)
    const imported = await importBunImage(docker, `${REPOSITORY}:server-tools`, {
      folder,
      files: { '/app/main.js': join(folder, 'bundle', 'main.js') },
    })
    expect(imported).toMatchObject({ code: 0, err: '' })
    cpSync(join(root, 'compose'), join(folder, 'compose'), { recursive: true })
    mkdirSync(join(folder, 'env'))
    writeFileSync(join(folder, 'env', '.env.core'), '')
    writeFileSync(join(folder, 'overlay.json'), overlay)
    const up = await compose('up', '--detach', 'merkle-builder')
    expect({ code: up.code, err: up.code === 0 ? '' : up.err }).toEqual({ code: 0, err: '' })
  })

  test('health finds a service by its name and the port of its container, and says whom it does not find', async () => {
    type Report = { ok: boolean; services: readonly { name: string; state: string; detail: string }[] }
    const check = async () => {
      const { code, out } = await tools('health', '--json')
      const report: Report = JSON.parse(out)
      return { code, report, state: report.services.find(({ name }) => name === 'merkle-builder')?.state }
    }
    // It was started just now, and may not listen yet.
    const until = performance.now() + 120_000
    let last = await check()
    while (last.state !== 'healthy' && performance.now() < until) last = await check()
    const { code, report, state } = last
    expect([code, state]).toEqual([1, 'healthy'])
    const others = report.services.filter(({ name }) => name !== 'merkle-builder')
    expect(others.filter(({ state, detail }) => state !== 'unreachable' || !/name/.test(detail))).toEqual([])
  })

  test('net opens a connection in its network', async () => {
    const { code, out } = await tools('net')
    expect(code).toBe(1)
    expect(out).toMatch(/^merkle-builder +172\.22\.0\.\d+:8092 +open /m)
    expect(out).toMatch(
      /^mongo +mongo:27017 +(?:its name is not known here|no name server has an answer for its name) /m,
    )
  })

  test('version ends with 0, a word that is not known with 64', async () => {
    expect(await tools('version')).toMatchObject({ code: 0, out: expect.stringContaining(`bun       ${Bun.version}`) })
    const wrong = await tools('restart')
    expect(wrong.code).toBe(64)
    expect(wrong.err).toContain('known commands: health, net, onions, version, watch')
  })

  test('up without the profile does not start it', async () => {
    const { out } = await compose('config', '--services')
    expect(out.split('\n')).not.toContain('server-tools')
    expect((await compose('down')).code).toBe(0)
  })
})
