import { describe, expect, test } from 'bun:test'
import type { HostSpec } from '#common/host/provision-model'
import type { Disk } from './disk.ts'
import { digits, file, memoryDisk, spec, wishes } from './fixture.ts'
import type { Found } from './plan.ts'
import { hostSpec, prepare } from './prepare.ts'

/** Draws 1, 2, 3 ... as the digits of the fixture. */
const draws = () => {
  let drawn = 0
  return () => Uint8Array.fromHex(digits(++drawn))
}

const run = (files: Readonly<Record<string, Found>> = {}, more: Partial<HostSpec> = {}) => {
  const memory = memoryDisk(new Map(Object.entries(files)))
  const report = prepare(spec(more), { disk: memory.disk, random: draws(), mode: 'change' })
  return { ...memory, report }
}
const textOf = (found: Found | undefined) => (found?.kind === 'file' ? found.text.reveal() : undefined)

const names = ['keeper/IDENTITY_KEY', 'db/KEYFILE', 'payer/PRIVATE_KEY', 'judge/PAYER_ADDRESS']

test('an empty host gets everything, each file with its owner and mode', () => {
  const { report, files, folders } = run()
  expect(report).toMatchObject({ ok: true, done: true, made: names, kept: [], faults: [] })
  expect(files.get('secrets/db/KEYFILE')).toMatchObject({ uid: 999, gid: 999, mode: 0o400 })
  expect(textOf(files.get('secrets/keeper/IDENTITY_KEY'))).toBe(digits(1))
  expect(textOf(files.get('secrets/judge/PAYER_ADDRESS'))).toMatch(/^[0-9a-f]{40}$/)
  expect(Object.keys(JSON.parse(textOf(files.get('identities.json')) ?? ''))).toEqual(['keeper'])
  expect(files.get('identities.json')).toMatchObject({ uid: 65532, mode: 0o444 })
  expect(textOf(files.get('secrets/.list'))).toBe(`${[...names].sort().join('\n')}`)
  expect(folders.get('secrets/keeper')).toEqual({ uid: 0, mode: 0o711 })
})

test('a report holds names alone', () => {
  const { report } = run({ 'secrets/keeper/IDENTITY_KEY': file(digits(9), { mode: 0o644 }) })
  expect(JSON.stringify(report)).not.toMatch(/[0-9a-f]{40}/)
})

test('a prepared host is left as it is', () => {
  const first = run()
  const memory = memoryDisk(first.files)
  for (const [path, rights] of first.folders) memory.folders.set(path, rights)
  const again = prepare(spec({ hasData: true }), { disk: memory.disk, random: draws(), mode: 'change' })
  expect(again).toEqual({ ok: true, done: true, made: [], mended: [], kept: names, faults: [] })
  expect(memory.log).toEqual([])
})

test('asked to look only, it says the same and does nothing', () => {
  const memory = memoryDisk(new Map([['secrets/db/KEYFILE', file(digits(7), { uid: 0, mode: 0o644 })]]))
  expect(prepare(spec(), { disk: memory.disk, random: draws(), mode: 'look' })).toEqual({
    ok: true,
    done: false,
    made: names.filter((name) => name !== 'db/KEYFILE'),
    mended: [
      {
        name: 'db/KEYFILE',
        what: 'belonged to 0:0, not 999:999; had mode 644, not 400; others could read it: replace it if they had access',
      },
    ],
    kept: ['db/KEYFILE'],
    faults: [],
  })
  expect(memory.log).toEqual([])
})

test('owner and mode are put right, the content is not touched', () => {
  const { report, files, log } = run({ 'secrets/db/KEYFILE': file(`${digits(7)}\n`, { uid: 65532, mode: 0o666 }) })
  expect(report).toMatchObject({ ok: true, done: true })
  expect(log).toContain('repair secrets/db/KEYFILE')
  expect(files.get('secrets/db/KEYFILE')).toMatchObject({ uid: 999, mode: 0o400 })
  expect(textOf(files.get('secrets/db/KEYFILE'))).toBe(digits(7))
})

