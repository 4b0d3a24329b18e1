import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseFacts } from '../services/common/host/facts/host-facts.ts'
import { CONTAINER_FORMAT } from '../services/common/host/facts/inspect-format.ts'
import { givenFacts, localFacts } from './gather.ts'

/** facts.sh in the real sh of this machine; `docker` is a stand-in or is not there. */

const folder = mkdtempSync(join(tmpdir(), 'lucid-facts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0
const fresh = (...names: readonly string[]) => {
  const path = join(folder, `${made++}`)
  mkdirSync(path)
  for (const name of names) mkdirSync(join(path, name), { recursive: true })
  return path
}

const programs = 'sh sed awk find cmp df head tail timeout date grep cut tr getconf sleep'.split(' ')

/** A PATH with what Debian's base has, and `docker` being this script when there is one. */
const pathWith = (docker?: string): string => {
  const path = fresh()
  for (const name of programs) {
    const program = Bun.which(name)
    if (program !== null) symlinkSync(program, join(path, name))
  }
  if (docker !== undefined) {
    writeFileSync(join(path, 'docker'), `#!/bin/sh\n${docker}\n`)
    chmodSync(join(path, 'docker'), 0o755)
  }
  return path
}

const ask = async (dir: string, docker?: string, env: Readonly<Record<string, string>> = {}) => {
  const options = { asked: true, running: false, env: { PATH: pathWith(docker), FACTS_LIMIT: '60', ...env } }
  const gathered = await localFacts(dir, options)
  if (!('text' in gathered)) throw new Error(JSON.stringify(gathered))
  return { text: gathered.text, facts: parseFacts(gathered.text) }
}

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const KEY = '-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n'

test('facts.sh asks the engine of a container what everybody else asks', async () => {
  const text = await Bun.file(join(import.meta.dir, 'facts.sh')).text()
  expect(text).toContain(`CONTAINER_FORMAT='${CONTAINER_FORMAT}'\n`)
  expect(CONTAINER_FORMAT).not.toContain('.Env')
})

describe.skipIf(process.platform === 'win32')('facts.sh', () => {
  test('ends whole where there is nothing: no folder, no docker', async () => {
    const { facts } = await ask(join(folder, 'none'))
    expect(facts).toMatchObject({ whole: true, engine: { is: 'absent' }, containers: [], certificates: [] })
    expect(facts?.dir).toBeUndefined()
  })

  test('names the files of the committed release that are not as their copies, and no volume where no engine tells', async () => {
    const dir = fresh()
    const release = join(dir, 'releases', 'r-1')
    mkdirSync(join(release, '.kept'), { recursive: true })
    mkdirSync(join(dir, 'deploy'))
    writeFileSync(join(dir, 'deploy', 'current'), 'r-1\n')
    const installation = '01234567-89ab-4cde-8f01-23456789abcd'
    writeFileSync(join(dir, 'deploy', 'installation'), `${installation}\n`)
    for (const name of ['compose.core.yaml', 'compose.sessions.yaml'])
      for (const folder of ['', '.kept']) writeFileSync(join(release, folder, name), 'a: 1\n')
    expect((await ask(dir)).facts).toMatchObject({ installation, changedFiles: [] })
    writeFileSync(join(release, 'compose.sessions.yaml'), 'a: 2\n')
    const { facts } = await ask(dir)
    expect(facts).toMatchObject({ changedFiles: ['compose.sessions.yaml'] })
    expect(facts?.volumes).toBeUndefined()
  })

  test('says what an engine that fails says, and asks it for no container', async () => {
    const log = join(folder, 'asked')
    const { facts } = await ask(fresh(), `echo "$1" >>${log}; echo 'Cannot connect' >&2; exit 1`)
    expect(facts).toMatchObject({ whole: true, engine: { is: 'down', why: 'Cannot connect' } })
    expect(await Bun.file(log).text()).toBe('info\nps\n')
  })

  test('gives up on an engine that hangs', async () => {
    const { facts } = await ask(fresh(), 'exec sleep 600', { FACTS_LIMIT: '0.2' })
    expect(facts).toMatchObject({ whole: true, engine: { is: 'down', why: 'no answer within 0.2 s' } })
  })

  test('an engine’s answer is found behind the client’s own warnings', async () => {
    const { facts } = await ask(fresh(), `echo 'WARNING: old' >&2; echo '{"version":"stand-in","root":"/"}'`)
    expect(facts?.engine).toMatchObject({ is: 'up', version: 'stand-in' })
  })

  const id = 'a1'.repeat(32)
  const docker = [
    'case $1 in',
    `info) echo '{"version":"stand-in","root":"/","memoryLimit":true}' ;;`,
    `ps) case $* in *status=running*) echo ${id} ;; *) echo ${id} lucid-core ;; esac ;;`,
    `inspect) echo '{"id":"${id}","service":"alpha","status":"running"}' ;;`,
    `stats) echo '${id} 7MiB / 64MiB 5' ;;`,
    'esac',
  ].join('\n')
  const memory = async (files: Readonly<Record<string, string>>) => {
    const groups = fresh()
    for (const [path, text] of Object.entries(files)) await Bun.write(join(groups, path), text)
    const { facts } = await ask(fresh(), docker, { FACTS_CGROUPS: groups })
    const [{ memoryUsed, pidsUsed } = {}] = facts?.containers ?? []
    return [memoryUsed, pidsUsed]
  }
  test('reads memory from control groups of version 2, whatever their parent', async () => {
    for (const group of [`system.slice/docker-${id}.scope`, `docker/${id}`, `a/b/c/${id}`])
      expect(
        await memory({
          'cgroup.controllers': 'memory',
          [`${group}/memory.current`]: '1000\n',
          [`${group}/pids.current`]: '12\n',
          [`${group}/memory.stat`]: 'anon 1\ninactive_file 300\nactive_file 5\n',
          [`${group}/below/memory.current`]: '5\n',
        }),
      ).toEqual([700, 12])
  })
  test('reads memory from control groups of version 1', async () => {
    expect(
      await memory({
        [`memory/docker/${id}/memory.usage_in_bytes`]: '1000\n',
        [`pids/docker/${id}/pids.current`]: '9\n',
        [`memory/docker/${id}/memory.stat`]: 'inactive_file 1\ntotal_inactive_file 400\ntotal_cache 9\n',
      }),
    ).toEqual([600, 9])
  })
  test('asks the engine where there are no such files', async () => {
    expect(await memory({})).toEqual([7 * 2 ** 20, 5])
  })

  test('prints certificates and never a key, also where a certificate was cut before one', async () => {
    const dir = fresh('certs')
    writeFileSync(join(dir, 'certs', 'both.pem'), KEY + CERTIFICATE + KEY)
    writeFileSync(join(dir, 'certs', 'cut.pem'), `-----BEGIN CERTIFICATE-----\nAAAA\n${KEY}`)
    writeFileSync(join(dir, 'certs', 'cut-twice.crt'), `-----BEGIN CERTIFICATE-----\n${KEY}${CERTIFICATE}`)
    writeFileSync(join(dir, 'certs', 'only.key'), KEY)
    mkdirSync(join(dir, 'certs', 'folder.pem'))
    const { text, facts } = await ask(dir)
    expect(text).not.toContain('SECRET')
    expect(text).not.toContain('PRIVATE')
    expect(facts?.certificates).toEqual([
      { file: 'both.pem', fault: 'what is in it is no certificate' },
      { file: 'cut.pem', fault: 'there is no certificate in it' },
      { file: 'folder.pem', fault: 'it cannot be read' },
      { file: 'cut-twice.crt', fault: 'what is in it is no certificate' },
    ])
  })

  test('reads ages and the deployer’s files, follows no link and lets no content pass for a section', async () => {
    const dir = fresh('health', 'deploy')
    writeFileSync(join(dir, 'elsewhere'), '{"at":1,"ok":true,"id":"secret"}')
    symlinkSync(join(dir, 'elsewhere'), join(dir, 'health', 'drill.json'))
    writeFileSync(join(dir, 'health', 'backup.json'), '{"at":5,\n"ok":true,"id":"b"}')
    writeFileSync(join(dir, 'deploy', 'current'), 'r-1\n== engine\n {"version":"evil"}')
    writeFileSync(
      join(dir, 'deploy', 'journal'),
      '{"at":1,"run":"x","phase":"begin","kind":"deploy","what":"deploy r-2"}\n{"at":2,"run":"x","step":"a","phase":"start"}\n',
    )
    const { facts, text } = await ask(dir)
    expect(facts).toMatchObject({
      dir,
      release: 'r-1',
      backup: { at: 5, ok: true, id: 'b' },
      openRun: { run: 'x', what: 'deploy r-2' },
      engine: { is: 'absent' },
    })
    expect(facts?.drill).toBeUndefined()
    expect(text).not.toContain('secret')
  })

  test('a file that is no file keeps nobody waiting', async () => {
    const dir = fresh('health')
    const pipe = Bun.spawn(['mkfifo', join(dir, 'health', 'backup.json')])
    expect(await pipe.exited).toBe(0)
    expect((await ask(dir)).facts?.whole).toBe(true)
  })
})

describe('the host is asked', () => {
  const env = { PATH: pathWith() }
  test('only where a platform was set up, unless a folder is named', async () => {
    const [none, some] = [fresh(), fresh('secrets')]
    const options = { asked: false, running: false, env }
    expect(await localFacts(none, options)).toEqual({ notAsked: `no platform in ${none}; --dir names another folder` })
    expect(await localFacts(some, options)).toHaveProperty('text')
    expect(await localFacts(none, { ...options, asked: true })).toHaveProperty('text')
  })

  test('not while the services of bun run up are watched, and not without sh', async () => {
    const some = fresh('secrets')
    expect(await localFacts(some, { asked: false, running: true, env })).toHaveProperty('notAsked')
    expect(await localFacts(some, { asked: true, running: false, env: { PATH: fresh() } })).toEqual({
      notAsked: 'there is no sh on this machine',
    })
  })

  test('facts that were gathered come from a file or from standard input', async () => {
    const file = join(fresh(), 'facts')
    writeFileSync(file, 'from a file')
    expect(await givenFacts(file, async () => 'from stdin')).toEqual({ text: 'from a file' })
    expect(await givenFacts('-', async () => 'from stdin')).toEqual({ text: 'from stdin' })
    expect(await givenFacts(`${file}.no`, async () => '')).toHaveProperty('failed')
  })
})
