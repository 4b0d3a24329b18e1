import { bad, type Finding } from './finding.ts'
import type { MarkedVolume, VolumeMark } from './volume-mark.ts'

/** What is known of a host and its volumes before a release is brought there. */
export type VolumeFacts = {
  readonly dir: string
  /** Something was deployed to DIR before, whatever became of it. */
  readonly isDeployed: boolean
  /** Volumes of the committed release: it has data in them. */
  readonly committed: readonly string[]
  /** Whose volumes the host's are; undefined before the first deploy, and on a host of an older release. */
  readonly installation: string | undefined
  readonly existing: readonly string[]
  /** What lies in them; undefined where no image is there that can look. */
  readonly marked: readonly MarkedVolume[] | undefined
}

/** What is lost, and what is to be marked where nothing is. */
export type VolumePlan = {
  readonly faults: readonly Finding[]
  /** The installation that the marks name, when the host has none yet. */
  readonly installation: string | undefined
  /** Volumes that are there and become this host's. */
  readonly adopt: readonly string[]
}

const fault = (volume: string, evidence: string, remedy: string): Finding => ({
  subject: `volume:${volume}`,
  ...bad(evidence, remedy),
})

const restore = (volume: string, otherwise: string): string =>
  `bun run recover volume ${volume} brings it back from a backup; ${otherwise}`

/** What is said of a volume of the committed release that is gone. */
export const describeLost = (volume: string): Finding =>
  fault(
    volume,
    'is gone, and the release that runs here has data in it',
    restore(volume, 'with --empty it is made anew, and what was in it is given up'),
  )

const short = (installation: string): string => installation.slice(0, 8)

/** Why a volume is not that of this installation; undefined when it is, or when nothing says otherwise. */
const explainForeign = (
  { name, mark, entries }: MarkedVolume,
  { installation, committed }: Pick<VolumeFacts, 'installation' | 'committed'>,
): string | undefined => {
  if (mark === 'unreadable') return 'has a mark that cannot be read'
  if (mark === 'none') {
    if (installation === undefined || !committed.includes(name)) return undefined
    return entries === 0
      ? 'is empty and has lost its mark: what was in it was removed, or it was made anew'
      : 'has no mark of this host: it was replaced by another'
  }
  if (mark.volume !== name) return `holds what was in ${mark.volume}`
  return installation === undefined || mark.installation === installation
    ? undefined
    : `is that of another host (installation ${short(mark.installation)}, this one is ${short(installation)})`
}

/** What is said of a volume that is there and is not what it was. */
export const judgeMark = (
  volume: MarkedVolume,
  facts: Pick<VolumeFacts, 'installation' | 'committed'>,
): readonly Finding[] => {
  const why = explainForeign(volume, facts)
  if (why === undefined) return []
  const { name, entries } = volume
  return [
    fault(
      name,
      why,
      restore(
        name,
        entries === 0
          ? 'with --empty it is taken as it is, and what was in it is given up'
          : 'with --adopt what is in it now is taken for this host’s',
      ),
    ),
  ]
}

const isMark = (mark: MarkedVolume['mark']): mark is VolumeMark => typeof mark === 'object'

/** DIR is empty, and there are volumes: what belongs to them is somewhere else. */
const findMisplaced = ({ dir, existing, marked, isDeployed }: VolumeFacts): readonly Finding[] => {
  const full =
    marked === undefined
      ? existing
      : marked.filter(({ mark, entries }) => isMark(mark) || entries > 0).map(({ name }) => name)
  if (isDeployed || full.length === 0) return []
  return [
    {
      subject: 'host',
      ...bad(
        `there is data of Lucid on this host (${full.join(', ')}), and ${dir} knows nothing of it`,
        `findmnt ${dir} says whether its disk is mounted; bun run restore brings all of it back from a backup; to start anew, docker volume rm ${full.join(' ')}`,
      ),
    },
  ]
}

/** Volumes of more than one installation, where the host does not say which is its own. */
const findMixed = ({ installation, marked = [] }: VolumeFacts): readonly Finding[] => {
  const marks = marked.flatMap(({ name, mark }) => (isMark(mark) ? [{ name, of: mark.installation }] : []))
  if (installation !== undefined || new Set(marks.map(({ of }) => of)).size < 2) return []
  return [
    {
      subject: 'host',
      ...bad(
        `its volumes are those of different hosts: ${marks.map(({ name, of }) => `${name} of ${short(of)}`).join(', ')}`,
        'bun run restore brings all of them back from one backup',
      ),
    },
  ]
}

/**
 * What has become of the volumes of a host. A lost one is never replaced: what is not as the host left it is a fault, and with
 * one fault nothing is done. A host of an older release has no marks: all that it has becomes its own.
 */
export const planVolumes = (facts: VolumeFacts): VolumePlan => {
  const { committed, existing, marked = [], installation } = facts
  const misplaced = findMisplaced(facts)
  return {
    installation: installation ?? marked.flatMap(({ mark }) => (isMark(mark) ? [mark.installation] : []))[0],
    adopt: marked.filter(({ mark }) => mark === 'none').map(({ name }) => name),
    faults:
      misplaced.length > 0
        ? misplaced
        : [
            ...committed.filter((name) => !existing.includes(name)).map(describeLost),
            ...marked.flatMap((one) => judgeMark(one, facts)),
            ...findMixed(facts),
          ],
  }
}
