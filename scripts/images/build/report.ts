import { bytes, duration, plural } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { jsonText, type Line, type Text, text } from '#common/cli/text'
import type { LayerPlan } from '../layers/layer-plan.ts'
import { type BuildOptions, type Built, formatReference, recipes } from './build.ts'

/** The images of a build as a table, and what it took. */
export const report = ({ images, built, unchanged, revision }: Built, ms: number, style: Style): readonly Line[] => {
  const rows = Object.entries(images).map(([name, { digest, size, platforms }]) => [
    name,
    built.includes(name) ? 'built' : 'unchanged',
    Object.keys(platforms).join(' '),
    bytes(size),
    digest,
  ])
  const columns = [
    { title: 'image' },
    { title: 'state' },
    { title: 'platforms' },
    { title: 'size', align: 'right' as const },
    { title: 'digest' },
  ]
  return [
    table(columns, rows, style),
    `${plural(built.length, 'image')} built, ${unchanged.length} unchanged, in ${duration(ms)}; revision ${revision.revision.slice(0, 12)}${revision.dirty ? ' with changes' : ''}`,
  ]
}

const words = (plan: LayerPlan): string => {
  switch (plan.kind) {
    case 'base':
    case 'debian':
      return `${plan.kind}: ${plan.packages.map(({ name, version }) => `${name} ${version}`).join(', ')}`
    case 'bun':
      return `bun: ${plan.tarball.name} ${plan.tarball.version}`
    case 'addons':
      return `addons: ${plan.files.map(({ path, tarball }) => `${tarball.name} ${tarball.version} at /${path}`).join(', ')}`
  }
}

/** What a build would make, without making it. */
export const dryReport = (options: Omit<BuildOptions, 'onStep'>, json: boolean): Text => {
  const planned = recipes(options, '').filter(({ product }) => options.selected.includes(product.name))
  if (json)
    return jsonText(
      planned.map(({ product, plans }) => ({
        service: product.name,
        phase: product.phase,
        reference: formatReference(product.name, options.tag),
        layers: Object.fromEntries(plans),
      })),
    )
  return text(
    planned.flatMap(({ product, plans }) => [
      `phase ${product.phase}  ${formatReference(product.name, options.tag)}: ${product.summary}`,
      ...[...plans].flatMap(([platform, layers]) => [`  ${platform}`, ...layers.map((plan) => `    ${words(plan)}`)]),
      `    app: services/${product.name}/main.ts${product.port === undefined ? '' : ', health check'}`,
      '',
    ]),
  )
}
