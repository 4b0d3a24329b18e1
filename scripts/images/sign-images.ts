import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from '#common/cli/args'
import { jsonText, text as lines } from '#common/cli/text'
import { fromHex } from '#common/stream/bytes'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { replaceFile } from '../platform/files.ts'
import { homeFrom, repository } from '../platform/home.ts'
import { ensureSecret } from '../platform/secrets.ts'
import { readImagesLock } from './layout/digests-lock.ts'
import { readKey, SIGNATURE_FILE, signLock } from './layout/signature.ts'

export const command = {
  name: 'sign:images',
  about: 'signs the lock of the images, and with it every digest that it names',
  flags: {
    key: {
      type: 'string',
      value: 'FILE',
      about: 'the private key, 64 hex digits (secrets/operator/IMAGES_KEY of the state folder, made when missing)',
    },
    images: { type: 'string', value: 'FOLDER', about: 'where the images are (dist/images)' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: ['bun run sign:images', 'bun run sign:images --key /media/stick/images.key'],
} as const satisfies Command

const keyFrom = (path: string | undefined): Uint8Array => {
  if (path === undefined) return fromHex(ensureSecret(homeFrom(process.env), 'operator', 'IMAGES_KEY').reveal(), 32)
  if (!existsSync(path)) throw new CliError(`${path} is missing`)
  return fromHex(readKey(readFileSync(path, 'utf8'), path), 32)
}

await runCommand(import.meta.main, command, ({ flags, terminal }) => {
  const images = resolve(flags.images ?? join(repository, 'dist', 'images'))
  const lock = readImagesLock(images)
  const text = signLock(lock.bytes, keyFrom(flags.key))
  const path = join(images, SIGNATURE_FILE)
  replaceFile(path, text, { durable: true })
  const { public_key } = JSON.parse(text) as { readonly public_key: string } // written by signLock above
  if (flags.json) terminal.out(jsonText({ signature: path, public_key }))
  else
    terminal.out(
      lines([
        public_key,
        `signed ${Object.keys(lock.digests).length} images; the line above is the public key: give it to those who verify`,
      ]),
    )
  return 0
})
