import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret, TOTP } from 'otpauth'
import { decodeQR } from 'qr/decode.js'
import { deriveOwner, signTronMessage } from '#common/evidence/tron-message'
import { checkSignedPolicy } from '#common/policy/signature'
import { type RealServices, realServices } from '#common/testing/real-services'
import { entryFile } from '../cli/entry.ts'
import { Refused } from './answer.ts'
import { serveDoor } from './door.fixture.ts'
import { proveByHardware } from './hardware.ts'
import { person } from './lucid.fixture.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(300_000)

const key = (byte: string) => Uint8Array.fromHex(byte.repeat(32))
const [me, device, spare] = [key('11'), key('77'), key('78')]
const [address, deviceAddress, spareAddress] = [me, device, spare].map(deriveOwner) as [string, string, string]
const home = mkdtempSync(join(tmpdir(), 'lucid-factors-'))
const services: RealServices = realServices(home, { authentication: { AUTH_KEY: '55'.repeat(32), SIGN_UP: 'open' } })
const { lucid, env, key: keyOf, remove } = await person({ me: me.toHex() })

let door: ReturnType<typeof serveDoor>
let url = ''

/** Runs a command, and types what `answer` makes of what it said so far, at each question. */
const converse = async (argv: readonly string[], answer: (said: string) => string) => {
  const child = Bun.spawn([process.execPath, entryFile('lucid'), ...argv], {
    ...{ env, stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' },
  })
  let err = ''
  let answered = 0
  const listen = async () => {
    for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) {
      err += piece
      const asked = err.match(/^(?:Code|Signature|Which) .*$/gm)?.length ?? 0
      for (; answered < asked; answered++) {
        child.stdin.write(`${answer(err)}\n`)
        await child.stdin.flush()
      }
    }
  }
  const [out, code] = await Promise.all([new Response(child.stdout).text(), child.exited, listen()])
  return { out, err, code }
}

/** What a wallet makes of the last text that was shown. */
const signed = (said: string, by: Uint8Array) =>
  signTronMessage(said.split('after reading it:\n\n').at(-1)?.split('\n\nSignature')[0] ?? '', by)
const login = (...more: readonly string[]) => ['login', '--url', url, ...keyOf('me'), ...more]

/** What a camera makes of a QR code in half blocks. */
const scan = (said: string): string => {
  const lines = said.split('\n').filter((line) => /^[█▀▄ ]{30,}$/.test(line))
  const isLight = (x: number, y: number) => {
    const block = lines[y >> 1]?.[x] ?? ' '
    return block === '█' || block === (y % 2 === 0 ? '▀' : '▄')
  }
  const [scale, width, height] = [4, lines[0]?.length ?? 0, lines.length * 2]
  const data = new Uint8Array(width * height * scale * scale * 4).fill(255)
  for (let y = 0; y < height * scale; y++)
    for (let x = 0; x < width * scale; x++)
      if (!isLight(Math.floor(x / scale), Math.floor(y / scale)))
        data.fill(0, (y * width * scale + x) * 4, (y * width * scale + x) * 4 + 3)
  return decodeQR({ width: width * scale, height: height * scale, data })
}

