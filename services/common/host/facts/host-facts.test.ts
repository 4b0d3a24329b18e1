import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { parseDeployed } from './deployed.ts'
import { parseFacts } from './host-facts.ts'
import { parseSections } from './sections.ts'

/** Printed by facts.sh on a real engine (20.10.24), with five containers made for it. */
const recorded = readFileSync(join(import.meta.dir, 'recorded-facts.txt'), 'utf8')

const read = (text: string) => {
  const facts = parseFacts(text)
  if (facts === undefined) throw new Error('not facts')
  return facts
}
const facts = read(recorded)
const container = (service: string) => facts.containers.find((one) => one.service === service)
/** The least that is taken, with these sections after it. */
const minimal = (...sections: readonly string[]) => read(['== facts', ' 1', ...sections].join('\n'))

describe('what a real engine said is read', () => {
  test('the host itself', () => {
    expect({ ...facts, containers: [], certificates: [] }).toEqual({
      whole: true,
      at: 1_795_638_766_000,
      dir: '/srv/lucid',
      engine: {
        is: 'up',
        version: '20.10.24+dfsg1',
        root: '/var/lib/docker',
        limitsMemory: true,
        platform: 'linux/amd64',
      },
      containers: [],
      allContainers: true,
      disks: [{ device: '/dev/vda', mount: '/', size: 264_212_084 * 1024, free: expect.any(Number) }],
      memory: { total: 24_684_096 * 1024, available: expect.any(Number), swapTotal: 0, swapFree: 0 },
      load: [expect.any(Number), expect.any(Number), expect.any(Number)],
      cpus: 2,
      uptime: expect.any(Number),
      oomKills: 41,
      certificates: [],
      backup: { at: 1_795_600_000_000, ok: true, id: 'b-1' },
      drill: { at: 1_795_000_000_000, ok: true, id: 'b-0' },
      release: 'r-0123456789ab',
    })
  })

  test('a healthy container, with its memory from the kernel', () => {
    expect(container('alpha')).toMatchObject({
      id: '62c3779162521dc10d0d2824abbfcab3edd865c90103d617a71c2ed5de629f87',
      name: 'alpha',
      project: 'lucid-core',
      service: 'alpha',
      stage: 'core',
      oneoff: false,
      status: 'running',
      health: 'healthy',
      healthOutput: '',
      exitCode: 0,
      oomKilled: false,
      error: '',
      restarts: 0,
      startedAt: Date.parse('2026-11-25T20:32:21.598Z'),
      image: 'example/bun:1',
      imageId: 'sha256:d1d04fd4e1083a0e1cc1f4724a3160c825ebad8e9d4499efe1bc29f8ffa66874',
      configHash: '1b3997022bdd02298cde5cffcab9a2cb99edf7f47fb398db1e70521e1860342c',
      memoryLimit: 64 * 2 ** 20,
      memoryUsed: 2_813_952,
    })
  })

  test('one that is unhealthy, one out of memory, one that is restarted again and again, one that ended well', () => {
    expect(container('beta')).toMatchObject({ health: 'unhealthy', healthOutput: 'the store is closed' })
    expect(container('gamma')).toMatchObject({ status: 'exited', exitCode: 137, oomKilled: true })
    expect(container('delta')).toMatchObject({ status: 'restarting', exitCode: 3, oomKilled: false })
    expect(container('delta')?.restarts).toBeGreaterThan(3)
    expect(container('epsilon-init')).toMatchObject({ status: 'exited', exitCode: 0, name: 'epsilon_init' })
  })

  test('certificates with their end; a key beside one is not in the text', () => {
    expect(facts.certificates).toEqual([
      { file: 'edge.pem', notAfter: Date.parse('2026-12-05T20:32:20Z') },
      { file: 'empty.pem', fault: 'there is no certificate in it' },
      { file: 'gateway.crt', notAfter: Date.parse('2027-12-30T20:32:20Z') },
    ])
    expect(recorded).not.toContain('KEY-----')
  })
})

