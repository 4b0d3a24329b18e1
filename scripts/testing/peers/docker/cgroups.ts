import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../../../platform/process.ts'

const ROOT = '/sys/fs/cgroup'
const PREFIX = 'lucid-docker-'

/** The control group of an engine: named after the process that started it, so that leftovers can be told. */
export const cgroupName = (owner: number, id: string): string => `${PREFIX}${owner}-${id}`

const subfolders = (path: string): readonly string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(path, name))

/** Removes a group with all below it. The kernel refuses one that still has processes: it then stays. */
const removeTree = (path: string): void => {
  try {
    for (const child of subfolders(path)) removeTree(child)
    rmdirSync(path)
  } catch {
    // A live or vanished group is not ours to remove.
  }
}

/** All groups of engines, in every hierarchy (one of version 2, or several of version 1). */
const groups = (): readonly string[] => {
  if (!existsSync(ROOT)) return []
  return [ROOT, ...subfolders(ROOT)].flatMap((hierarchy) =>
    subfolders(hierarchy).filter((path) => path.slice(hierarchy.length + 1).startsWith(PREFIX)),
  )
}

/** Removes the empty groups of one engine. */
export const removeCgroup = (name: string): void => {
  for (const path of groups()) if (path.endsWith(`/${name}`)) removeTree(path)
}

/** Removes the groups of engines whose owner is gone; ours and other people's stay. */
export const removeLeftoverCgroups = (): void => {
  for (const path of groups()) {
    const owner = Number(path.slice(path.lastIndexOf(PREFIX) + PREFIX.length).split('-')[0])
    if (Number.isInteger(owner) && owner > 0 && !isAlive(owner)) removeTree(path)
  }
}
