import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { decodeJwt } from 'jose'
import { EXIT_NO_PERMISSION, EXIT_SOFTWARE } from '#common/cli/sysexits'
import { CliError } from '../cli/fail.ts'
import { type Lock, takeLock } from '../platform/lock.ts'
import { Refused, readAnswer } from './answer.ts'
import type { Config } from './config.ts'
import type { Endpoint, Platform } from './endpoint.ts'
import type { TokenStore } from './token-store.ts'

const SignIn = Type.Object({
  url: Type.String(),
  socks: Type.Optional(Type.String()),
  address: Type.String(),
  access_token: Type.String(),
  /** Until when it is good by the clock of this machine, epoch ms: two clocks may differ. */
  access_until: Type.Integer(),
  refresh_token: Type.String(),
})
/** What is kept of a sign-in. */
export type SignIn = Static<typeof SignIn>

const Tokens = Type.Object({ access_token: Type.String(), refresh_token: Type.String() })

/** A token that ends within this time is not used any more, ms. */
const MARGIN = 30_000
/** For how long another command may hold the sign-in, ms. */
const PATIENCE = 60_000

/** `value` as the schema says. Throws CliError: then one of the two is of another release. */
export const requireShape = <S extends TSchema>(schema: S, value: unknown, what: string): Static<S> => {
  if (Value.Check(schema, value)) return value
  throw new CliError(`the platform answers ${what} otherwise than this release expects: update one of them`, {
    exitCode: EXIT_SOFTWARE,
  })
}

/** Asks a route, as nobody or (through an Account) as a person. Throws Refused. */
export const ask = async ({ base, fetch }: Endpoint, method: string, path: string, body?: object): Promise<unknown> => {
  const headers = { 'content-type': 'application/json' }
  return readAnswer(
    await fetch(`${base(path)}${path}`, { method, ...(body && { headers, body: JSON.stringify(body) }) }),
  )
}

/** A sign-in out of the tokens that the platform answered at `now`. */
export const makeSignIn = (answer: unknown, { url, socks }: Platform, now: number): SignIn => {
  const { access_token, refresh_token } = requireShape(Tokens, answer, 'a sign-in')
  const { sub = '', iat = 0, exp = 0 } = decodeJwt(access_token)
  return {
    url,
    ...(socks !== undefined && { socks }),
    address: sub,
    access_token,
    access_until: now + (exp - iat) * 1000,
    refresh_token,
  }
}

const signInAgain = (why: string, name: string) =>
  new CliError(`${why}: bun run lucid login${name === 'me' ? '' : ` --as ${name}`}`, { exitCode: EXIT_NO_PERMISSION })

/** Throws CliError that says how to sign in. */
export const requireSignIn = async (store: TokenStore, name: string): Promise<SignIn> => {
  const found: unknown = JSON.parse((await store.read(name)) ?? 'null')
  if (Value.Check(SignIn, found)) return found
  throw signInAgain('nobody is signed in here', name)
}

const acquire = async (lock: string): Promise<Lock> => {
  for (const until = performance.now() + PATIENCE; performance.now() < until; await Bun.sleep(50)) {
    const taken = takeLock({ lock })
    if (taken) return taken
  }
  throw new CliError('another command of yours is signing in: try again when it is done')
}

export type TokenSource = {
  readonly config: Config
  readonly store: TokenStore
  readonly name: string
  readonly endpoint: Endpoint
  readonly now: () => number
}

/**
 * An access token that is good, other than `refused`. Of two commands that need a new one, one asks for it: a refresh
 * token that is used twice ends the sign-in. Throws CliError when the sign-in has ended.
 */
export const accessToken = async (
  { config, store, name, endpoint, now }: TokenSource,
  refused?: string,
): Promise<string> => {
  const isGood = ({ access_token, access_until }: SignIn) => access_token !== refused && access_until - MARGIN > now()
  const before = await requireSignIn(store, name)
  if (isGood(before)) return before.access_token
  const lock = await acquire(config.lock(name))
  try {
    const current = await requireSignIn(store, name)
    if (isGood(current)) return current.access_token
    const answer = await ask(endpoint, 'POST', '/auth/refresh', { refresh_token: current.refresh_token }).catch(
      async (error: unknown) => {
        if (!(error instanceof Refused) || error.exitCode !== EXIT_NO_PERMISSION) throw error
        await store.remove(name)
        throw signInAgain('your sign-in has ended', name)
      },
    )
    const next = makeSignIn(answer, current, now())
    await store.write(name, JSON.stringify(next))
    return next.access_token
  } finally {
    lock.release()
  }
}
