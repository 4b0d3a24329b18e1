import { tools } from '#catalog'
import { equal, none, type ServiceRule } from './compose-loose.ts'

/** What holds for a tool instead of, or on top of, the rules for services: it is run by hand and ends. */
const tool: Readonly<Record<string, ServiceRule>> = {
  'exec-form health check': none('healthcheck'),
  'loopback ports': none('ports'),
  restart: (service) => service.restart === 'no',
  'env file of its stack': none('env_file'),
  'no secret': none('secrets'),
  'no volume': (service) => equal(service.volumes, []),
  'only when asked for': (service) => equal(service.profiles, ['tools']),
}

/** The exceptions for tools, by name. */
export const toolRules: Readonly<Record<string, Readonly<Record<string, ServiceRule>>>> = Object.fromEntries(
  Object.keys(tools).map((name) => [name, tool]),
)
