import { quote } from '../host/quote.ts'

/** The four common faults (SPEC section 10). */
export const families = ['start', 'network', 'volume', 'slow'] as const
export type Family = (typeof families)[number]

/** A line that mends something: typed where `bun run` is, or on the host. */
export type Mend = { readonly on: 'here' | 'host'; readonly line: string }

/** One fault that was found. */
export type Finding = {
  readonly family: Family
  /** The form of the fault, a word of its own: `wrong-owner`. */
  readonly kind: string
  /** A service, network, volume or file; `host` for the machine. */
  readonly subject: string
  readonly what: string
  /** The line that shows it, as it was read. */
  readonly evidence: string
  readonly cause: string
  /** What mends it, in this order; empty when no command can. */
  readonly mend: readonly Mend[]
}

/** A finding with those that it explains. */
export type Rooted = Finding & { readonly consequences: readonly Finding[] }

/** `bun run recover ...`, which needs no host: it is remembered, or in the environment. */
export const recover = (...words: readonly string[]): Mend => ({
  on: 'here',
  line: ['bun', 'run', 'recover', ...words].join(' '),
})

export const here = (line: string): Mend => ({ on: 'here', line })
export const onHost = (line: string): Mend => ({ on: 'host', line })

/** The words of a command line that say which host it is about. */
export type Said = {
  readonly host: string | undefined
  readonly dir: string | undefined
  readonly 'ssh-config': string | undefined
}

/** A finding whose commands are about the host that was asked for, when that was typed and not remembered. */
export const addressed = (finding: Rooted, said: Said): Rooted => {
  const flags = (['host', 'dir', 'ssh-config'] as const).flatMap((name) => {
    const value = said[name]
    return value === undefined ? [] : [`--${name} ${quote(value)}`]
  })
  return {
    ...finding,
    mend: finding.mend.map((one) =>
      one.on === 'here' && flags.length > 0 ? { ...one, line: [one.line, ...flags].join(' ') } : one,
    ),
  }
}
