import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { plainStyle } from '#common/cli/style'
import { parseFullFacts } from '#common/host/facts/full-facts'
import { parseFacts } from '#common/host/facts/host-facts'
import { together } from '../testing/doctor/faults.ts'
import { diagnose } from './diagnose.ts'
import { readExpectation } from './expected.ts'
import { addCloser, type DiagnosedHost, type Facts, makeFacts } from './facts.ts'
import { addressRepair } from './finding.ts'
import { parseCloser, parseFile } from './inspect/closer-facts.ts'
import { explainEngine } from './inspect/inspect-host.ts'
import { reportJson, reportText } from './report.ts'

const DIR = '/mnt/myssd/Lucid'
const recorded = readFileSync(join(import.meta.dir, 'vectors', 'eight-faults.txt'), 'utf8')

const readFacts = (text: string): Facts => {
  const host = parseFullFacts(text)
  const { readiness, diagnosis } = host ?? {}
  if (host === undefined || readiness === undefined || diagnosis === undefined) throw new Error('the recording is cut')
  const whole: DiagnosedHost = { ...host, readiness, diagnosis }
  const { expected, gaps } = readExpectation(whole, DIR)
  return addCloser(makeFacts(whole, { dir: DIR, expected, gaps, ahead: 0 }), parseCloser(text))
}

/** The recording without these sections; the ends stay, so that it is whole. */
const without = (...names: readonly string[]): string =>
  recorded
    .split(/^(?=== )/m)
    .filter((section) => !names.some((name) => section.startsWith(`== ${name}`)))
    .join('')

test('a real engine with eight faults is read as what was injected, each with what it brings down', () => {
  const found = diagnose(readFacts(recorded))
  const names = found.map(({ family, kind, subject }) => `${family} ${kind} ${subject}`).toSorted()
  expect(names).toEqual(together.map(({ family, kind, subject }) => `${family} ${kind} ${subject}`).toSorted())
  expect(
    found
      .filter(({ consequences }) => consequences.length > 0)
      .map(({ kind, consequences }) => [kind, consequences.map(({ subject }) => subject)]),
  ).toEqual([['wrong-owner', ['merkle-builder', 'session-orchestrator']]])
})

test('what is printed names evidence, cause and command, in plain lines', () => {
  const facts = readFacts(recorded)
  const findings = diagnose(facts)
  const text = reportText({ host: 'pi@host', facts, findings }, plainStyle).raw
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
  const report = JSON.parse(reportJson({ host: 'pi@host', facts, findings }))
  expect(report).toMatchObject({ host: 'pi@host', release: 'r-0123456789ab', deployed: true, ok: false })
  expect(report.findings).toHaveLength(8)
})

test('a host on which nothing is deployed is said so, and not with twenty faults', () => {
  const facts = readFacts(
    without('release', 'compose ', 'hashes', 'containers', 'networks', 'leftovers', 'disk', 'routes', 'walk'),
  )
  expect(facts.expected).toBeUndefined()
  expect(diagnose(facts)).toEqual([])
  const text = reportText({ host: 'pi', facts, findings: [] }, plainStyle).raw
  expect(text).toStartWith(`pi: nothing of Lucid is deployed in ${DIR}: bun run deploy:pi brings it\n`)
})

test('containers without a release are held against this checkout’s own files, and that is said', () => {
  const facts = readFacts(without('release', 'compose ', 'hashes'))
  expect(facts.expected?.release).toBeUndefined()
  expect(Object.keys(facts.expected?.services ?? {})).toContain('session-recorder')
  expect(facts.gaps[0]).toStartWith('a release: the host has none')
})

test('a release file that Compose does not take is a gap in the look, with its complaint', () => {
  const complaint = 'yaml: line 3: mapping values are not allowed'
  const facts = readFacts(`${without('compose core')}\n== compose core\n ${complaint}\n`)
  expect(facts.gaps).toEqual(['the release’s file of stack core: yaml: line 3: mapping values are not allowed'])
  expect(Object.keys(facts.expected?.services ?? {})).toContain('session-encryptor')
})

test('an engine that is not there or does not answer is report from one that does', () => {
  const explain = (engine: string) =>
    explainEngine(parseFacts(`== facts\n 1\n== engine\n ${engine}`) ?? { engine: { is: 'absent' } })
  expect(explainEngine(readFacts(recorded).host)).toBeUndefined()
  expect(explain('absent')).toBe('docker is not installed there')
  expect(explain('failed: Cannot connect to the Docker daemon')).toBe('Cannot connect to the Docker daemon')
})

test('a line of ls is a file, a folder, nothing, or unknown', () => {
  expect(parseFile('-r-------- 1 65532 65532 65 Nov 25 20:55 /x')).toEqual({
    kind: 'file',
    mode: 'r--------',
    uid: 65532,
    size: 65,
  })
  expect(parseFile('drwx--x--x+ 2 0 0 4096 Nov 25 20:55 /x')).toMatchObject({ kind: 'folder', mode: 'rwx--x--x' })
  expect(parseFile('ls: cannot access /x: No such file or directory')).toEqual({ kind: 'missing' })
  expect(parseFile('ls: cannot access /x: Permission denied').kind).toBe('unknown')
})

test('commands carry the host that was typed, and none that is remembered', () => {
  const [found] = diagnose(readFacts(recorded)).filter(({ kind }) => kind === 'stopped')
  if (found === undefined) throw new Error('the recording has lost a fault')
  const said = { host: 'pi@h', dir: undefined, 'ssh-config': '/a b' }
  expect(addressRepair(found, said).repair[0]?.line).toBe(
    "bun run recover service session-encryptor --host pi@h --ssh-config '/a b'",
  )
  expect(addressRepair(found, { ...said, host: undefined, 'ssh-config': undefined })).toEqual(found)
})
