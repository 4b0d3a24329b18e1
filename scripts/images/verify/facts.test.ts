import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import type { Fact } from './facts.ts'
import { bannedByContent, bannedByName, scriptLine } from './programs.ts'
import { flatten, lookUp } from './root.ts'
import { bareUrl } from './sbom.ts'
import { findSecrets, fingerprint } from './secrets.ts'

const fact = (path: string, more: Partial<Fact> = {}): Fact => ({
  path,
  type: 'file',
  mode: 0o644,
  uid: 0,
  target: '',
  attributes: [],
  script: undefined,
  elf: undefined,
  banned: [],
  secrets: [],
  text: undefined,
  ...more,
})

describe('secrets', () => {
  const hex = '0123456789abcdef'.repeat(4)
  const found = (text: string, own = new Map<string, string>()) => findSecrets(Buffer.from(text), own)

  test.each([
    [`const IDENTITY_KEY = '${hex}'`, ['64 hex digits as IDENTITY_KEY']],
    [`{"privateKey":"0x${hex.toUpperCase()}"}`, ['64 hex digits as privateKey']],
    [`${'x'.repeat(5000)} session_token: "${hex}"`, ['64 hex digits as session_token']],
    [`-----BEGIN OPENSSH ${'PRIVATE'} KEY-----\n${'b3BlbnNzaC1rZXktdjEA'.repeat(3)}\n`, ['a private key in PEM']],
    [`'-----BEGIN EC ${'PRIVATE'} KEY-----\\n${'b3BlbnNzaC1rZXktdjEA'.repeat(3)}'`, ['a private key in PEM']],
    [`x=npm_${'aZ09'.repeat(9)};`, ['an npm token']],
    [`token ghp_${'aZ09'.repeat(9)}`, ['a GitHub token']],
    [`aws_secret_access_key = ${'aZ0/'.repeat(10)}`, ['an AWS secret key']],
    ['{"auths":{"r.example":{"auth":"dXNlcjpwYXNzd29yZA=="}}}', ['a password of a registry']],
  ])('%p is found', (text, wanted) => expect(found(text)).toEqual(wanted))

  test.each([
    `const PUBLIC_KEY = '${hex}'`,
    `key_digest: '${hex}'`,
    `const curve = '${hex}'`,
    `MASTER_KEY='${hex}0'`,
    `MASTER_KEY='${hex.slice(1)}'`,
    `-----BEGIN ${'PRIVATE'} KEY----- stands before a key`,
    '_auth_authToken_password/?#',
    'xnpm_aZ09aZ09aZ09aZ09aZ09aZ09aZ09aZ09aZ09',
  ])('%p is none', (text) => expect(found(text)).toEqual([]))

  test('64 digits are found wherever they begin', () => {
    for (let at = 0; at < 130; at++) expect(found(`${' '.repeat(at)}SEED=${hex}`)).toEqual(['64 hex digits as SEED'])
  })

  test('a secret of this machine is known by its fingerprint, and neither is said', () => {
    const own = new Map([[fingerprint(hex), 'owner/KEY']])
    const said = found(`const curve = '${hex}'`, own)
    expect(said).toEqual(["this machine's secret owner/KEY"])
    expect(said.join()).not.toContain(hex)
  })
})

describe('programs', () => {
  test.each<[string, boolean, ReturnType<typeof bannedByName>]>([
    ['bin/sh', false, 'shell'],
    ['usr/local/bin/BASH.EXE', false, 'shell'],
    ['opt/x/zsh-5.9', true, 'shell'],
    ['opt/x/dash', false, undefined],
    ['usr/share/zsh', false, undefined],
    ['usr/bin/pip3.11', false, 'package manager'],
    ['usr/bin/dpkg-deb', false, 'package manager'],
    ['usr/local/bin/bun', true, undefined],
    ['usr/sbin/nginx', true, undefined],
    ['usr/bin/tor', true, undefined],
  ])('%p (runs: %p) by name is %p', (path, runs, wanted) => expect(bannedByName(path, { runs })).toBe(wanted))

  const real = [
    ['/bin/bash', 'bash'],
    ['/bin/dash', 'dash or ash'],
    ['/usr/bin/dpkg', 'dpkg'],
    ['/usr/lib/x86_64-linux-gnu/libapt-private.so.0.0', 'apt'],
  ] as const
  for (const [path, program] of real)
    test.skipIf(!existsSync(path))(`${path} of this machine is known by its content`, () => {
      expect(bannedByContent(readFileSync(path)).map((one) => one.program)).toContain(program)
    })

  test('Bun itself is not taken for one', () => {
    expect(bannedByContent(readFileSync(realpathSync(process.execPath)))).toEqual([])
    expect(findSecrets(readFileSync(realpathSync(process.execPath)), new Map())).toEqual([])
  })

  test('a script is known by its first line', () => {
    expect(scriptLine(Buffer.from('#! /usr/bin/env bun\nx'))).toBe('/usr/bin/env bun')
    expect(scriptLine(Buffer.from('#!'))).toBe('')
    expect(scriptLine(Buffer.from('# !x'))).toBeUndefined()
  })
})

describe('a root', () => {
  test('is what layers leave over each other, whiteouts included', () => {
    const root = flatten([
      [fact('a'), fact('d', { type: 'folder' }), fact('d/x'), fact('d/y'), fact('e', { type: 'folder' }), fact('e/x')],
      [fact('.wh.a'), fact('d/.wh..wh..opq'), fact('d/z'), fact('e', { type: 'link', target: 'd' })],
    ])
    expect([...root.keys()].sort()).toEqual(['d', 'd/z', 'e'])
  })

  test('is searched through links, and never for ever', () => {
    const root = flatten([
      [
        fact('usr', { type: 'folder' }),
        fact('usr/lib/libc.so.6'),
        fact('lib', { type: 'link', target: 'usr/lib' }),
        fact('usr/lib/libc.so', { type: 'link', target: '../lib/libc.so.6' }),
        fact('abs', { type: 'link', target: '/lib/libc.so' }),
        fact('hard', { type: 'hard-link', target: './usr/lib/libc.so.6' }),
        fact('loop', { type: 'link', target: 'loop' }),
      ],
    ])
    for (const path of ['/lib/libc.so.6', 'lib/libc.so', '/abs', 'hard', 'usr/../lib/./libc.so.6'])
      expect(lookUp(root, path)?.path).toBe('usr/lib/libc.so.6')
    for (const path of ['loop', 'lib/none', 'none']) expect(lookUp(root, path)).toBeUndefined()
  })
})

test('a package URL is compared without version and qualifiers', () => {
  expect(bareUrl('pkg:npm/%40noble/hashes@2.4.0')).toBe('pkg:npm/%40noble/hashes')
  expect(bareUrl('pkg:npm/@noble/hashes@2.4.0')).toBe('pkg:npm/@noble/hashes')
  expect(bareUrl('pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12')).toBe('pkg:deb/debian/libc6')
  expect(bareUrl('pkg:npm/%40noble/hashes')).toBe('pkg:npm/%40noble/hashes')
})
