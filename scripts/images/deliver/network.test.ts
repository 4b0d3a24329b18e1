import { expect, test } from 'bun:test'
import { faultOf } from '#common/testing/faults'
import { CliError } from '../../cli/fail.ts'
import { readDocument } from './network.ts'

test('what a registry answers is read within bounds, and refused by name beyond them', async () => {
  expect(await readDocument(Response.json({ token: 'x' }))).toEqual({ token: 'x' })
  for (const [answer, why] of [
    ['['.repeat(60_000), 'nested deeper'],
    [`"${'x'.repeat(70_000)}"`, 'more than 65536 bytes'],
    ['<html>', 'not JSON'],
  ] as const) {
    const thrown = await faultOf(() => readDocument(new Response(answer)))
    expect(thrown).toBeInstanceOf(CliError)
    expect(String(thrown)).toContain(why)
  }
})
