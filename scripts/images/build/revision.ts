/** Commit of the work tree, and whether the tree differs from it; `unknown` where git or the repository is not there. */
export type Revision = { readonly revision: string; readonly dirty: boolean }

const git = (root: string, args: readonly string[]): string | undefined => {
  try {
    const { exitCode, stdout } = Bun.spawnSync(['git', ...args], { cwd: root, stderr: 'ignore' })
    return exitCode === 0 ? stdout.toString().trim() : undefined
  } catch {
    return undefined
  }
}

export const readRevision = (root: string): Revision => {
  const revision = git(root, ['rev-parse', 'HEAD'])
  if (revision === undefined) return { revision: 'unknown', dirty: true }
  return { revision, dirty: git(root, ['status', '--porcelain', '--untracked-files=normal']) !== '' }
}
