import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { BunPlugin } from 'bun'
import { errorMessage } from '#common/process/error'
import { CliError } from '../../cli/fail.ts'
import { addonFile, addons as knownAddons } from '../layers/addons.ts'
import { renameChunks } from './chunk-names.ts'

/** A program for images: files that lie side by side, and what they were made of. */
export type Bundle = {
  /** Name to bytes; `main.js` is the entry. */
  readonly files: Readonly<Record<string, Uint8Array>>
  /** Every file that was read, as a path from the root of the repository with `/`. */
  readonly sources: readonly string[]
  /** Those of them that something was taken from. */
  readonly used: readonly string[]
}

const ADDON = 'lucid-addon'

/**
 * Addons are loaded from a file beside the bundle whose name does not say the platform, so that one bundle, and
 * so one layer, fits all. npm's own loader would look for the package of the machine that builds. One that the
 * catalogue does not list for the image says so when it is asked for.
 */
const addonPlugin = (addons: readonly string[]): BunPlugin => ({
  name: 'native addons',
  setup: (build) => {
    build.onResolve({ filter: /^@?[\w/.-]+$/ }, ({ path }) =>
      Object.hasOwn(knownAddons, path) ? { path, namespace: ADDON } : undefined,
    )
    build.onLoad({ filter: /./, namespace: ADDON }, ({ path }) => ({
      contents: addons.includes(path)
        ? `process.dlopen(module, require('node:path').join(Bun.main, '..', 'addons', '${addonFile(path)}'))`
        : `throw new Error('${path} is not in this image: the catalogue lists no such addon for it')`,
      loader: 'js',
    }))
  },
})

/** `new URL('./x.ts', import.meta.url)`: how a thread is started from a file of its own. */
const WORKER = /new URL\((['"])\.\/([\w-]+)\.ts\1, import\.meta\.url\)/g

/** Threads' addresses point to a bundle beside this one; which these are is noted: name to the path of its source. */
const workerPlugin = (found: Map<string, string>): BunPlugin => ({
  name: 'threads',
  setup: (build) => {
    build.onLoad({ filter: /[\\/]services[\\/](?!.*node_modules).*\.ts$/ }, async ({ path }) => {
      const text = await Bun.file(path).text()
      for (const [, , name = ''] of text.matchAll(WORKER)) found.set(name, join(dirname(path), `${name}.ts`))
      return { contents: text.replaceAll(WORKER, "new URL('./$2.js', import.meta.url)"), loader: 'ts' }
    })
  },
})

/** A file that only one platform can load has no place in a layer for all. */
const requirePortable = (entry: string, names: readonly string[]): void => {
  const native = names.find((name) => name.endsWith('.node'))
  if (native !== undefined)
    throw new CliError(
      `${entry} takes the native addon ${native} in: list its package in scripts/images/layers/addons.ts and in the catalogue`,
    )
}

const messages = (error: unknown): readonly string[] =>
  error instanceof AggregateError ? error.errors.map(String) : [errorMessage(error)]

type Entry = { readonly entry: string; readonly name: string; readonly addons: readonly string[] }

const build = async (root: string, { entry, name, addons }: Entry, workers: Map<string, string>) =>
  Bun.build({
    entrypoints: [join(root, entry)],
    root,
    target: 'bun',
    format: 'esm',
    splitting: true,
    minify: { whitespace: true, syntax: true, identifiers: false },
    naming: { entry: `${name}.[ext]`, chunk: '[name]-[hash].[ext]', asset: '[name]-[hash].[ext]' },
    env: 'disable',
    define: { 'process.env.NODE_ENV': '"production"', 'process.platform': '"linux"' },
    metafile: true,
    plugins: [addonPlugin(addons), workerPlugin(workers)],
  }).catch((error: unknown) => {
    throw new CliError(`${entry} cannot be bundled`, { details: messages(error), cause: error })
  })

const unique = (paths: readonly string[]): readonly string[] => [...new Set(paths)].sort()

/**
 * Bundles an entry with Bun's bundler, and the threads that it starts. Only white space and syntax are made
 * smaller, since Elysia reads its handlers' source; what is imported lazily stays in files of its own. Nothing of
 * the machine that builds goes in: no environment, no folder, no platform. Throws CliError with the bundler's
 * messages.
 */
export const bundle = async (root: string, start: Entry): Promise<Bundle> => {
  const workers = new Map<string, string>()
  const result = await build(root, start, workers)
  const outputs = await Promise.all(
    result.outputs.map(async (output) => [basename(output.path), new Uint8Array(await output.arrayBuffer())] as const),
  )
  requirePortable(
    start.entry,
    outputs.map(([name]) => name),
  )
  const local = (path: string): string => relative(root, resolve(path)).split(sep).join('/')
  const meta = result.metafile ?? { inputs: {}, outputs: {} }
  const isFile = (path: string): boolean => !path.startsWith(`${ADDON}:`)
  const used = Object.values(meta.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  const files = renameChunks(Object.fromEntries(outputs), `${start.name}.js`)
  const started = [...workers].filter(([name]) =>
    Object.values(files).some((bytes) => Buffer.from(bytes).includes(`./${name}.js`)),
  )
  const threads = await Promise.all(
    started.map(([name, path]) => bundle(root, { entry: local(path), name, addons: start.addons })),
  )
  return {
    files: Object.assign({}, ...threads.map((thread) => thread.files), files),
    sources: unique([...Object.keys(meta.inputs).filter(isFile).map(local), ...threads.flatMap((one) => one.sources)]),
    used: unique([...used.filter(isFile).map(local), ...threads.flatMap((one) => one.used)]),
  }
}
