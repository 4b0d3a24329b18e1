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

/** One kill: after `phase` begins somewhere, wait `delay` ms. `rush`: do not wait for the last victim to be back. */
export type Card = {
  readonly service: ServiceName
  readonly phase: Phase
  readonly delay: number
  readonly rush: boolean
}

/** Longest wait after the beginning of a phase, ms: streams last long, the end of one does not. */
export const LONGEST = {
  streaming: 1_200,
  acknowledged: 400,
  ending: 80,
  anchoring: 300,
} as const satisfies Record<Phase, number>

const perService = (services: readonly ServiceName[], kills: number): readonly ServiceName[] =>
  Array.from({ length: kills }, (_, i) => services[i % services.length]).filter((name) => name !== undefined)

const isChainSide = (service: ServiceName): boolean => chainSide.some((name) => name === service)

/**
 * The order of kills: `rounds` of the pipeline in equal parts, and for every five of them one of the chain
 * side (at least one each). Each service is killed in every phase as far as its kills suffice.
 */
export const deck = (rounds: number, random: Random): readonly Card[] => {
  const victims = [
    ...perService(pipeline, rounds),
    ...perService(chainSide, Math.max(chainSide.length, Math.ceil(rounds / 5))),
  ]
  const seen = new Map<ServiceName, number>()
  const cards = victims.map((service): Card => {
    const nth = seen.get(service) ?? 0
    seen.set(service, nth + 1)
    const order = isChainSide(service) ? phases.toReversed() : phases
    const phase = order[nth % phases.length] ?? 'streaming'
    return { service, phase, delay: random.below(LONGEST[phase]), rush: random.below(4) === 0 }
  })
  return random.shuffled(cards)
}
