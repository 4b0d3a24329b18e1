import { join } from 'node:path'
import { addons } from '../layers/addons.ts'

/** Name of the npm package that a path inside `node_modules` belongs to; of nested ones the innermost. */
const packageOf = (path: string): string | undefined =>
  /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path.replaceAll('\\', '/'))?.[1]

/** npm packages that are left in a service's bundle, read from the sources; native ones of a platform are left out. */
export const importedPackages = async (root: string, service: string): Promise<readonly string[]> => {
  const built = await Bun.build({
    entrypoints: [join(root, 'services', service, 'main.ts')],
    target: 'bun',
    // As the builder has it: what it leaves out because nothing reads it is not in the image.
    splitting: true,
    minify: { whitespace: true, syntax: true, identifiers: false },
    define: { 'process.env.NODE_ENV': '"production"', 'process.platform': '"linux"' },
    metafile: true,
  })
  const outputs = Object.values(built.metafile?.outputs ?? {})
  const used = outputs.flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  const names = new Set(used.flatMap((path) => packageOf(path) ?? []))
  // The image has the addon's file for its platform, and the loader around it is ours.
  return [...names].filter((name) => addons[name] === undefined && !/-(?:linux|darwin|win32)-/.test(name)).sort()
}
