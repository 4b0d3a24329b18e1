import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../cli/fail.ts'
import { duration } from '../cli/format.ts'
import { isAlive } from '../platform/process.ts'
import { quote } from './quote.ts'
import { type Answer, demand, type ScriptOptions, type Shell } from './shell.ts'

/** Who changes a host, as it stands in the lease. */
export type Holder = {
  /** user@machine */
  readonly by: string
  readonly machine: string
  readonly pid: number
  /** What is done, for people: `deploy r-0123456789ab`. */
  readonly what: string
}

/** The right to change a host. */
export type Lease = {
  /** Grows with every lease of a host; an older one can do nothing any more. */
  readonly token: number
  readonly shell: Shell
  readonly dir: string
  /** Runs a script unless somebody else has the lease by now; nobody's script runs beside it. Throws LeaseLost, LineLost. */
  readonly run: (script: string, options?: ScriptOptions) => Promise<Answer>
  /** The same with bytes as standard input. */
  readonly send: (
    script: string,
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options?: Omit<ScriptOptions, 'input'>,
  ) => Promise<Answer>
  readonly release: () => Promise<void>
}

/** Somebody else took over while we were silent. What we began is theirs to finish. */
export class LeaseLost extends CliError {
  constructor(name: string) {
    super(
      `${name}: another command took over, because this one was silent for too long; look at bun run releases`,
    )
    this.name = 'LeaseLost'
  }
}

/** A holder that shows no sign of life for so long has lost the lease, seconds. */
export const LEASE_S = 60

const FENCED = 75
const BUSY = 76

/**
 * Before every script under a lease. The kernel's lock on `op` keeps two scripts apart and is held until the last process
 * of a script has ended, also when the line that started it is gone; the token under that lock is the fence.
 */
export const fence = (dir: string, token: number, waitS = 600): string =>
  [
    `cd ${quote(`${dir}/deploy`)} || exit 1`,
    `exec 9>>op; flock -w ${waitS} 9 || exit ${BUSY}`,
    `[ "$(cat token 2>/dev/null)" = ${token} ] || exit ${FENCED}`,
    // Parameter expansion alone: the holder's words stand between the two numbers and the end of the line.
    `read -r lt le lh < lease || exit ${FENCED}`,
    `printf '%s %s %s\\n' "$lt" $(( $(date +%s) + ${LEASE_S} )) "$lh" > lease.new && mv -f lease.new lease`,
    '',
  ].join('\n')

const takeScript = (dir: string, holder: string, over: number): string =>
  [
    `mkdir -p ${quote(`${dir}/deploy`)} && cd ${quote(`${dir}/deploy`)} || exit 1`,
    `exec 9>>op; flock -w 5 9 || { echo busy; cat lease 2>/dev/null; exit 0; }`,
    'now=$(date +%s)',
    'if [ -s lease ]; then read -r lt le lh < lease; if [ "$le" -gt "$now" ] && ' +
      `[ "$lt" != ${over} ]; then echo held $((le - now)); cat lease; exit 0; fi; fi`,
    'read -r t 2>/dev/null < token || t=0',
    't=$((t + 1))',
    `printf '%s\\n' $t > token.new && { sync token.new 2>/dev/null || sync; } && mv -f token.new token || exit 1`,
    `printf '%s %s %s\\n' $t $((now + ${LEASE_S})) ${quote(holder)} > lease.new && mv -f lease.new lease || exit 1`,
    'echo taken $t',
  ].join('\n')

type Held = { readonly token: number; readonly holder: Partial<Holder> }

const heldBy = (line: string): Held => {
  const [token = '0', , ...words] = line.split(' ')
  try {
    return { token: Number(token), holder: JSON.parse(words.join(' ')) as Partial<Holder> } // printed below, never trusted
  } catch {
    return { token: Number(token), holder: {} }
  }
}

const told = ({ holder }: Held): string => `${holder.by ?? 'somebody'} (${holder.what ?? 'unknown command'})`

export type TakeOptions = {
  /** Called while an old lease runs out. */
  readonly onWait?: (text: string) => void
  readonly pause?: (ms: number) => Promise<unknown>
}

/**
 * Takes the lease of a host. A holder on this machine whose process is gone is followed at once, one elsewhere when it
 * has been silent for LEASE_S. Throws CliError while somebody is at work.
 */
export const takeLease = async (
  shell: Shell,
  dir: string,
  holder: Holder,
  { onWait = () => {}, pause = (ms) => sleep(ms) }: TakeOptions = {},
): Promise<Lease> => {
  const words = JSON.stringify(holder)
  let waited: string | undefined
  let over = 0
  for (;;) {
    const out = await demand(`${shell.name}: ${dir}/deploy`, shell.run(takeScript(dir, words, over)))
    const [verdict = '', lease = ''] = out.trim().split('\n')
    if (verdict.startsWith('taken ')) return leaseOf(shell, dir, Number(verdict.slice(6)))
    const held = heldBy(lease)
    if (verdict === 'busy')
      throw new CliError(`${shell.name} is being changed by ${told(held)}: wait until it is done`)
    const sameMachine = held.holder.machine === holder.machine && typeof held.holder.pid === 'number'
    if (sameMachine && !isAlive(held.holder.pid ?? 0)) {
      over = held.token
      continue
    }
    // Its expiry was moved: it lives.
    const expiry = lease.split(' ')[1]
    if (waited !== undefined && waited !== expiry)
      throw new CliError(`${shell.name} is being changed by ${told(held)}: wait until it is done`)
    waited = expiry
    const seconds = Number(verdict.slice(5)) || 1
    onWait(`${told(held)} was at work here and is silent; going on in ${duration(seconds * 1000)}`)
    await pause(Math.min(seconds, 5) * 1000 + 100)
  }
}

const leaseOf = (shell: Shell, dir: string, token: number): Lease => {
  const checked = (answer: Answer): Answer => {
    if (answer.code === FENCED) throw new LeaseLost(shell.name)
    if (answer.code === BUSY) throw new CliError(`${shell.name}: an earlier step is still at work there`)
    return answer
  }
  const before = fence(dir, token)
  return {
    token,
    shell,
    dir,
    run: async (script, options) => checked(await shell.run(`${before}${script}`, options)),
    send: async (script, bytes, options) => checked(await shell.send(`${before}${script}`, bytes, options)),
    release: async () => {
      await shell.run(`${before}rm -f lease`, { timeoutMs: 10_000 }).catch(() => undefined)
    },
  }
}
