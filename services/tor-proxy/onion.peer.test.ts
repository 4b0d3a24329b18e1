import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { x25519 } from '@noble/curves/ed25519.js'
import { base32nopad } from '@scure/base'
import { findProgram } from '#common/process/program'
import { startGateway } from '#services/api-gateway/gateway.fixture'
import { openControl } from './control.ts'
import { startPrivateNetwork } from './private-network.fixture.ts'
import { end, getBySocks, getByTunnel, PASSWORD, startTorProxy, type TorProxy } from './tor-proxy.fixture.ts'

// Only a hang is ended by it.
setDefaultTimeout(900_000)

const tor = findProgram('tor', Bun.env['PATH'])
const gencert = findProgram('tor-gencert', Bun.env['PATH'])
const nginx = findProgram('nginx', Bun.env['PATH'])
const missing = [
  ['tor', tor],
  ['tor-gencert', gencert],
  ['nginx', nginx],
].flatMap(([name, path]) => (path === undefined ? [name] : []))
if (missing.length > 0) console.log(`NOT RUN: no ${missing.join(', no ')} on this machine (the onion of the gateway)`)

const root = mkdtempSync(join(tmpdir(), 'lucid-onion-'))
const closers: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closers.toReversed()) await close()
  rmSync(root, { recursive: true, force: true })
})

const health = async ({ url }: TorProxy) => {
  const reply = await fetch(`${url}/health`)
  return { status: reply.status, body: (await reply.json()) as { dependencies: Record<string, string> } }
}

const untilHealthy = async (proxy: TorProxy) => {
  while ((await health(proxy)).status !== 200) await Bun.sleep(100)
}

/** A fresh descriptor is not at once where every client looks for it: ask again, as any client does. */
const reach = async (get: () => Promise<string>): Promise<string> => {
  for (const until = performance.now() + 180_000; ; ) {
    const reply = await get().catch(String)
    if (reply.startsWith('HTTP/1.1 200') || performance.now() > until) return reply
    await Bun.sleep(500)
  }
}

describe.skipIf(missing.length > 0)('the onion of the gateway, on a Tor network of our own on loopback', () => {
  test('is reached through SOCKS and the tunnel, under the same address after a restart and after SIGKILL', async () => {
    const network = await startPrivateNetwork(join(root, 'network'), { tor: tor ?? '', gencert: gencert ?? '' })
    closers.push(network.stop)
    const upstream = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request) => Response.json({ path: new URL(request.url).pathname }),
    })
    closers.push(() => upstream.stop(true))
    const gateway = await startGateway(`http://127.0.0.1:${upstream.port}`)
    closers.push(gateway.stop)
    const lines = join(root, 'lines')
    writeFileSync(lines, network.lines.join('\n'))
    const env = { TOR_NETWORK: 'on', TOR_TEST_NETWORK_FILE: lines, API_GATEWAY_ONION: `127.0.0.1:${gateway.onionPort}` }
    const home = join(root, 'home')
    const start = async () => {
      const proxy = await startTorProxy(home, env)
      closers.push(() => end(proxy, 'SIGKILL'))
      return proxy
    }
    const address = () => readFileSync(join(home, 'data', 'onions', 'gateway', 'hostname'), 'utf8').trim()

    const first = await start()
    const young = await health(first)
    expect(young.status).toBe(503)
    expect(young.body.dependencies['tor']).toBe('ok')
    expect(young.body.dependencies['bootstrap']).toMatch(/^\d+ %: /)
    await untilHealthy(first)
    const onion = address()
    const bySocks = await reach(() => getBySocks(first.ports.socks, onion, '/blockchain/chain'))
    expect(bySocks).toStartWith('HTTP/1.1 200')
    expect(bySocks).toEndWith('{"path":"/chain"}')
    expect(await reach(() => getByTunnel(first.ports.http, onion, '/health'))).toContain('"service":"api-gateway"')
    expect(await getBySocks(first.ports.socks, onion, '/status')).toStartWith('HTTP/1.1 404')
    expect(await (await fetch(`${first.url}/status`)).json()).toMatchObject({
      network: 'on',
      tor: { bootstrap: { percent: 100 } },
      onions: { gateway: onion },
    })

    await end(first)
    const second = await start()
    await untilHealthy(second)
    expect(address()).toBe(onion)
    expect(await reach(() => getBySocks(second.ports.socks, onion, '/health'))).toStartWith('HTTP/1.1 200')

    process.kill(second.tor(), 'SIGKILL')
    while (!second.said().includes('"event":"tor-ended"')) await Bun.sleep(10)
    await untilHealthy(second)
    await end(second, 'SIGKILL')
    const third = await start()
    await untilHealthy(third)
    expect(address()).toBe(onion)
    expect(await reach(() => getBySocks(third.ports.socks, onion, '/health'))).toStartWith('HTTP/1.1 200')

    // A client is authorised while tor runs: from then on who has no key is refused, until the last one is taken out.
    const control = await openControl({
      ...{ host: '127.0.0.1', port: third.ports.control, nonce: new Uint8Array(32) },
      credential: { kind: 'password', password: PASSWORD },
    })
    closers.push(async () => control.close())
    const secret = x25519.utils.randomSecretKey()
    const clients = join(home, 'data', 'onions', 'gateway', 'authorized_clients')
    const file = join(clients, 'alice.auth')
    mkdirSync(clients, { recursive: true, mode: 0o700 })
    const takeUp = async () => {
      const before = third.said().split('"event":"reloaded"').length
      third.process.kill('SIGHUP')
      while (third.said().split('"event":"reloaded"').length === before) await Bun.sleep(10)
    }
    let asked = 0
    /** As somebody who has not called before: what tor remembers of the onion is forgotten, but not while it still looks. */
    const ask = async () => {
      if (asked++ % 30 === 0) await control.ask('SIGNAL NEWNYM')
      return await getBySocks(third.ports.socks, onion, '/health').catch(String)
    }
    /** Three times in a row: once may be a circuit that failed. */
    const untilRefused = async () => {
      for (let inRow = 0; inRow < 3; ) inRow = (await ask()).startsWith('HTTP/1.1 200') ? 0 : inRow + 1
    }
    writeFileSync(file, `descriptor:x25519:${base32nopad.encode(x25519.getPublicKey(secret))}\n`, { mode: 0o600 })
    await takeUp()
    await untilRefused()
    await control.ask(
      `ONION_CLIENT_AUTH_ADD ${onion.replace('.onion', '')} x25519:${Buffer.from(secret).toString('base64')}`,
    )
    expect(await reach(ask)).toStartWith('HTTP/1.1 200')
    expect(address()).toBe(onion)
    await control.ask(`ONION_CLIENT_AUTH_REMOVE ${onion.replace('.onion', '')}`)
    await untilRefused()
    rmSync(file)
    await takeUp()
    expect(await reach(ask)).toStartWith('HTTP/1.1 200')
    await end(third)
  })
})
