import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core'
import { sqliteStore } from '#common/store/sqlite'
import { tokenBuckets } from '#common/stream/token-bucket'
import { faultOf } from '#common/testing/faults'
import { factorTables } from './factor-store.ts'
import { passkeys } from './passkeys.ts'
import { signatureCheck } from './signature-check.ts'

// Only a hang is ended by these: a busy machine draws slowly.
const PATIENCE = 120_000
setDefaultTimeout(3 * PATIENCE)

/** A real browser with an authenticator of its own (WebDriver's virtual one), and a page of our origin. */
const browserPath = Bun.which('chromium') ?? Bun.which('chromium-browser') ?? Bun.which('google-chrome')
if (browserPath === null) console.log('NOT RUN: no chromium on PATH (Debian: apt-get install chromium)')

const store = sqliteStore({ path: ':memory:' })
const tables = factorTables(store)
let page: Page
let browser: Browser
let authenticator: CDPSession
let site: ReturnType<typeof Bun.serve>
let keys: ReturnType<typeof passkeys>
let time = Date.now()

const random = (size: number) => crypto.getRandomValues(new Uint8Array(size))
const key = new Uint8Array(32).fill(9)
const failures = tokenBuckets({ size: 5, perMinute: 1 }, () => time)
const check = signatureCheck({ key, cluster: 'test', now: () => time, random, failures })

const parts = (origins: readonly string[]) => ({
  store,
  ...{ key, random, cluster: 'test', useNonce: check.use },
  now: () => time,
  rpId: 'localhost',
  origins,
})

/** What the page's script would do, as text, with what the browser itself makes of the options. */
const script = (call: 'create' | 'get', options: unknown) => `(async () => {
  const parse = PublicKeyCredential.${call === 'create' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON'}
  const made = await navigator.credentials.${call}({ publicKey: parse(${JSON.stringify(options)}) })
  return made.toJSON()
})()`

// What a browser answers is what the routes take as their body; here the types say so.
const create = async (address: string) =>
  page.evaluate(script('create', await keys.registration(address))) as Promise<Parameters<typeof keys.register>[2]>
const get = async (options?: unknown) =>
  page.evaluate(script('get', options ?? (await keys.authentication()))) as Promise<
    Parameters<typeof keys.authenticate>[0]
  >
const refusal = (work: () => unknown) => faultOf(work).then((thrown) => (thrown as { code?: string }).code ?? thrown)

/** A new authenticator in place of the one before. */
let current = ''
const plugIn = async (isUserVerified = true) => {
  if (current !== '') await authenticator.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: current })
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true } as const
  const added = await authenticator.send('WebAuthn.addVirtualAuthenticator', {
    options: { ...options, isUserVerified, automaticPresenceSimulation: true },
  })
  current = added.authenticatorId
}

describe.skipIf(browserPath === null)('a passkey of a real browser', () => {
  beforeAll(async () => {
    site = Bun.serve({
      hostname: 'localhost',
      port: 0,
      fetch: () => new Response('<!doctype html><title>sign in</title>', { headers: { 'content-type': 'text/html' } }),
    })
    keys = passkeys(parts([`http://localhost:${site.port}`]))
    browser = await chromium.launch({ executablePath: browserPath ?? '', args: ['--no-sandbox'], timeout: PATIENCE })
    page = await browser.newPage()
    page.setDefaultTimeout(PATIENCE)
    await page.goto(`http://localhost:${site.port}/`)
    authenticator = await page.context().newCDPSession(page)
    await authenticator.send('WebAuthn.enable')
    await plugIn()
  })

  test('is registered, signs its account in, is listed and deleted', async () => {
    const made = await keys.register('TFirst', 'my laptop', await create('TFirst'))
    expect(made).toMatchObject({ name: 'my laptop' })
    expect(await keys.authenticate(await get())).toBe('TFirst')
    const [listed] = await keys.list('TFirst')
    expect(Object.keys(listed ?? {})).toEqual(['id', 'name', 'created_at', 'used_at'])
    expect(await refusal(() => keys.remove('TSecond', made.id))).toBe('no-such-passkey')
    await keys.remove('TFirst', made.id)
    expect(await keys.list('TFirst')).toEqual([])
    expect(await refusal(async () => keys.authenticate(await get()))).toBe('passkey-refused')
  })

  test('answers a challenge once, also to many at once', async () => {
    await plugIn()
    await keys.register('TOnce', 'key', await create('TOnce'))
    const answer = await get()
    const results = await Promise.all(Array.from({ length: 4 }, () => refusal(() => keys.authenticate(answer))))
    expect(results.filter((result) => result === 'no fault')).toHaveLength(1)
    expect(await refusal(() => keys.authenticate(answer))).toBe('passkey-refused')
    // Also one that counts nothing, as those that are synchronised between devices: the challenge itself is used up.
    const { rev, ...doc } = (await tables.passkeys.get(answer.id)) ?? { rev: 0, id: '' }
    await tables.passkeys.replace({ ...doc, counter: 0 } as Parameters<typeof tables.passkeys.replace>[0], rev)
    expect(await refusal(() => keys.authenticate(answer))).toBe('passkey-refused')
    const registration = await create('TOnce').catch(() => 'excluded')
    expect(registration).toBe('excluded')
  })

  test('is refused when its challenge is old, was made for another, or was answered before', async () => {
    await plugIn()
    const late = await create('TLate')
    time += 10 * 60_000
    expect(await refusal(() => keys.register('TLate', 'key', late))).toBe('passkey-refused')
    time = Date.now()
    await plugIn()
    const foreign = await create('TForeign')
    expect(await refusal(() => keys.register('TThief', 'key', foreign))).toBe('passkey-refused')
    await keys.register('TForeign', 'key', foreign)
    expect(await refusal(() => keys.register('TForeign', 'key', foreign))).toBe('passkey-refused')
  })

  test('is refused from another origin, with a counter that went back, and when anything of it was changed', async () => {
    await plugIn()
    const { id } = await keys.register('TStrict', 'key', await create('TStrict'))
    const elsewhere = passkeys(parts(['https://lucid.example']))
    expect(await refusal(async () => elsewhere.authenticate(await get()))).toBe('passkey-refused')
    const good = await get()
    const signature = `${good.response.signature.slice(0, -4)}AAAA`
    const forged = { ...good, response: { ...good.response, signature } }
    expect(await refusal(() => keys.authenticate(forged))).toBe('passkey-refused')
    expect(await keys.authenticate(good)).toBe('TStrict')
    const { rev, ...doc } = (await tables.passkeys.get(id)) ?? { rev: 0, id: '' }
    await tables.passkeys.replace({ ...doc, counter: 1000 } as Parameters<typeof tables.passkeys.replace>[0], rev)
    expect(await refusal(async () => keys.authenticate(await get()))).toBe('passkey-refused')
  })

  test('is refused when its user was not verified', async () => {
    await plugIn()
    await keys.register('TLoose', 'key', await create('TLoose'))
    const options = { ...(await keys.authentication()), userVerification: 'discouraged' }
    await authenticator.send('WebAuthn.setUserVerified', { authenticatorId: current, isUserVerified: false })
    expect(await refusal(async () => keys.authenticate(await get(options)))).toBe('passkey-refused')
  })
})

afterAll(async () => {
  await browser?.close()
  await site?.stop(true)
  await store.close()
})
