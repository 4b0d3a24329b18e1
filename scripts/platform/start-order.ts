import type { Entry, Stack } from '#catalog'

/** The part of a catalogue that decides the order of things; tests hand in small ones. */
export type Needs = Pick<Entry, 'stack' | 'needs' | 'tolerates'>
export type Catalogue = Readonly<Record<string, Needs>>

export type Stage = {
  readonly stack: Stack
  /** Started at once: each waits by itself until what it needs answers. */
  readonly services: readonly string[]
}

/** The stages of the chosen stacks (all when none is named), in the order of `order`; empty ones are left out. */
export const orderStages = (
  catalogue: Catalogue,
  order: readonly Stack[],
  chosen: readonly string[],
): readonly Stage[] =>
  order
    .filter((stack) => chosen.length === 0 || chosen.includes(stack))
    .map((stack) => ({ stack, services: Object.keys(catalogue).filter((name) => catalogue[name]?.stack === stack) }))
    .filter(({ services }) => services.length > 0)

/** Chosen stacks in which the catalogue has no service yet. */
export const findEmptyStacks = (catalogue: Catalogue, chosen: readonly string[]): readonly string[] =>
  chosen.filter((stack) => !Object.values(catalogue).some((entry) => entry.stack === stack))

export type Gap = { readonly service: string; readonly need: string; readonly stack: Stack }

/** What could never become healthy: a service whose untolerated need is in no stage, or in a later one than its own. */
export const findUnmetNeeds = (catalogue: Catalogue, stages: readonly Stage[]): readonly Gap[] =>
  stages.flatMap(({ services }, i) => {
    const present = new Set(stages.slice(0, i + 1).flatMap((stage) => stage.services))
    return services.flatMap((service) => {
      const { needs = [], tolerates = [] } = catalogue[service] ?? {}
      return needs
        .filter((need) => !present.has(need) && !tolerates.includes(need))
        .map((need) => ({ service, need, stack: catalogue[need]?.stack ?? 'core' }))
    })
  })

/** Waves in which to stop a stage: a service goes before everything that it needs. A cycle goes as one last wave. */
const stopWaves = (catalogue: Catalogue, services: readonly string[]): readonly (readonly string[])[] => {
  const waves: string[][] = []
  let left = [...services]
  while (left.length > 0) {
    const needed = new Set(left.flatMap((name) => catalogue[name]?.needs ?? []))
    const free = left.filter((name) => !needed.has(name))
    const wave = free.length > 0 ? free : left
    waves.push(wave)
    left = left.filter((name) => !wave.includes(name))
  }
  return waves
}

/** Everything in the order it is stopped: the stages in reverse, callers before callees inside each. */
export const orderStops = (catalogue: Catalogue, stages: readonly Stage[]): readonly (readonly string[])[] =>
  stages.toReversed().flatMap(({ services }) => stopWaves(catalogue, services))