describe('what is missing is left out', () => {
  test('a host without docker, /proc and files', () => {
    expect(minimal('== engine', ' absent', '== platform', '== end')).toEqual({
      whole: true,
      engine: { is: 'absent' },
      containers: [],
      allContainers: false,
      disks: [],
      certificates: [],
    })
  })

  test('a text that was cut is not whole, and a list that was cut is not all containers', () => {
    const cut = read(recorded.slice(0, recorded.indexOf('"name":"/delta"')))
    expect(cut).toMatchObject({ whole: false, allContainers: false })
    expect(cut.containers.map(({ service }) => service)).toEqual(['gamma', 'beta', 'alpha'])
  })

  test('an engine that fails is down, with what it said in one line', () => {
    expect(minimal('== engine', ' failed: Cannot connect\u001b[31m to the daemon').engine).toEqual({
      is: 'down',
      why: 'Cannot connect\\u001b[31m to the daemon',
    })
    expect(minimal('== engine', ' {"version":7}').engine).toEqual({ is: 'down', why: 'its answer cannot be read' })
  })

  test('where no file of the kernel says anything, the figures are the engine’s own', () => {
    const id = 'a'.repeat(64)
    const line = JSON.stringify({ id, service: 'alpha', status: 'running' })
    const { containers } = minimal('== containers', ` ${line}`, '== stats', ` ${id} 2.5MiB / 64MiB`)
    expect(containers[0]?.memoryUsed).toBe(2.5 * 2 ** 20)
  })

  test('file pages that can go are not counted as memory in use', () => {
    const id = 'a'.repeat(64)
    const line = JSON.stringify({ id, service: 'alpha', status: 'running' })
    const used = (...figures: readonly number[]) =>
      minimal('== containers', ` ${line}`, '== memory-in-use', ` ${id} ${figures.join(' ')}`).containers[0]?.memoryUsed
    expect(used(1000, 400)).toBe(600)
    expect(used(1000, 4000)).toBe(1000)
    expect(used(1000)).toBe(1000)
  })
})

describe('the Raspberry Pi', () => {
  test.each([
    [' throttled=0x50005', 0x50005],
    [' 50005', 0x50005],
    [' 0', 0],
    [' error=1', undefined],
  ])('throttling %p', (line, bits) => expect(minimal('== throttled', line).throttled).toBe(bits))
  test('temperature in degrees', () => expect(minimal('== temperature', ' 61850').temperature).toBe(61.85))
})

describe('the deployer’s files', () => {
  const begin = (run: string) => ` {"at":1,"run":"${run}","phase":"begin","kind":"deploy","what":"deploy r-1"}`
  const end = (run: string) => ` {"at":2,"run":"${run}","phase":"end","outcome":"done"}`
  test('a run is open until its own end', () => {
    expect(minimal('== journal', begin('one'), end('one')).openRun).toBeUndefined()
    expect(minimal('== journal', begin('one'), end('one'), begin('two')).openRun).toEqual({
      run: 'two',
      what: 'deploy r-1',
    })
    expect(minimal('== journal', begin('one'), end('other')).openRun?.run).toBe('one')
    expect(minimal('== journal', begin('one'), ' {"at":2,"run":"on').openRun?.run).toBe('one')
  })
  test('a backup that failed and never went well before has no date', () => {
    expect(minimal('== backup', ' {"ok":false}').backup).toEqual({ ok: false, id: '' })
    expect(minimal('== backup', ' {"ok":false,"at":5,"id":"b"}').backup).toEqual({ at: 5, ok: false, id: 'b' })
  })
  test('a lease says who has it, and until when', () => {
    expect(minimal('== lease', ' 7 1795638800 {"by":"dev@desk","what":"deploy r-1"}').lease).toEqual({
      by: 'dev@desk',
      what: 'deploy r-1',
      until: 1_795_638_800_000,
    })
    expect(minimal('== lease', ' 7').lease).toBeUndefined()
  })
})

