import { expect, test } from 'bun:test'
import { archiveSettings, debianMirror } from './apt-sources.ts'

const sources = `Types: deb
# a comment between
URIs: http://mirror.example/debian-security
Suites: stable-security
Components: main

Types: deb-src
URIs: http://sources.example/debian

Enabled: no
Types: deb
URIs: http://off.example/debian

Types: deb deb-src
URIs: http://one.example/debian
 http://two.example/debian
Suites: stable
`

test('the mirror of a deb822 file is the first of the main archive that is switched on', () => {
  expect(debianMirror([{ name: 'debian.sources', text: sources }])).toBe('http://one.example/debian')
})

test('the mirror of a one-line file is found behind its options', () => {
  const text = [
    '# deb http://comment.example/debian stable main',
    'deb-src http://sources.example/debian stable main',
    'deb [arch=amd64 signed-by=/k.gpg] https://list.example/debian/ stable main contrib',
  ].join('\n')
  expect(debianMirror([{ name: 'sources.list', text }])).toBe('https://list.example/debian/')
})

test('a file that is neither, and an archive that is not Debian, give no mirror', () => {
  expect(debianMirror([{ name: 'debian.sources.off', text: sources }])).toBeUndefined()
  expect(debianMirror([{ name: 'x.list', text: 'deb https://packages.example/node stable main' }])).toBeUndefined()
})

test('proxies and time checks are carried over, empty and unrelated settings are not', () => {
  const dump = `Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://127.0.0.1:3142";
Acquire::https::Proxy::mirror.example "DIRECT";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
APT::Architecture "amd64";`
  expect(archiveSettings(dump)).toEqual([
    'Acquire::http::Proxy "http://127.0.0.1:3142";',
    'Acquire::https::Proxy::mirror.example "DIRECT";',
    'Acquire::Check-Valid-Until "false";',
  ])
})
