import { CliError } from '../../cli/fail.ts'
import type { Lease } from '../../host/lease.ts'
import type { ReleaseImage } from '../content/release.ts'
import { ask, type Patience } from './ask.ts'
import { askByName, compareImage, type ImageState, readEngine } from './engine.ts'

/** An image that a host has not, and whether another one has its name. */
export type Missing = { readonly image: ReleaseImage; readonly state: Exclude<ImageState, 'there'> }

/** Which images the engine does not have as they must be; it is asked once for all. Throws CliError, ConnectionLost, LeaseLost. */
export const missingStates = async (
  lease: Lease,
  images: readonly ReleaseImage[],
  patience: Patience = {},
): Promise<readonly Missing[]> => {
  const answer = await ask(lease, askByName(images.map(({ name }) => name)), patience)
  const engine = readEngine(lease.shell.name, answer, { asked: images.length })
  return images.flatMap((image) => {
    const state = compareImage(image, engine)
    return state === 'there' ? [] : [{ image, state }]
  })
}

/** The images that must come onto the host before a release can start. */
export const missingImages = async (
  lease: Lease,
  images: readonly ReleaseImage[],
  patience: Patience = {},
): Promise<readonly ReleaseImage[]> => (await missingStates(lease, images, patience)).map(({ image }) => image)

const REPLACED = 'that name was another image: it is replaced'

/** Says which names were something else. */
export const noticeReplaced = (missing: readonly Missing[], onNotice: (text: string) => void): void => {
  for (const { image, state } of missing) if (state === 'differs') onNotice(`${image.name}: ${REPLACED}`)
}

/** Throws CliError when an image is not there after it came. */
export const requirePresent = async (
  lease: Lease,
  images: readonly ReleaseImage[],
  patience: Patience = {},
): Promise<void> => {
  const [first] = await missingStates(lease, images, patience)
  if (first === undefined) return
  throw new CliError(
    `${lease.shell.name}: the engine took ${first.image.name} and ${first.state === 'missing' ? 'has no such name' : 'says that it is another image'}`,
  )
}
