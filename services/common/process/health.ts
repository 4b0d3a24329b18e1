import { Fault } from './fault.ts'

/** A check resolves when its part works and throws when it does not. */
export type Checks = Readonly<Record<string, () => Promise<void>>>

export type Health = {
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly service: string
  readonly version: string
  readonly started_at: number
  readonly dependencies: Readonly<Record<string, string>>
  /** Failing dependencies that wait for a person's decision: the service itself is up, and no restart would help. */
  readonly incidents?: readonly string[]
}

/** Told of a check that failed with something else than a Fault, for the log. */
type OnFailure = (name: string, error: unknown) => void

/** Anybody may ask for /health, so only a Fault's own words are shown; what else was thrown goes to the log. */
const outcome = async ([name, check]: [string, Checks[string]], onFailure: OnFailure): Promise<string> => {
  try {
    await check()
    return 'ok'
  } catch (error) {
    if (error instanceof Fault) return error.message
    onFailure(name, error)
    return 'failed'
  }
}

/**
 * Runs all checks at once. `unhealthy` when a part of our own fails, `degraded` when a service that we need
 * does not answer or what is named in `decisions` waits for a person; failures named in `soft` are shown and
 * change nothing.
 */
export const health = async ({
  checks,
  soft,
  decisions = [],
  onFailure = () => {},
  ...own
}: {
  readonly service: string
  readonly version: string
  readonly started_at: number
  readonly checks: Checks
  readonly soft: readonly string[]
  readonly decisions?: readonly string[]
  readonly onFailure?: OnFailure
}): Promise<Health> => {
  const names = Object.keys(checks)
  const outcomes = await Promise.all(Object.entries(checks).map((one) => outcome(one, onFailure)))
  const dependencies = Object.fromEntries(names.map((name, i) => [name, outcomes[i] ?? 'failed']))
  const failing = names.filter((name) => dependencies[name] !== 'ok' && !soft.includes(name))
  const incidents = failing.filter((name) => decisions.includes(name))
  const broken = failing.some((name) => isOwn(name) && !incidents.includes(name))
  const status = failing.length === 0 ? 'healthy' : broken ? 'unhealthy' : 'degraded'
  return { status, ...own, dependencies, ...(incidents.length === 0 ? {} : { incidents }) }
}

/** Checks of a needed service are named after it (all have a hyphen); our own parts are single words. */
const isOwn = (name: string) => !name.includes('-')

/** Longest wait for a needed service, ms: whoever asks us gives up after two seconds and a half (scripts/images/build/health-check.ts). */
const ANSWER_MS = 2_000

/** A way to a needed service, as `Call` of common/http is one. */
type Ask = (path: string, init: { readonly signal: AbortSignal }) => Promise<unknown>

/** The check that a needed service answers: shallow and short, so that health checks do not cascade. */
export const answers =
  (call: Ask): (() => Promise<void>) =>
  async () => {
    await call('/health?deep=false', { signal: AbortSignal.timeout(ANSWER_MS) })
  }
