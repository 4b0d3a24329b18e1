/**
 * What runs in a container of a host to see what only a container sees: inside a network, inside a volume. These functions
 * go there as text, so each holds everything that it uses and imports by itself; what they print is one line of JSON.
 */

/** A function and its argument as a program for `bun -e`. */
export const program = <T>(run: (input: T) => Promise<unknown>, input: T): string =>
  `(${run.toString()})(${JSON.stringify(input)}).then((found) => console.log(JSON.stringify(found)))`

export type Dial = { readonly host: string; readonly port: number }
export type Dialled = Dial & {
  readonly addresses: readonly string[]
  /** Empty when it was taken; else the code of the failure, or `closed` when it was taken and at once given up. */
  readonly fault: string
}

/** Resolves names and opens TCP connections. A proxy takes every connection and ends those that nobody is behind. */
export const dialAll = async (targets: readonly Dial[]): Promise<readonly Dialled[]> => {
  const { promises, isIP } = await import('node:dns').then(async (dns) => ({
    promises: dns.promises,
    isIP: (await import('node:net')).isIP,
  }))
  const { connect } = await import('node:net')
  const codeOf = (error: unknown): string =>
    error instanceof Error && 'code' in error ? String(error.code) : String(error)
  const open = (address: string, port: number) =>
    new Promise<string>((resolve) => {
      const socket = connect({ host: address, port })
      const done = (fault: string) => {
        clearTimeout(late)
        socket.destroy()
        resolve(fault)
      }
      const late = setTimeout(() => done('ETIMEDOUT'), 2000)
      socket.on('connect', () => setTimeout(() => done(''), 300))
      socket.on('data', () => done(''))
      socket.on('end', () => done('closed'))
      socket.on('error', (error: unknown) => done(codeOf(error)))
    })
  return Promise.all(
    targets.map(async ({ host, port }) => {
      try {
        const resolver = new promises.Resolver({ timeout: 1000, tries: 2 })
        const addresses = isIP(host) ? [host] : await resolver.resolve4(host)
        const [first] = addresses
        if (first === undefined) return { host, port, addresses, fault: 'ENOTFOUND' }
        return { host, port, addresses, fault: await open(first, port) }
      } catch (error) {
        return { host, port, addresses: [], fault: codeOf(error) }
      }
    }),
  )
}

export type Walk = { readonly name: string; readonly path: string; readonly uid: number }
export type Walked = {
  readonly name: string
  readonly uid: number
  readonly gid: number
  /** Text of the file that says whose it is; empty where there is none. */
  readonly mark: string
  /** Permission bits of its top folder. */
  readonly mode: number
  readonly entries: number
  /** Entries of another uid, with some of them. */
  readonly foreign: number
  readonly foreignPaths: readonly string[]
  /** Folders and files that their own owner may not read. */
  readonly closed: number
  readonly closedPaths: readonly string[]
  /** True when there was more than can be looked at in the time. */
  readonly cut: boolean
  readonly size: number
  readonly free: number
  readonly inodes: number
  readonly readOnly: boolean
  readonly largest: readonly { readonly path: string; readonly size: number }[]
}

/** Walks volumes without changing anything. Ends after 5 s or 300,000 entries. */
export const walkAll = async ({
  volumes,
  logs,
  markFile,
}: {
  readonly volumes: readonly Walk[]
  readonly logs: string
  readonly markFile: string
}): Promise<{ readonly volumes: readonly Walked[]; readonly logs: Readonly<Record<string, number>> }> => {
  const fs = await import('node:fs')
  const until = performance.now() + 5000
  let visited = 0
  const mountinfo = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const superReadOnly = (path: string): boolean => {
    const mount = mountinfo.find((line) => line.split(' ')[4] === path)
    return (mount?.split(' ').at(-1) ?? '').split(',').includes('ro')
  }
  const readMark = (path: string): string => {
    try {
      const { size } = fs.lstatSync(`${path}/${markFile}`)
      return size > 1000 ? 'too long' : fs.readFileSync(`${path}/${markFile}`, 'utf8') || 'empty'
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? '' : 'unreadable'
    }
  }
  const walk = ({ name, path, uid }: Walk): Walked => {
    const top = fs.lstatSync(path)
    const room = fs.statfsSync(path)
    let entries = 0
    let foreign = 0
    let closed = 0
    let cut = false
    const foreignPaths: string[] = []
    const closedPaths: string[] = []
    const largest: { path: string; size: number }[] = []
    const left = [path]
    for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
      let found: readonly string[] = []
      try {
        found = fs.readdirSync(folder)
      } catch {
        continue
      }
      for (const one of found) {
        if (visited > 300_000 || performance.now() > until) {
          cut = true
          break
        }
        const at = `${folder}/${one}`
        // Every ext4 has it, and it is root's.
        if (at === `${path}/lost+found`) continue
        const stat = fs.lstatSync(at, { throwIfNoEntry: false })
        if (stat === undefined) continue
        entries++
        visited++
        const short = at.slice(path.length + 1)
        if (stat.uid !== uid) {
          foreign++
          if (foreignPaths.length < 3) foreignPaths.push(`${short} (${stat.uid}:${stat.gid})`)
        }
        const needed = stat.isDirectory() ? 0o700 : 0o400
        if (!stat.isSymbolicLink() && (stat.mode & needed) !== needed) {
          closed++
          if (closedPaths.length < 3) closedPaths.push(`${short} (${(stat.mode & 0o7777).toString(8)})`)
        }
        if (stat.isFile()) {
          largest.push({ path: short, size: stat.size })
          largest.sort((a, b) => b.size - a.size)
          largest.length = Math.min(largest.length, 3)
        }
        if (stat.isDirectory()) left.push(at)
      }
      if (cut) break
    }
    return {
      name,
      uid: top.uid,
      gid: top.gid,
      mark: readMark(path),
      mode: top.mode & 0o7777,
      entries,
      foreign,
      foreignPaths,
      closed,
      closedPaths,
      cut,
      size: room.blocks * room.bsize,
      free: room.bavail * room.bsize,
      inodes: room.files === 0 ? 0 : 1 - room.ffree / room.files,
      readOnly: superReadOnly(path),
      largest,
    }
  }
  const sizes: Record<string, number> = {}
  if (logs !== '')
    for (const id of fs.readdirSync(logs))
      try {
        const files = fs.readdirSync(`${logs}/${id}`).filter((name) => name.includes('.log'))
        sizes[id] = files.reduce((sum, name) => sum + fs.lstatSync(`${logs}/${id}/${name}`).size, 0)
      } catch {
        // A container that went away while we looked.
      }
  return { volumes: volumes.map(walk), logs: sizes }
}
