import { afterAll, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freezeFunctions } from './freeze-script.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-freeze-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** An engine with one container, which pauses it when `pauseWhen` (sh) is done. */
const engine = (name: string, pauseWhen: string) => {
  const state = join(folder, name)
  mkdirSync(state)
  const paused = join(state, 'paused')
  const program = `#!/bin/sh
case "$1 $*" in
  ps*status=paused*) cat ${paused} 2>/dev/null ;;
  ps*project=lucid-core*) echo one ;;
  pause*) ${pauseWhen}; echo one >${paused} ;;
  unpause*) rm -f ${paused} ;;
esac
exit 0
`
  const docker = join(state, 'docker')
  writeFileSync(docker, program)
  chmodSync(docker, 0o755)
  return { state, paused }
}

const run = async ({ state }: { readonly state: string }, limitS: number, then: string) => {
  const script = `${freezeFunctions({ state, limitS })}\n${then}`
  const env = { ...process.env, PATH: `${state}:${process.env['PATH']}`, TMPDIR: state }
  const child = Bun.spawn(['sh', '-c', script], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  return (await new Response(child.stdout).text()).trim()
}
const FREEZE = 'freeze && [ -e "$STATE/paused" ] && echo frozen; thaw && echo thawed; clean; wait'
const within = (state: string) => `STATE='${state}'; ${FREEZE}`

test.skipIf(process.platform === 'win32')('what was paused goes on, and all stood still until then', async () => {
  const quick = engine('quick', ':')
  expect(await run(quick, 60, within(quick.state))).toBe('frozen\nthawed')
  expect(existsSync(quick.paused)).toBe(false)
})

test.skipIf(process.platform === 'win32')(
  'what a slow engine pauses after the limit was over goes on, too, and that is no stand-still',
  async () => {
    // Until the watchdog has let everything go and forgotten it.
    const slow = engine('slow', `while [ -e ${join(folder, 'slow', 'frozen')} ]; do sleep 0.01; done`)
    expect(await run(slow, 0, within(slow.state))).toBe('')
    expect(existsSync(slow.paused)).toBe(false)
    expect(existsSync(join(slow.state, 'frozen')) && readFileSync(join(slow.state, 'frozen'), 'utf8')).toBe(false)
  },
  60_000,
)
