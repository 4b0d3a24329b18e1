import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { deriveAddress } from '#common/ethereum/address'
import type { Report } from '#common/host/provision-model'
import { MARK_FILE } from '#common/host/volume-mark'
import { live } from '../../cli/run.ts'
import { networks } from '../../derive/network.ts'
import { collectNetworks } from '../../host/collect.ts'
import { type Lease, takeLease } from '../../host/lease.ts'
import { openShell, type Shell } from '../../host/shell.ts'
import { importBunImage } from '../../testing/peers/docker/bun-image.ts'
import { startDocker } from '../../testing/peers/docker/engine.ts'
import { assemble } from '../content/assemble.ts'
import { filesScript } from '../content/files-script.ts'
import { origin, parts } from '../content/parts.fixture.ts'
import { findNetworkFaults } from '../host/network-plan.ts'
import { ensureNetworks } from '../host/networks.ts'
import { adoptVolumes, createVolumeScript, readVolumes, secureVolumes } from '../host/volume-marks.ts'
import { checkVolumeOwners, fixVolumeOwners, ourVolumes } from '../host/volumes.ts'
import { checkHost, makeHostSpec, prepareHost } from './prepare.ts'

/**
 * A host prepared by containers of a real engine, through a local shell. The image is of the tests (this machine's Bun and
 * the bundle of server-tools); that the product's image runs the same bundle is the suite of the images to show.
 */

