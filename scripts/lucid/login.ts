import { hostname } from 'node:os'
import { Type } from '@sinclair/typebox'
import { detectStyle } from '#common/cli/style'
import { table } from '#common/cli/table'
import { jsonText } from '#common/cli/text'
import { formatTime } from '#common/evidence/times'
import { signTronMessage } from '#common/evidence/tron-message'
import { CliError } from '../cli/fail.ts'
import { homeFrom } from '../platform/home.ts'
import { type Account, openAccount } from './account.ts'
import { Refused, readAnswer } from './answer.ts'
import { configFrom } from './config.ts'
import { type Endpoint, LOCAL, openEndpoint, parsePlatform } from './endpoint.ts'
import { entry } from './entry.ts'
import { asFlag, jsonFlag, keyFileFrom, keyFlags, nameFrom } from './flags.ts'
import { unlockKey } from './own-key.ts'
import { askHidden } from './passphrase.ts'
import { makeSignIn, post, requireShape } from './sign-in.ts'
import { openTokenStore } from './token-store.ts'

const Challenge = Type.Object({ nonce: Type.String(), message: Type.String() })
const Me = Type.Object({ address: Type.String(), roles: Type.Array(Type.String()) })
const SignIns = Type.Object({
  sign_ins: Type.Array(
    Type.Object({
      id: Type.String(),
      device: Type.String(),
      created_at: Type.Integer(),
      last_used_at: Type.Integer(),
      current: Type.Boolean(),
    }),
  ),
})

/** Throws CliError unless it is the text of a sign-in of this address: nothing else is signed unread. */
const requireSignInText = (message: string, address: string, nonce: string): void => {
  const lines = message.split('\n')
  const isSignIn =
    /^Lucid \S+ asks you to sign\.$/.test(lines[0] ?? '') &&
    lines[1] === 'For: sign in' &&
    lines[2] === `As: ${address}` &&
    lines.at(-1) === `Nonce: ${nonce}` &&
    lines.length === 5
  if (!isSignIn) throw new CliError('what the platform wants to have signed is no sign-in: nothing was signed')
}

const thisDevice = () => `${hostname().slice(0, 40)}, command line`

/** Proves the key and answers what the platform gave for it. */
const prove = async (
  endpoint: Endpoint,
  { address, secret }: { readonly address: string; readonly secret: Uint8Array },
  more: { readonly code?: string; readonly totp?: string },
): Promise<unknown> => {
  const challenge = requireShape(Challenge, await post(endpoint, '/auth/challenge', { address }), 'a challenge')
  requireSignInText(challenge.message, address, challenge.nonce)
  return post(endpoint, '/auth/verify', {
    address,
    nonce: challenge.nonce,
    signature: signTronMessage(challenge.message, secret),
    device: thisDevice(),
    ...more,
  })
}

