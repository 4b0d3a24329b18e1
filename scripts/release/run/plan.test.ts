import { describe, expect, test } from 'bun:test'
import { stacks } from '#catalog'
import { findIrreversible, findMigrations } from '../content/migrations.ts'
import type { Release } from '../content/release.ts'
import { formatStep, planBackward, planForward } from './plan.ts'

const release = (
  id: string,
  names: readonly (typeof stacks)[number][],
  version = 0,
  cannot: readonly number[] = [],
): Release => ({
  format: 'lucid/release/v1',
  id,
  version: '',
  revision: '',
  madeBy: '',
  madeAt: 0,
  signer: '',
  platform: '',
  images: [],
  stock: [],
  stacks: names.map((stack) => ({ stack, members: [], env: {} })),
  files: {},
  support: {},
  secrets: [],
  networks: [],
  volumes: [],
  migrations: { keeper: { version, irreversible: cannot } },
})
const one = release('r-1', stacks)
const two = release('r-2', stacks)
const names = (steps: ReturnType<typeof planForward>) => steps.map(formatStep).join(' ')

describe('the steps of a run', () => {
  test('bring everything there before the first container is touched, then stack by stack, and commit last', () => {
    expect(names(planForward(one, two))).toBe(
      'files images prepare up:core health:core up:sessions health:sessions up:blockchain health:blockchain up:integration health:integration settle commit',
    )
  })

  test('take a stack down that the new release no longer has, after all others are well', () => {
    expect(names(planForward(one, release('r-2', ['core', 'sessions'])))).toBe(
      'files images prepare up:core health:core up:sessions health:sessions down:integration down:blockchain settle commit',
    )
  })

  test('stop what writes, keep a snapshot and migrate, when documents change', () => {
    expect(
      names(planForward(one, release('r-2', ['core', 'sessions'], 1)))
        .split(' ')
        .slice(3, 8),
    ).toEqual(['stop:integration', 'stop:blockchain', 'stop:sessions', 'snapshot', 'migrate'])
  })

  test('back put the older release up in reverse order, then look after its health', () => {
    expect(names(planBackward(one, two, { migrated: false }))).toBe(
      'up:integration up:blockchain up:sessions up:core health:core health:sessions health:blockchain health:integration',
    )
  })

  test('back to an empty host take everything down', () => {
    expect(names(planBackward(undefined, two, { migrated: false }))).toBe(
      'down:integration down:blockchain down:sessions down:core',
    )
  })

  test('back over a migration stop all and restore the documents first', () => {
    expect(
      names(planBackward(one, two, { migrated: true }))
        .split(' ')
        .slice(0, 6),
    ).toEqual(['stop:integration', 'stop:blockchain', 'stop:sessions', 'stop:core', 'restore', 'up:integration'])
  })
})

test('documents change when a service that both releases have is at another version', () => {
  expect(findMigrations(one, release('r-2', stacks, 1))).toEqual(['keeper'])
  expect(findMigrations(undefined, release('r-2', stacks, 1))).toEqual([])
})

test('what cannot be undone lies between the older version and the newer', () => {
  const newer = release('r-2', stacks, 3, [2])
  expect(findIrreversible(newer, release('r-1', stacks, 1))).toEqual(['keeper v2'])
  expect(findIrreversible(newer, release('r-1', stacks, 2))).toEqual([])
})
