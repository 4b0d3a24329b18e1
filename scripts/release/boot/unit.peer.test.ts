import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { live } from '../../cli/run.ts'
import { renderUnit, UNIT } from './unit.ts'

/** The unit as systemd's own programs read it; systemd itself need not run. */

const analyze = Bun.which('systemd-analyze')
const systemctl = Bun.which('systemctl')
const absent =
  analyze === null || systemctl === null ? 'systemd-analyze is not installed: apt-get install systemd' : undefined
if (absent !== undefined) console.log(`NOT RUN: ${absent} (the unit by systemd)`)

const folder = mkdtempSync(join(tmpdir(), 'lucid-unit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const text = renderUnit({ dir: '/mnt/myssd/Lucid', user: 'root' })

const verified = async (unit: string) => {
  // A unit that ours needs and that a machine without Docker does not have.
  writeFileSync(join(folder, 'docker.service'), '[Service]\nExecStart=/bin/true\n')
  writeFileSync(join(folder, UNIT), unit)
  return live([analyze ?? '', 'verify', join(folder, UNIT)])
}

test.skipIf(absent !== undefined)('the unit is one to systemd-analyze, which finds a planted mistake', async () => {
  expect(await verified(text)).toMatchObject({ code: 0, err: '' })
  expect((await verified(text.replace('RequiresMountsFor', 'RequireMountsFor'))).err).toContain('Unknown key')
  expect((await verified(text.replace('/bin/sh', '/bin/nosuchsh'))).code).not.toBe(0)
})

test.skipIf(absent !== undefined)('systemctl enables it for every boot', async () => {
  const root = join(folder, 'root')
  mkdirSync(join(root, 'etc/systemd/system'), { recursive: true })
  writeFileSync(join(root, 'etc/systemd/system', UNIT), text)
  const wants = join(root, 'etc/systemd/system/multi-user.target.wants', UNIT)
  expect(await live([systemctl ?? '', `--root=${root}`, 'enable', UNIT])).toMatchObject({ code: 0 })
  expect(readlinkSync(wants)).toBe(`/etc/systemd/system/${UNIT}`)
  expect((await live([systemctl ?? '', `--root=${root}`, 'is-enabled', UNIT])).out).toBe('enabled\n')
  expect(await live([systemctl ?? '', `--root=${root}`, 'disable', UNIT])).toMatchObject({ code: 0 })
  expect(existsSync(wants)).toBe(false)
})
