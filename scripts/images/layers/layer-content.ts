import { platforms } from '../format/platform.ts'
import { readBaseLayer } from './base.ts'
import { readDebianLayer } from './debian.ts'
import type { LayerContent } from './layer.ts'
import type { LayerPlan } from './layer-plan.ts'
import type { GetPackage } from './packages.ts'
import { type GetTarball, readAddonsLayer, readBunLayer } from './tarballs.ts'

export type Getters = { readonly getPackage: GetPackage; readonly getTarball: GetTarball }

/** The entries of a planned layer. */
export const readLayerContent = (plan: LayerPlan, { getPackage, getTarball }: Getters): Promise<LayerContent> => {
  const { architecture } = platforms[plan.platform]
  switch (plan.kind) {
    case 'base':
      return readBaseLayer(plan.packages, getPackage)
    case 'debian':
      return readDebianLayer(plan.packages, getPackage)
    case 'bun':
      return readBunLayer(plan.tarball, architecture, getTarball)
    case 'addons':
      return readAddonsLayer(plan.files, architecture, getTarball)
  }
}
