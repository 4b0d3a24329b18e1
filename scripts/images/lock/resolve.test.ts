import { describe, expect, test } from 'bun:test'
import { parseRelations, parseStanzas } from './control.ts'
import { buildIndex, resolve } from './resolve.ts'

const list = `Package: web
Version: 1.0-1
Depends: libc6 (>= 2.36), libssl3 (>= 3.0), adduser, default-mta | mail-agent, perl:any, dash | zsh
Pre-Depends: init-system-helpers (>= 1.5)
Description: a server
 with a long
 description

Package: libssl3
Version: 3.0.1
Depends: libc6

Package: libc6
Version: 2.36-9
Depends: libgcc-s1

Package: libgcc-s1
Version: 12

Package: postbox
Version: 5
Provides: mail-agent
Depends: libssl3
`

const security = `Package: libssl3
Version: 3.0.1-1+deb12u2
Depends: libc6
`

const candidates = [
  ...parseStanzas(list).map((stanza) => ({ archive: 'debian', stanza }) as const),
  ...parseStanzas(security).map((stanza) => ({ archive: 'debian-security', stanza }) as const),
]

const resolved = (text: string, roots: readonly string[]) =>
  resolve(buildIndex(parseStanzas(text).map((stanza) => ({ archive: 'debian', stanza }) as const)), roots, [])

describe('the closure of packages', () => {
  test('takes the newest of all suites, follows what may be in an image, and leaves the base alone', () => {
    const found = resolve(buildIndex(candidates), ['web'], ['libc6'])
    expect(
      Object.fromEntries(
        [...found].map(([name, { candidate, depends }]) => [
          name,
          [candidate.archive, candidate.stanza['Version'], depends],
        ]),
      ),
    ).toEqual({
      libc6: ['debian', '2.36-9', []],
      web: ['debian', '1.0-1', ['libc6', 'libssl3', 'postbox']],
      libssl3: ['debian-security', '3.0.1-1+deb12u2', ['libc6']],
      postbox: ['debian', '5', ['libssl3']],
    })
  })

  test('ends with a sentence for a package that no suite has', () => {
    expect(() => resolved('Package: a\nVersion: 1\n', ['b'])).toThrow('no suite has the package b')
    expect(() => resolved('Package: a\nVersion: 1\nDepends: b | c', ['a'])).toThrow(
      'a needs b or c, which no suite has',
    )
  })

  test('takes no version that is out of bounds', () => {
    expect(() => resolved('Package: a\nVersion: 1\nDepends: b (>= 2)\n\nPackage: b\nVersion: 1.9\n', ['a'])).toThrow(
      'a needs b',
    )
  })

  test('goes round a circle once', () => {
    const circle = resolved('Package: a\nVersion: 1\nDepends: b\n\nPackage: b\nVersion: 1\nDepends: a\n', ['a'])
    expect([...circle.keys()]).toEqual(['a', 'b'])
  })
})

test('a dependency field is read with its bounds and architectures', () => {
  expect(parseRelations('a (>= 1:2.0~rc1), b:any | c (= 3),\n d')).toEqual([
    [{ name: 'a', operator: '>=', version: '1:2.0~rc1' }],
    [
      { name: 'b', operator: '', version: '' },
      { name: 'c', operator: '=', version: '3' },
    ],
    [{ name: 'd', operator: '', version: '' }],
  ])
})
