import { setTimeout as sleep } from 'node:timers/promises'
import { duration } from '#common/cli/format'
import { CliError } from '../cli/fail.ts'
import { isAlive } from '../platform/process.ts'
import { quote } from './quote.ts'
import type { ScriptOptions, ScriptResult } from './script.ts'
import { requireSuccess, type Shell } from './shell.ts'

/** Who changes a host, as it stands in the lease. */
export type Holder = {
  /** user@machine */ readonly by: string
  readonly machine: string
  readonly pid: number
  /** What is done, for people: `deploy r-0123456789ab`. */
  readonly what: string
}

/** The right to change a host. */
export type Lease = {
  /** Grows with every lease of a host; an older one can do nothing any more. */ readonly token: number
  readonly shell: Shell
  readonly dir: string
  /** Runs a script unless somebody else has the lease by now; nobody's script runs beside it. Throws LeaseLost, ConnectionLost. */
  readonly run: (script: string, options?: ScriptOptions) => Promise<ScriptResult>
  /**
   * Runs a script that changes nothing, whoever is at work: a look while something is waited for. Now and then it is
   * run as `run` does, so that a holder who only looks is not taken for a silent one, and hears when the lease is lost.
   */
  readonly inspect: (script: string, options?: ScriptOptions) => Promise<ScriptResult>
  /** The same with bytes as standard input. */
  readonly send: (
    script: string,
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options?: Omit<ScriptOptions, 'input'>,
  ) => Promise<ScriptResult>
  readonly release: () => Promise<void>
}

/** Somebody else took over while we were silent. What we began is theirs to finish. */
export class LeaseLost extends CliError {
  constructor(name: string) {
    super(`${name}: another command took over, because this one was silent for too long; look at bun run releases`)
    this.name = 'LeaseLost'
  }
}

/** A holder that shows no sign of life for so long has lost the lease, seconds. */
export const LEASE_S = 60

/** A holder who only looks shows itself so often, as a part of LEASE_S. */
const SIGNS = 12
/** Tries of five seconds each while a command of a holder that is gone is still at work. */
const BUSY_TRIES = 120

const FENCED = 75
const BUSY = 76

/**
 * Before every script under a lease. The kernel's lock on `op` keeps two scripts apart and is held until the last process
 * of a script has ended, also when the connection that started it is gone; the token under that lock is the fence.
 */
export const fence = (
  dir: string,
  token: number,
  { waitS = 600, leaseS = LEASE_S }: { readonly waitS?: number; readonly leaseS?: number } = {},
): string =>
  [
    `cd ${quote(`${dir}/deploy`)} || exit 1`,
    `exec 9>>op; flock -w ${waitS} 9 || exit ${BUSY}`,
    `[ "$(cat token 2>/dev/null)" = ${token} ] || exit ${FENCED}`,
    // Parameter expansion alone: the holder's words stand between the two numbers and the end of the line.
    `read -r lt le lh < lease || exit ${FENCED}`,
    `renew() { printf '%s %s %s\\n' "$lt" $(( $(date +%s) + ${leaseS} )) "$lh" > lease.new && mv -f lease.new lease; } 2>/dev/null`,
    // Once more when it ends: one that took longer than the lease is not silent. It ends in its own folder and code.
    `renew; trap ${quote(`code=$?; cd ${quote(`${dir}/deploy`)} && renew; exit $code`)} EXIT`,
    '',
  ].join('\n')

const takeScript = (
  dir: string,
  { holder, over, leaseS }: { readonly holder: string; readonly over: number; readonly leaseS: number },
): string =>
  [
    `mkdir -p ${quote(`${dir}/deploy`)} && cd ${quote(`${dir}/deploy`)} || exit 1`,
    'le=0; exec 9>>op',
    'flock -w 5 9 || { read -r lt le lh 2>/dev/null < lease; echo busy $((le - $(date +%s))); cat lease 2>/dev/null; exit 0; }',
    'now=$(date +%s)',
    'if [ -s lease ]; then read -r lt le lh < lease; if [ "$le" -gt "$now" ] && ' +
      `[ "$lt" != ${over} ]; then echo held $((le - now)); cat lease; exit 0; fi; fi`,
    'read -r t 2>/dev/null < token || t=0',
    't=$((t + 1))',
    `printf '%s\\n' $t | cat > token.new && { sync token.new 2>/dev/null || sync; } && mv -f token.new token || exit 1`,
    `printf '%s %s %s\\n' $t $((now + ${leaseS})) ${quote(holder)} | cat > lease.new && mv -f lease.new lease || exit 1`,
    'echo taken $t',
  ].join('\n')

