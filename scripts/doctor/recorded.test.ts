import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { plainLook } from '../cli/look.ts'
import { together } from '../testing/doctor/plants.ts'
import { diagnose } from './diagnose.ts'
import { expectedOf, projectsOf } from './expect.ts'
import { containersOf, factsOf, fileOf } from './facts.ts'
import { addressed } from './finding.ts'
import { engineTrouble } from './host-facts.ts'
import { reportJson, reportText } from './report.ts'
import { sections } from './sections.ts'

const DIR = '/mnt/myssd/Lucid'
const looked = sections(readFileSync(join(import.meta.dir, 'vectors', 'eight-faults.txt'), 'utf8'))

const factsFrom = (of: ReadonlyMap<string, string>) => {
  const { wanted, gaps } = expectedOf(of, { dir: DIR, projects: projectsOf(containersOf(of)) })
  return factsOf(of, of, { dir: DIR, now: Number(of.get('date')), wanted, gaps })
}
const without = (...names: readonly string[]) =>
  new Map([...looked].filter(([name]) => !names.some((one) => name.startsWith(one))))

test('a real engine with eight faults is read as what was planted, each with what it brings down', () => {
  const found = diagnose(factsFrom(looked))
  const names = found.map(({ family, kind, subject }) => `${family} ${kind} ${subject}`).toSorted()
  expect(names).toEqual(
    together.map(({ family, kind, subject }) => `${family} ${kind} ${subject}`).toSorted(),
  )
  expect(
    found
      .filter(({ consequences }) => consequences.length > 0)
      .map(({ kind, consequences }) => [kind, consequences.map(({ subject }) => subject)]),
  ).toEqual([['wrong-owner', ['merkle-builder', 'session-orchestrator']]])
})

test('what is printed names evidence, cause and command, in plain lines', () => {
  const facts = factsFrom(looked)
  const findings = diagnose(facts)
  const text = reportText({ host: 'pi@host', facts, findings, atWork: undefined }, plainLook)
  expect(text).toContain(
    [
      'mongo: is not in lucid_core_net [network: not-attached]',
      '  seen     docker inspect lucid_mongo: networks lucid_chain_net',
      '  because  it was disconnected, or the network was made again without it',
      '  here     bun run recover service mongo',
      '',
    ].join('\n'),
  )
  expect(text).toEndWith('pi@host: 8 found, which explain 2 more\n')
  const told = JSON.parse(reportJson({ host: 'pi@host', facts, findings, atWork: undefined }))
  expect(told).toMatchObject({ host: 'pi@host', release: 'r-0123456789ab', deployed: true, ok: false })
  expect(told.findings).toHaveLength(8)
})

test('a host on which nothing is deployed is said so, and not with twenty faults', () => {
  const facts = factsFrom(
    without('current', 'compose', 'hashes', 'containers', 'networks', 'leftovers', 'disk', 'routes', 'walk'),
  )
  expect(facts.wanted).toBeUndefined()
  expect(diagnose(facts)).toEqual([])
  const text = reportText({ host: 'pi', facts, findings: [], atWork: undefined }, plainLook)
  expect(text).toStartWith(`pi: nothing of Lucid is deployed in ${DIR}: bun run deploy:pi brings it\n`)
})

test('containers without a release are held against this checkout’s own files, and that is said', () => {
  const facts = factsFrom(without('current', 'compose', 'hashes'))
  expect(facts.wanted?.release).toBeUndefined()
  expect(Object.keys(facts.wanted?.services ?? {})).toContain('session-recorder')
  expect(facts.gaps[0]).toStartWith('a release: the host has none')
})

test('a release file that Compose does not take is a gap in the look, with its complaint', () => {
  const facts = factsFrom(
    new Map([...looked, ['compose core', 'yaml: line 3: mapping values are not allowed']]),
  )
  expect(facts.gaps).toEqual([
    'the release’s file of stack core: yaml: line 3: mapping values are not allowed',
  ])
  expect(Object.keys(facts.wanted?.services ?? {})).toContain('session-encryptor')
})

test('an engine that is not there or does not answer is told from one that does', () => {
  expect(engineTrouble(looked)).toBeUndefined()
  expect(engineTrouble(new Map([['absent', '']]))).toBe('docker is not installed there')
  expect(engineTrouble(new Map([['docker', 'Cannot connect to the Docker daemon']]))).toBe(
    'Cannot connect to the Docker daemon',
  )
  expect(engineTrouble(new Map([['docker', '{"ServerErrors":["permission denied"]}']]))).toBe(
    'permission denied',
  )
})

test('a line of ls is a file, a folder, nothing, or unknown', () => {
  expect(fileOf('-r-------- 1 65532 65532 65 Nov 25 20:55 /x')).toEqual({
    kind: 'file',
    mode: 'r--------',
    uid: 65532,
    size: 65,
  })
  expect(fileOf('drwx--x--x+ 2 0 0 4096 Nov 25 20:55 /x')).toMatchObject({
    kind: 'folder',
    mode: 'rwx--x--x',
  })
  expect(fileOf('ls: cannot access /x: No such file or directory')).toEqual({ kind: 'missing' })
  expect(fileOf('ls: cannot access /x: Permission denied').kind).toBe('unknown')
})

test('commands carry the host that was typed, and none that is remembered', () => {
  const [found] = diagnose(factsFrom(looked)).filter(({ kind }) => kind === 'stopped')
  if (found === undefined) throw new Error('the recording has lost a fault')
  const said = { host: 'pi@h', dir: undefined, 'ssh-config': '/a b' }
  expect(addressed(found, said).mend[0]?.line).toBe(
    "bun run recover service session-encryptor --host pi@h --ssh-config '/a b'",
  )
  expect(addressed(found, { ...said, host: undefined, 'ssh-config': undefined })).toEqual(found)
})
