import type { Fact } from './facts.ts'

/** The file system that a container sees: path to what lies there. */
export type Root = ReadonlyMap<string, Fact>

const parent = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const removeBelow = (root: Map<string, Fact>, folder: string): void => {
  const prefix = folder === '' ? '' : `${folder}/`
  for (const path of root.keys()) if (path !== folder && path.startsWith(prefix)) root.delete(path)
}

/** Lays layers over each other, with the whiteouts of the OCI (image-spec, layer.md). Pure. */
export const flatten = (layers: readonly (readonly Fact[])[]): Root => {
  const root = new Map<string, Fact>()
  for (const layer of layers) {
    const lower = new Map(root)
    for (const { path } of layer) {
      const name = base(path)
      if (name === '.wh..wh..opq') removeBelow(root, parent(path))
      else if (name.startsWith('.wh.')) {
        const hidden = [parent(path), name.slice(4)].filter(Boolean).join('/')
        root.delete(hidden)
        removeBelow(root, hidden)
      }
    }
    for (const fact of layer) {
      if (base(fact.path).startsWith('.wh.')) continue
      if (fact.type !== 'folder' && lower.get(fact.path)?.type === 'folder') removeBelow(root, fact.path)
      root.set(fact.path, fact)
    }
  }
  return root
}

/** Links that are followed for one path; the kernel follows as many (path_resolution(7)). */
const HOPS = 40

const partsOf = (path: string): readonly string[] => path.split('/').filter((part) => part !== '' && part !== '.')

/** What a path leads to, through links of files and folders; undefined when there is nothing. */
export const lookUp = (root: Root, path: string): Fact | undefined => {
  let pending = partsOf(path)
  let at: readonly string[] = []
  let hops = HOPS
  for (let part = pending[0]; part !== undefined; part = pending[0]) {
    pending = pending.slice(1)
    at = part === '..' ? at.slice(0, -1) : [...at, part]
    const here = root.get(at.join('/'))
    if (here?.type !== 'link') continue
    if (hops-- === 0) return undefined
    at = here.target.startsWith('/') ? [] : at.slice(0, -1)
    pending = [...partsOf(here.target), ...pending]
  }
  const found = root.get(at.join('/'))
  // A hard link is another name of a file that was there before it.
  return found?.type === 'hard-link' ? root.get(partsOf(found.target).join('/')) : found
}