beforeAll(async () => {
  await services.start('authentication')
  await services.start('api-server')
  door = serveDoor(services)
  url = door.url
  const asked = await fetch(`${services.url('authentication')}/auth/admin-code`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${await services.as('operator')('authentication')}`,
    },
    body: '{}',
  })
  const { code } = (await asked.json()) as { readonly code: string }
  expect(await lucid(login('--code', code))).toMatchObject({ code: 0, out: `${address}  admin\n` })
})
afterAll(async () => {
  door.stop()
  await services.stop()
  rmSync(home, { recursive: true, force: true })
  remove()
})

test('an authenticator app is set up by its QR code, asked for, stood in for by a recovery code, and taken away', async () => {
  let secret = ''
  const codeAt = (timestamp: number) => TOTP.generate({ secret: Secret.fromBase32(secret), timestamp })
  const on = await converse(['totp', 'on'], (said) => {
    const { searchParams, pathname } = new URL(scan(said))
    expect(pathname).toEndWith(`/Lucid:${address}`)
    secret = searchParams.get('secret') ?? ''
    expect(said).toContain(`secret  ${secret}\n`)
    return codeAt(Date.now())
  })
  expect({ code: on.code, err: on.code === 0 ? '' : on.err }).toEqual({ code: 0, err: '' })
  const recovery = on.out.trim().split('\n')
  expect(recovery).toHaveLength(10)
  expect((await lucid(['factors'])).out).toContain('on, 10 recovery codes left')
  expect(await lucid(['totp', 'on'])).toMatchObject({ code: 1, err: expect.stringContaining('bun run lucid totp off') })

  expect(await converse(login(), () => `${recovery[0]?.toUpperCase()} `)).toMatchObject({ code: 0 })
  expect(await converse(login(), () => recovery[0] ?? '')).toMatchObject({ code: 77 })
  expect(await converse(login(), () => '12345')).toMatchObject({ code: 64 })
  // One step ahead: the code of this one was used to confirm.
  expect(await lucid(login('--totp', codeAt(Date.now() + 30_000)))).toMatchObject({ code: 0 })
  expect(await lucid(['totp', 'off', '--totp', recovery[1] ?? ''])).toEqual({ code: 0, out: '', err: 'off\n' })
  expect(await lucid(login())).toMatchObject({ code: 0 })
})

describe('a wallet that the command line does not reach', () => {
  test('signs in and signs policies, and nothing else passes for its signature', async () => {
    const wallet = ['login', '--as', 'wallet', '--url', url, '--address', deviceAddress]
    expect(await converse(wallet, (said) => signed(said, spare))).toMatchObject({
      code: 77,
      err: expect.stringContaining(`this is no signature of ${deviceAddress}`),
    })
    expect(await converse(wallet, (said) => signed(said, device))).toMatchObject({
      code: 0,
      out: `${deviceAddress}  user\n`,
    })
    expect((await lucid(['whoami', '--as', 'wallet'])).out).toBe(`${deviceAddress}  user\n`)
    const policy = ['policy', 'new', '--allow', 'input', '--address', deviceAddress]
    const { out } = await converse(policy, (said) => signed(said, device))
    expect(checkSignedPolicy(JSON.parse(out), { owner: deviceAddress, now: Date.now() }).policy.owner).toBe(
      deviceAddress,
    )
  })

  test('is enrolled, and then signs for each dangerous action that was asked for', async () => {
    const users = (to: string) => ['users', 'roles', to, 'dev']
    expect(await lucid(users(deviceAddress))).toMatchObject({ code: 0 })
    expect(
      await converse(['hardware', 'add', deviceAddress, '--name', 'Ledger'], (said) => signed(said, device)),
    ).toMatchObject({ code: 0 })
    expect(await lucid(users(deviceAddress))).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing was done'),
    })
    const changed = await converse(users(deviceAddress), (said) => signed(said, device))
    expect(changed).toMatchObject({ code: 0, out: `${deviceAddress}  dev\n` })
    expect(changed.err).toContain(`For: PUT /auth/users/${deviceAddress}\n`)

    // A second one needs the first; then it is asked which.
    const second = await converse(['hardware', 'add', spareAddress], (said) =>
      signed(said, said.includes(`wallet of ${deviceAddress}`) ? device : spare),
    )
    expect(second).toMatchObject({ code: 0 })
    const removed = await converse(['hardware', 'remove', deviceAddress], (said) =>
      said.includes('Signature') ? signed(said, spare) : spareAddress,
    )
    expect(removed).toMatchObject({ code: 0, err: expect.stringContaining('removed') })
    expect((await lucid(['factors'])).out).toContain(`${spareAddress} hardware`)
    expect(await converse(['users', 'reset', address], (said) => signed(said, spare))).toMatchObject({ code: 0 })
    expect((await lucid(['factors'])).out).not.toContain(spareAddress)
  })

  test.each([
    [
      'another action',
      { purpose: `DELETE /auth/users/${address}/factors`, hardware_keys: [address] },
      'which nobody asked for',
    ],
    [
      'any action where no key is enrolled',
      { purpose: `PUT /auth/users/${address}`, hardware_keys: [] },
      'bun run lucid hardware add',
    ],
  ])('is not asked to sign %s', async (_, demand, says) => {
    const reply = Response.json({ code: 'hardware-signature-required', ...demand }, { status: 403 })
    const request = new Request(`http://here/api/v1/users/${address}`, { method: 'PUT' })
    const endpoint = { base: () => 'http://here', fetch: () => Promise.reject(new Error('nothing is asked')) }
    await expect(proveByHardware(request, reply, { endpoint, err: () => {} })).rejects.toThrow(says)
  })
})

test('a code is mailed to the address that an admin set, and signs in pasted with its line', async () => {
  const mail = join(home, 'authentication', 'mail')
  expect((await lucid(['users', 'email', spareAddress, 'ops@example.org'])).code).toBe(66)
  await lucid(['users', 'add', spareAddress, 'dev'])
  expect((await lucid(['users', 'email', spareAddress, 'ops@example.org'])).out).toBe(
    `${spareAddress}  ops@example.org\n`,
  )
  const letters = () => (existsSync(mail) ? readdirSync(mail).filter((name) => name.endsWith('.eml')) : [])
  const asked = converse(['login', '--as', 'ops', '--url', url, '--email', 'ops@example.org'], () => {
    while (letters().length === 0) Bun.sleepSync(20)
    const letter = readFileSync(join(mail, letters()[0] ?? ''), 'utf8').replaceAll('=\r\n', '')
    return /bun run lucid login --url \S+ --magic \S+/.exec(letter)?.[0] ?? ''
  })
  expect(await asked).toMatchObject({ code: 0, out: `${spareAddress}  dev\n` })
  expect((await lucid(['users'])).out).toMatch(new RegExp(`^${spareAddress} +ops@example\\.org +dev`, 'm'))
})

test('a refusal by a platform whose clock is another says so', () => {
  const refusedAt = (date: number) =>
    new Refused(new Response(null, { status: 403, headers: { date: new Date(date).toUTCString() } }), {
      code: 'policy-not-in-force',
      detail: 'no',
    }).message
  expect(refusedAt(Date.now() + 3_600_000)).toMatch(/^no \(the clock of this machine is .* behind that of the platform/)
  expect(refusedAt(Date.now() - 3_600_000)).toContain('ahead of that of the platform')
  expect(refusedAt(Date.now())).toBe('no')
})
