import { CliError } from '../../cli/fail.ts'
import { quote } from '../../host/quote.ts'
import type { ScriptResult } from '../../host/script.ts'
import type { ReleaseImage } from '../content/release.ts'
import { hostFault } from './faults.ts'

/** What an engine says of its images, and what that means for those of a release. Pure. */

/** `classic`: layers unpacked, known by the checksums of their content; `containerd`: blobs as they came. */
export type Store = 'classic' | 'containerd'

/** An image as the engine has it: `layers` are the first sixteen hex digits of each unpacked layer's checksum. */
export type EngineImage = { readonly id: string; readonly names: readonly string[]; readonly layers: readonly string[] }

export type Engine = { readonly store: Store; readonly images: readonly EngineImage[] }

/** `differs`: the name is there and is another image. */
export type ImageState = 'there' | 'missing' | 'differs'

const DIGITS = 16
/** A host's shell may greet everybody: only lines that begin so are an answer. */
const STORE = 'lucid-store'
const IMAGE = 'lucid-image'

const INSPECT = `docker image inspect --format '${IMAGE} {{.Id}}|{{range .RepoTags}}{{.}} {{end}}|{{range .RootFS.Layers}}{{slice . 7 ${7 + DIGITS}}} {{end}}'`

const short = (digest: string): string => digest.slice(7, 7 + DIGITS)

const askStore = `docker info --format '${STORE} {{json .DriverStatus}}' || exit 1`

/** Asks for images by their names; those that are not there are told on standard error. */
export const askByName = (names: readonly string[]): string =>
  [askStore, ...(names.length === 0 ? [] : [`${INSPECT} ${names.map(quote).join(' ')}`]), ':'].join('\n')

/** Asks for all images that services of ours have in a repository, whatever the release. */
export const askByService = (images: readonly ReleaseImage[]): string => {
  const patterns = [...new Set(images.map(({ name }) => name.replace(/-[0-9a-f]{12}$/, '-*')))]
  const filters = patterns.map((pattern) => `--filter ${quote(`reference=${pattern}`)}`).join(' ')
  return [
    askStore,
    `ids=$(docker image ls --quiet --no-trunc ${filters} | sort -u)`,
    // Split by xargs, for not every shell splits a variable by itself.
    `[ -z "$ids" ] || printf '%s\\n' "$ids" | xargs ${INSPECT}`,
  ].join('\n')
}

const imageLine = new RegExp(`^${IMAGE} (sha256:[0-9a-f]{64})\\|((?:[^\\s|]+ )*)\\|((?:[0-9a-f]{${DIGITS}} )*)$`)

/** A name that is none, or one that a containerd store gave to an image whose layers it could not take. */
const absent = /no such image|map has no entry for key "?(?:RootFS|Layers)/i

const words = (text: string): readonly string[] => text.split(' ').filter(Boolean)

/** Reads an answer; `asked` = the names asked for. Throws CliError with the engine's words when it gave none. */
export const readEngine = (
  host: string,
  { code, out, err }: ScriptResult,
  { asked }: { readonly asked?: number } = {},
): Engine => {
  const lines = out.split('\n').map((one) => one.replace(/\r$/, ''))
  const store = lines.find((one) => one.startsWith(`${STORE} `))
  const found = lines.filter((one) => one.startsWith(IMAGE))
  const absences = err.split('\n').filter((one) => absent.test(one))
  if (code !== 0 || store === undefined || (asked !== undefined && found.length + absences.length !== asked))
    throw hostFault(host, 'docker', { code, out, err })
  const images = found.map((text) => {
    const [, id, names, layers] = imageLine.exec(text) ?? []
    if (id === undefined)
      throw new CliError(`${host}: the engine says of an image what cannot be: ${text.slice(0, 200)}`)
    return { id, names: words(names ?? ''), layers: words(layers ?? '') }
  })
  return { store: store.includes('io.containerd.snapshotter') ? 'containerd' : 'classic', images }
}

/** Docker's own names leave the default registry out, and some engines' answers do not. */
const sameName = (reported: string, asked: string): boolean =>
  reported === asked || reported.endsWith(`/${asked}`) || asked.endsWith(`/${reported}`)

/** Whether the engine has an image under its name, by the id and the layers that it says. */
export const compareImage = (image: ReleaseImage, { images }: Engine): ImageState => {
  const found = images.find(({ names }) => names.some((name) => sameName(name, image.name)))
  if (found === undefined) return 'missing'
  const isId = [image.config, image.manifest, image.digest].includes(found.id)
  const isSame = found.layers.join() === image.layers.map(({ diffId }) => short(diffId)).join()
  return isId && isSame ? 'there' : 'differs'
}

/** How many of the lowest layers of an image a classic engine has unpacked, by their chained checksums. */
export const countSharedLayers = (image: ReleaseImage, { store, images }: Engine): number => {
  if (store !== 'classic') return 0
  const diffIds = image.layers.map(({ diffId }) => short(diffId))
  const shared = images.map(({ layers }) => {
    const differs = diffIds.findIndex((layer, at) => layers[at] !== layer)
    return differs < 0 ? diffIds.length : differs
  })
  return Math.max(0, ...shared)
}
