import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '#common/process/program'
import { freePorts } from '#common/testing/free-ports'
import { openControl } from './control.ts'
import { hashPassword } from './hash-password.ts'
import { derivePublicKey, onionAddress, readSecretFile } from './onion-address.ts'
import { end, getBySocks, PASSWORD, startTorProxy, type TorProxy } from './tor-proxy.fixture.ts'

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const tor = findProgram('tor', Bun.env['PATH'])
if (tor === undefined) console.log('NOT RUN: no tor on this machine (tor-proxy)')

describe.skipIf(tor === undefined)('tor-proxy with the real tor, its network switched off', () => {
  const home = mkdtempSync(join(tmpdir(), 'lucid-tor-'))
  let proxy: TorProxy
  beforeAll(async () => {
    proxy = await startTorProxy(home)
  })
  afterAll(async () => {
    await end(proxy)
    rmSync(home, { recursive: true, force: true })
  })

  const nonce = crypto.getRandomValues(new Uint8Array(32))
  const controlWith = (credential: Parameters<typeof openControl>[0]['credential'], to = proxy) =>
    openControl({ host: '127.0.0.1', port: to.ports.control, credential, nonce })
  const keyFile = (where = home) => join(where, 'data', 'onions', 'gateway', 'hs_ed25519_secret_key')
  const hostname = (where = home) => readFileSync(join(where, 'data', 'onions', 'gateway', 'hostname'), 'utf8').trim()
  const untilHealthy = async ({ url }: TorProxy) => {
    while ((await fetch(`${url}/health`).catch(() => undefined))?.status !== 200) await Bun.sleep(20)
  }

  test('it is well, and says that its network is off', async () => {
    await untilHealthy(proxy)
    const reply = await fetch(`${proxy.url}/health`)
    expect([reply.status, await reply.json()]).toMatchObject([
      200,
      { status: 'healthy', dependencies: { tor: 'ok', network: expect.stringContaining('off') } },
    ])
  })

  test('nothing goes out: SOCKS is not even open', async () => {
    expect(await getBySocks(proxy.ports.socks, 'example.org', '/').catch(() => 'closed')).toBe('closed')
  })

  test('a hashed password is to the letter what tor makes of it', async () => {
    const made = await new Response(
      Bun.spawn([tor ?? '', '--quiet', '--hash-password', PASSWORD], { stdout: 'pipe', env: {} }).stdout,
    ).text()
    const hashed = made.trim().split('\n').at(-1) ?? ''
    expect(hashed).toMatch(/^16:[0-9A-F]{58}$/)
    expect(hashPassword(PASSWORD, Uint8Array.fromHex(hashed.slice(3, 19)))).toBe(hashed)
  })

  test('the control port opens by the password and by the cookie, and to nobody else', async () => {
    const byPassword = await controlWith({ kind: 'password', password: PASSWORD })
    expect(await byPassword.info('version')).toMatch(/^0\.4\./)
    byPassword.close()
    const cookie = new Uint8Array(readFileSync(join(home, 'data', 'tor', 'control_auth_cookie')))
    const byCookie = await controlWith({ kind: 'cookie', cookie })
    expect(await byCookie.info('process/pid')).toBe(String(proxy.tor()))
    byCookie.close()
    await expect(controlWith({ kind: 'password', password: 'ef'.repeat(32) })).rejects.toMatchObject({
      code: 'tor-refuses',
    })
    await expect(controlWith({ kind: 'cookie', cookie: cookie.map((byte) => byte ^ 1) })).rejects.toMatchObject({
      code: 'not-our-tor',
    })
  })

  test('a key that tor itself makes has for tor the address that we compute', async () => {
    const control = await controlWith({ kind: 'password', password: PASSWORD })
    const { lines } = await control.ask('ADD_ONION NEW:ED25519-V3 Port=80,127.0.0.1:1')
    control.close()
    const value = (key: string) => lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1) ?? ''
    const secret = Uint8Array.fromBase64(value('PrivateKey').replace('ED25519-V3:', ''))
    expect(onionAddress(derivePublicKey(secret))).toBe(`${value('ServiceID')}.onion`)
  })

  test('the address is that of the stored key, and tor and everybody else are told the same', async () => {
    const address = onionAddress(derivePublicKey(readSecretFile(new Uint8Array(readFileSync(keyFile())))))
    expect(hostname()).toBe(address)
    expect(await (await fetch(`${proxy.url}/onions`)).json()).toEqual({ onions: { gateway: { address, uploads: 0 } } })
    expect(JSON.parse(readFileSync(join(home, 'addresses', 'addresses.json'), 'utf8'))).toEqual({ gateway: address })
    const modes = [keyFile(), join(home, 'data', 'onions', 'gateway'), join(home, 'data', 'tor')].map(
      (path) => statSync(path).mode & 0o777,
    )
    expect(modes).toEqual([0o600, 0o700, 0o700])
  })

  test('a tor that is killed comes back', async () => {
    const first = proxy.tor()
    process.kill(first, 'SIGKILL')
    while (proxy.tor() === first) await Bun.sleep(10)
    await untilHealthy(proxy)
    expect(await (await fetch(`${proxy.url}/status`)).json()).toMatchObject({ tor: { restarts: 1 } })
    expect(await (await fetch(`${proxy.url}/metrics`)).text()).toContain('tor_restarts 1')
  })

  test.skipIf(process.platform !== 'linux')('killed itself it leaves no tor, and keeps its address', async () => {
    const own = join(home, 'killed')
    const one = await startTorProxy(own)
    const address = hostname(own)
    const pid = one.tor()
    await end(one, 'SIGKILL')
    while (existsSync(`/proc/${pid}/exe`)) await Bun.sleep(10)
    const two = await startTorProxy(own)
    expect(hostname(own)).toBe(address)
    await end(two)
    expect(two.process.exitCode).toBe(0)
    expect(existsSync(`/proc/${two.tor()}/exe`)).toBe(false)
  })

  test('a key that is none is not replaced: it does not start', async () => {
    const own = join(home, 'broken')
    await end(await startTorProxy(own))
    writeFileSync(keyFile(own), 'half a key')
    await expect(startTorProxy(own)).rejects.toThrow('this is not the secret key of an onion')
    expect(readFileSync(keyFile(own), 'utf8')).toBe('half a key')
  })

  test('a port that another has is said, and it gives up', async () => {
    const [busy = 0] = freePorts(1)
    const holder = Bun.listen({ hostname: '127.0.0.1', port: busy, socket: { data: () => {} } })
    try {
      await startTorProxy(join(home, 'busy'), { CONTROL_PORT: String(busy) })
      throw new Error('it started')
    } catch (error) {
      expect(String(error)).toContain('"event":"tor-hopeless"')
      expect(String(error)).toContain('Address already in use')
    } finally {
      holder.stop(true)
    }
  })

  test('a private network is for tests: production refuses it', async () => {
    await expect(
      startTorProxy(join(home, 'production'), {
        LUCID_ENV: 'production',
        TOR_NETWORK: 'off',
        TOR_TEST_NETWORK: 'TestingTorNetwork 1',
      }),
    ).rejects.toThrow('it may not be set in production')
  })
})
