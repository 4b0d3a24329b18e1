import { describe, expect, test } from 'bun:test'
import { catalog, stock } from '#catalog'
import type { MarkedVolume } from './volume-mark.ts'
import { planVolumes, type VolumeFacts } from './volume-rules.ts'

const catalogued = [...new Set(Object.values({ ...catalog, ...stock }).flatMap(({ volumes }) => Object.keys(volumes)))]
const OURS = '01234567-89ab-4cde-8f01-23456789abcd'
const THEIRS = 'fedcba98-89ab-4cde-8f01-23456789abcd'
const [data = '', db = ''] = catalogued
const marked = (name: string, { installation = OURS, volume = name, entries = 3 } = {}): MarkedVolume => ({
  name,
  mark: { v: 1, installation, volume },
  entries,
})
const bare = (name: string, entries = 3): MarkedVolume => ({ name, mark: 'none', entries })

const host = (more: Partial<VolumeFacts> = {}): VolumeFacts => ({
  dir: '/lucid',
  isDeployed: true,
  committed: [data, db],
  installation: OURS,
  existing: [data, db],
  marked: [marked(data), marked(db)],
  ...more,
})
const said = (more: Partial<VolumeFacts>) =>
  planVolumes(host(more)).faults.map(({ subject, evidence }) => `${subject}: ${evidence}`)

describe('volumes of a host', () => {
  test('that are its own are no fault', () =>
    expect(planVolumes(host())).toEqual({ faults: [], installation: OURS, adopt: [] }))

  const gone = 'is gone, and the release that runs here has data in it'
  const cases: readonly (readonly [string, Partial<VolumeFacts>, string[]])[] = [
    ['gone', { existing: [db], marked: [marked(db)] }, [`volume:${data}: ${gone}`]],
    ['gone, all of them', { existing: [], marked: [] }, [`volume:${data}: ${gone}`, `volume:${db}: ${gone}`]],
    ['gone, where no image can look', { existing: [db], marked: undefined }, [`volume:${data}: ${gone}`]],
    [
      'emptied, or removed and made anew',
      { marked: [bare(data, 0), marked(db)] },
      [`volume:${data}: is empty and has lost its mark: what was in it was removed, or it was made anew`],
    ],
    [
      'removed, made anew, and written to since',
      { marked: [bare(data), marked(db)] },
      [`volume:${data}: has no mark of this host: it was replaced by another`],
    ],
    [
      'replaced with those of another host',
      { marked: [marked(data, { installation: THEIRS }), marked(db)] },
      [`volume:${data}: is that of another host (installation fedcba98, this one is 01234567)`],
    ],
    [
      'swapped with each other',
      { marked: [marked(data, { volume: db }), marked(db, { volume: data })] },
      [`volume:${data}: holds what was in ${db}`, `volume:${db}: holds what was in ${data}`],
    ],
    [
      'with a mark that went bad',
      { marked: [{ name: data, mark: 'unreadable', entries: 1 }, marked(db)] },
      [`volume:${data}: has a mark that cannot be read`],
    ],
    [
      'of two hosts, where nothing says which is this one',
      { installation: undefined, marked: [marked(data, { installation: THEIRS }), marked(db)] },
      [`host: its volumes are those of different hosts: ${data} of fedcba98, ${db} of 01234567`],
    ],
    [
      'there, and DIR is not (its disk is not mounted)',
      { isDeployed: false, installation: undefined, committed: [] },
      [`host: there is data of Lucid on this host (${data}, ${db}), and /lucid knows nothing of it`],
    ],
    [
      'of an older release, and DIR is not there',
      { isDeployed: false, installation: undefined, committed: [], marked: [bare(data), bare(db, 0)] },
      [`host: there is data of Lucid on this host (${data}), and /lucid knows nothing of it`],
    ],
    [
      'there, DIR is not, and no image can look',
      { isDeployed: false, installation: undefined, committed: [], marked: undefined },
      [`host: there is data of Lucid on this host (${data}, ${db}), and /lucid knows nothing of it`],
    ],
  ]
  for (const [name, more, faults] of cases)
    test(`that are ${name} are refused`, () => expect(said(more)).toEqual(faults))

  test('each of the catalogue, and any of them together, are missed when they are gone', () => {
    for (let bits = 0; bits < 2 ** catalogued.length; bits++) {
      const existing = catalogued.filter((_, at) => (bits & (1 << at)) === 0)
      const { faults } = planVolumes(
        host({ committed: catalogued, existing, marked: existing.map((name) => marked(name)) }),
      )
      expect(faults.map(({ subject }) => subject)).toEqual(
        catalogued.filter((name) => !existing.includes(name)).map((name) => `volume:${name}`),
      )
    }
  })

  test('of a host of the release before become its own, those that hold data and those that never did', () =>
    expect(planVolumes(host({ installation: undefined, marked: [bare(data), bare(db, 0)] }))).toEqual({
      faults: [],
      installation: undefined,
      adopt: [data, db],
    }))

  test('that came with a backup onto another machine bring their installation with them', () =>
    expect(planVolumes(host({ installation: undefined, marked: [marked(data), bare(db)] }))).toEqual({
      faults: [],
      installation: OURS,
      adopt: [db],
    }))

  test('that a new release brings are made, and one that lay there unused is taken', () =>
    expect(planVolumes(host({ committed: [data], marked: [marked(data), bare(db)] }))).toEqual({
      faults: [],
      installation: OURS,
      adopt: [db],
    }))

  test('of a first deploy that did not make it hold nothing: they may be removed', () => {
    const failed = { committed: [], existing: [], marked: [] }
    expect(said(failed)).toEqual([])
    expect(said({ ...failed, installation: undefined })).toEqual([])
  })

  test('that are lost name the backup, and the one flag that gives up what was in them', () => {
    const remedy = (more: Partial<VolumeFacts>) => planVolumes(host(more)).faults[0]?.remedy
    expect(remedy({ existing: [db], marked: [marked(db)] })).toBe(
      `bun run recover volume ${data} brings it back from a backup; with --empty it is made anew, and what was in it is given up`,
    )
    expect(remedy({ marked: [bare(data, 0)] })).toContain('with --empty it is taken as it is')
    expect(remedy({ marked: [bare(data)] })).toContain('with --adopt what is in it now')
  })
})
