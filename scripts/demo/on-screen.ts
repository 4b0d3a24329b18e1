import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

/**
 * What goes on in the terminal that is recorded: somebody looks around in this repository and runs its tests.
 * The commands are really run; only the typing is ours. The argument is a file to write once it has begun.
 */
const SESSION: readonly string[] = [
  'bun test services/common/evidence/merkle.test.ts',
  'ls services',
  'head -n 22 services/common/evidence/merkle.ts',
  'bun scripts/session/verify.ts --help',
  'bun test services/common/evidence/anchor.test.ts services/common/evidence/owner.test.ts',
  'ls services/session-encryptor',
  'head -n 26 services/session-encryptor/read.ts',
]

/** Milliseconds for a key, and to read what a command printed. */
const KEY = 35
const READ = 1_600

const root = resolve(import.meta.dir, '..', '..')
const say = (text: string) => process.stdout.write(text)

const type = async (line: string): Promise<void> => {
  say('\x1b[32mlucid\x1b[0m $ ')
  for (const key of line) {
    say(key)
    await Bun.sleep(KEY)
  }
  say('\n')
}

const run = async (line: string): Promise<void> => {
  const [program = '', ...words] = line.split(' ')
  const stdio = ['ignore', 'inherit', 'inherit'] as const
  const { exited } = Bun.spawn([program === 'bun' ? process.execPath : program, ...words], {
    cwd: root,
    stdio: [...stdio],
  })
  await exited
}

const [begun] = process.argv.slice(2)
if (begun !== undefined) writeFileSync(begun, '')
for (;;)
  for (const line of SESSION) {
    await type(line)
    await run(line)
    await Bun.sleep(READ)
  }
