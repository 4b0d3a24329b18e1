import { expect, test } from 'bun:test'
import { owners, ownersSpec } from './owners.ts'
import type { Owned, Tree } from './tree.ts'

const treeOf = (rows: Record<string, number>): Tree => ({
  walk: () => Object.entries(rows).map(([path, uid]): Owned => ({ path, uid, gid: uid })),
  give: (path, uid) => {
    rows[path] = uid
  },
})

const spec = {
  volumes: [
    { name: 'data', uid: 65532 },
    { name: 'db', uid: 999 },
  ],
}

test('what belongs to somebody else is counted, with an example, and nothing is changed by a look', () => {
  const trees: Record<string, Record<string, number>> = { data: { '.': 65532, a: 0, 'a/b': 0 }, db: { '.': 999 } }
  const report = owners(spec, { treeOf: (name) => treeOf(trees[name] ?? {}), mode: 'look' })
  expect(report).toEqual({
    ok: false,
    done: false,
    volumes: [
      { name: 'data', uid: 65532, wrong: 2, example: 'a' },
      { name: 'db', uid: 999, wrong: 0 },
    ],
  })
  expect(trees['data']).toEqual({ '.': 65532, a: 0, 'a/b': 0 })
})

test('everything is given to whom it belongs, and a second time there is nothing to do', () => {
  const trees: Record<string, Record<string, number>> = { data: { '.': 0, a: 65532, b: 0 }, db: { '.': 999 } }
  const parts = { treeOf: (name: string) => treeOf(trees[name] ?? {}), mode: 'change' } as const
  expect(owners(spec, parts)).toMatchObject({ ok: true, done: true })
  expect(trees['data']).toEqual({ '.': 65532, a: 65532, b: 65532 })
  expect(owners(spec, parts)).toMatchObject({ ok: true, done: false })
})

test('a name that leaves the folder of the volumes is refused, and so is root as an owner', () => {
  for (const volume of [
    { name: '../etc', uid: 65532 },
    { name: 'data', uid: 0 },
  ])
    expect(() => ownersSpec(JSON.stringify({ volumes: [volume] }))).toThrow('no list of volumes')
})
