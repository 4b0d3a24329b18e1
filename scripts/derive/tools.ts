import { type Stack, type Tool, tools } from '#catalog'
import { type ComposeService, confine, IMAGE, labelsOf, logging } from './compose-model.ts'

/** A tool's container: confined as every service, and without what only something that stays needs. */
const toolService = (name: string, tool: Tool): ComposeService => ({
  image: `${IMAGE}:${name}`,
  container_name: name,
  profiles: [tool.profile],
  ...confine(tool),
  restart: 'no',
  stop_grace_period: '10s',
  volumes: [],
  networks: tool.networks,
  logging,
  labels: labelsOf(name, tool.stack, tool.plane),
})

/** The tools of a stack, by name. */
export const toolServices = (stack: Stack): Readonly<Record<string, ComposeService>> =>
  Object.fromEntries(
    Object.entries(tools)
      .filter(([, tool]) => tool.stack === stack)
      .map(([name, tool]) => [name, toolService(name, tool)]),
  )
