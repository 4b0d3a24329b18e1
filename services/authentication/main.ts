import { start } from '#common/http/main'
import { peopleGuard } from '#common/http/people-guard'
import { signIns as signInState } from '#common/people/sign-ins'
import { machineClocks } from '#common/process/clock'
import { errorFields } from '#common/process/log'
import { fromHex } from '#common/stream/bytes'
import { poller } from '#common/stream/poller'
import { tokenBuckets } from '#common/stream/token-bucket'
import { accounts } from './accounts.ts'
import { Env } from './env.ts'
import { factors } from './factors.ts'
import { deriveKeys } from './keys.ts'
import { distrustRestored } from './restored.ts'
import { REVOCATION_WINDOW, routes } from './routes.ts'
import { signIns } from './sign-ins.ts'
import { signatureCheck } from './signature-check.ts'
import { signingKeys } from './signing-keys.ts'
import { schema } from './store.ts'

const SWEEP_EVERY = 60_000
/** Five wrong answers, and five more in the quarter of an hour after (SPEC section 7). */
const FAILURES = { size: 5, perMinute: 1 / 3 } as const

await start('authentication', Env, async ({ env, log, parts, openStore, onStop }) => {
  const store = await openStore(schema, distrustRestored)
  const keys = deriveKeys(fromHex(env.AUTH_KEY.reveal(), 32))
  const random = (size: number) => crypto.getRandomValues(new Uint8Array(size))
  const newId = () => crypto.randomUUID()
  const { now, steady } = machineClocks
  const failures = tokenBuckets(FAILURES, steady)
  const check = signatureCheck({ key: keys.challenge, cluster: env.CLUSTER_ID, now, random, failures })
  const all = accounts({ store, signUp: env.SIGN_UP, now, random, refuse: check.refuse })
  const refreshKey = keys.refresh
  const ways = factors({ env, store, keys, check, random, now, newId, log })
  const { secondFactor } = ways
  const own = signIns({ store, accounts: all, check, secondFactor, refreshKey, now, newId })
  const tokenKeys = signingKeys({ store, wrap: keys.wrap, random, now })

  // Its own word on tokens is always the newest.
  const state = signInState({
    fetchState: async () => ({ keys: await tokenKeys.jwks(), revoked: await own.revoked(REVOCATION_WINDOW) }),
    clocks: machineClocks,
  })
  const identify = async (token: string) => {
    await state.refresh()
    return state.identify(token)
  }

  const sweeping = poller({
    step: async () => {
      await own.sweep()
      return SWEEP_EVERY
    },
    onError: (error) => {
      log.warn('sweep-failed', errorFields(error))
      return SWEEP_EVERY
    },
  })
  onStop(sweeping.stop)

  return routes({
    ...{ check, accounts: all, signIns: own, factors: ways, signingKeys: tokenKeys, refreshKey, now, newId },
    parts: {
      ...parts,
      guard: peopleGuard(parts.guard, { identify }),
      status: async () => ({ first_admin: (await all.hasAdmin()) ? 'exists' : 'awaited' }),
    },
  })
})
