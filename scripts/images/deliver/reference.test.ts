import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseChallenge } from './challenge.ts'
import { firstChunk, grown, shrunk } from './chunk-size.ts'
import { credentialsFor, findHelper, storedCredentials } from './docker-config.ts'
import { checkTag, parseRepository } from './reference.ts'
import { waitBefore } from './retry-after.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-docker-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a repository', () => {
  test.each([
    ['127.0.0.1:5000/pickme/lucid', { origin: 'http://127.0.0.1:5000', host: '127.0.0.1:5000', name: 'pickme/lucid' }],
    ['localhost/a', { origin: 'http://localhost', host: 'localhost', name: 'a' }],
    ['reg.example/a/b/c', { origin: 'https://reg.example', host: 'reg.example', name: 'a/b/c' }],
    ['reg.example:5000/a', { origin: 'https://reg.example:5000', host: 'reg.example:5000', name: 'a' }],
    ['pickme/lucid', { origin: 'https://own.example', host: 'own.example', name: 'pickme/lucid' }],
    ['lucid', { origin: 'https://own.example', host: 'own.example', name: 'lucid' }],
  ])('%p is read as Docker reads it, plain HTTP to this machine only', (text, wanted) =>
    expect(parseRepository(text, 'own.example')).toEqual(wanted),
  )

  test.each(['', 'A/b', 'a:tag', 'reg.example/a:tag', 'reg.example/', 'a//b', '../a', 'reg.example/a@sha256:00'])(
    '%p is none',
    (text) => expect(() => parseRepository(text, 'own.example')).toThrow('is no repository'),
  )

  test('without a host is nowhere unless the machine names its registry', () =>
    expect(() => parseRepository('pickme/lucid', undefined)).toThrow(
      "'pickme/lucid' names no registry: use HOST/pickme/lucid, or set LUCID_REGISTRY to the host",
    ))

  test('a tag has letters, digits, dots, dashes and underscores', () => {
    expect(checkTag('session-encryptor')).toBe('session-encryptor')
    for (const tag of ['', '-a', 'a/b', 'a'.repeat(129)]) expect(() => checkTag(tag)).toThrow('is no tag')
  })
})

describe('credentials in Docker’s configuration', () => {
  const auth = Buffer.from('me:pass:word').toString('base64')

  test('are found under the host, with or without https', () => {
    const wanted = { kind: 'password', user: 'me', password: 'pass:word' } as const
    expect(storedCredentials({ auths: { 'reg.example': { auth } } }, 'reg.example')).toEqual(wanted)
    expect(storedCredentials({ auths: { 'https://reg.example/v1/': { auth } } }, 'reg.example')).toEqual(wanted)
    expect(storedCredentials({ auths: { other: { auth } } }, 'reg.example')).toEqual({ kind: 'none' })
    expect(() => storedCredentials({ auths: { 'reg.example': { auth: 'eA==' } } }, 'reg.example')).toThrow(
      'docker login',
    )
  })

  test('may be a refresh token', () => {
    const auths = { 'reg.example': { auth, identitytoken: 'refresh' } }
    expect(storedCredentials({ auths }, 'reg.example')).toEqual({ kind: 'token', token: 'refresh' })
  })

  test('may be kept by a helper program, of the host before that of all', () => {
    expect(findHelper({ credsStore: 'all', credHelpers: { 'reg.example': 'one' } }, 'reg.example')).toEqual({
      program: 'docker-credential-one',
      server: 'reg.example',
    })
    expect(findHelper({ credsStore: 'all' }, 'reg.example')?.server).toBe('reg.example')
    expect(findHelper({}, 'reg.example')).toBeUndefined()
  })

  test('are asked of the helper, and of the file when the helper knows nothing', async () => {
    const env = { DOCKER_CONFIG: folder }
    expect(await credentialsFor('reg.example', { env: { DOCKER_CONFIG: join(folder, 'none') } })).toEqual({
      kind: 'none',
    })
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ credsStore: 'x', auths: { 'reg.example': { auth } } }))
    const asked: string[] = []
    const answer = (code: number, out: string) => async (program: string, server: string) => {
      asked.push(`${program} ${server}`)
      return { code, out }
    }
    const helper = answer(0, '{"Username":"<token>","Secret":"t"}')
    expect(await credentialsFor('reg.example', { env, helper })).toEqual({ kind: 'token', token: 't' })
    expect(asked).toEqual(['docker-credential-x reg.example'])
    expect(await credentialsFor('reg.example', { env, helper: answer(1, 'no') })).toMatchObject({ user: 'me' })
    await expect(credentialsFor('reg.example', { env, helper: answer(0, '?') })).rejects.toThrow('docker login again')
    await expect(credentialsFor('reg.example', { env })).rejects.toThrow('docker-credential-x, which is not in PATH')
    writeFileSync(join(folder, 'config.json'), 'no json')
    await expect(credentialsFor('reg.example', { env })).rejects.toThrow('is not JSON')
  })
})

test('a challenge is read with quotes and commas, bearer before basic', () => {
  expect(parseChallenge('Bearer realm="https://a.example/t?x=1,2",service="s",scope="repository:a:pull,push"')).toEqual(
    { scheme: 'bearer', realm: 'https://a.example/t?x=1,2', service: 's' },
  )
  expect(parseChallenge('Basic realm="x"')).toEqual({ scheme: 'basic' })
  expect(parseChallenge('Basic realm="x", Bearer realm="https://a.example/"')?.scheme).toBe('bearer')
  for (const other of [null, '', 'Negotiate', 'Bearer realm="nowhere"']) expect(parseChallenge(other)).toBeUndefined()
})

test('a wait doubles, is what was asked for, and is never above a minute', () => {
  expect([2, 3, 4].map((next) => waitBefore(next, null, 0))).toEqual([250, 500, 1000])
  expect(waitBefore(2, null, 0.5)).toBe(281.25)
  expect(waitBefore(2, '3', 0)).toBe(3000)
  expect(waitBefore(2, '86400', 0)).toBe(60_000)
  expect(waitBefore(30, null, 0)).toBe(60_000)
  expect(waitBefore(2, 'Wed, 21 Oct 2026 07:28:00 GMT', 0)).toBe(250)
})

test('chunks grow on a good line and never again to a size that was lost', () => {
  const MIB = 1024 * 1024
  const sizes = (from: typeof firstChunk, steps: number) => {
    let at = from
    return Array.from({ length: steps }, () => {
      at = grown(at)
      return at.next / MIB
    })
  }
  expect(sizes(firstChunk, 6)).toEqual([2, 4, 8, 16, 16, 16])
  expect(sizes(shrunk(8 * MIB), 2)).toEqual([4, 4])
  expect(shrunk(1)).toEqual({ next: 128 * 1024, ceiling: 128 * 1024 })
})
