import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { catalog } from '#services/catalog'
import { exceptions } from './exceptions.ts'
import { rules } from './import-rules.ts'
import { judgeImports } from './judge.ts'
import { pureRooms } from './pure-rooms.ts'
import { findImpure, isMeant } from './purity.ts'
import { readTree } from './read-tree.ts'
import { orders } from './room-order.ts'
import { isTest } from './rule.ts'

const root = join(import.meta.dir, '..', '..')
const files = readTree(root)
const paths = files.map(({ path }) => path)
const tables = { rules, orders, pureRooms, exceptions, needs: catalog }

test('the tree keeps the import rules', () => {
  expect(judgeImports(files, tables)).toEqual([])
})

test('every exception is still needed; one that is not is deleted from exceptions.ts', () => {
  const breaches = judgeImports(files, { ...tables, exceptions: [] })
  const isNeeded = ({ rule, file, to }: (typeof exceptions)[number]) =>
    breaches.some(
      (breach) => breach.includes(`: ${rule} (`) && breach.includes(file) && (to === undefined || breach.includes(to)),
    )
  expect(exceptions.filter((exception) => !isNeeded(exception))).toEqual([])
})

test('the list of pure rooms names what is there, and as impure what is so', () => {
  const impure = findImpure(files)
  const inRoom = (room: string) => paths.filter((path) => path.startsWith(room) && !isTest(path))
  for (const { room, but = [], only = [] } of pureRooms) {
    expect([...but, ...only].filter((name) => !inRoom(room).includes(`${room}${name}`))).toEqual([])
    expect(but.filter((name) => !impure.has(`${room}${name}`))).toEqual([])
  }
  const pure = paths.filter((path) => pureRooms.some((room) => isMeant(room, path)) && !isTest(path))
  expect(pure.length).toBeGreaterThan(100)
})

test('the checker saw the tree: every service, and imports of both kinds', () => {
  const expected = Object.keys(catalog).flatMap((name) =>
    ['env.ts', 'main.ts', 'routes.ts'].map((file) => `services/${name}/${file}`),
  )
  expect(expected.filter((path) => !paths.includes(path))).toEqual([])
  const imports = files.flatMap((file) => file.imports)
  expect(files.length).toBeGreaterThan(1_000)
  expect(imports.filter(({ kind }) => kind === 'run').length).toBeGreaterThan(3_000)
  expect(imports.filter(({ kind }) => kind === 'type').length).toBeGreaterThan(1_000)
})