describe('a host that lies or is broken', () => {
  test('a text that facts.sh did not print is none', () => {
    for (const text of ['', 'hello', '== facts', '== facts\n 2', '{"facts":1}', ' 1\n== facts'])
      expect(parseFacts(text)).toBeUndefined()
  })

  test('content cannot pass for a section', () => {
    const backup = minimal('== backup', ' {"at":1,"ok":true,"id":"x"}', ' == drill', ' {"at":1}')
    expect(backup.drill).toBeUndefined()
  })

  test('values of another kind are not taken', () => {
    const broken = { id: 'a'.repeat(64), service: 'alpha', restarts: -1, memory: '1e9', oomKilled: 'yes' }
    const lines = [broken, { ...broken, id: '../x' }, { id: broken.id }, [], null, 7]
    const { containers } = minimal('== containers', ...lines.map((line) => ` ${JSON.stringify(line)}`))
    expect(containers).toHaveLength(1)
    expect(containers[0]).toMatchObject({ restarts: 0, memoryLimit: 0, oomKilled: false, exitCode: -1 })
    for (const text of ['{"at":"yesterday","ok":true}', '{"at":5}', '{"ok":"yes","at":5}', '7', 'null'])
      expect(minimal('== backup', ` ${text}`).backup).toBeUndefined()
    expect(minimal('== release', ' ../../etc').release).toBeUndefined()
    expect(minimal('== disk', ' platform /dev/x 0 0 0 0% /', ' nonsense').disks).toEqual([])
  })

  test('what it says is one line without control characters', () => {
    const line = { id: 'a'.repeat(64), service: 'al\u0000\u001b[2Jpha\nBAD', status: 'x'.repeat(5000) }
    const [one] = minimal('== containers', ` ${JSON.stringify(line)}`).containers
    expect(one?.service).toBe('al\\u0000\\u001b[2Jpha BAD')
    expect(one?.status).toHaveLength(200)
  })

  test('a certificate that is none is said to be none', () => {
    const lines = [' file x.pem', ' -----BEGIN CERTIFICATE-----', ' AAAA', ' -----END CERTIFICATE-----']
    expect(minimal('== certificates', ...lines, ' file y.pem', ' unreadable').certificates).toEqual([
      { file: 'x.pem', fault: 'what is in it is no certificate' },
      { file: 'y.pem', fault: 'it cannot be read' },
    ])
  })

  /** Any UTF-16 there is, halves of pairs too. */
  const anyText = fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units))
  test('no text at all makes it throw', () => {
    const lines = recorded.split('\n')
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(lines.length - 1), anyText), { maxLength: 5 }), (changes) => {
        const changed = [...lines]
        for (const [at, text] of changes) changed[at] = (changed[at] ?? '').slice(0, text.length * 7) + text
        parseFacts(changed.join('\n'))
      }),
      { seed: 1 },
    )
    fc.assert(
      fc.property(anyText, (text) => parseFacts(text) === undefined),
      { seed: 1 },
    )
  })
})

test('what lies there of a release is read with its sums, hashes and times; half of it is nothing', () => {
  const SUM = 'ab'.repeat(32)
  const text = [
    '== deployed',
    ' r-0123456789ab',
    '== file-sums',
    ` ${SUM}  releases/r-0123456789ab/compose.core.yaml`,
    ' no sum at all',
    '== hashes core',
    ' time="2026" level=warning msg="a complaint"',
    ` gate ${SUM}`,
    '== file-times',
    ' 100.500 90.000 secrets/gate/KEY',
    ' 100.500 200.250 identities.json',
    ' 100.500 - files/aa/start.sh',
  ].join('\n')
  expect(parseDeployed(parseSections(text))).toBeUndefined()
  expect(parseDeployed(parseSections(`${text}\n== end-release\n`))).toEqual({
    release: 'r-0123456789ab',
    sums: { 'releases/r-0123456789ab/compose.core.yaml': SUM },
    hashes: { core: { gate: SUM } },
    fileTimes: { 'secrets/gate/KEY': 100_500, 'identities.json': 200_250 },
  })
})
