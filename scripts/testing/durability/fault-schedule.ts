import type { ServiceName } from '#catalog'
import type { Random } from './random.ts'

/** Services that a recording passes through, and those behind the anchor. */
export const pipeline = [
  'session-recorder',
  'session-chunker',
  'session-encryptor',
  'merkle-builder',
  'session-orchestrator',
] as const satisfies readonly ServiceName[]
export const chainSide = [
  'on-system-chain-client',
  'blockchain-api',
  'blockchain-sessions-data',
  'blockchain-ledger',
  'blockchain-vm',
] as const satisfies readonly ServiceName[]

/**
 * When a kill lands: at any time, as the first part of a recording has just been acknowledged, as a source
 * gives its last byte, or as a session is being sealed and anchored.
 */
export const phases = ['streaming', 'acknowledged', 'ending', 'anchoring'] as const
export type Phase = (typeof phases)[number]

/** One kill: after `phase` begins somewhere, wait `delay` ms. */
type Fault = { readonly phase: Phase; readonly delay: number }

/** `rush`: do not wait for the last victim to be back. */
export type ServiceFault = Fault & { readonly service: ServiceName; readonly rush: boolean }

/** The database stays away for `away` ms. */
export type DatabaseFault = Fault & { readonly away: number }

/** Longest wait after the beginning of a phase, ms: streams last long, the end of one does not. */
const LONGEST = { streaming: 1_200, acknowledged: 400, ending: 80, anchoring: 300 } as const satisfies Record<
  Phase,
  number
>

/** Longest time the database stays away, ms. */
export const LONGEST_AWAY = 8_000

const perService = (services: readonly ServiceName[], kills: number): readonly ServiceName[] =>
  Array.from({ length: kills }, (_, i) => services[i % services.length]).filter((name) => name !== undefined)

const isChainSide = (service: ServiceName): boolean => chainSide.some((name) => name === service)

const atPhase = (order: readonly Phase[], nth: number, random: Random): Fault => {
  const phase = order[nth % order.length] ?? 'streaming'
  return { phase, delay: random.below(LONGEST[phase]) }
}

/**
 * The order of kills: `kills` of the pipeline in equal parts, and for every five of them one of the chain
 * side (at least one each). Each service is killed in every phase as far as its kills suffice.
 */
export const scheduleServiceFaults = (kills: number, random: Random): readonly ServiceFault[] => {
  const victims = [
    ...perService(pipeline, kills),
    ...perService(chainSide, Math.max(chainSide.length, Math.ceil(kills / 5))),
  ]
  const counts = new Map<ServiceName, number>()
  const faults = victims.map((service): ServiceFault => {
    const nth = counts.get(service) ?? 0
    counts.set(service, nth + 1)
    const order = isChainSide(service) ? phases.toReversed() : phases
    return { service, ...atPhase(order, nth, random), rush: random.below(4) === 0 }
  })
  return random.shuffled(faults)
}

/** The kills of the database in their order: every phase alike, as far as they suffice. */
export const scheduleDatabaseFaults = (kills: number, random: Random): readonly DatabaseFault[] =>
  random.shuffled(
    Array.from({ length: kills }, (_, nth) => ({
      ...atPhase(phases, nth, random),
      away: random.below(LONGEST_AWAY + 1),
    })),
  )
