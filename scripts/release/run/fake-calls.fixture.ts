import { CliError } from '../../cli/fail.ts'
import { ConnectionLost } from '../../host/connection.ts'
import { LeaseLost } from '../../host/lease.ts'
import type { FakeMachine } from './fake-machine.fixture.ts'

/** How a call goes wrong. `kill`: it never answers, nor does any later one; with `after`, its work is done or half done by then. */
export type Trouble = {
  /** Index of the call that it hits, counted over the life of one deployer. */
  readonly at: number
  readonly kind: 'kill' | 'connection' | 'disk-full' | 'engine-error'
  readonly when: 'before' | 'half' | 'after'
  /** Calls that it hits, from there on. */
  readonly calls: number
}

export type CallOptions = {
  readonly machine: FakeMachine
  readonly troubles: readonly Trouble[]
  /** Called when a kill strikes. */
  readonly killed: () => void
  readonly onCall?: (name: string, index: number) => void
}

export type Calls = {
  /** A change, in parts: a trouble strikes before, in the middle of or after them. */
  readonly change: (name: string, parts: readonly (() => unknown)[]) => Promise<void>
  /** A question that goes through the lease. */
  readonly ask: <T>(name: string, answer: () => T) => Promise<T>
  /** A question that anybody may ask. */
  readonly look: <T>(name: string, answer: () => T) => Promise<T>
}

const forever = new Promise<never>(() => {})
const errors = {
  connection: (name: string) => new ConnectionLost(`fake: the connection broke in ${name}`),
  'disk-full': (name: string) => new CliError(`fake: ${name}: no space left on device`),
  'engine-error': (name: string) => new CliError(`fake: ${name}: error response from the engine`),
} as const

/** The calls of one deployer, which takes the lease of the machine, with the troubles on its way. */
export const openCalls = ({ machine, troubles, killed, onCall = () => {} }: CallOptions): Calls => {
  machine.token += 1
  const token = machine.token
  let calls = 0
  let dead = false

  const strike = ({ kind }: Trouble, name: string): Promise<never> => {
    if (kind !== 'kill') throw errors[kind](name)
    dead = true
    killed()
    return forever
  }
  const call = async <T>(
    name: string,
    parts: readonly (() => unknown)[],
    answer: () => T,
    requireLease: () => void,
  ): Promise<T> => {
    if (dead) return forever
    const index = calls
    calls += 1
    onCall(name, index)
    const trouble = troubles.find(({ at, calls: length }) => at <= index && index < at + length)
    requireLease()
    if (trouble?.when === 'before') return strike(trouble, name)
    const done = trouble?.when === 'half' ? parts.slice(0, Math.floor(parts.length / 2)) : parts
    for (const part of done) part()
    return trouble === undefined ? answer() : strike(trouble, name)
  }
  const requireLease = (): void => {
    if (machine.token !== token) throw new LeaseLost('fake')
  }
  return {
    change: (name, parts) => call(name, parts, () => undefined, requireLease),
    ask: (name, answer) => call(name, [], answer, requireLease),
    look: (name, answer) => call(name, [], answer, () => {}),
  }
}
