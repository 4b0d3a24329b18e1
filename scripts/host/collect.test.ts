import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collectFacts, collectScript } from './collect.ts'
import { openShell } from './shell.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-facts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A FAKE docker in PATH: it prints what it is told to. */
const fakeDocker = (name: string, script: string): string => {
  const bin = join(folder, name)
  mkdirSync(bin)
  writeFileSync(join(bin, 'docker'), `#!/bin/sh\n${script}\n`)
  chmodSync(join(bin, 'docker'), 0o755)
  return bin
}

const asked = async (bin: string, dir: string, secrets: readonly string[] = []) => {
  const shell = openShell({ host: 'local', env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` } })
  try {
    return await collectFacts(shell, dir, 'preflight', { secrets })
  } finally {
    await shell.close()
  }
}

test('a host says what it is, what it has, and which ports are taken', async () => {
  const dir = join(folder, 'lucid')
  mkdirSync(join(dir, 'secrets', 'gate'), { recursive: true })
  mkdirSync(join(dir, 'deploy'))
  writeFileSync(join(dir, 'secrets', 'gate', 'KEY'), 'x')
  writeFileSync(join(dir, 'deploy', 'signer'), `${'ab'.repeat(32)}\n`)
  const taken = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  const ours = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  const id = 'a1'.repeat(32)
  const container = {
    id,
    name: '/gate',
    project: 'lucid-core',
    service: 'gate',
    status: 'running',
    ports: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: `${ours.port}` }] },
  }
  const bin = fakeDocker(
    'well',
    `case "$*" in
      "compose version"*) echo 2.38.2 ;;
      info*) echo '{"version":"28.3.2","root":"/","architecture":"aarch64","memoryLimit":true}' ;;
      ps*) echo "${id} lucid-core" ;;
      inspect*) echo '${JSON.stringify(container)}' ;;
      "network ls"*) echo n1 ;;
      "network inspect"*) echo '{"id":"n1","name":"lucid_core_net","subnets":["172.21.0.0/24"]}' ;;
      "volume ls"*) echo lucid_chain_data ;;
    esac`,
  )
  try {
    const { engine, readiness, memory, networks, containers } = await asked(bin, dir, ['gate/KEY', 'cut/KEY'])
    expect(engine).toEqual({ is: 'up', version: '28.3.2', root: '/', limitsMemory: true, platform: 'linux/arm64' })
    expect(readiness).toMatchObject({
      signer: 'ab'.repeat(32),
      compose: '2.38.2',
      flock: true,
      writable: true,
      secrets: ['gate/KEY'],
      volumes: ['lucid_chain_data'],
    })
    expect(networks).toMatchObject([{ name: 'lucid_core_net', subnets: ['172.21.0.0/24'] }])
    const heard = readiness.listening.map(({ port }) => port)
    expect([heard.includes(taken.port), heard.includes(ours.port)]).toEqual([true, true])
    expect(containers[0]?.published).toEqual([{ ip: '127.0.0.1', host: ours.port, target: 80 }])
    // A size of more than 2 GiB does not come back as the largest 32-bit number.
    expect((memory?.total ?? 0) % 1024).toBe(0)
    expect(readiness.freePlatform).not.toBe(2 ** 31 - 1)
    expect(readiness.freePlatform).toBeGreaterThan(0)
  } finally {
    taken.stop(true)
    ours.stop(true)
  }
})

test('a host without an engine says why, and a folder that is not there yet is looked at above', async () => {
  const bin = fakeDocker('down', 'echo "permission denied while trying to connect" >&2; exit 1')
  const { engine, readiness, networks } = await asked(bin, join(folder, 'not', 'there', 'yet'))
  expect(engine).toEqual({ is: 'down', why: 'permission denied while trying to connect' })
  expect(networks).toBeUndefined()
  expect(readiness).toMatchObject({ compose: '', writable: true, signer: undefined })
  expect(readiness.freePlatform).toBeGreaterThan(0)
})

test('a shell that prints something else is no host', async () => {
  const shell = { name: 'pi', run: async () => ({ code: 0, out: 'Welcome!', err: '' }) }
  await expect(collectFacts(shell, '/x', 'preflight')).rejects.toThrow('pi gave no answer that can be read')
})

test('every level begins with what is shipped, and none asks for an environment', () => {
  for (const level of ['cron', 'release', 'preflight', 'diagnosis'] as const) {
    const script = collectScript('/mnt/a b', level)
    expect(script).toContain("set -- '/mnt/a b'")
    expect(script).toContain('section facts')
    expect(script).not.toContain('.Env')
  }
})
