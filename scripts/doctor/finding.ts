import type { Finding } from '#common/host/finding'
import { quote } from '../host/quote.ts'

/** The four common faults (SPEC section 10). */
export const families = ['start', 'network', 'volume', 'slow'] as const
export type Family = (typeof families)[number]

/** A line that repairs something: typed where `bun run` is, or on the host. */
export type RepairLine = { readonly on: 'here' | 'host'; readonly line: string }

/** One fault that was found: what it is, why, and what repairs it. */
export type Diagnosed = Finding & {
  readonly family: Family
  /** The form of the fault, a word of its own: `wrong-owner`. */
  readonly kind: string
  readonly what: string
  readonly cause: string
  /** What repairs it, in this order; empty when no command can. `remedy` is the same in one line. */
  readonly repair: readonly RepairLine[]
}

/** What a rule says of a fault; the rest follows. */
export type Fault = Pick<Diagnosed, 'subject' | 'what' | 'evidence' | 'cause' | 'repair'>

const joinLines = (repair: readonly RepairLine[]): string => repair.map(({ line }) => line).join('; ')

/** A fault as a finding. */
export const makeDiagnosed = (fault: Fault, family: Family, kind: string): Diagnosed => ({
  family,
  kind,
  state: 'bad',
  ...fault,
  remedy: joinLines(fault.repair),
})

/** A finding with those that it explains. */
export type RootCause = Diagnosed & { readonly consequences: readonly Diagnosed[] }

/** `bun run recover ...`, which needs no host: it is remembered, or in the environment. */
export const recover = (...words: readonly string[]): RepairLine => ({
  on: 'here',
  line: ['bun', 'run', 'recover', ...words].join(' '),
})

export const here = (line: string): RepairLine => ({ on: 'here', line })
export const onHost = (line: string): RepairLine => ({ on: 'host', line })

/** The flags of a command line that say which host it is about. */
export type HostFlags = {
  readonly host: string | undefined
  readonly dir: string | undefined
  readonly 'ssh-config': string | undefined
}

/** A finding whose commands are about the host that was asked for, when that was typed and not remembered. */
export const addressRepair = (finding: RootCause, flags: HostFlags): RootCause => {
  const words = (['host', 'dir', 'ssh-config'] as const).flatMap((name) => {
    const value = flags[name]
    return value === undefined ? [] : [`--${name} ${quote(value)}`]
  })
  if (words.length === 0) return finding
  const repair = finding.repair.map((one) =>
    one.on === 'here' ? { ...one, line: [one.line, ...words].join(' ') } : one,
  )
  return { ...finding, repair, remedy: joinLines(repair) }
}