const login = entry(
  {
    name: 'lucid login',
    about: 'signs in with a key file, or by a link that was mailed; the sign-in lasts a week from its last use',
    flags: {
      url: {
        type: 'string',
        value: 'URL',
        about: 'the platform (LUCID_URL, default the one of this machine)',
      },
      socks: {
        type: 'string',
        value: 'HOST:PORT',
        about: 'SOCKS proxy on the way there, as Tor has one (LUCID_SOCKS)',
      },
      ...keyFlags,
      code: { type: 'string', value: 'CODE', about: 'the one-time code that makes you the first admin' },
      magic: {
        type: 'string',
        value: 'TOKEN',
        about: 'of a link that was mailed to you, in place of a key file',
      },
      totp: { type: 'string', value: 'DIGITS', about: 'of your authenticator, where you have enrolled one' },
      ...jsonFlag,
    },
    examples: [
      'bun run lucid login --code CODE-THAT-UP-PRINTED',
      'bun run lucid login --as second',
      'bun run lucid login --url http://EXAMPLE.onion --socks 127.0.0.1:9050',
    ],
    exits: { 69: 'the platform does not answer', 77: 'the platform does not let you in' },
  },
  async ({ flags, terminal: { out, err } }) => {
    const config = configFrom(process.env)
    const name = nameFrom(flags)
    const platform = parsePlatform({
      url: flags.url ?? (process.env['LUCID_URL'] || LOCAL),
      socks: flags.socks ?? (process.env['LUCID_SOCKS'] || undefined),
    })
    const endpoint = openEndpoint(platform, homeFrom(process.env))
    endpoint.base('/auth/')
    const { code, totp, magic: token } = flags
    const key = token === undefined && (await unlockKey(keyFileFrom(flags), { file: flags['passphrase-file'], err }))
    const attempt = (given: typeof more) =>
      key
        ? prove(endpoint, key, given)
        : post(endpoint, '/auth/magic/verify', { token, device: thisDevice(), ...given })
    const more = { ...(code !== undefined && { code }), ...(totp !== undefined && { totp }) }
    const answer = await attempt(more).catch(async (error: unknown) => {
      if (!(error instanceof Refused) || error.code !== 'totp-required' || !process.stdin.isTTY) throw error
      const typed = await askHidden('Code of your authenticator: ', err)
      return attempt({ ...more, totp: typed.trim() })
    })
    const signIn = makeSignIn(answer, platform, Date.now())
    const { roles } = requireShape(Me, answer, 'a sign-in')
    const store = await openTokenStore(config, process.env)
    await store.write(name, JSON.stringify(signIn))
    if (flags.json) out(jsonText({ address: signIn.address, roles, url: platform.url }))
    else {
      out(`${signIn.address}  ${roles.join(', ')}\n`)
      err(`signed in; kept in ${store.place}\n`)
    }
    return 0
  },
)

const ask = async ({ base, fetch }: Account, path: string, method = 'GET'): Promise<unknown> =>
  readAnswer(await fetch(`${base(path)}${path}`, { method }))

const logout = entry(
  { name: 'lucid logout', about: 'ends the sign-in, here and on the platform', flags: asFlag },
  async ({ flags, terminal: { err } }) => {
    const account = await openAccount(flags)
    try {
      await ask(account, '/auth/logout', 'POST')
    } finally {
      await account.store.remove(account.name)
    }
    err('signed out\n')
    return 0
  },
)

const whoami = entry(
  { name: 'lucid whoami', about: 'prints who is signed in, and as what', flags: { ...asFlag, ...jsonFlag } },
  async ({ flags, terminal: { out } }) => {
    const account = await openAccount(flags)
    const { address, roles } = requireShape(Me, await ask(account, '/auth/me'), 'who you are')
    out(flags.json ? jsonText({ address, roles, url: account.url }) : `${address}  ${roles.join(', ') || 'no role'}\n`)
    return 0
  },
)

const signIns = entry(
  { name: 'lucid sign-ins', about: 'lists where you are signed in', flags: { ...asFlag, ...jsonFlag } },
  async ({ flags, terminal: { out } }) => {
    const account = await openAccount(flags)
    const found = requireShape(SignIns, await ask(account, '/auth/sign-ins'), 'your sign-ins')
    const columns = [{ title: 'id' }, { title: 'device' }, { title: 'since' }, { title: 'last used' }, { title: '' }]
    const rows = found.sign_ins.map(({ id, device, created_at, last_used_at, current }) => [
      id,
      device,
      formatTime(created_at),
      formatTime(last_used_at),
      current ? 'this one' : '',
    ])
    out(flags.json ? jsonText(found) : table(columns, rows, detectStyle(process.stdout, process.env)))
    return 0
  },
)

const revoke = entry(
  {
    name: 'lucid sign-ins revoke',
    about: 'ends one of your sign-ins, as of a device that was lost',
    positionals: [{ name: 'ID', about: 'as lucid sign-ins lists it', required: true }],
    flags: asFlag,
    exits: { 66: 'there is no such sign-in of yours' },
  },
  async ({ flags, positionals: [id = ''], terminal: { err } }) => {
    await ask(await openAccount(flags), `/auth/sign-ins/${encodeURIComponent(id)}`, 'DELETE')
    err('ended\n')
    return 0
  },
)

export const loginCommands = [login, logout, whoami, signIns, revoke]
