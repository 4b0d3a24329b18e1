import { cpSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** What of the repository a build reads. */
const PARTS = ['services', 'scripts', 'package.json', 'tsconfig.json', 'bun.lock', 'bunfig.toml'] as const

/** A folder a second time, without its bytes. Throws where the file system has no hard links between the two. */
export const linkTree = (from: string, to: string): void => {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true }))
    if (entry.isDirectory()) linkTree(join(from, entry.name), join(to, entry.name))
    else if (entry.isFile()) linkSync(join(from, entry.name), join(to, entry.name))
}

/** A checkout a second time, to change its sources and build from it. Answers its root. */
export const copyCheckout = (root: string, folder: string): string => {
  mkdirSync(folder, { recursive: true })
  for (const part of PARTS) cpSync(join(root, part), join(folder, part), { recursive: true })
  try {
    linkTree(join(root, 'node_modules'), join(folder, 'node_modules'))
  } catch {
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
    cpSync(join(root, 'node_modules'), join(folder, 'node_modules'), { recursive: true })
  }
  return folder
}
