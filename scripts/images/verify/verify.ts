import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorMessage } from '#common/process/error'
import type { Descriptor } from '../format/oci.ts'
import { platformNames } from '../format/platform.ts'
import type { ReadLock } from '../layout/digests-lock.ts'
import { openLayout } from '../layout/layout.ts'
import { SIGNATURE_FILE, signatureFault } from '../layout/signature.ts'
import { BUDGET, megabytes, uniqueBytes } from './budget.ts'
import { layerReader, readLayers } from './read-image.ts'
import type { Outcome } from './report.ts'
import { flatten } from './root.ts'
import { rules } from './rules.ts'
import { ownerGaps } from './sbom.ts'
import { readSbom } from './sbom-file.ts'
import { blocking, type Scanner } from './scan.ts'
import type { Fingerprints } from './secrets.ts'
import type { Subject } from './subject.ts'

export type VerifyOptions = {
  readonly images: string
  readonly lock: ReadLock
  readonly only: readonly string[]
  readonly expected: readonly string[]
  /** Services that listen, and so have a health check. */
  readonly listening: ReadonlySet<string>
  readonly imported: (service: string) => Promise<readonly string[]>
  readonly ownSecrets: Fingerprints
  readonly scanner: Scanner
  /** The key that must have signed the lock, hex. */
  readonly trusted?: string
  readonly onProgress?: (service: string) => void
}

export type Verified = { readonly outcomes: readonly Outcome[]; readonly images: number }

/** Both platforms are always built (SPEC section 10). */
const PLATFORMS: readonly string[] = platformNames

/** One service: its subjects, the blobs by platform, and what is wrong with the layout as a whole. */
type Opened = {
  readonly subjects: readonly Subject[]
  readonly blobs: ReadonlyMap<string, readonly Descriptor[]>
  readonly lockBreaches: readonly string[]
  readonly platformBreaches: readonly string[]
  readonly sboms: readonly string[]
}

const openService = (
  service: string,
  { images, lock, listening }: VerifyOptions,
  reader: ReturnType<typeof layerReader>,
  imported: readonly string[],
): Opened => {
  const folder = join(images, service)
  const layout = openLayout(folder)
  const found = layout.images.map(({ platform }) => platform)
  const locked = lock.digests[service]
  const sbomPath = (platform: string) => join(folder, `sbom.${platform.split('/')[1]}.json`)
  return {
    subjects: layout.images.map((image): Subject => {
      const layers = readLayers(reader, folder, image)
      return {
        service,
        platform: image.platform,
        config: image.config,
        layers,
        root: flatten(layers.map(({ facts }) => facts)),
        sbom: readSbom(sbomPath(image.platform)),
        imported,
        listens: listening.has(service),
      }
    }),
    blobs: new Map(
      layout.images.map(({ platform, manifest, documents }) => [
        platform,
        [...manifest.layers, manifest.config, documents.manifest.descriptor],
      ]),
    ),
    lockBreaches:
      layout.root.descriptor.digest === locked
        ? []
        : [`${service} is ${layout.root.descriptor.digest} and the lock says ${locked ?? 'nothing of it'}`],
    platformBreaches: [
      ...PLATFORMS.filter((platform) => !found.includes(platform)).map((platform) => `${service} has no ${platform}`),
      ...found
        .filter((platform, at) => !PLATFORMS.includes(platform) || found.indexOf(platform) !== at)
        .map((platform) => `${service} has ${platform}, which is one too many`),
    ],
    sboms: layout.images.map(({ platform }) => sbomPath(platform)).filter((path) => existsSync(path)),
  }
}

const signature = ({ images, lock, trusted }: VerifyOptions): Outcome => {
  const base = { rule: 'signature', promise: 'the lock was signed with the key that is trusted' }
  if (trusted === undefined) return { ...base, checked: 0, breaches: [], notRun: 'no key was given (--key FILE)' }
  const path = join(images, SIGNATURE_FILE)
  if (!existsSync(path)) return { ...base, checked: 1, breaches: [`${path} is missing: bun run sign:images makes it`] }
  const fault = signatureFault(lock.bytes, readFileSync(path), trusted)
  return { ...base, checked: 1, breaches: fault === undefined ? [] : [fault] }
}

