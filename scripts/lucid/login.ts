import { hostname } from 'node:os'
import { Type } from '@sinclair/typebox'
import { EXIT_USAGE } from '#common/cli/read-command'
import { jsonText, type Print } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { homeFrom } from '../platform/home.ts'
import { openAccount } from './account.ts'
import { Refused } from './answer.ts'
import { askLine } from './ask.ts'
import { answerChallenge, SIGN_IN } from './challenge.ts'
import { configFrom } from './config.ts'
import { type Endpoint, LOCAL, openEndpoint, parsePlatform } from './endpoint.ts'
import { entry } from './entry.ts'
import { readTotp, totpFlag } from './factors.ts'
import { asFlag, jsonFlag, keyFlags, nameFrom } from './flags.ts'
import { peopleTable } from './people-table.ts'
import { ask, makeSignIn, requireShape } from './sign-in.ts'
import { openSigner } from './signer.ts'
import { openTokenStore } from './token-store.ts'

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

const thisDevice = () => `${hostname().slice(0, 40)}, command line`

/** What signs somebody in, but for a second factor: a signature, or the code of a mail. */
type Proof = { readonly path: string; readonly body: object }

/** Has a code mailed, and asks for it; what surrounds it in the mail may be pasted with it. */
const askMailed = async (endpoint: Endpoint, email: string, err: Print): Promise<string> => {
  await ask(endpoint, 'POST', '/auth/magic', { email })
  err('if an account has this address, a code that is good for ten minutes is on its way to it\n')
  const typed = await askLine('Code of the mail: ', err)
  return /[\w-]{43}$/.exec(typed)?.[0] ?? typed
}

/** Shows the proof, and the second factor where the account has one. */
const verify = async (endpoint: Endpoint, { path, body }: Proof, given: string | undefined, err: Print) => {
  const attempt = (more: object) => ask(endpoint, 'POST', path, { ...body, device: thisDevice(), ...more })
  if (given !== undefined) return attempt({ totp: await readTotp(given, err) })
  return attempt({}).catch(async (error: unknown) => {
    if (!(error instanceof Refused) || error.code !== 'totp-required') throw error
    return attempt({ totp: await readTotp(undefined, err) })
  })
}

const login = entry(
  {
    name: 'lucid login',
    about: 'signs in with a key file, a wallet or a mailed code; the sign-in lasts a week from its last use',
    flags: {
      url: { type: 'string', value: 'URL', about: 'the platform (LUCID_URL, default the one of this machine)' },
      socks: {
        type: 'string',
        value: 'HOST:PORT',
        about: 'SOCKS proxy on the way there, as Tor has one (LUCID_SOCKS)',
      },
      ...keyFlags,
      code: { type: 'string', value: 'CODE', about: 'the one-time code that makes you the first admin' },
      email: { type: 'string', value: 'ADDRESS', about: 'no key: have a code mailed, where an admin set your address' },
      magic: { type: 'string', value: 'CODE', about: 'the code of that mail' },
      totp: totpFlag,
      ...jsonFlag,
    },
    examples: [
      'bun run lucid login --code CODE-THAT-UP-PRINTED',
      'bun run lucid login --as second',
      'bun run lucid login --address T...',
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
    const prove = async (): Promise<Proof> => {
      const { email, code } = flags
      const token = flags.magic ?? (email && (await askMailed(endpoint, email, err)))
      if (token !== undefined) return { path: '/auth/magic/verify', body: { token } }
      const signer = openSigner(flags, err)
      const { address } = signer
      const proven = await answerChallenge(endpoint, signer, SIGN_IN)
      return { path: '/auth/verify', body: { address, ...proven, ...(code !== undefined && { code }) } }
    }
    const answer = await verify(endpoint, await prove(), flags.totp, err)
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

const logout = entry(
  { name: 'lucid logout', about: 'ends the sign-in, here and on the platform', flags: { ...asFlag, ...jsonFlag } },
  async ({ flags, terminal: { out, err } }) => {
    const account = await openAccount(flags)
    try {
      await ask(account, 'POST', '/auth/logout')
    } finally {
      await account.store.remove(account.name)
    }
    err('signed out\n')
    if (flags.json) out(jsonText({ address: account.address, url: account.url }))
    return 0
  },
)

const whoami = entry(
  { name: 'lucid whoami', about: 'prints who is signed in, and as what', flags: { ...asFlag, ...jsonFlag } },
  async ({ flags, terminal: { out } }) => {
    const account = await openAccount(flags)
    const { address, roles } = requireShape(Me, await ask(account, 'GET', '/auth/me'), 'who you are')
    out(flags.json ? jsonText({ address, roles, url: account.url }) : `${address}  ${roles.join(', ') || 'no role'}\n`)
    return 0
  },
)

const signIns = entry(
  { name: 'lucid sign-ins', about: 'lists where you are signed in', flags: { ...asFlag, ...jsonFlag } },
  async ({ flags, terminal: { out } }) => {
    const account = await openAccount(flags)
    const found = requireShape(SignIns, await ask(account, 'GET', '/auth/sign-ins'), 'your sign-ins')
    const rows = found.sign_ins.map(({ id, device, created_at, last_used_at, current }) => [
      id,
      device,
      { at: created_at },
      { at: last_used_at },
      current ? 'this one' : '',
    ])
    out(flags.json ? jsonText(found) : peopleTable(['id', 'device', 'since', 'last used', ''], rows))
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
    if (!/^[\da-f-]{36}$/.test(id))
      throw new CliError(`'${id}' is no sign-in: bun run lucid sign-ins lists yours`, { exitCode: EXIT_USAGE })
    await ask(await openAccount(flags), 'DELETE', `/auth/sign-ins/${id}`)
    err('ended\n')
    return 0
  },
)

export const loginCommands = [login, logout, whoami, signIns, revoke]
