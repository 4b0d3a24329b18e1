import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { type RealServices, realServices } from '#common/testing/real-services'

// Only a hang is ended by these: a busy machine draws slowly.
const PATIENCE = 120_000
setDefaultTimeout(3 * PATIENCE)

/** A real browser, the real services as processes. Shown documents: merkle-builder and blockchain-vm. */
const browserPath = Bun.which('chromium') ?? Bun.which('chromium-browser') ?? Bun.which('google-chrome')
if (browserPath === null) console.log('NOT RUN: no chromium on PATH (Debian: apt-get install chromium)')

const folder = mkdtempSync(join(tmpdir(), 'lucid-page-'))
let services: RealServices
let browser: Browser

type Look = { readonly width: number; readonly height: number; readonly theme: 'light' | 'dark' }

const opened = async ({ width, height, theme }: Look = { width: 1360, height: 900, theme: 'light' }) => {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme })
  page.setDefaultTimeout(PATIENCE)
  const requested: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requested.push(request.url()))
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`page: ${String(error)}`))
  return { page, requested, complaints }
}

/** Waits until openapi-server has asked everybody, and has read these. */
const read = async (...names: readonly string[]) => {
  type Status = { documents: readonly { service: string; state: string }[] }
  const known = async () => (await (await fetch(`${services.url('openapi-server')}/status`)).json()) as Status // what it promises
  const isRead = ({ service, state }: { service: string; state: string }) =>
    names.includes(service) && state === 'fresh'
  while ((await known()).documents.filter(isRead).length < names.length) await Bun.sleep(50)
}

/** A script for the page, as text: it tries what the policy forbids and says what of it worked. */
const trespass = (elsewhere: string): string => `(async () => {
  const script = document.createElement('script')
  script.textContent = 'window.planted = true'
  document.head.append(script)
  const left = await fetch('${elsewhere}/health').then(() => true, () => false)
  return { planted: 'planted' in window, left }
})()`

describe.skipIf(browserPath === null)('the page in a real browser', () => {
  beforeAll(async () => {
    services = realServices(folder, { 'openapi-server': { REFRESH_MS: '200' } })
    await services.start('merkle-builder')
    await services.start('blockchain-vm')
    await services.start('openapi-server')
    await services.start('openapi-gateway')
    await read('merkle-builder', 'blockchain-vm')
    browser = await chromium.launch({ executablePath: browserPath ?? '', args: ['--no-sandbox'], timeout: PATIENCE })
  })

  test('shows every operation of a service, asks nobody but its own origin, and complains of nothing', async () => {
    const origin = services.url('openapi-gateway')
    const { page, requested, complaints } = await opened()
    await page.goto(`${origin}/docs`)
    await page.waitForSelector('h3[data-tag="merkle-builder"]')
    expect(await page.title()).toBe('Lucid: interfaces')
    await page.click('h3[data-tag="merkle-builder"]')
    await page.waitForSelector('.opblock')
    const paths = await page
      .locator('.opblock-summary-path')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-path')))
    expect(paths).toEqual([
      '/merkle-builder/audit',
      '/merkle-builder/audit/head',
      '/merkle-builder/config',
      '/merkle-builder/build',
      '/merkle-builder/root/{session}',
      '/merkle-builder/proof/{session}/{index}',
      '/merkle-builder/verify',
      '/merkle-builder/health',
      '/merkle-builder/status',
      '/merkle-builder/metrics',
    ])
    await page.click('.opblock >> nth=0')
    await page.waitForSelector('.opblock-body .responses-table')
    expect(await page.locator('.opblock-body').textContent()).toContain('Problem details (RFC 9457)')
    // A service that was not started stands there too, and why.
    expect(await page.locator('h3[data-tag="session-recorder"]').textContent()).toContain('Not documented here')
    expect(requested.length).toBeGreaterThan(5)
    expect(requested.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:'))).toEqual([])
    expect(complaints).toEqual([])
    await page.close()
  })

  const looks = [
    { device: 'laptop', width: 1360, height: 900 },
    { device: 'phone', width: 390, height: 844 },
  ].flatMap((look) => (['light', 'dark'] as const).map((theme) => ({ ...look, theme })))
  test.each(looks)(
    'is drawn on a $device, $theme, with nothing cut off and nothing of another origin',
    async (look) => {
      const origin = services.url('openapi-gateway')
      const { page, requested, complaints } = await opened(look)
      await page.goto(`${origin}/docs`)
      await page.click('h3[data-tag="merkle-builder"]')
      await page.click('.opblock-post >> nth=0')
      await page.waitForSelector('.opblock-body .responses-table')
      const file = join(Bun.env['LUCID_SCREENSHOTS'] ?? folder, `docs-${look.device}-${look.theme}.png`)
      const picture = await page.screenshot({ path: file })
      expect(picture.length).toBeGreaterThan(20_000)
      // `dark` is drawn dark: the background is what the reader asked for.
      const [red = 0] = (await page.evaluate(
        'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)',
      )) as number[]
      expect(red > 127 ? 'light' : 'dark').toBe(look.theme)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(look.width)
      expect(requested.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:'))).toEqual([])
      expect(complaints).toEqual([])
      await page.close()
    },
  )

  test('the browser itself stops an inline script and a request to another origin', async () => {
    const { page, complaints } = await opened()
    await page.goto(`${services.url('openapi-gateway')}/docs`)
    await page.waitForSelector('h3[data-tag]')
    const ran = await page.evaluate(trespass(services.url('merkle-builder')))
    expect(ran).toEqual({ planted: false, left: false })
    expect(complaints.join()).toContain('Content Security Policy')
    await page.close()
  })
})

afterAll(async () => {
  await browser?.close()
  await services?.stop()
  rmSync(folder, { recursive: true, force: true })
})
