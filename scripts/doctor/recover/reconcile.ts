/** Puts owners and permissions right in a container of a host: functions that go there as text, as inspect/inside's. */

export type Reconciled = { readonly changed: number }

/** Gives a volume and all in it to one user and group, and its owner the right to use it. Links are not followed. */
export const reconcileVolume = async ({
  path,
  uid,
  gid,
}: {
  readonly path: string
  readonly uid: number
  readonly gid: number
}): Promise<Reconciled> => {
  const fs = await import('node:fs')
  let changed = 0
  const left = [path]
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    const stat = fs.lstatSync(at)
    if (at === `${path}/lost+found`) continue
    const needed = stat.isDirectory() ? 0o700 : 0o400
    const wrongOwner = stat.uid !== uid || stat.gid !== gid
    const wrongMode = !stat.isSymbolicLink() && (stat.mode & needed) !== needed
    if (wrongOwner) fs.lchownSync(at, uid, gid)
    if (wrongMode) fs.chmodSync(at, (stat.mode & 0o7777) | needed)
    if (wrongOwner || wrongMode) changed++
    if (stat.isDirectory()) for (const name of fs.readdirSync(at)) left.push(`${at}/${name}`)
  }
  return { changed }
}

/** Has services forget which database they had: they take the one that they find. Answers how many did. */
export const forgetStores = async ({
  volumes,
  file,
}: {
  readonly volumes: readonly string[]
  readonly file: string
}): Promise<Reconciled> => {
  const fs = await import('node:fs')
  const paths = volumes.flatMap((path) => fs.readdirSync(path).map((service) => `${path}/${service}/${file}`))
  const there = paths.filter((path) => fs.existsSync(path))
  for (const path of there) fs.rmSync(path)
  return { changed: there.length }
}

export type OwnedFile = { readonly path: string; readonly uid: number; readonly secret: boolean }

/** A secret is its service's alone; another file may be read by all. What is not there is left so. */
export const reconcileFiles = async (files: readonly OwnedFile[]): Promise<Reconciled> => {
  const fs = await import('node:fs')
  let changed = 0
  for (const { path, uid, secret } of files) {
    const stat = fs.lstatSync(path, { throwIfNoEntry: false })
    if (!stat?.isFile()) continue
    const mode = secret ? 0o400 : (stat.mode & 0o7777) | 0o444
    const owner = secret ? uid : stat.uid
    if (stat.uid === owner && (stat.mode & 0o7777) === mode) continue
    fs.chmodSync(path, mode)
    if (stat.uid !== owner) fs.chownSync(path, owner, owner)
    changed++
  }
  return { changed }
}