// Only a hang is ended by it.
setDefaultTimeout(120_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-prepare-'))
const docker = await startDocker({ folder: join(folder, 'engine') })
if ('absent' in docker) console.log(`NOT RUN: ${docker.absent} (preparing a host)`)
afterAll(async () => {
  if (!('absent' in docker)) await docker.stop()
  rmSync(folder, { recursive: true, force: true })
})

const IMAGE = 'lucid/for-tests:server-tools'
const SERVICE = 65532

describe.skipIf('absent' in docker)('a host', () => {
  if ('absent' in docker) {
    test.skip(docker.absent, () => {})
    return
  }
  const dir = join(folder, 'Lucid')
  let shell: Shell
  let lease: Lease

  beforeAll(async () => {
    const bundle = await Bun.build({
      entrypoints: [join(import.meta.dir, '..', '..', '..', 'services', 'server-tools', 'main.ts')],
      outdir: join(folder, 'bundle'),
      target: 'bun',
    })
    expect(bundle.success).toBe(true)
    shell = openShell({ host: 'local', env: { ...process.env, ...docker.env } })
    lease = await takeLease(shell, dir, { by: 'a@b', machine: 'b', pid: process.pid, what: 'test' })
  })
  afterAll(async () => {
    await lease.release()
    await shell.close()
  })

  const secret = (name: string) => join(dir, 'secrets', name)
  const rights = (path: string) => {
    const { uid, gid, mode } = statSync(path)
    return `${uid}:${gid} ${(mode & 0o7777).toString(8)}`
  }
  const mountpointOf = async (volume: string): Promise<string> => {
    const path = await docker.answer(['volume', 'inspect', '--format', '{{.Mountpoint}}', volume])
    if (!isAbsolute(path)) throw new Error(`the engine has no folder for ${volume}: '${path}'`)
    return path
  }
  const spec = () => makeHostSpec(shell, dir)
  const look = async () => (await checkHost(shell, { image: IMAGE, spec: await spec(), dir })) as Report // once the image is there
  const change = async () => prepareHost(lease, { image: IMAGE, spec: await spec() })

  test('that has no image yet says which secrets are missing', async () => {
    const wanted = await spec()
    expect(wanted.hasData).toBe(false)
    const unlooked = await checkHost(shell, { image: IMAGE, spec: wanted, dir })
    if (!('unlooked' in unlooked)) throw new Error('it has been looked at')
    expect(unlooked.missing.length).toBe(wanted.secrets.length)
    const made = await importBunImage(docker, IMAGE, {
      folder,
      files: { '/app/main.js': join(folder, 'bundle', 'main.js') },
    })
    expect(made).toMatchObject({ code: 0, err: '' })
    // The product's image has this by itself.
    const entry = 'ENTRYPOINT ["/usr/local/bin/bun", "/app/main.js"]'
    expect(await docker.run(['create', '--name', 'made', IMAGE, 'x'])).toMatchObject({ code: 0 })
    expect(await docker.run(['commit', '--change', entry, 'made', IMAGE])).toMatchObject({ code: 0 })
    expect(await docker.run(['rm', 'made'])).toMatchObject({ code: 0 })
  })

  test('is looked at without being changed', async () => {
    const report = await look()
    expect(report).toMatchObject({ ok: true, done: false, kept: [], faults: [] })
    expect(readdirSync(dir)).toEqual(['deploy'])
  })

  test('makes its secrets itself, for those who run in the containers, and none of them is told', async () => {
    const report = await change()
    expect(report).toMatchObject({ ok: true, done: true, faults: [] })
    expect(rights(secret('session-encryptor/MASTER_KEY'))).toBe(`${SERVICE}:${SERVICE} 400`)
    expect(rights(secret('mongo/KEYFILE'))).toBe('999:999 400')
    expect(rights(secret('mongo'))).toBe('0:0 711')
    expect(rights(join(dir, 'identities.json'))).toBe(`${SERVICE}:${SERVICE} 444`)
    const key = readFileSync(secret('on-system-chain-client/PRIVATE_KEY'), 'utf8').trim()
    expect(readFileSync(secret('blockchain-ledger/REGISTRAR_ADDRESS'), 'utf8')).toBe(`${deriveAddress(key)}\n`)
    const identities = JSON.parse(readFileSync(join(dir, 'identities.json'), 'utf8'))
    expect(Object.keys(identities)).toContain('operator')
    for (const name of report.made) {
      const text = readFileSync(secret(name), 'utf8').trim()
      expect(JSON.stringify(report)).not.toContain(text)
    }
    expect(readdirSync(secret('mongo')).sort()).toEqual(['KEYFILE', 'ROOT_PASSWORD'])
  })

  test('that is prepared stays as it is; wrong owners and modes are found, and put right', async () => {
    expect(await change()).toMatchObject({ ok: true, made: [], mended: [] })
    const path = secret('session-encryptor/MASTER_KEY')
    const before = readFileSync(path, 'utf8')
    chownSync(path, 0, 0)
    chmodSync(path, 0o644)
    chownSync(secret('mongo'), 1000, 1000)
    const found = await look()
    expect(found).toMatchObject({ ok: true, done: false, mended: [{ name: 'session-encryptor/MASTER_KEY' }] })
    expect(rights(path)).toBe('0:0 644')
    expect((await change()).mended.map(({ name }) => name)).toEqual(['session-encryptor/MASTER_KEY', 'secrets/mongo'])
    expect(rights(path)).toBe(`${SERVICE}:${SERVICE} 400`)
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  test('with data does not get a new key for one that is gone', async () => {
    const path = secret('session-encryptor/MASTER_KEY')
    const before = readFileSync(path)
    rmSync(path)
    expect((await docker.run(['volume', 'create', 'lucid_encrypted_data'])).code).toBe(0)
    const report = await change()
    expect(report).toMatchObject({ ok: false, done: false })
    expect(report.faults).toEqual([
      {
        name: 'session-encryptor/MASTER_KEY',
        what: 'is gone, and the host has data that may depend on it: restore it from a backup',
      },
    ])
    writeFileSync(path, before, { mode: 0o400 })
    expect(await change()).toMatchObject({ ok: true, done: true, made: [] })
  })

  test('whose volumes belong to somebody else gets them back, and none is made by looking', async () => {
    const mountpoint = await mountpointOf('lucid_encrypted_data')
    mkdirSync(join(mountpoint, 'chunks'))
    writeFileSync(join(mountpoint, 'chunks', 'one'), 'x')
    chownSync(mountpoint, SERVICE, SERVICE)
    const volumes = ourVolumes
    expect(await checkVolumeOwners(shell, { image: IMAGE, volumes })).toEqual({
      ok: false,
      done: false,
      volumes: [{ name: 'lucid_encrypted_data', uid: SERVICE, wrong: 2, example: 'chunks' }],
    })
    expect(await fixVolumeOwners(lease, { image: IMAGE, volumes })).toMatchObject({ ok: true, done: true })
    expect(rights(join(mountpoint, 'chunks', 'one'))).toBe(`${SERVICE}:${SERVICE} 644`)
    expect(await checkVolumeOwners(shell, { image: IMAGE, volumes })).toMatchObject({ ok: true })
    expect((await docker.run(['volume', 'ls', '--quiet'])).out.trim()).toBe('lucid_encrypted_data')
  })

  test('gives a new volume, and an empty one of root, to the user that the folder of the image belongs to', async () => {
    // As mongo's image has /data/db; ours have /data of 65532.
    const tree = join(folder, 'tree')
    mkdirSync(join(tree, 'data', 'db'), { recursive: true })
    const archive = `${tree}.tar`
    const pack = ['tar', '--create', '--file', archive, '--owner=999', '--group=999', '-C', tree, '.'] as const
    expect((await live(pack)).code).toBe(0)
    expect(await docker.run(['import', archive, 'lucid/for-tests:db'])).toMatchObject({ code: 0 })
    expect(await docker.run(['volume', 'create', 'lucid_by_hand'])).toMatchObject({ code: 0 })
    for (const volume of ['lucid_core_mongo_data', 'lucid_by_hand']) {
      const create = ['create', '--volume', `${volume}:/data/db`, 'lucid/for-tests:db', 'x']
      expect(await docker.run(create)).toMatchObject({ code: 0 })
      expect(rights(await mountpointOf(volume))).toStartWith('999:999 ')
    }
    expect(ourVolumes['lucid_core_mongo_data']).toBe(999)
    await docker.answer(['container', 'prune', '--force'])
    await docker.answer(['volume', 'rm', 'lucid_core_mongo_data'])
  })

  describe('knows its volumes', () => {
    const [data, onions] = ['lucid_encrypted_data', 'lucid_core_onion_state'] as const
    const secure = () => secureVolumes(lease, { wanted: [data, onions], images: [IMAGE] })
    const lost = async () => (await readVolumes(shell, dir, [IMAGE])).faults.map(({ evidence }) => evidence)
    const labels = async (volume: string) =>
      docker.answer(['volume', 'inspect', '--format', '{{json .Labels}}', volume])
    const installation = () => readFileSync(join(dir, 'deploy', 'installation'), 'utf8').trim()

    test('and, with nothing in its folder but with data in them, asks whether its disk is mounted', async () => {
      await expect(secure()).rejects.toThrow('has not the data any more that it had')
      expect(await lost()).toEqual([`there is data of Lucid on this host (${data}), and ${dir} knows nothing of it`])
      expect(existsSync(join(dir, 'deploy', 'installation'))).toBe(false)
    })

    test('a host of the release before takes those it has for its own, and gets those it lacks, given to their user', async () => {
      const text = Bun.YAML.stringify({
        name: 'lucid-sessions',
        services: {
          'session-encryptor': { image: 'x', volumes: [`${data}:/data`] },
          'tor-proxy': { image: 'x', volumes: [`${onions}:/onions`] },
        },
      })
      const stacks = [{ stack: 'sessions' as const, text, env: {} }]
      const bundle = assemble({ ...parts, dir, stacks }, origin)
      expect((await shell.run(filesScript(dir, bundle))).code).toBe(0)
      writeFileSync(join(dir, 'deploy', 'current'), `${bundle.release.id}\n`)
      // It had one of the two, and lost the other before there were marks: its release tells.
      expect(await lost()).toEqual(['is gone, and the release that runs here has data in it'])
      await expect(secure()).rejects.toThrow('has not the data any more')
      expect((await docker.run(['volume', 'create', onions])).code).toBe(0)
      expect(await secure()).toEqual([
        `volume ${onions} is this host’s from now on, empty`,
        `volume ${data} is this host’s from now on, with what was in it`,
      ])
      expect(rights(join(await mountpointOf(data), MARK_FILE))).toBe(`${SERVICE}:${SERVICE} 444`)
      expect(rights(await mountpointOf(onions))).toStartWith(`${SERVICE}:${SERVICE} `)
      expect(await lost()).toEqual([])
      // A second time nothing is left to do.
      expect(await secure()).toEqual([])
    })

    test.each<[string, (volume: string) => Promise<unknown>, string]>([
      ['removed', async (volume) => docker.answer(['volume', 'rm', volume]), 'is gone'],
      [
        'removed, and made anew by who mounts it',
        async (volume) => {
          await docker.answer(['volume', 'rm', volume])
          await docker.answer(['volume', 'create', volume])
        },
        'is empty and has lost its mark',
      ],
      [
        'emptied',
        async (volume) => {
          const path = await mountpointOf(volume)
          for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true })
        },
        'is empty and has lost its mark',
      ],
      [
        'replaced with that of another host',
        async (volume) => {
          const path = join(await mountpointOf(volume), MARK_FILE)
          const text = readFileSync(path, 'utf8').replace(installation(), crypto.randomUUID())
          rmSync(path)
          writeFileSync(path, text)
        },
        'is that of another host',
      ],
    ])('and refuses when each of them is %s, until somebody says what is meant', async (_, spoil, said) => {
      for (const volume of [data, onions]) {
        const before = installation()
        await spoil(volume)
        const [found = '', ...more] = await lost()
        expect([volume, more]).toEqual([volume, []])
        expect(found).toStartWith(said)
        await expect(secure()).rejects.toThrow('has not the data any more')
        // Nothing was done, not even to the other one.
        expect((await lost())[0]).toBe(found)
        // As bun run recover volume --empty and --adopt do.
        expect((await shell.run(createVolumeScript(volume))).code).toBe(0)
        await adoptVolumes(lease, { images: [IMAGE], volumes: [volume] })
        expect([volume, await lost(), installation()]).toEqual([volume, [], before])
      }
    })

    test('makes one as Compose would, with its labels', async () => {
      await docker.answer(['volume', 'rm', data])
      expect((await shell.run(createVolumeScript(data))).code).toBe(0)
      await adoptVolumes(lease, { images: [IMAGE], volumes: [data] })
      expect(JSON.parse(await labels(data))).toMatchObject({
        'com.docker.compose.project': 'lucid-sessions',
        'com.docker.compose.volume': data,
      })
    })

    test('an image of an older release, which knows no marks, leaves it at what is there', async () => {
      const older = 'lucid/for-tests:older'
      const entry = `ENTRYPOINT ["/usr/local/bin/bun", "-e", "process.exit(64)"]`
      expect(await docker.run(['create', '--name', 'older', IMAGE, 'x'])).toMatchObject({ code: 0 })
      expect(await docker.run(['commit', '--change', entry, 'older', older])).toMatchObject({ code: 0 })
      expect((await readVolumes(shell, dir, [older])).faults).toEqual([])
      await docker.answer(['volume', 'rm', onions])
      expect((await readVolumes(shell, dir, [older])).faults.map(({ subject }) => subject)).toEqual([
        `volume:${onions}`,
      ])
      // Where both are there the one that can is asked.
      expect((await readVolumes(shell, dir, [older, IMAGE])).adopt).toEqual([])
    })
  })

  test('takes strangers off its networks, and has one that is another made anew', async () => {
    const [name] = ['lucid_core_net'] as const
    const busy = ['run', '--detach', '--name', 'stranger', '--network', name, '--entrypoint', '/usr/local/bin/bun']
    expect((await docker.run(['network', 'create', '--subnet', '172.21.0.0/24', name])).code).toBe(0)
    const started = await docker.run([...busy, IMAGE, '-e', 'setInterval(() => {}, 1000)'])
    expect(started).toMatchObject({ code: 0 })
    expect(await ensureNetworks(lease)).toContain(
      `network ${name}: stranger was taken off it, which is not of the release`,
    )
    expect(await docker.answer(['inspect', '--format', '{{len .NetworkSettings.Networks}}', 'stranger'])).toBe('0')
    expect((await docker.run(['network', 'rm', name])).code).toBe(0)
    expect((await docker.run(['network', 'create', '--subnet', '172.31.0.0/24', name])).code).toBe(0)
    expect((await docker.run(['network', 'connect', name, 'stranger'])).code).toBe(0)
    expect((await ensureNetworks(lease)).slice(-2)).toEqual([
      `network ${name} is 172.31.0.0/24, not 172.21.0.0/24: it was removed, to be made anew`,
      `network ${name} was made`,
    ])
    expect((await docker.run(['rm', '--force', 'stranger'])).code).toBe(0)
  })

  test('gets its networks, once, as Compose would have made them; one of an older release, which Compose would refuse, is made anew', async () => {
    const name = 'lucid_keys_net'
    expect(await ensureNetworks(lease)).toEqual([])
    expect((await docker.run(['network', 'rm', name])).code).toBe(0)
    const lone = ['--opt=com.docker.network.bridge.enable_ip_masquerade=false', '--label=org.lucid.network=lone', name]
    expect((await docker.run(['network', 'create', '--subnet', networks[name].subnet, ...lone])).code).toBe(0)
    expect(await ensureNetworks(lease)).toEqual([
      `network ${name} is not known to Compose: it was removed, to be made anew`,
      `network ${name} was made`,
    ])
    expect(await ensureNetworks(lease)).toEqual([])
  })

  test('is told which network of somebody else is in the way of its own', async () => {
    expect((await docker.run(['network', 'rm', 'lucid_chain_net'])).code).toBe(0)
    const other = ['network', 'create', '--subnet', '172.22.0.0/16', 'theirs']
    expect((await docker.run(other)).code).toBe(0)
    expect(
      findNetworkFaults(networks, await collectNetworks(shell)).filter((fault) => fault.includes('lucid_chain_net')),
    ).toEqual([
      'network lucid_chain_net (172.22.0.0/24) clashes with the network theirs (172.22.0.0/16) of this engine: remove that, or move it',
    ])
    await expect(ensureNetworks(lease)).rejects.toThrow('its networks are in the way')
  })
})
