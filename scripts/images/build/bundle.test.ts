import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { products } from '../layers/products.ts'
import { writeSampleRepository } from '../sample-packages.fixture.ts'
import { bundle } from './bundle.ts'
import { renameChunks } from './chunk-names.ts'

const top = mkdtempSync(join(tmpdir(), 'lucid-bundle-'))
afterAll(() => rmSync(top, { recursive: true, force: true }))
let root = ''
beforeEach(() => {
  root = mkdtempSync(join(top, 'root-'))
})

const entry = { entry: 'services/web/main.ts', name: 'main', addons: [] }
const put = (name: string, text: string) => Bun.write(join(root, 'services', 'web', name), text)

/** Runs the bundle alone in a folder, as in an image, and gives what it printed. */
const runAlone = async (files: Readonly<Record<string, Uint8Array>>) => {
  const folder = mkdtempSync(join(top, 'alone-'))
  for (const [name, bytes] of Object.entries(files)) await Bun.write(join(folder, name), bytes)
  const child = Bun.spawn([process.execPath, join(folder, 'main.js')], {
    cwd: folder,
    env: {},
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return `${out}${err}`.trim()
}

describe('a bundle', () => {
  test('loads what is imported lazily only when it is asked for', async () => {
    await writeSampleRepository(root, {
      web: "console.log('first')\nconst { late } = await import('./driver.ts')\nconsole.log(late)\n",
    })
    await put('driver.ts', "console.log('loaded')\nexport const late = 'last'\n")
    const { files, sources } = await bundle(root, entry)
    expect(Object.keys(files)).toEqual(['main.js', expect.stringMatching(/^driver-[0-9a-f]{8}\.js$/)])
    expect(Buffer.from(files['main.js'] ?? []).toString()).not.toContain('loaded')
    expect(sources).toEqual(['services/web/driver.ts', 'services/web/main.ts'])
    expect(await runAlone(files)).toBe('first\nloaded\nlast')
  })

  test('brings the threads along that it starts', async () => {
    await writeSampleRepository(root, {
      web: "import { ask } from './pool.ts'\nconsole.log(await ask(20))\nprocess.exit()\n",
    })
    await put(
      'pool.ts',
      "export const ask = (n: number) => new Promise((resolve) => {\n  const worker = new Worker(new URL('./adder.ts', import.meta.url).href)\n  worker.onmessage = ({ data }) => resolve(data)\n  worker.postMessage(n)\n})\n",
    )
    await put(
      'adder.ts',
      "import { one } from './one.ts'\nself.onmessage = ({ data }) => self.postMessage(data + one)\n",
    )
    await put('one.ts', 'export const one = 1\n')
    const { files, sources } = await bundle(root, entry)
    expect(Object.keys(files).toSorted()).toEqual(['adder.js', 'main.js'])
    expect(sources).toContain('services/web/one.ts')
    expect(await runAlone(files)).toBe('21')
  })

  test('brings no thread along that nothing starts', async () => {
    await writeSampleRepository(root, { web: "import { other } from './pool.ts'\nconsole.log(other)\n" })
    await put(
      'pool.ts',
      "export const other = 1\nexport const start = () => new Worker(new URL('./adder.ts', import.meta.url).href)\n",
    )
    await put('adder.ts', 'export const x = 1\n')
    expect(Object.keys((await bundle(root, entry)).files)).toEqual(['main.js'])
  })

  test('says of an addon that its image does not hold that it is not there', async () => {
    await writeSampleRepository(root, {
      web: "try { require('@napi-rs/blake-hash') } catch (error) { console.log(error.message) }\n",
    })
    expect(await runAlone((await bundle(root, entry)).files)).toBe(
      '@napi-rs/blake-hash is not in this image: the catalogue lists no such addon for it',
    )
  })

  test('looks for an addon of its image beside itself', async () => {
    await writeSampleRepository(root, {
      web: "try { require('@napi-rs/blake-hash') } catch (error) { console.log(error.message) }\n",
    })
    const { files } = await bundle(root, { ...entry, addons: ['@napi-rs/blake-hash'] })
    expect(await runAlone(files)).toContain(join('addons', 'napi-rs-blake-hash.node'))
  })

  test('takes nothing of the environment in', async () => {
    await writeSampleRepository(root, {
      web: "console.log(process.env.LUCID_PLANTED ?? 'nothing', process.env.NODE_ENV)\n",
    })
    process.env['LUCID_PLANTED'] = 'a secret of the machine that builds'
    const { files } = await bundle(root, entry)
    delete process.env['LUCID_PLANTED']
    expect(await runAlone(files)).toBe('nothing production')
  })

  test('that cannot be made says why', async () => {
    await writeSampleRepository(root, { web: "import './missing.ts'\n" })
    const error = await bundle(root, entry).catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      message: 'services/web/main.ts cannot be bundled',
      details: [expect.stringContaining('missing.ts')],
    })
  })
})

