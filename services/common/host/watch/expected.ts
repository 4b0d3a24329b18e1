import { type Stack, type Stock, stacks } from '#catalog'
import type { Target } from '../probe.ts'

/** The part of the catalogue that is watched. */
export type Listed = Readonly<Record<string, { readonly stack: Stack; readonly hostPort: number } & Partial<Uses>>>

type Uses = { readonly networks: readonly string[]; readonly volumes: Readonly<Record<string, string>> }

/** Containers that a deployed platform has, and how each shows that it is well. */
export type Expected = {
  readonly service: string
  readonly stack: Stack
  readonly container: string
  /** `http`: it answers /health. `engine`: only the engine's health check knows. `once`: it ends with 0. */
  readonly shows: 'http' | 'engine' | 'once'
  /** Networks that it is on, and volumes that it has data in. */
  readonly networks: readonly string[]
  readonly volumes: readonly string[]
}

/** Containers of stock images that a stack has beside our own, by the name they have in the Compose file. */
const companions: Readonly<
  Record<string, readonly (Omit<Expected, 'stack' | keyof Uses> & { readonly shares?: true })[]>
> = {
  mongo: [
    { service: 'mongo', container: 'lucid_mongo', shows: 'engine' },
    { service: 'mongo-init', container: 'lucid_mongo_init', shows: 'once', shares: true },
  ],
}

const isChosen = (chosen: readonly string[]) => (stack: string) => chosen.length === 0 || chosen.includes(stack)

/** Every container of the chosen stacks (all when none is chosen), services behind a profile among them. */
export const listExpected = (
  listed: Listed,
  stock: Readonly<Record<string, Pick<Stock, 'stack'> & Partial<Uses>>>,
  chosen: readonly string[] = [],
): readonly Expected[] => {
  const ours = Object.entries(listed).map(([name, { stack, networks = [], volumes = {} }]) => ({
    service: name,
    stack,
    container: name,
    shows: 'http' as const,
    networks,
    volumes: Object.keys(volumes),
  }))
  const theirs = Object.entries(stock).flatMap(([name, { stack, networks = [], volumes = {} }]) =>
    (companions[name] ?? [{ service: name, container: name, shows: 'engine' as const, shares: undefined }]).map(
      ({ shares, ...one }) => ({
        ...one,
        stack,
        networks: shares ? [] : networks,
        volumes: shares ? [] : Object.keys(volumes),
      }),
    ),
  )
  return [...theirs, ...ours].filter(({ stack }) => isChosen(chosen)(stack))
}

/** Where services are asked when not on their host port, and which were left out, with the reason. */
export type Elsewhere = {
  readonly urls: Readonly<Record<string, string>>
  readonly leftOut: Readonly<Record<string, string>>
}

/** What is asked over HTTP: everything listed in the chosen stacks, in the order stacks are started. */
export const listTargets = (
  listed: Listed,
  {
    chosen = [],
    elsewhere = { urls: {}, leftOut: {} },
  }: { readonly chosen?: readonly string[]; readonly elsewhere?: Elsewhere | undefined } = {},
): readonly Target[] =>
  Object.entries(listed)
    .filter(([, { stack }]) => isChosen(chosen)(stack))
    .toSorted(([, a], [, b]) => stacks.indexOf(a.stack) - stacks.indexOf(b.stack) || a.hostPort - b.hostPort)
    .map(([name, { stack, hostPort }]) => {
      const leftOut = elsewhere.leftOut[name]
      return {
        name,
        stack,
        url: elsewhere.urls[name] ?? `http://127.0.0.1:${hostPort}`,
        ...(leftOut !== undefined && { leftOut }),
      }
    })
