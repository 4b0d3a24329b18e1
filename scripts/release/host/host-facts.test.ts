import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openShell } from '../../host/shell.ts'
import { askFacts } from './host-facts.ts'

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
    return await askFacts(shell, dir, secrets)
  } finally {
    await shell.close()
  }
}

test('a host says what it is, what it has, and which ports are not ours', async () => {
  const dir = join(folder, 'lucid')
  mkdirSync(join(dir, 'secrets', 'gate'), { recursive: true })
  mkdirSync(join(dir, 'deploy'))
  writeFileSync(join(dir, 'secrets', 'gate', 'KEY'), 'x')
  writeFileSync(join(dir, 'deploy', 'signer'), `${'ab'.repeat(32)}\n`)
  const taken = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  const ours = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  const bin = fakeDocker(
    'well',
    `case "$*" in
      version*) echo "linux/arm64 28.3.2" ;;
      "compose version"*) echo 2.38.2 ;;
      info*) echo "true /" ;;
      ps*) echo "127.0.0.1:${ours.port}->80/tcp, 127.0.0.1:7000-7001->7000-7001/tcp" ;;
      "volume ls"*) echo lucid_chain_data ;;
    esac`,
  )
  try {
    const { facts, signer } = await asked(bin, dir, ['gate/KEY', 'cut/KEY'])
    expect(signer).toBe('ab'.repeat(32))
    expect(facts).toMatchObject({
      platform: 'linux/arm64',
      engine: '28.3.2',
      compose: '2.38.2',
      flock: true,
      writable: true,
      memoryLimits: true,
      secrets: ['gate/KEY'],
      volumes: ['lucid_chain_data'],
    })
    expect(facts.foreignPorts).toContain(taken.port)
    expect(facts.foreignPorts).not.toContain(ours.port)
    // A size of more than 2 GiB does not come back as the largest 32-bit number.
    expect(facts.memory % 1024).toBe(0)
    expect(facts.memory).not.toBe(2 ** 31 - 1)
    expect(facts.freeDir).toBeGreaterThan(0)
  } finally {
    taken.stop(true)
    ours.stop(true)
  }
})

test('a host without an engine says why, and a folder that is not there yet is looked at above', async () => {
  const bin = fakeDocker('down', 'echo "permission denied while trying to connect" >&2; exit 1')
  const { facts, signer } = await asked(bin, join(folder, 'not', 'there', 'yet'))
  expect(facts).toMatchObject({
    platform: '',
    engine: '',
    engineError: 'permission denied while trying to connect',
    compose: '',
    memoryLimits: false,
    writable: true,
  })
  expect(signer).toBeUndefined()
})
