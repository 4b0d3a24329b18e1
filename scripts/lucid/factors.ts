import { Type } from '@sinclair/typebox'
import { encodeQR } from 'qr'
import type { Flag } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle } from '#common/cli/style'
import { jsonText, type Print, text } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { openAccount } from './account.ts'
import { askLine } from './ask.ts'
import { answerChallenge } from './challenge.ts'
import { entry } from './entry.ts'
import { asFlag, jsonFlag } from './flags.ts'
import { peopleTable } from './people-table.ts'
import { ask, requireShape } from './sign-in.ts'
import { requireAddress, walletSigner } from './signer.ts'

const Secret = Type.Object({ secret: Type.String(), uri: Type.String() })
const Recovery = Type.Object({ recovery_codes: Type.Array(Type.String()) })
const Named = Type.Object({ name: Type.String(), created_at: Type.Integer() })
const Factors = Type.Object({
  totp: Type.Boolean(),
  recovery_codes: Type.Integer(),
  email: Type.Optional(Type.String()),
  passkeys: Type.Array(Named),
  hardware_keys: Type.Array(Type.Composite([Named, Type.Object({ address: Type.String() })])),
})

export const totpFlag = {
  type: 'string',
  value: 'CODE',
  about: 'of your authenticator app, or a recovery code (asked for where it is needed)',
} as const satisfies Flag

/** The second factor as the flag has it or as it is typed, with blanks in it or not. Throws CliError for what is none. */
export const readTotp = async (
  given: string | undefined,
  err: Print,
  prompt = 'Code of your authenticator app, or a recovery code: ',
): Promise<string> => {
  const code = (given ?? (await askLine(prompt, err))).replaceAll(/\s/g, '').toLowerCase()
  if (/^(?:\d{6}|[a-z2-7]{4}(?:-[a-z2-7]{4}){3})$/.test(code)) return code
  throw new CliError('this is no code: the app shows six digits, a recovery code is xxxx-xxxx-xxxx-xxxx', {
    exitCode: EXIT_USAGE,
  })
}

const factors = entry(
  {
    name: 'lucid factors',
    about: 'lists what you sign in and sign with beside your key',
    flags: { ...asFlag, ...jsonFlag },
  },
  async ({ flags, terminal: { out } }) => {
    const answer = await ask(await openAccount(flags), 'GET', '/auth/factors')
    const { totp, recovery_codes, email, passkeys, hardware_keys } = requireShape(Factors, answer, 'your factors')
    const rows = [
      ['authenticator app', totp ? `on, ${recovery_codes} recovery codes left` : 'off (bun run lucid totp on)', ''],
      ...(email === undefined ? [] : [['mailed code', email, '']]),
      ...passkeys.map(({ name, created_at }) => ['passkey', name, { at: created_at }]),
      ...hardware_keys.map(({ name, address, created_at }) => [
        'hardware key',
        `${address} ${name}`,
        { at: created_at },
      ]),
    ]
    out(flags.json ? jsonText(answer) : peopleTable(['factor', 'what', 'since'], rows))
    return 0
  },
)

const totpOn = entry(
  {
    name: 'lucid totp on',
    about: 'has an authenticator app asked for at every sign-in, beside your key; prints your recovery codes',
    flags: { ...asFlag, ...jsonFlag },
    exits: { 77: 'the code is another one: begin again' },
    notes: 'Lost app and codes? An admin takes it away: bun run lucid users reset ADDRESS.',
  },
  async ({ flags, terminal: { out, err } }) => {
    const account = await openAccount(flags)
    const { secret, uri } = requireShape(Secret, await ask(account, 'POST', '/auth/totp'), 'a secret')
    const paper = encodeQR(uri, 'ascii', { ecc: 'low', border: 2 }).trimEnd().split('\n')
    err(
      text(
        [
          'scan this with an authenticator app, or type the secret there:',
          ...paper.map((line) => [{ text: line, colour: 'paper' } as const]),
          `secret  ${secret}`,
          `address ${uri}`,
        ],
        detectStyle(process.stderr, process.env),
      ),
    )
    const totp = await readTotp(undefined, err, 'Code that the app shows now: ')
    const confirmed = requireShape(Recovery, await ask(account, 'POST', '/auth/totp/confirm', { totp }), 'your codes')
    err('on; each of these signs you in once without the app, and nobody sees them again: keep them on paper\n')
    out(flags.json ? jsonText(confirmed) : text(confirmed.recovery_codes))
    return 0
  },
)

const totpOff = entry(
  {
    name: 'lucid totp off',
    about: 'has no authenticator app asked for any more',
    flags: { totp: totpFlag, ...asFlag, ...jsonFlag },
  },
  async ({ flags, terminal: { out, err } }) => {
    const account = await openAccount(flags)
    await ask(account, 'POST', '/auth/totp/remove', { totp: await readTotp(flags.totp, err) })
    err('off\n')
    if (flags.json) out(jsonText({ totp: false }))
    return 0
  },
)

const whichKey = { name: 'ADDRESS', about: 'the TRON address of the device', required: true } as const
const HARDWARE = '/auth/hardware-keys'

const hardwareAdd = entry(
  {
    name: 'lucid hardware add',
    about: 'enrols the key of a Ledger or Trezor, which from then on signs what is dangerous',
    positionals: [whichKey],
    flags: { name: { type: 'string', value: 'NAME', about: 'its name (default hardware)' }, ...asFlag, ...jsonFlag },
    notes:
      'What is dangerous: changing people and their factors, erasing a session, adding and removing hardware keys. The command line then shows what to sign.',
  },
  async ({ flags, positionals: [given], terminal: { out, err } }) => {
    const address = requireAddress(given)
    const account = await openAccount(flags)
    const proven = await answerChallenge(account, walletSigner(address, err), `POST ${HARDWARE}`)
    await ask(account, 'POST', HARDWARE, { address, ...proven, name: flags.name ?? 'hardware' })
    err(`${address} signs what is dangerous from now on\n`)
    if (flags.json) out(jsonText({ address }))
    return 0
  },
)

const hardwareRemove = entry(
  {
    name: 'lucid hardware remove',
    about: 'has a hardware key sign no more; it signs for that itself',
    positionals: [whichKey],
    flags: { ...asFlag, ...jsonFlag },
    exits: { 66: 'there is no such key of yours' },
  },
  async ({ flags, positionals: [given], terminal: { out, err } }) => {
    const address = requireAddress(given)
    await ask(await openAccount(flags), 'DELETE', `${HARDWARE}/${address}`)
    err('removed\n')
    if (flags.json) out(jsonText({ address }))
    return 0
  },
)

export const factorCommands = [factors, totpOn, totpOff, hardwareAdd, hardwareRemove]
