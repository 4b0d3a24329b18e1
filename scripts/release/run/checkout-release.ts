import { resolve } from 'node:path'
import { whoami } from '../../host/open.ts'
import { repository } from '../../platform/home.ts'
import { assemble } from '../content/assemble.ts'
import { readCheckout, readOrigin, resolveEnvFolder } from '../content/checkout.ts'
import type { Bundle, Origin } from '../content/release.ts'
import { checkSignature, type Signed } from '../content/signature.ts'

/** The folder of images that a command is given, else the checkout's own. */
export const distFolder = (folder: string | undefined): string => resolve(folder ?? `${repository}/dist/images`)

export type CheckoutSource = {
  readonly dist: string
  readonly platform: string
  readonly dir: string
  readonly registry: string | undefined
  readonly env: string | undefined
  /** The key that must have signed the images; undefined where no host trusts one yet. */
  readonly trusted: string | undefined
}

export type CheckoutRelease = {
  readonly bundle: Bundle
  readonly origin: Origin
  /** Why the signature of the images does not count; undefined when it does. */
  readonly signature: string | undefined
  readonly placeholders: readonly string[]
}

/** Who makes a release out of this checkout, now, from images that somebody signed. */
export const makeOrigin = ({ signer }: Signed): Origin => ({
  ...readOrigin(repository),
  madeBy: whoami(),
  madeAt: Date.now(),
  signer,
})

/** The release that this checkout makes for a host, and what is wrong with what it is made of. Throws CliError. */
export const makeCheckoutRelease = async ({
  dist,
  platform,
  dir,
  registry,
  env,
  trusted,
}: CheckoutSource): Promise<CheckoutRelease> => {
  const { parts, placeholders } = await readCheckout({
    root: repository,
    dist,
    platform,
    dir,
    repository: registry,
    env: resolveEnvFolder(env, process.env),
  })
  const signed = checkSignature(dist, trusted)
  const origin = makeOrigin(signed)
  return { bundle: assemble(parts, origin), origin, signature: signed.fault, placeholders }
}