describe('one fault, and nothing is done', () => {
  const gone = 'is gone, and the host has data that may depend on it: restore it from a backup'
  const placeholder = 'holds a placeholder, no random digits: restore it from a backup, or remove it to have it made'
  const key = 'secrets/keeper/IDENTITY_KEY'
  const full = (): Readonly<Record<string, Found>> => Object.fromEntries(run().files)
  const without = (path: string) => Object.fromEntries(Object.entries(full()).filter(([name]) => name !== path))
  const cases: readonly (readonly [string, Readonly<Record<string, Found>>, string, Partial<HostSpec>?])[] = [
    ['zeros', { ...full(), [key]: file('0'.repeat(64)) }, placeholder],
    ['a repeated pattern', { ...full(), [key]: file('0123456789abcdef'.repeat(4)) }, placeholder],
    ['one', { ...full(), [key]: file(`${'0'.repeat(63)}1`) }, placeholder],
    [
      'changeme',
      { ...full(), [key]: file('changeme\n') },
      'holds a placeholder: restore it from a backup, or remove it to have it made',
    ],
    ['nothing', { ...full(), [key]: file('\n') }, 'is empty: restore it from a backup, or remove it to have it made'],
    [
      'capitals',
      { ...full(), [key]: file(digits(3).toUpperCase()) },
      'does not hold 64 lower-case hex digits: restore it from a backup',
    ],
    ['a folder', { ...full(), [key]: { kind: 'other', what: 'a folder' } }, 'is a folder, no file: remove it'],
    ['one that is gone from a host with data', without(key), gone, { hasData: true }],
  ]
  test.each(cases)('%s', (_, files, what, more = {}) => {
    const { report, log } = run(files, more)
    expect(report.faults).toEqual([{ name: 'keeper/IDENTITY_KEY', what }])
    expect({ ok: report.ok, done: report.done, log }).toEqual({ ok: false, done: false, log: [] })
  })

  test('a copy of another secret', () => {
    const { report } = run({ ...full(), 'secrets/payer/PRIVATE_KEY': file(digits(1)) })
    expect(report.faults).toContainEqual({
      name: 'payer/PRIVATE_KEY',
      what: 'holds the same as keeper/IDENTITY_KEY: one of them was copied',
    })
  })

  test('an address that is of another key', () => {
    const { report } = run({ ...full(), 'secrets/payer/PRIVATE_KEY': file(digits(40)) })
    expect(report.faults).toEqual([
      { name: 'judge/PAYER_ADDRESS', what: 'is not the address of payer/PRIVATE_KEY: restore both from one backup' },
    ])
  })

  test('all secrets gone from a host with data, the record with them', () => {
    const { report } = run({}, { hasData: true })
    // The address would follow from a key that is restored.
    expect(report.faults.map(({ name }) => name)).toEqual(names.slice(0, 3))
  })
})

test('a new service gets its secrets on a host with data, since the record shows that they were never there', () => {
  const before = run({}, { secrets: wishes.slice(0, 2) })
  const { report } = run(Object.fromEntries(before.files), { hasData: true })
  expect(report).toMatchObject({
    ok: true,
    made: ['payer/PRIVATE_KEY', 'judge/PAYER_ADDRESS'],
    kept: ['keeper/IDENTITY_KEY', 'db/KEYFILE'],
  })
})

test('an address that is gone is made again, the same', () => {
  const { files } = run()
  const before = textOf(files.get('secrets/judge/PAYER_ADDRESS'))
  files.delete('secrets/judge/PAYER_ADDRESS')
  const after = run(Object.fromEntries(files), { hasData: true })
  expect(after.report.made).toEqual(['judge/PAYER_ADDRESS'])
  expect(textOf(after.files.get('secrets/judge/PAYER_ADDRESS'))).toBe(before)
})

test('a document that is none is refused, and a name cannot leave the folder', () => {
  expect(() => hostSpec('{')).toThrow('no JSON document')
  const climbing = JSON.stringify(spec()).replace('"owner":"keeper"', '"owner":".."')
  expect(() => hostSpec(climbing)).toThrow('is not what a host needs: /secrets/0')
  expect(hostSpec(JSON.stringify(spec()))).toEqual(spec())
})

describe('cut at any write, it is finished by the next run, and no key that was made is made again', () => {
  const older = () => run({}, { secrets: wishes.slice(0, 2) }).files
  const hosts = { 'an empty host': () => new Map<string, Found>(), 'a new service on a host with data': older }
  for (const [name, files] of Object.entries(hosts))
    test(name, () => {
      const wanted = spec({ hasData: name !== 'an empty host' })
      const random = draws()
      const uncut = memoryDisk(files())
      prepare(wanted, { disk: uncut.disk, random, mode: 'change' })
      expect(uncut.log.length).toBeGreaterThan(2)
      for (let cut = 0; cut < uncut.log.length; cut++) {
        const memory = memoryDisk(files())
        const power = () => {
          if (memory.log.length >= cut) throw new Error('the power is gone')
        }
        const disk: Disk = {
          ...memory.disk,
          create: (...args) => {
            power()
            memory.disk.create(...args)
          },
          replace: (...args) => {
            power()
            memory.disk.replace(...args)
          },
        }
        expect(() => prepare(wanted, { disk, random, mode: 'change' })).toThrow('the power is gone')
        const made = new Map(memory.files)
        expect(prepare(wanted, { disk: memory.disk, random, mode: 'change' })).toMatchObject({ ok: true, done: true })
        for (const one of names) expect(memory.files.has(`secrets/${one}`)).toBe(true)
        for (const [path, found] of made)
          if (path.startsWith('secrets/') && path !== 'secrets/.list')
            expect(textOf(memory.files.get(path))).toBe(textOf(found) ?? '')
      }
    })
})
