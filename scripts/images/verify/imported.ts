import { join } from 'node:path'

/** Name of the npm package that a path inside `node_modules` belongs to; of nested ones the innermost. */
const packageOf = (path: string): string | undefined =>
  /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path.replaceAll('\\', '/'))?.[1]

/**
 * npm packages that a service's sources import, with all that those import. It is read from the sources, not from
 * what the builder wrote down. Native packages for one platform are left out: which of them is there depends on
 * the machine that looks.
 */
export const importedPackages = async (root: string, service: string): Promise<readonly string[]> => {
  const built = await Bun.build({
    entrypoints: [join(root, 'services', service, 'main.ts')],
    target: 'bun',
    metafile: true,
  })
  const names = Object.keys(built.metafile?.inputs ?? {}).flatMap((path) => packageOf(path) ?? [])
  return [...new Set(names)].filter((name) => !/-(?:linux|darwin|win32)-/.test(name)).sort()
}
