import { afterAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { entryFile } from '../cli/entry.ts'
import { repository } from '../platform/home.ts'
import { person } from './lucid.fixture.ts'

const { folder, words, env, remove } = await person()
const platform = { ...env, LUCID_HOME: join(folder, 'home'), PATH: `${dirname(process.execPath)}:${env['PATH']}` }
afterAll(async () => {
  await Bun.spawn([process.execPath, entryFile('down')], { env: platform, stdio: ['ignore', 'ignore', 'ignore'] })
    .exited
  remove()
}, 120_000)

const page = readFileSync(join(import.meta.dir, 'FIRST-SESSION.md'), 'utf8')

/**
 * The commands of the page, in their order. What a test changes: free ports, the code as `up` prints it, passphrases
 * from a file, and files in a folder of its own.
 */
const commands = [...page.matchAll(/```sh\n(.*?)```/gs)]
  .map(([, lines = '']) => lines)
  .join('')
  .replace('up --detach', `up --detach --ports free 2> >(tee ${folder}/up.txt >&2)`)
  .replace('--code CODE', `--code "$(sed -n 's/.*--code //p' ${folder}/up.txt)"`)
  .replaceAll('evidence.lucid.tar', `${folder}/evidence.lucid.tar`)
  .replaceAll('policy.json', `${folder}/policy.json`)
  .replaceAll(/lucid (key new|login|policy new)/g, `lucid $1 --passphrase-file ${words}`)

test('the page, typed line by line, leads to evidence that is proven', async () => {
  const typed = Bun.spawn(['bash', '-euo', 'pipefail', '-c', commands], {
    cwd: repository,
    env: platform,
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([
    new Response(typed.stdout).text(),
    new Response(typed.stderr).text(),
    typed.exited,
  ])
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^blocked {2}not-granted: .*\nrefused with exit code 77$/m)
  expect(out).toMatch(/^approved, until /m)
  expect(out).toMatch(/^allowed {2}granted: /m)
  expect(out).toMatch(/^\d+ .* request-decided /m)
  expect(out).toMatch(/^ok {3}audit {5}\d+ events proven, 0 withheld$/m)
  expect(out).toMatch(/^ok {3}policy {4}signed by the owner; it names all who were let in \(2\)$/m)
  expect(out.trimEnd().split('\n').at(-1)).toBe('verified: all of it holds, and the recording is complete')
}, 600_000)
