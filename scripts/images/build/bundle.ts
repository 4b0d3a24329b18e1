import { basename, join, relative, sep } from 'node:path'
import type { BunPlugin } from 'bun'
import { CliError } from '../../cli/fail.ts'
import { addonFile, addons as knownAddons } from '../../plan/images/addons.ts'
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

/** A file that only one platform can load has no place in a layer for all. */
const demandPortable = (entry: string, names: readonly string[]): void => {
  const native = names.find((name) => name.endsWith('.node'))
  if (native !== undefined)
    throw new CliError(
      `${entry} takes the native addon ${native} in: list its package in scripts/plan/images/addons.ts and in the catalogue`,
    )
}

const messages = (error: unknown): readonly string[] =>
  error instanceof AggregateError
    ? error.errors.map(String)
    : [error instanceof Error ? error.message : String(error)]

/**
 * Bundles an entry with Bun's bundler. Only white space and syntax are made smaller, since Elysia reads its
 * handlers' source; what is imported lazily stays in files of its own. Nothing of the machine that builds goes
 * in: no environment, no folder, no platform. Throws CliError with the bundler's messages.
 */
export const bundle = async (
  root: string,
  {
    entry,
    name,
    addons,
  }: { readonly entry: string; readonly name: string; readonly addons: readonly string[] },
): Promise<Bundle> => {
  const result = await Bun.build({
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
    plugins: [addonPlugin(addons)],
  }).catch((error: unknown) => {
    throw new CliError(`${entry} cannot be bundled`, { details: messages(error), cause: error })
  })
  const files = await Promise.all(
    result.outputs.map(
      async (output) => [basename(output.path), new Uint8Array(await output.arrayBuffer())] as const,
    ),
  )
  demandPortable(
    entry,
    files.map(([name]) => name),
  )
  const local = (path: string): string => relative(root, join(process.cwd(), path)).split(sep).join('/')
  const { inputs, outputs } = result.metafile ?? { inputs: {}, outputs: {} }
  const real = (path: string): boolean => !path.startsWith(`${ADDON}:`)
  const used = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  return {
    files: renameChunks(Object.fromEntries(files), `${name}.js`),
    sources: [...new Set(Object.keys(inputs).filter(real).map(local))].sort(),
    used: [...new Set(used.filter(real).map(local))].sort(),
  }
}