const vulnerabilities = async (scanner: Scanner, sboms: readonly string[]): Promise<Outcome> => {
  const base = { rule: 'vulnerabilities', promise: 'no serious vulnerability that a newer version mends' }
  if ('notRun' in scanner) return { ...base, checked: 0, breaches: [], notRun: scanner.notRun }
  if (sboms.length === 0) return { ...base, checked: 0, breaches: [], notRun: 'no SBOM to scan' }
  const breaches = new Set<string>()
  for (const path of sboms)
    try {
      for (const found of blocking(await scanner.scan(path))) breaches.add(found)
    } catch (error) {
      breaches.add(`${path}: ${errorMessage(error)}`)
    }
  return { ...base, checked: sboms.length, breaches: [...breaches] }
}

const fileOwners = (subjects: readonly Subject[]): Outcome => {
  const base = {
    rule: 'file owners',
    promise: 'every file belongs to a package that the SBOM lists, and every file it lists is there',
  }
  const answers = subjects.flatMap((subject) => {
    const gaps = ownerGaps(subject)
    return gaps === undefined ? [] : [gaps.map((one) => `${subject.service} ${subject.platform}: ${one}`)]
  })
  const silent = subjects.length - answers.length
  return {
    ...base,
    checked: answers.length,
    breaches: answers.flat(),
    ...(silent > 0 && { notRun: `${silent} SBOMs name packages and no files` }),
  }
}

const budget = (opened: readonly Opened[], partial: boolean): Outcome => {
  const breaches = PLATFORMS.flatMap((platform) => {
    const size = uniqueBytes(opened.flatMap(({ blobs }) => blobs.get(platform) ?? []))
    return size > BUDGET.platform ? [`${platform}: all images have ${megabytes(size)}`] : []
  })
  const sizes = PLATFORMS.map(
    (platform) => `${platform} ${megabytes(uniqueBytes(opened.flatMap(({ blobs }) => blobs.get(platform) ?? [])))}`,
  )
  return {
    rule: 'budget',
    promise: `${partial ? 'these' : 'all'} images of a platform have at most ${megabytes(BUDGET.platform)} (${sizes.join(', ')})`,
    checked: PLATFORMS.length,
    breaches,
  }
}

/** Checks every promise on every image. Reads all bytes; trusts nothing that the builder says of them. */
export const verifyImages = async (options: VerifyOptions): Promise<Verified> => {
  const { lock, only, expected, ownSecrets, imported, onProgress = () => {} } = options
  const services = only.length > 0 ? only : [...new Set([...expected, ...Object.keys(lock.digests)])].sort()
  const reader = layerReader(ownSecrets)
  const opened: Opened[] = []
  const unreadable: string[] = []
  for (const service of services) {
    onProgress(service)
    try {
      opened.push(openService(service, options, reader, await imported(service)))
    } catch (error) {
      unreadable.push(`${service}: ${errorMessage(error)}`)
    }
  }
  const subjects = opened.flatMap((one) => one.subjects)
  const outcomes: Outcome[] = [
    {
      rule: 'readable',
      promise: 'every service has an image that can be read',
      checked: services.length,
      breaches: unreadable,
    },
    {
      rule: 'lock',
      promise: 'every image is the one that the lock names',
      checked: opened.length,
      breaches: opened.flatMap((one) => one.lockBreaches),
    },
    signature(options),
    {
      rule: 'platforms',
      promise: `every image is there for ${PLATFORMS.join(' and ')}`,
      checked: opened.length,
      breaches: opened.flatMap((one) => one.platformBreaches),
    },
    ...rules.map(({ name, promise, broken }) => ({
      rule: name,
      promise,
      checked: subjects.length,
      breaches: subjects.flatMap((subject) =>
        broken(subject).map((breach) => `${subject.service} ${subject.platform}: ${breach}`),
      ),
    })),
    fileOwners(subjects),
    budget(opened, only.length > 0),
    await vulnerabilities(
      options.scanner,
      opened.flatMap(({ sboms }) => sboms),
    ),
  ]
  return { outcomes, images: subjects.length }
}