describe('the names of chunks', () => {
  const text = (value: string) => new TextEncoder().encode(value)

  test('depend on what is in them and not on what the bundler called them', () => {
    const one = renameChunks(
      {
        'main.js': text('import "./a-11111111.js"'),
        'a-11111111.js': text('import "./b-22222222.js"; 1'),
        'b-22222222.js': text('2'),
      },
      'main.js',
    )
    const other = renameChunks(
      {
        'main.js': text('import "./a-xxxxxxxx.js"'),
        'a-xxxxxxxx.js': text('import "./b-yyyyyyyy.js"; 1'),
        'b-yyyyyyyy.js': text('2'),
      },
      'main.js',
    )
    expect(one).toEqual(other)
    expect(Object.keys(one)[1]).toMatch(/^a-[0-9a-f]{8}\.js$/)
    expect(Buffer.from(one['main.js'] ?? []).toString()).toBe(`import "./${Object.keys(one)[1]}"`)
  })

  test('do not depend on the order that another program gives to the imports of a chunk', () => {
    const build = (order: (imports: readonly string[]) => readonly string[]) =>
      renameChunks(
        {
          'main.js': text('import{a}from"./lazy-11111111.js";'),
          'lazy-11111111.js': text(
            `// @bun\n${order(['import{x,y}from"./x-22222222.js";', 'import{b}from"./b-33333333.js";']).join('')}use(b,x,y)`,
          ),
          'x-22222222.js': text('x'),
          'b-33333333.js': text('b'),
        },
        'main.js',
      )
    const one = build((imports) => imports)
    expect(build((imports) => imports.toReversed())).toEqual(one)
    const lazy = Buffer.from(one[Object.keys(one)[1] ?? ''] ?? []).toString()
    expect(lazy).toMatch(
      /^\/\/ @bun\nimport\{b\}from"\.\/b-\w{8}\.js";import\{x,y\}from"\.\/x-\w{8}\.js";use\(b,x,y\)$/,
    )
  })

  test('are never the same for two', () => {
    expect(() =>
      renameChunks({ 'main.js': text(''), 'a-11111111.js': text('1'), 'a-22222222.js': text('1') }, 'main.js'),
    ).toThrow('two chunks')
  })

  test('leave bytes that are no text as they are', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
    const { 'main.js': main } = renameChunks({ 'main.js': bytes, 'a-11111111.js': text('1') }, 'main.js')
    expect(main).toEqual(bytes)
  })
})

test('the driver of the database is the same chunk, and so one layer, in every image that has it', async () => {
  const repository = join(import.meta.dir, '..', '..', '..')
  const drivers: string[] = []
  for (const { name, image } of products().filter(({ port }) => port !== undefined)) {
    const start = { entry: `services/${name}/main.ts`, name: 'main', addons: image.addons }
    const { files } = await bundle(repository, start)
    const chunk = Object.keys(files).find((file) => /^mongo-.*\.js$/.test(file))
    if (chunk !== undefined) drivers.push(`${chunk} ${Bun.hash(files[chunk] ?? new Uint8Array())}`)
  }
  expect(drivers.length).toBeGreaterThan(10)
  expect(new Set(drivers).size).toBe(1)
})
