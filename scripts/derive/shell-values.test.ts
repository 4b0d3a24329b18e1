import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaults, stacks } from '#catalog'

const root = join(import.meta.dir, '..', '..')

/** Programs of sh run where no catalogue is; each repeats one of its values. */
const repeated: readonly (readonly [file: string, line: string])[] = [
  ['scripts/release/boot/host/lucid-boot.sh', `STACKS='${stacks.join(' ')}'`],
  ['health/facts.sh', `DIR=$\{1:-${defaults.LUCID_MOUNT_PATH}}`],
  ['health/facts.sh', `DIR: the platform's folder, default ${defaults.LUCID_MOUNT_PATH}`],
]

test.each(repeated)('%s says what the catalogue says: %s', (file, line) => {
  expect(
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .filter((one) => one.endsWith(line)),
  ).toHaveLength(1)
})
