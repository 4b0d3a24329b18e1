import { blake3 } from '#common/engines/blake3'
import type { Random } from '#common/engines/key-wrap'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { concat, utf8 } from '#common/stream/bytes'
import { factorTables } from './factor-store.ts'
import type { Mailer } from './mail.ts'

/** How long a link is good, and how many of one account may be on their way. */
export const LINK_MS = 10 * 60_000
const MOST_LINKS = 3
/** Requests that wait to be looked at; a flood beyond that is answered alike and dropped. */
const MOST_WAITING = 64

export type MagicLinkParts = {
  readonly store: Store
  readonly random: Random
  readonly now: () => number
  readonly mailer: Mailer
  /** Where people reach the platform. */
  readonly publicUrl: string
  /** The account of an e-mail address, undefined when there is none that may sign in. */
  readonly accountOf: (email: string) => Promise<string | undefined>
  /** Runs work once the answer is out. */
  readonly later: (work: () => void) => void
  readonly onFailure: (error: unknown) => void
}

const hashToken = (token: string): string => blake3(concat(utf8('lucid/magic-link/v1:'), utf8(token))).toHex()

/** The token is the last word of its line, so that both can be pasted whole; in a link it would be found by logs on the way. */
const letterOf = (publicUrl: string, token: string) => ({
  subject: 'Sign in to Lucid',
  text: [
    'Type this on the command line to sign in; it works once, within ten minutes:',
    `bun run lucid login --url ${publicUrl} --magic ${token}`,
    'Does it ask for the code of the mail? Then this is it:',
    token,
    'On the machine of the platform itself leave --url and what follows it out.',
    'You did not ask for it? Then do nothing: without this message nobody gets in.\n',
  ].join('\n\n'),
})

const used = () =>
  new Fault(
    'unauthenticated',
    'magic-link',
    'this code was used, has expired or was never sent: ask for a new one (bun run lucid login --email ADDRESS)',
  )

/**
 * Sign-in by a link sent to the e-mail address of an account. A request is answered before anything is looked up, so
 * that neither the answer nor its time tells whether there is such an account.
 */
export const magicLinks = (parts: MagicLinkParts) => {
  const { store, random, now, mailer, publicUrl, accountOf, later, onFailure } = parts
  const { links } = factorTables(store)
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()

  const removeExpired = async () => {
    for (const { id } of await links.find({ where: { expires_at: { lte: now() } }, limit: 100 })) await links.remove(id)
  }
  const send = async (email: string): Promise<void> => {
    const address = await accountOf(email)
    if (address === undefined) return
    await removeExpired()
    if ((await links.count({ address })) >= MOST_LINKS) return
    const token = random(32).toBase64({ alphabet: 'base64url', omitPadding: true })
    await links.insert({ id: hashToken(token), address, expires_at: now() + LINK_MS })
    await mailer({ to: email, ...letterOf(publicUrl, token) })
  }

  return {
    /** Sends a link if the address is known; never says so. */
    request: (email: string): void => {
      if (waiting >= MOST_WAITING) return
      waiting += 1
      later(() => {
        // One after the other, or many at once would find none of the others' letters.
        last = last
          .then(() => send(email.toLowerCase()))
          .catch(onFailure)
          .finally(() => {
            waiting -= 1
          })
      })
    },
    /**
     * The account that a token signs in, once, and by what it proved itself; `prove` asks whatever else it needs before the token is used up.
     * Throws Fault unauthenticated `magic-link`.
     */
    redeem: async (token: string, prove: (address: string) => Promise<readonly string[]>) => {
      const id = hashToken(token)
      const link = await links.get(id)
      if (link === undefined || link.expires_at <= now()) throw used()
      const methods = ['magic-link', ...(await prove(link.address))]
      if (!(await links.remove(id))) throw used()
      return { address: link.address, methods }
    },
  }
}
