import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LOCK_FILE } from '../../images/layout/digests-lock.ts'
import { writeLayout } from '../../images/layout/layout.fixture.ts'
import { choosePlatform } from './checkout.ts'

const dist = mkdtempSync(join(tmpdir(), 'lucid-checkout-'))
afterAll(() => rmSync(dist, { recursive: true, force: true }))

writeLayout(join(dist, 'one'), [{ architecture: 'arm64', layers: [[{ path: 'app', content: 'x' }]] }])
writeFileSync(join(dist, LOCK_FILE), JSON.stringify({ services: { one: { digest: `sha256:${'0'.repeat(64)}` } } }))

test.each([
  [{ platform: 'linux/arm64', machine: 'aarch64' }, 'linux/arm64'],
  [{ platform: '', machine: 'aarch64' }, 'linux/arm64'],
  // There is none for it: what there is goes to preflight, which names both beside all else that is wrong.
  [{ platform: 'linux/amd64', machine: 'x86_64' }, 'linux/arm64'],
  [{ platform: '', machine: 'riscv64' }, 'linux/arm64'],
])('a host of %j gets a release for %s', (host, platform) => {
  expect(choosePlatform(dist, host)).toBe(platform)
})
