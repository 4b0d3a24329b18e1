import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What a fresh clone needs before anything else of this repository can be imported. Built-ins only, by
 * necessity: there is no node_modules yet.
 */

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
 * Has Bun install what bun.lock says, exactly: where all is there it sees so in some hundredths of a second, without a
 * network. Says what it does, a line at a time. Answers whether anything had to be installed: then the command must
 * `rerun`. `signal` gives it up. Throws Error with a sentence for the person at the terminal.
 */
export const ensureInstalled = async ({
  root,
  write,
  signal,
}: {
  /** The folder of package.json and bun.lock. */ readonly root: string
  readonly write: (text: string) => void
  readonly signal?: AbortSignal
}): Promise<boolean> => {
  if (!existsSync(join(root, 'node_modules')))
    write('dependencies: installing them in exactly the versions of bun.lock\n')
  const began = performance.now()
  const pulse = setInterval(() => write(`dependencies: still at it, ${seconds(performance.now() - began)}\n`), PULSE)
  const child = Bun.spawn([process.execPath, 'install', '--frozen-lockfile', '--no-progress'], {
    cwd: root,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    ...(signal && { signal }),
  })
  const [done, said, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]).finally(() =>
    clearInterval(pulse),
  )
  signal?.throwIfAborted()
  if (code !== 0) throw new Error(installFault(said, code))
  const isNew = !done.includes('(no changes)')
  if (isNew) write(`dependencies: installed in ${seconds(performance.now() - began)}\n`)
  else if (process.env[AGAIN] === undefined) write('dependencies: all installed already\n')
  return isNew
}
