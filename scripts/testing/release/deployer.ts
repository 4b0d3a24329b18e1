/**
 * A deployer of its own process, for tests that kill, stop or cut it: brings a host to a release through the product's
 * shell, lease, host and executor. It prints each line of the journal when it stands there (`up:core start`), and at the
 * one it is told to it waits for a line on standard input.
 */
import { hostname } from 'node:os'
import { CliError } from '../../cli/fail.ts'
import { LEASE_S, takeLease } from '../../host/lease.ts'
import { openShell } from '../../host/shell.ts'
import type { Bundle } from '../../release/content/release.ts'
import { applyRelease } from '../../release/run/apply.ts'
import type { Entry, RunKind } from '../../release/run/journal.ts'
import { openShellHost } from '../../release/run/shell-host.ts'

export type Task = {
  readonly host: string
  readonly sshConfig: string
  readonly dir: string
  readonly kind: RunKind
  readonly bundle: Bundle
  /** The line of the journal to wait at. */
  readonly holdAt?: string
  readonly leaseS?: number
  readonly limitMs: number
  readonly settleMs: number
}

/** A line of the journal as the tests name it. */
export const describeEntry = (entry: Entry): string =>
  entry.phase === 'begin' || entry.phase === 'end' ? entry.phase : `${entry.step} ${entry.phase}`

/** Between tries the executor waits for seconds; a sweep of hundreds has not so long. */
const LONGEST_PAUSE = 250

const main = async (): Promise<number> => {
  const task = (await Bun.file(Bun.argv[2] ?? '').json()) as Task // written by the test that started us
  const input = Bun.stdin.stream().getReader()
  const tell = (line: string) => void process.stdout.write(`${line}\n`)
  const shell = openShell({ host: task.host, sshConfig: task.sshConfig })
  let hasWaited = false
  const what = `${task.kind} ${task.bundle.release.id}`
  try {
    const lease = await takeLease(
      shell,
      task.dir,
      { by: `test@${hostname()}`, machine: hostname(), pid: process.pid, what },
      { onWait: (text) => tell(`waits ${text}`), leaseS: task.leaseS ?? LEASE_S },
    )
    try {
      const host = openShellHost(lease, { kind: 'none' })
      await applyRelease(
        {
          host: {
            ...host,
            journal: async (entry) => {
              await host.journal(entry)
              const point = describeEntry(entry)
              tell(`point ${point}`)
              // Once: a step of the way back that the engine refuses is begun again.
              if (point !== task.holdAt || hasWaited) return
              hasWaited = true
              await input.read()
            },
          },
          timing: {
            now: Date.now,
            pause: (ms) => Bun.sleep(Math.min(ms, LONGEST_PAUSE)),
            limitMs: task.limitMs,
            settleMs: task.settleMs,
          },
          show: { step: () => {}, health: () => {}, note: (text) => tell(`note ${text}`), progress: () => {} },
          newId: () => crypto.randomUUID(),
        },
        {
          kind: task.kind,
          to: task.bundle.release,
          bundle: task.kind === 'rollback' ? undefined : task.bundle,
          by: 'test',
          what,
        },
      )
      return 0
    } finally {
      await lease.release()
    }
  } catch (error) {
    tell(`ended ${String(error)}`)
    return error instanceof CliError ? error.exitCode : 70
  } finally {
    await shell.close()
  }
}

if (import.meta.main) process.exit(await main())
