import { lchownSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** A file, folder or link, and who it belongs to. `path` is relative to the tree; its root is `.`. */
export type Owned = { readonly path: string; readonly uid: number; readonly gid: number }

/** A folder with everything in it; links are not followed. */
export type Tree = { readonly walk: () => Iterable<Owned>; readonly give: (path: string, uid: number) => void }

function* walkFrom(root: string, path: string): Iterable<Owned> {
  const stats = lstatSync(join(root, path))
  yield { path, uid: stats.uid, gid: stats.gid }
  if (stats.isDirectory()) for (const name of readdirSync(join(root, path))) yield* walkFrom(root, join(path, name))
}

export const treeAt = (root: string): Tree => ({
  walk: () => walkFrom(root, '.'),
  give: (path, uid) => lchownSync(join(root, path), uid, uid),
})
