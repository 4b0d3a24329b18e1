import { type Stack, stacks } from '#catalog'
import type { Target } from '../services/common/probe.ts'

/** The part of the catalogue that a probe needs. */
export type Listed = Readonly<Record<string, { readonly stack: Stack; readonly hostPort: number }>>

/** The part of $LUCID_HOME/run/platform.json that a probe needs: `bun run up` gives free ports. */
export type Platform = {
  readonly pid: number
  readonly services: Readonly<Record<string, { readonly url: string }>>
  /** Services it was started without, with the reason. */
  readonly leftOut: Readonly<Record<string, string>>
}

const object = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}

/** Reads the platform's record; undefined when it is not one. */
export const parsePlatform = (text: string): Platform | undefined => {
  try {
    const { pid, services, left_out } = object(JSON.parse(text))
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1) return undefined
    const urls = Object.entries(object(services)).flatMap(([name, service]) => {
      const { url } = object(service)
      return typeof url === 'string' && /^http:\/\/(127\.0\.0\.1|localhost):\d+$/.test(url)
        ? [[name, { url }]]
        : []
    })
    const leftOut = Object.entries(object(left_out)).map(([name, why]) => [name, String(why)])
    return { pid, services: Object.fromEntries(urls), leftOut: Object.fromEntries(leftOut) }
  } catch {
    return undefined
  }
}

/**
 * Everything the catalogue lists in the chosen stacks (all when none is chosen), in the order stacks are
 * started: where the running platform says, else on its host port.
 */
export const targetsOf = (
  listed: Listed,
  {
    platform,
    chosen = [],
  }: { readonly platform?: Platform | undefined; readonly chosen?: readonly string[] },
): readonly Target[] =>
  Object.entries(listed)
    .filter(([, { stack }]) => chosen.length === 0 || chosen.includes(stack))
    .toSorted(([, a], [, b]) => stacks.indexOf(a.stack) - stacks.indexOf(b.stack) || a.hostPort - b.hostPort)
    .map(([name, { stack, hostPort }]) => {
      const leftOut = platform?.leftOut[name]
      return {
        name,
        stack,
        url: platform?.services[name]?.url ?? `http://127.0.0.1:${hostPort}`,
        ...(leftOut !== undefined && { leftOut }),
      }
    })
