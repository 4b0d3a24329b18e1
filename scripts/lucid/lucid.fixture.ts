import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from '#common/testing/run-program'
import { entryFile } from '../cli/entry.ts'
import { sealTronKey } from './tron-key.ts'

/** A folder of configurations in which the keys of `secrets` (by name) are sealed with the words in `words`. */
export const person = async (secrets: Readonly<Record<string, string>> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'lucid-person-'))
  const words = join(folder, 'words.txt')
  const env: Record<string, string | undefined> = {
    ...process.env,
    LUCID_CONFIG: join(folder, 'config'),
    LUCID_TOKENS: 'file',
    NO_COLOR: '1',
  }
  writeFileSync(words, 'correct horse battery\n')
  const keyFile = (name: string) => join(folder, `${name}.key`)
  for (const [name, secret] of Object.entries(secrets)) {
    const key = await sealTronKey(Uint8Array.fromHex(secret), 'correct horse battery', {
      random: (size) => crypto.getRandomValues(new Uint8Array(size)),
      cost: { memory_kib: 64, passes: 1, lanes: 1 },
    })
    writeFileSync(keyFile(name), JSON.stringify(key))
  }
  /** Runs a command of `bun run lucid` to its end. */
  const lucid = (argv: readonly string[], { stdin = '' } = {}) =>
    runProgram([process.execPath, entryFile('lucid'), ...argv], { env, stdin })
  return {
    folder,
    words,
    env,
    keyFile,
    lucid,
    /** The flags that open a key. */
    key: (name: string) => ['--key', keyFile(name), '--passphrase-file', words],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
