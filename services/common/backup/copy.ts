import { Fault } from '../process/fault.ts'
import type { Entry } from './manifest.ts'
import { type BytePath, parentOf, shownPath } from './path-bytes.ts'
import type { Target } from './target.ts'
import type { Seen, Tree } from './tree.ts'

export type CopyReport = { readonly ok: true; readonly files: number; readonly bytes: number }

const BUFFER = 1024 * 1024

const metaOf = ({ path, mode, uid, gid, mtime }: Seen) => ({ path, mode, uid, gid, mtime: String(mtime) })

/** For `dress`, which reads owner, mode and time alone. */
const dressOf = (seen: Seen): Entry =>
  seen.kind === 'symlink'
    ? { ...metaOf(seen), type: 'symlink', target: seen.target ?? '' }
    : { ...metaOf(seen), type: 'folder' }

const copyFile = (seen: Seen, tree: Tree, target: Target, buffer: Uint8Array): number => {
  const source = tree.open(seen.path)
  if (source === undefined)
    throw new Fault('unavailable', 'changed', `${shownPath(seen.path)} went away while it was copied`)
  const sink = target.makeFile(seen.path)
  let bytes = 0
  for (let length = source.read(buffer); length > 0; length = source.read(buffer)) {
    sink.write(buffer.subarray(0, length))
    bytes += length
  }
  source.close()
  sink.close()
  return bytes
}

/**
 * Copies units of a tree that stands still, as they are: for the snapshot before a migration, which needs no key. What is
 * in the way of a unit is set aside and thrown away at the end; cut anywhere, the next call does it again.
 */
export const copy = async (
  units: readonly BytePath[],
  { tree, target }: { readonly tree: Tree; readonly target: Target },
): Promise<CopyReport> => {
  const buffer = new Uint8Array(BUFFER)
  let [files, bytes] = [0, 0]
  for (const unit of units) {
    const all = tree.walk(unit)
    if (all.length === 0) throw new Fault('missing', 'no-such-unit', `there is no ${shownPath(unit)}`)
    target.makeFolder(parentOf(unit))
    if (target.occupied(unit)) target.setAside(unit)
    const first = new Map<string, BytePath>()
    for (const seen of all) {
      const earlier = first.get(seen.inode)
      if (seen.kind === 'folder') target.makeFolder(seen.path)
      else if (seen.kind === 'symlink') target.makeSymlink(seen.path, seen.target ?? '')
      else if (seen.kind === 'file' && earlier !== undefined) target.makeLink(seen.path, earlier)
      else if (seen.kind === 'file') {
        first.set(seen.inode, seen.path)
        bytes += copyFile(seen, tree, target, buffer)
        files += 1
      }
    }
    for (const seen of all.toReversed()) if (seen.kind !== 'other') target.dress(dressOf(seen))
    for (const seen of all) if (seen.kind === 'file' || seen.kind === 'folder') await target.settle(seen.path)
    target.forgetAside(unit)
    const [root] = all
    if (root !== undefined) target.dress(dressOf(root))
  }
  return { ok: true, files, bytes }
}
