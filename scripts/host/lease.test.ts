import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Holder, LeaseLost, takeLease } from './lease.ts'
import { openShell } from './shell.ts'

const root = mkdtempSync(join(tmpdir(), 'lucid-lease-'))
const shells = [openShell({ host: 'local' }), openShell({ host: 'local' })] as const
afterAll(async () => {
  for (const shell of shells) await shell.close()
  rmSync(root, { recursive: true, force: true })
})

const holder = (more: Partial<Holder> = {}): Holder => ({
  by: "o'neill@desk",
  machine: 'desk',
  pid: process.pid,
  what: 'deploy r-1',
  ...more,
})
const dirs = { made: 0 }
const freshDir = () => join(root, `host-${dirs.made++}`)
const noPause = async () => {}

/** Moves the end of the lease, as a holder that lives or one that has long been silent. */
const moveExpiry = (dir: string, by: number) => {
  const path = join(dir, 'deploy', 'lease')
  const [token, expiry, ...words] = readFileSync(path, 'utf8').split(' ')
  writeFileSync(path, [token, Number(expiry) + by, ...words].join(' '))
}

test('a lease runs scripts, and is free again when it is given back', async () => {
  const dir = freshDir()
  const first = await takeLease(shells[0], dir, holder())
  expect((await first.run('echo done')).out).toBe('done\n')
  await first.release()
  const second = await takeLease(shells[1], dir, holder({ machine: 'other' }))
  expect(second.token).toBe(first.token + 1)
})

test('a second one is refused while the first shows signs of life, and told who has it', async () => {
  const dir = freshDir()
  await takeLease(shells[0], dir, holder())
  const second = takeLease(shells[1], dir, holder({ machine: 'other' }), { pause: async () => moveExpiry(dir, 1) })
  await expect(second).rejects.toThrow(
    "this machine is being changed by o'neill@desk (deploy r-1): wait until it is done",
  )
})

test('one that was silent for too long is followed, and can do nothing any more', async () => {
  const dir = freshDir()
  const first = await takeLease(shells[0], dir, holder())
  const waits: string[] = []
  const second = await takeLease(shells[1], dir, holder({ machine: 'other' }), {
    onWait: (text) => waits.push(text),
    pause: async () => moveExpiry(dir, -1000),
  }).catch(async (error) => {
    // The expiry moved, which looks like a sign of life; asked again, it is over.
    expect(String(error)).toContain('is being changed')
    return takeLease(shells[1], dir, holder({ machine: 'other' }))
  })
  expect(second.token).toBe(first.token + 1)
  await expect(first.run('touch never')).rejects.toBeInstanceOf(LeaseLost)
  await expect(first.send('touch never', [])).rejects.toBeInstanceOf(LeaseLost)
  expect((await second.run('ls never 2>/dev/null')).out).toBe('')
})

test('one on the same machine whose process is gone is followed at once', async () => {
  const dir = freshDir()
  const gone = Bun.spawn([process.execPath, '--version'], { stdout: 'ignore' })
  await gone.exited
  const first = await takeLease(shells[0], dir, holder({ pid: gone.pid }))
  const second = await takeLease(shells[1], dir, holder(), { pause: noPause })
  expect(second.token).toBe(first.token + 1)
})

const expiryIn = (dir: string): number => Number(readFileSync(join(dir, 'deploy', 'lease'), 'utf8').split(' ')[1])

test('one that only looks shows itself, and hears that it has lost the lease', async () => {
  const dir = freshDir()
  const first = await takeLease(shells[0], dir, holder())
  moveExpiry(dir, -1000)
  const before = expiryIn(dir)
  expect((await first.inspect('echo seen')).out).toBe('seen\n')
  expect(expiryIn(dir)).toBe(before)
  // A shorter lease is shown more often: this one after 83 ms.
  const short = await takeLease(shells[0], dir, holder(), { leaseS: 1 })
  moveExpiry(dir, -1000)
  await Bun.sleep(100)
  expect((await short.inspect('echo seen')).out).toBe('seen\n')
  expect(expiryIn(dir)).toBeGreaterThan(before)
  moveExpiry(dir, -1000)
  const third = await takeLease(shells[1], dir, holder({ machine: 'other' }), { pause: noPause })
  expect(third.token).toBe(short.token + 1)
  await Bun.sleep(100)
  await expect(short.inspect('echo seen')).rejects.toBeInstanceOf(LeaseLost)
})

test('a script that takes longer than the lease has shown itself when it ends, with its own code', async () => {
  const dir = freshDir()
  const lease = await takeLease(shells[0], dir, holder())
  const back = `read -r t e h < lease; printf '%s 5 %s\\n' "$t" "$h" > lease; cd /`
  expect((await lease.run(`${back}; exit 9`)).code).toBe(9)
  expect(expiryIn(dir)).toBeGreaterThan(5)
  expect((await lease.run(`${back}; sleep 0`)).code).toBe(0)
  expect(expiryIn(dir)).toBeGreaterThan(5)
})

test('what a holder that is gone began is waited for; what one that lives does is not', async () => {
  const dir = freshDir()
  const gone = Bun.spawn([process.execPath, '--version'], { stdout: 'ignore' })
  await gone.exited
  const first = await takeLease(shells[0], dir, holder({ pid: gone.pid }))
  const lived = await takeLease(shells[0], freshDir(), holder())
  const end = join(dir, 'end')
  const long = first.run(`until [ -e ${end} ]; do sleep 0.1; done; echo over >> ${dir}/order`)
  const other = takeLease(shells[1], lived.dir, holder({ machine: 'other' }), {
    pause: async () => moveExpiry(lived.dir, 1),
  })
  await expect(other).rejects.toThrow('wait until it is done')
  const waits: string[] = []
  const second = takeLease(shells[1], dir, holder(), {
    onWait: (text) => {
      waits.push(text)
      writeFileSync(end, '')
    },
    pause: noPause,
  })
  const { token } = await second
  await long
  expect(token).toBe(first.token + 1)
  expect(waits[0]).toContain('is still at work here')
  expect(readFileSync(join(dir, 'order'), 'utf8')).toBe('over\n')
}, 30_000)

test('no script runs beside one whose connection was cut: the next waits until its last process has ended', async () => {
  const dir = freshDir()
  const lease = await takeLease(shells[0], dir, holder())
  const order = join(dir, 'order')
  const cut = openShell({ host: 'local' })
  const first = await takeLease(cut, freshDir(), holder())
  expect(first.token).toBe(1)
  const long = lease.run(`sleep 0.5; echo long >> ${order}`, { timeoutMs: 100 }).catch(() => undefined)
  await long
  await lease.run(`echo next >> ${order}`)
  const text = readFileSync(order, 'utf8')
  // Whether the shell of the cut connection died with it or went on, nothing of it comes after what followed.
  expect(['long\nnext\n', 'next\n']).toContain(text)
  await Bun.sleep(600)
  expect(readFileSync(order, 'utf8')).toBe(text)
  await cut.close()
})
