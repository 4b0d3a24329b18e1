import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError } from '../cli/fail.ts'
import { isAlive } from '../platform/process.ts'
import { grabber, NEEDED, OPTIONAL, type Size, screenServer, terminal, windowManager } from './screen-commands.ts'
import { xauthority } from './xauthority.ts'

export const SCREEN: Size = { width: 1280, height: 720 }

/** How long the screen gets to be there, and a program to end before it is killed, ms. */
const START_MS = 10_000
const END_MS = 3_000

/** Programs that a live recording needs and this machine does not have. */
export const missingPrograms = (path: string): readonly string[] =>
  NEEDED.filter((program) => Bun.which(program, { PATH: path }) === null)

type Child = Bun.Subprocess<'ignore', 'pipe' | 'ignore', 'pipe' | 'ignore'>

const end = async (child: Child): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await Promise.race([child.exited, Bun.sleep(END_MS)])
  if (isAlive(child.pid)) child.kill('SIGKILL')
  await child.exited
}

/** The display that a server names on its stdout. Throws CliError when it ends without. */
const displayOf = async (server: Bun.Subprocess<'ignore', 'pipe', 'ignore'>): Promise<string> => {
  const reader = server.stdout.getReader()
  let text = ''
  while (!text.includes('\n')) {
    const { done, value } = await reader.read()
    if (done) throw new CliError('Xvfb ended before it had a screen')
    text += new TextDecoder().decode(value)
  }
  reader.releaseLock()
  return `:${text.trim()}`
}

const within = async <T>(promise: Promise<T>, what: string): Promise<T> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new CliError(`${what} took over ${START_MS / 1000} s`)), START_MS)
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
}

const untilExists = async (path: string): Promise<void> => {
  while (!(await Bun.file(path).exists())) await Bun.sleep(20)
}

/**
 * Records a screen of its own for some seconds, with a terminal on it in which something is done, to `file`.
 * Everything it starts has ended when it returns or throws, and when `onEnd` was given and is called; what it
 * writes lies in `folder`. Throws CliError when it does not work on this machine.
 */
export const recordScreen = async ({
  folder,
  file,
  seconds,
  onEnd,
}: {
  readonly folder: string
  readonly file: string
  readonly seconds: number
  /** Takes the function that ends everything early. */
  readonly onEnd: (stop: () => Promise<void>) => void
}): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const authority = join(folder, 'Xauthority')
  await writeFile(authority, xauthority(crypto.getRandomValues(new Uint8Array(16))), { mode: 0o600 })
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TMPDIR: folder,
    LANG: 'C.UTF-8',
    XAUTHORITY: authority,
  }
  const children: Child[] = []
  let stopped = false
  const started = <C extends Child>(child: C): C => {
    children.push(child)
    if (stopped) child.kill('SIGKILL')
    return child
  }
  const stop = async (): Promise<void> => {
    stopped = true
    for (const child of children.toReversed()) await end(child)
  }
  onEnd(stop)
  const quiet = { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore', cwd: folder } as const
  const begun = join(folder, 'begun')
  try {
    const server = started(Bun.spawn([...screenServer(SCREEN, authority)], { ...quiet, stdout: 'pipe', env }))
    const display = await within(displayOf(server), 'the start of Xvfb')
    const there = { ...quiet, env: { ...env, DISPLAY: display } }
    if (Bun.which(OPTIONAL, { PATH: env['PATH'] ?? '' }) !== null) {
      started(Bun.spawn([...windowManager('managed')], there))
      await within(untilExists(join(folder, 'managed')), 'the start of openbox')
    }
    const inside = [process.execPath, join(import.meta.dir, 'on-screen.ts'), begun]
    started(Bun.spawn([...terminal(inside)], there))
    await within(untilExists(begun), 'the start of xterm')
    const grab = started(Bun.spawn([...grabber(SCREEN, { display, seconds, file })], { ...there, stderr: 'pipe' }))
    const [said, code] = await Promise.all([new Response(grab.stderr).text(), grab.exited])
    if (code !== 0) throw new CliError(`ffmpeg: ${said.trim().split('\n').at(-1) || `ended with ${code}`}`)
  } finally {
    await stop()
    await rm(folder, { recursive: true, force: true })
  }
}