type ParsedLease = { readonly token: number; readonly holder: Partial<Holder> }

const parseLease = (line: string): ParsedLease => {
  const [token = '0', , ...words] = line.split(' ')
  try {
    return { token: Number(token), holder: JSON.parse(words.join(' ')) as Partial<Holder> } // printed below, never trusted
  } catch {
    return { token: Number(token), holder: {} }
  }
}

const describeHolder = ({ holder }: ParsedLease): string =>
  `${holder.by ?? 'somebody'} (${holder.what ?? 'unknown command'})`

export type TakeOptions = {
  /** Called while an old lease runs out. */ readonly onWait?: (text: string) => void
  readonly pause?: (ms: number) => Promise<unknown>
  /** How long it may be silent, seconds; all commands of a host must say the same. */
  readonly leaseS?: number
}

/** Takes the lease of a host; a holder that is gone or silent for LEASE_S is followed. Throws CliError while held. */
export const takeLease = async (
  shell: Shell,
  dir: string,
  holder: Holder,
  { onWait = () => {}, pause = (ms) => sleep(ms), leaseS = LEASE_S }: TakeOptions = {},
): Promise<Lease> => {
  const words = JSON.stringify(holder)
  let waited: string | undefined
  let over = 0
  let busy = 0
  for (;;) {
    const out = await requireSuccess(
      `${shell.name}: ${dir}/deploy`,
      shell.run(takeScript(dir, { holder: words, over, leaseS })),
    )
    const [verdict = '', lease = ''] = out.trim().split('\n')
    if (verdict.startsWith('taken ')) return openLease(shell, dir, { token: Number(verdict.slice(6)), leaseS })
    const other = parseLease(lease)
    const refused = new CliError(`${shell.name} is being changed by ${describeHolder(other)}: wait until it is done`)
    const sameMachine = other.holder.machine === holder.machine && typeof other.holder.pid === 'number'
    const isGone = sameMachine && !isAlive(other.holder.pid ?? 0)
    if (verdict.startsWith('busy')) {
      // What a holder began ends in its own time, also when nobody is there to hear of it.
      const isOver = isGone || Number(verdict.slice(5)) <= 0
      if (!isOver || busy >= BUSY_TRIES) throw refused
      busy += 1
      onWait(`a command that ${describeHolder(other)} began is still at work here; waiting for its end`)
      continue
    }
    if (isGone) {
      over = other.token
      continue
    }
    // Its expiry was moved: it lives.
    const expiry = lease.split(' ')[1]
    if (waited !== undefined && waited !== expiry) throw refused
    waited = expiry
    const seconds = Number(verdict.slice(5)) || 1
    onWait(`${describeHolder(other)} was at work here and is silent; going on in ${duration(seconds * 1000)}`)
    await pause(Math.min(seconds, 5) * 1000 + 100)
  }
}

const openLease = (
  shell: Shell,
  dir: string,
  { token, leaseS }: { readonly token: number; readonly leaseS: number },
): Lease => {
  const checked = (answer: ScriptResult): ScriptResult => {
    if (answer.code === FENCED) throw new LeaseLost(shell.name)
    if (answer.code === BUSY) throw new CliError(`${shell.name}: an earlier step is still at work there`)
    return answer
  }
  const before = fence(dir, token, { leaseS })
  let shown = performance.now()
  const run: Lease['run'] = async (script, options) => {
    shown = performance.now()
    return checked(await shell.run(`${before}${script}`, options))
  }
  return {
    token,
    shell,
    dir,
    run,
    inspect: (script, options) =>
      performance.now() - shown > (leaseS * 1000) / SIGNS ? run(script, options) : shell.run(script, options),
    send: async (script, bytes, options) => checked(await shell.send(`${before}${script}`, bytes, options)),
    release: async () => {
      await shell.run(`${before}trap - EXIT; rm -f lease`, { timeoutMs: 10_000 }).catch(() => undefined)
    },
  }
}
