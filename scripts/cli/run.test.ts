import { expect, test } from 'bun:test'
import { dry, live } from './run.ts'

test('an argument arrives as it was given, whatever a shell would make of it', async () => {
  const odd = `a b'c "d" $HOME \`x\` ; *`
  const { code, out } = await live([process.execPath, '-e', 'console.log(process.argv.at(-1))', odd])
  expect({ code, out }).toEqual({ code: 0, out: `${odd}\n` })
})

test('a command that fails answers its exit code and what it said', async () => {
  const { code, err } = await live([process.execPath, '-e', 'console.error("no"); process.exit(3)'])
  expect({ code, err }).toEqual({ code: 3, err: 'no\n' })
})

test('a command that does not exist is a failure, not an exception', async () => {
  expect((await live(['lucid-no-such-command'])).code).not.toBe(0)
})

test('the dry runner says the command and runs nothing', async () => {
  const said: string[] = []
  expect((await dry((line) => said.push(line))(['rm', '-rf', 'x'])).code).toBe(0)
  expect(said).toEqual(['rm -rf x'])
})
