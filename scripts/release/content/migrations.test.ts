import { expect, test } from 'bun:test'
import { documentVolumes } from './migrations.ts'
import { sampleRelease } from './release.fixture.ts'
import type { Release } from './release.ts'

const release = (id: string, versions: Readonly<Record<string, number>>, database: readonly string[]): Release => {
  const planted = sampleRelease({
    id,
    services: { core: {}, sessions: { cut: 1, seal: 1 }, blockchain: {}, integration: {} },
    migrations: Object.fromEntries(
      Object.entries(versions).map(([service, version]) => [service, { version, irreversible: [] }]),
    ),
  })
  return {
    ...planted,
    stacks: planted.stacks.map((stack) => ({
      ...stack,
      members: stack.members.map((member) => ({ ...member, volumes: [`${member.service}_data`] })),
      env: Object.fromEntries(database.map((service) => [service, { MONGO_URL: 'digest' }])),
    })),
  }
}
const volumes = (
  database: readonly string[],
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
) => documentVolumes({ from: release('r-1', before, database), to: release('r-2', after, database) })

test('what changes shape lies in the volume of its service, or in that of the database', () => {
  expect(volumes([], { cut: 1, seal: 1 }, { cut: 2, seal: 1 })).toEqual(['cut_data'])
  expect(volumes(['cut', 'seal'], { cut: 1, seal: 1 }, { cut: 2, seal: 2 })).toEqual(['lucid_core_mongo_data'])
  expect(volumes(['cut'], { cut: 1, seal: 1 }, { cut: 2, seal: 2 })).toEqual(['seal_data', 'lucid_core_mongo_data'])
})

test('where nothing changes shape nothing is copied', () => {
  expect(volumes([], { cut: 1 }, { cut: 1 })).toEqual([])
})
