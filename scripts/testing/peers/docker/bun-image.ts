import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { live, type Ran } from '../../../cli/run.ts'
import type { DockerEngine } from './engine.ts'

/** Shared libraries in the output of ldd, as absolute paths: `name => /path (0x..)` or `/path (0x..)`. */
export const librariesOf = (ldd: string): readonly string[] =>
  ldd.split('\n').flatMap((line) => /(?:=> |^\s+)(\/\S+) \(0x/.exec(line)?.[1] ?? [])

/** A file with what its links point to, at the same path under `root`. */
const place = (path: string, root: string, at = path): void => {
  mkdirSync(dirname(join(root, at)), { recursive: true })
  cpSync(realpathSync(path), join(root, at))
}

/**
 * Imports an image of nothing but this machine's Bun and the libraries it needs: no shell and no package
 * manager, like our own images. `files` are more files for it, path in the image to path here.
 */
export const importBunImage = async (
  engine: DockerEngine,
  tag: string,
  { folder, files = {} }: { readonly folder: string; readonly files?: Readonly<Record<string, string>> },
): Promise<Ran> => {
  const root = mkdtempSync(join(folder, 'image-'))
  try {
    place(process.execPath, root, '/usr/local/bin/bun')
    const { out } = await live(['ldd', process.execPath])
    for (const library of librariesOf(out)) place(library, root)
    for (const [at, path] of Object.entries(files)) place(path, root, at)
    mkdirSync(join(root, 'tmp'))
    // A tmpfs over it takes its mode over.
    chmodSync(join(root, 'tmp'), 0o1777)
    const archive = `${root}.tar`
    const packed = await live(['tar', '--create', '--file', archive, '--owner=0', '--group=0', '-C', root, '.'])
    if (packed.code !== 0) return packed
    const answer = await engine.run([
      'import',
      '--change',
      'USER 65532:65532',
      '--change',
      'ENV PATH=/usr/local/bin',
      archive,
      tag,
    ])
    rmSync(archive)
    return answer
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
