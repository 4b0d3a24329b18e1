import { deriveOwner, signTronMessage } from '#common/evidence/tron-message'
import { ok } from '#common/http/client'
import type { Role } from '#common/people/permissions'
import type { Prepared } from '../../platform/platform.ts'
import { operatorClients } from '../../platform/session-client.ts'

export type TestPerson = {
  readonly address: string
  readonly sign: (message: string) => string
  readonly roles: readonly Role[]
  /** The access token in use; `signIn` answers a fresh one. */
  readonly token: () => Promise<string>
  readonly signIn: () => Promise<{ readonly access_token: string; readonly refresh_token: string }>
}

export const postJson = (url: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

/** A person with an account and these roles on a running platform. */
export const admitPerson = async (
  { home, urls }: Pick<Prepared, 'home' | 'urls'>,
  ...roles: readonly Role[]
): Promise<TestPerson> => {
  const key = crypto.getRandomValues(new Uint8Array(32))
  const [address, auth] = [deriveOwner(key), urls['authentication'] ?? '']
  const sign = (message: string) => signTronMessage(message, key)
  await ok(
    operatorClients(home)
      .authentication()
      .auth.users({ address })
      .put({ roles: [...roles] }),
  )
  let current: string | undefined
  const signIn = async () => {
    const challenge = (await (await postJson(`${auth}/auth/challenge`, { address })).json()) as {
      readonly nonce: string
      readonly message: string
    }
    const signed = { address, nonce: challenge.nonce, signature: sign(challenge.message) }
    const reply = await postJson(`${auth}/auth/verify`, signed)
    if (!reply.ok) throw new Error(`${roles} was not signed in: ${await reply.text()}`)
    const tokens = (await reply.json()) as { readonly access_token: string; readonly refresh_token: string }
    current = tokens.access_token
    return tokens
  }
  return { address, sign, roles, signIn, token: async () => current ?? (await signIn()).access_token }
}
