import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

test('the driver of MongoDB is loaded when a store in a database is opened, and not before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lucid-load-'))
  try {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, 'load.fixture.ts'), folder])
    const [service, embedded, database] = JSON.parse(await new Response(child.stdout).text())
    expect({ service, embedded }).toEqual({ service: 0, embedded: 0 })
    expect(database).toBeGreaterThan(100)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('in a bundle the driver is in a file of its own, which nothing loads from the start', async () => {
  const main = join(import.meta.dir, '..', '..', 'session-chunker', 'main.ts')
  const { outputs } = await Bun.build({ entrypoints: [main], target: 'bun', splitting: true })
  const texts = new Map(await Promise.all(outputs.map(async (one) => [basename(one.path), await one.text()] as const)))
  const scan = new Bun.Transpiler({ loader: 'js' })
  const fromTheStart = new Set<string>()
  const follow = (name: string): void => {
    const text = texts.get(name)
    if (text === undefined || fromTheStart.has(name)) return
    fromTheStart.add(name)
    for (const { path, kind } of scan.scanImports(text)) if (kind === 'import-statement') follow(basename(path))
  }
  follow('main.js')
  const withDriver = [...texts].filter(([, text]) => text.includes('serverSelectionTimeoutMS')).map(([name]) => name)
  expect(withDriver.length).toBeGreaterThan(0)
  expect(withDriver.filter((name) => fromTheStart.has(name))).toEqual([])
  expect(fromTheStart.has('main.js')).toBe(true)
}, 60_000)
