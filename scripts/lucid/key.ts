import { secp256k1 } from '@noble/curves/secp256k1.js'
import { jsonText } from '#common/cli/text'
import { configFrom } from './config.ts'
import { entry } from './entry.ts'
import { fileFlags, jsonFlag, keyFileFrom, nameFrom } from './flags.ts'
import { createKeyFile, listKeys, readSealedKey, requireName } from './own-key.ts'
import { choosePassphrase } from './passphrase.ts'
import { peopleTable } from './people-table.ts'
import { openSigner } from './signer.ts'
import { sealTronKey } from './tron-key.ts'

const keyNew = entry(
  {
    name: 'lucid key new',
    about: 'draws a TRON key to sign in with, and keeps it sealed with a passphrase of yours',
    positionals: [{ name: 'NAME', about: 'what to call it (default me)' }],
    flags: {
      ...jsonFlag,
      out: { type: 'string', value: 'FILE', about: 'where to keep it, if not in the folder of configurations' },
      'passphrase-file': fileFlags['passphrase-file'],
    },
    examples: ['bun run lucid key new', 'bun run lucid key new second --passphrase-file words.txt'],
    exits: { 73: 'there is a key of this name already, or the file cannot be made' },
    notes: 'Whoever has the file and the passphrase is you. Nobody can open the file without the passphrase.',
  },
  async ({ flags, positionals: [named], terminal: { out, err } }) => {
    const config = configFrom(process.env)
    const file = flags.out ?? config.key(named === undefined ? nameFrom({ as: undefined }) : requireName(named))
    const passphrase = await choosePassphrase({ file: flags['passphrase-file'], err })
    const key = await sealTronKey(secp256k1.utils.randomSecretKey(), passphrase, {
      random: (size) => crypto.getRandomValues(new Uint8Array(size)),
    })
    createKeyFile(config, file, key)
    if (flags.json) out(jsonText({ address: key.address, file }))
    else {
      out(`${key.address}\n`)
      err(`sealed in ${file}; sign in with it: bun run lucid login${named ? ` --as ${named}` : ''}\n`)
    }
    return 0
  },
)

const keyShow = entry(
  {
    name: 'lucid key show',
    about: 'prints the address of a key',
    positionals: [{ name: 'NAME', about: 'which (default me)' }],
    flags: { ...jsonFlag, key: fileFlags.key },
    exits: { 66: 'there is no such key' },
  },
  ({ flags, positionals: [as], terminal: { out } }) => {
    const file = keyFileFrom({ as, key: flags.key })
    const { address } = readSealedKey(file)
    out(flags.json ? jsonText({ address, file }) : `${address}\n`)
    return 0
  },
)

const keyList = entry(
  { name: 'lucid key list', about: 'lists the keys of this machine', flags: jsonFlag },
  ({ flags, terminal: { out, err } }) => {
    const keys = listKeys(configFrom(process.env))
    const rows = keys.map(({ name, file, key: { address } }) => ({ name, address, file }))
    if (flags.json) out(jsonText({ keys: rows }))
    else if (rows.length === 0) err('no key yet: bun run lucid key new makes one\n')
    else out(peopleTable(['name', 'address', 'file'], rows.map(Object.values<string>)))
    return 0
  },
)

const sign = entry(
  {
    name: 'lucid sign',
    about: 'signs a message as a TRON wallet does (signMessageV2), for a browser without JavaScript',
    positionals: [{ name: 'MESSAGE', about: 'the text, or - to read it from standard input', required: true }],
    flags: { ...jsonFlag, ...fileFlags },
    examples: ['bun run lucid sign "$(cat challenge.txt)"', 'bun run lucid sign - < challenge.txt'],
    exits: { 66: 'there is no such key' },
    notes: 'Read what you sign: a signature is your consent to every word of it.',
  },
  async ({ flags, positionals: [words = ''], terminal: { out, err } }) => {
    const message = words === '-' ? (await Bun.stdin.text()).replace(/\r?\n$/, '') : words
    const { address, sign: signText } = openSigner({ ...flags, address: undefined }, err)
    const signature = await signText(message)
    out(flags.json ? jsonText({ address, message, signature }) : `${signature}\n`)
    return 0
  },
)

export const keyCommands = [keyNew, keyShow, keyList, sign]
