import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What a fresh clone needs before anything else of this repository can be imported. Built-ins only, by
 * necessity: there is no node_modules yet.
 */

type Needs = Readonly<Record<string, string>>

type About = {
  readonly dependencies?: Needs
  readonly devDependencies?: Needs
  readonly optionalDependencies?: Needs
  readonly peerDependencies?: Needs
  readonly os?: unknown
  readonly cpu?: unknown
}

/** An entry of `packages` in bun.lock: `name@version`, the registry, what it declares. */
type Locked = readonly [id: string, registry: string, about?: About]

type Lock = {
  readonly workspaces: Readonly<Record<string, About>>
  readonly packages: Readonly<Record<string, Locked>>
}

/** A package that has to be there: its folder below the root, and the exact version. */
export type Wanted = { readonly folder: string; readonly version: string }

/** A key of bun.lock as names: `a/@b/c` is the `@b/c` that only `a` sees. */
const namesOf = (key: string): readonly string[] => key.match(/(?:@[^/]+\/)?[^/]+/g) ?? []

const folderOf = (key: string): string =>
  namesOf(key)
    .map((name) => `node_modules/${name}`)
    .join('/')

/** The key of a package as another one sees it: its own copy, else one further up. */
const seenFrom = (key: string, name: string, { packages }: Lock): string | undefined => {
  for (let names = namesOf(key); ; names = names.slice(0, -1)) {
    const candidate = [...names, name].join('/')
    if (packages[candidate] !== undefined) return candidate
    if (names.length === 0) return undefined
  }
}

const needsOf = (about: About = {}): readonly string[] =>
  Object.keys({
    ...about.dependencies,
    ...about.devDependencies,
    ...about.optionalDependencies,
    ...about.peerDependencies,
  })

/**
 * The packages that a lock file (the text of bun.lock) demands on every machine. Those for one system or
 * processor, and what only they need, are left out: other machines do not install them, and each has a stand-in.
 */
export const wantedPackages = (text: string): readonly Wanted[] => {
  const lock = Bun.JSONC.parse(text) as Lock
  const reached = new Map<string, Wanted>()
  const reach = (from: string, about: About | undefined): void => {
    for (const name of needsOf(about)) {
      const key = seenFrom(from, name, lock)
      const locked = key === undefined ? undefined : lock.packages[key]
      if (key === undefined || locked === undefined || reached.has(key)) continue
      const [id, , its] = locked
      if (its?.os !== undefined || its?.cpu !== undefined) continue
      reached.set(key, { folder: folderOf(key), version: id.slice(id.lastIndexOf('@') + 1) })
      reach(key, its)
    }
  }
  reach('', lock.workspaces[''])
  return [...reached.values()]
}

const installedVersion = (root: string, folder: string): string | undefined => {
  try {
    return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).version
  } catch {
    return undefined
  }
}

/** Folders of packages that are not there, or there in another version. */
export const missingPackages = (root: string): readonly string[] =>
  wantedPackages(readFileSync(join(root, 'bun.lock'), 'utf8'))
    .filter(({ folder, version }) => installedVersion(root, folder) !== version)
    .map(({ folder }) => folder)

const network =
  /ConnectionRefused|ConnectionClosed|ConnectionReset|DNSResolveFailed|FailedToOpenSocket|NetworkUnreachable|Timeout|UNABLE_TO|CERT|Unable to connect/i

/** Why an installation failed, and what to do, in one sentence; `said` is what the installer printed. */
export const installFault = (said: string, code: number): string => {
  const [first] = said.split('\n').flatMap((line) => /^error: (.+)/.exec(line)?.[1] ?? [])
  const why = first ?? `bun install ended with ${code}`
  return network.test(said)
    ? `the dependencies are not installed and no package registry can be reached (${why}): connect this machine to the network or set its proxy, then try again`
    : `the dependencies cannot be installed: ${why}`
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** Milliseconds between two signs of life. */
const PULSE = 5_000

/**
 * Set for a command that has been started again after its install: what it says of the install would be
 * said twice.
 */
export const AGAIN = 'LUCID_INSTALLED'

/**
 * Starts this command again with the same arguments. Needed after an install: a running Bun remembers that a
 * package was not there and does not look again.
 */
export const rerun = (argv: readonly string[]) => {
  const child = Bun.spawn([process.execPath, ...argv.slice(1)], {
    stdio: ['inherit', 'inherit', 'inherit'],
    env: { ...process.env, [AGAIN]: '1' },
  })
  return { exited: child.exited, signal: (name: 'SIGTERM' | 'SIGKILL') => child.kill(name) }
}

/**
 * Installs what bun.lock says, exactly, unless all of it is there. Says what it does, a line at a time.
 * Answers whether anything had to be installed: then the command must `rerun`. `signal` gives it up. Throws Error with a sentence for the person at the terminal.
 */
export const ensureInstalled = async ({
  root,
  write,
  signal,
}: {
  /** The folder of package.json and bun.lock. */
  readonly root: string
  readonly write: (text: string) => void
  readonly signal?: AbortSignal
}): Promise<boolean> => {
  const missing = missingPackages(root).length
  if (missing === 0) {
    if (process.env[AGAIN] === undefined) write('dependencies: all installed already\n')
    return false
  }
  write(`dependencies: installing ${missing} packages in exactly the versions of bun.lock\n`)
  const began = performance.now()
  const pulse = setInterval(() => write(`dependencies: still at it, ${seconds(performance.now() - began)}\n`), PULSE)
  try {
    const child = Bun.spawn([process.execPath, 'install', '--frozen-lockfile', '--no-progress'], {
      cwd: root,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
      ...(signal === undefined ? {} : { signal }),
    })
    const [said, code] = await Promise.all([new Response(child.stderr).text(), child.exited])
    signal?.throwIfAborted()
    if (code !== 0) throw new Error(installFault(said, code))
    const left = missingPackages(root)
    if (left.length > 0)
      throw new Error(
        `the dependencies cannot be installed: ${left[0]} is still missing after bun install; delete node_modules and try again`,
      )
  } finally {
    clearInterval(pulse)
  }
  write(`dependencies: installed in ${seconds(performance.now() - began)}\n`)
  return true
}
